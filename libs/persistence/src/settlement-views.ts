import type { CatalogueReader, Page, SettlementView } from '#libs/application';
import type { Instant } from '#libs/domain';
import { timestamptz, type Session } from './database.js';

type SettlementFilter = Parameters<CatalogueReader['settlements']>[0];

const settledHours = `
  select h.pool_id, h.site_id, h.hour, h.it_j::numeric, h.facility_j::numeric, h.direct_j::numeric, h.storage_j::numeric,
    h.contract_j::numeric, h.grid_j::numeric, h.green_available_j::numeric, h.green_matched_j::numeric, h.green_curtailed_j::numeric,
    h.location_mg::numeric, h.market_mg::numeric, h.cost_micro_yuan::numeric, h.estimated or s.estimated as estimated,
    s.grid_green_share, s.grams_per_kwh, s.yuan_per_kwh, s.pue
  from settlement_pool_hour h join settlement_site_hour s on (s.site_id, s.hour, s.revision) = (h.site_id, h.hour, h.revision)
  where h.hour >= $1::timestamptz and h.hour < $2::timestamptz and ($3::text is null or h.pool_id = $3)
    and ($4::timestamptz is null or (h.hour, h.pool_id) > ($4::timestamptz, $5::text))
  order by h.hour, h.pool_id limit $6`;

interface SettledRow {
  readonly pool_id: string;
  readonly site_id: string;
  readonly hour: Instant;
  readonly it_j: bigint;
  readonly facility_j: bigint;
  readonly direct_j: bigint;
  readonly storage_j: bigint;
  readonly contract_j: bigint;
  readonly grid_j: bigint;
  readonly green_available_j: bigint;
  readonly green_matched_j: bigint;
  readonly green_curtailed_j: bigint;
  readonly location_mg: bigint;
  readonly market_mg: bigint;
  readonly cost_micro_yuan: bigint;
  readonly estimated: boolean;
  readonly grid_green_share: number;
  readonly grams_per_kwh: number;
  readonly yuan_per_kwh: number;
  readonly pue: number;
}

const settlementView = (row: SettledRow): SettlementView => ({
  poolId: row.pool_id,
  siteId: row.site_id,
  hour: row.hour,
  itJoules: row.it_j,
  facilityJoules: row.facility_j,
  bySource: { direct: row.direct_j, storage: row.storage_j, contract: row.contract_j, grid: row.grid_j },
  greenAvailableJoules: row.green_available_j,
  greenMatchedJoules: row.green_matched_j,
  greenCurtailedJoules: row.green_curtailed_j,
  gridGreenShare: row.grid_green_share,
  gramsPerKwh: row.grams_per_kwh,
  yuanPerKwh: row.yuan_per_kwh,
  locationMilligrams: row.location_mg,
  marketMilligrams: row.market_mg,
  costMicroYuan: row.cost_micro_yuan,
  pue: row.pue,
  estimated: row.estimated,
});

/** Settled hours of pools, oldest first. Throws RangeError for a cursor that no page of ours ended with. */
export async function readSettlements(session: Session, filter: SettlementFilter): Promise<Page<SettlementView>> {
  const after = filter.after === null ? null : positionOf(filter.after);
  const { rows } = await session.query<SettledRow>(settledHours, [
    timestamptz(filter.from),
    timestamptz(filter.until),
    filter.poolId ?? null,
    timestamptz(after?.hour),
    after?.poolId ?? null,
    filter.limit + 1,
  ]);
  const items = rows.slice(0, filter.limit).map(settlementView);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > filter.limit && last ? `${last.hour}~${last.poolId}` : null };
}

function positionOf(cursor: string): { hour: Instant; poolId: string } {
  const [, hour, poolId] = /^(\d{1,15})~(.+)$/.exec(cursor) ?? [];
  if (hour === undefined || poolId === undefined) {
    throw new RangeError(
      `"${cursor}" is no cursor of the settlements: pass back nextCursor of the page before, unchanged`,
    );
  }
  return { hour: Number(hour), poolId };
}
