import type { Occupancy, SettlementStore } from '#libs/application';
import { HOUR_MS, type Instant, splitByLargestRemainder } from '#libs/domain';
import type { HourSettlement, JoulesBySource, SettledAmounts } from '#libs/energy';
import { holdingStates } from './capacity-sql.js';
import { statement, timestamptz, type Database, type Session } from './database.js';

type DueSite = Awaited<ReturnType<SettlementStore['due']>>[number];

// No hour from before the site was switched on, this time: what stood there while it was off was not ours to account.
const dueSites = statement(
  'settlement-due',
  `select p.site_id, array_agg(p.id order by p.id) as pool_ids,
     greatest((select max(h.hour) + interval '1 hour' from settlement_site_hour h where h.site_id = p.site_id),
       date_trunc('hour', min(coalesce(p.enabled_since, c.origin)), 'UTC')) as next_hour,
     case when bool_and(p.observed_at is not null) then min(p.observed_at) end as observed_until
   from pool p cross join service_clock c where p.enabled group by p.site_id order by p.site_id`,
);

// Attempts that hold nodes now come by one index, those that ended since the hour began by another. Where a delegated engine
// has not told the nodes, each gets a name of its own, so that its energy is accounted for all the same.
const occupancyOfHour = statement(
  'settlement-occupancy',
  `with used as (
     select a.* from attempt a where a.state in ${holdingStates} and a.started_at < $3::timestamptz
     union all
     select a.* from attempt a where a.ended_at > $2::timestamptz and a.started_at < $3::timestamptz and a.state not in ${holdingStates}
   )
   select u.id as attempt_id, u.job_id, u.tenant_id, u.class, u.pool_id, u.group_id, l.node_id, u.cards, u.held_milli, u.cores, u.started_at, u.ended_at
   from used u join pool p on p.id = u.pool_id and p.site_id = $1
   cross join lateral (
     select node_id from placement_node where attempt_id = u.id
     union all
     select u.group_id || '~' || u.id || '~' || i from generate_series(1, u.nodes) i
     where not exists (select from placement_node where attempt_id = u.id)
   ) l
   order by u.id, l.node_id`,
);

interface OccupancyRow {
  readonly attempt_id: string;
  readonly job_id: string;
  readonly tenant_id: string;
  readonly class: string;
  readonly pool_id: string;
  readonly group_id: string;
  readonly node_id: string;
  readonly cards: number;
  readonly held_milli: number;
  readonly cores: number;
  readonly started_at: Instant;
  readonly ended_at: Instant | null;
}

/** Takes a database opened as chusuan_system. */
export class PostgresSettlementStore implements SettlementStore {
  constructor(private readonly database: Database) {}

  /** Nothing is due before service time has begun. */
  async due(): Promise<readonly DueSite[]> {
    const { rows } = await this.database.query<{
      site_id: string;
      pool_ids: readonly string[];
      next_hour: Instant;
      observed_until: Instant | null;
    }>(dueSites);
    return rows.map((row) => ({
      siteId: row.site_id,
      poolIds: row.pool_ids,
      nextHour: row.next_hour,
      observedUntil: row.observed_until,
    }));
  }

  async occupancy(siteId: string, hour: Instant): Promise<readonly Occupancy[]> {
    const { rows } = await this.database.query<OccupancyRow>(occupancyOfHour, [
      siteId,
      timestamptz(hour),
      timestamptz(hour + HOUR_MS),
    ]);
    return rows.map((row) => ({
      attemptId: row.attempt_id,
      jobId: row.job_id,
      tenantId: row.tenant_id,
      class: row.class,
      poolId: row.pool_id,
      groupId: row.group_id,
      nodeId: row.node_id,
      cards: (row.cards * row.held_milli) / 1000,
      cores: row.cores,
      from: row.started_at,
      until: row.ended_at,
    }));
  }

  /** Site, pools, lines and running totals in one transaction; whoever comes second with an hour writes nothing. */
  async append(settlement: HourSettlement): Promise<boolean> {
    const pools = poolRows(settlement);
    return this.database.transaction(async (session) => {
      const { rowCount } = await session.query(insertSite, [JSON.stringify([siteRow(settlement, pools)])]);
      if (rowCount === 0) return false;
      await session.query(insertPools, [JSON.stringify(pools)]);
      await insertLines(session, settlement);
      return true;
    });
  }
}

const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
const direct = (bySource: JoulesBySource): bigint => bySource.directPv + bySource.directHydro;

// bigint has no JSON form: amounts travel as decimal text and are read as bigint by the record type.
const amounts = (settled: SettledAmounts) => ({
  it_j: String(settled.itJoules),
  facility_j: String(settled.facilityJoules),
  direct_j: String(direct(settled.bySource)),
  storage_j: String(settled.bySource.storage),
  contract_j: String(settled.bySource.contract),
  grid_j: String(settled.bySource.grid),
  green_matched_j: String(settled.greenMatchedJoules),
  location_mg: String(settled.locationMilligrams),
  market_mg: String(settled.marketMilligrams),
  cost_micro_yuan: String(settled.costMicroYuan),
});

function siteRow(settlement: HourSettlement, pools: ReturnType<typeof poolRows>): Record<string, unknown> {
  const { siteId, from, site, supply } = settlement;
  return {
    site_id: siteId,
    hour: timestamptz(from),
    ...amounts(site),
    green_available_j: String(site.stack.availableGreenJoules),
    green_curtailed_j: String(site.stack.curtailedJoules),
    grid_green_j: String(total(pools.map((pool) => BigInt(pool.grid_green_j)))),
    pue: site.itJoules > 0n ? Number(site.facilityJoules) / Number(site.itJoules) : 1,
    grams_per_kwh: supply.locationGramsPerKwh,
    yuan_per_kwh: supply.price.gridYuanPerKwh,
    grid_green_share: supply.gridGreenShare,
    estimated: site.estimated,
  };
}

/** What the site's supply offered goes to its pools by what they drew, as the supply itself does. */
function poolRows({ siteId, from, pools, site, supply }: HourSettlement) {
  const drawn = pools.map((pool) => ({ key: pool.poolId, weight: pool.facilityJoules as bigint }));
  const weights = drawn.some(({ weight }) => weight > 0n) ? drawn : drawn.map(({ key }) => ({ key, weight: 1n }));
  const available = splitByLargestRemainder(site.stack.availableGreenJoules, weights);
  const curtailed = splitByLargestRemainder(site.stack.curtailedJoules, weights);
  return pools.map((pool) => ({
    pool_id: pool.poolId,
    hour: timestamptz(from),
    site_id: siteId,
    ...amounts(pool),
    green_available_j: String(available.get(pool.poolId) ?? 0n),
    green_curtailed_j: String(curtailed.get(pool.poolId) ?? 0n),
    grid_green_j: String(Math.round(Number(pool.bySource.contract + pool.bySource.grid) * supply.gridGreenShare)),
    estimated: pool.estimated,
  }));
}

const amountColumns = [
  'it_j', 'facility_j', 'direct_j', 'storage_j', 'contract_j', 'grid_j', 'green_available_j', 'green_matched_j',
  'green_curtailed_j', 'grid_green_j', 'location_mg', 'market_mg', 'cost_micro_yuan',
] as const; // prettier-ignore
const typed = amountColumns.map((column) => `${column} bigint`).join(', ');

const insertSite = `
  insert into settlement_site_hour (site_id, hour, ${amountColumns.join(', ')}, pue, grams_per_kwh, yuan_per_kwh, grid_green_share, estimated)
  select site_id, hour, ${amountColumns.join(', ')}, pue, grams_per_kwh, yuan_per_kwh, grid_green_share, estimated
  from json_to_recordset($1::json) as s(site_id text, hour timestamptz, ${typed},
    pue float8, grams_per_kwh float8, yuan_per_kwh float8, grid_green_share float8, estimated boolean)
  on conflict do nothing`;

const insertPools = `
  with said as (
    select * from json_to_recordset($1::json) as s(pool_id text, hour timestamptz, site_id text, ${typed}, estimated boolean)
  ), kept as (
    insert into settlement_pool_hour (pool_id, hour, site_id, ${amountColumns.join(', ')}, estimated)
    select pool_id, hour, site_id, ${amountColumns.join(', ')}, estimated from said
  )
  insert into settled_pool_total as t (pool_id, ${amountColumns.join(', ')})
  select pool_id, ${amountColumns.join(', ')} from said order by pool_id
  on conflict (pool_id) do update set ${amountColumns.map((column) => `${column} = t.${column} + excluded.${column}`).join(', ')}`;

const insertSettledLines = `
  with said as (
    select * from json_to_recordset($1::json) as s(pool_id text, subject_kind text, subject_id text, attempt_id uuid, tenant_id text, class text,
      it_j bigint, overhead_j bigint, facility_j bigint, direct_j bigint, storage_j bigint, contract_j bigint, grid_j bigint,
      green_matched_j bigint, location_mg bigint, market_mg bigint, cost_micro_yuan bigint, milli_card_ms bigint, core_ms bigint)
  ), line as (
    select s.*, a.job_id, coalesce(g.accelerator_model, 'none') as accelerator_model
    from said s left join attempt a on a.id = s.attempt_id left join node_group g on g.id = a.group_id
  ), kept as (
    insert into settlement_hour (site_id, pool_id, hour, subject_kind, subject_id, tenant_id, job_id, class, it_j, overhead_j, direct_j,
      storage_j, contract_j, grid_j, green_matched_j, location_mg, market_mg, cost_micro_yuan, milli_card_ms, core_ms)
    select $2::text, pool_id, $3::timestamptz, subject_kind, subject_id, tenant_id, job_id, class, it_j, overhead_j, direct_j,
      storage_j, contract_j, grid_j, green_matched_j, location_mg, market_mg, cost_micro_yuan, milli_card_ms, core_ms from line
  )
  insert into settled_tenant_total as t (tenant_id, pool_id, accelerator_model, class, milli_card_ms, facility_j, market_mg)
  select tenant_id, pool_id, accelerator_model, class, sum(milli_card_ms), sum(facility_j), sum(market_mg)
  from line where subject_kind = 'attempt' group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (tenant_id, pool_id, accelerator_model, class) do update set milli_card_ms = t.milli_card_ms + excluded.milli_card_ms,
    facility_j = t.facility_j + excluded.facility_j, market_mg = t.market_mg + excluded.market_mg`;

async function insertLines(session: Session, { siteId, from, lines }: HourSettlement): Promise<void> {
  const rows = lines.map((line) => {
    const { subject } = line;
    const held = subject.kind === 'attempt' ? subject : null;
    return {
      pool_id: line.poolId,
      subject_kind: subject.kind,
      subject_id: held?.attemptId ?? line.poolId,
      attempt_id: held?.attemptId ?? null,
      tenant_id: held?.tenantId ?? null,
      class: held?.jobClass ?? null,
      ...amounts(line),
      overhead_j: String(line.overheadJoules),
      milli_card_ms: String(line.milliCardMilliseconds),
      core_ms: String(line.coreMilliseconds),
    };
  });
  await session.query(insertSettledLines, [JSON.stringify(rows), siteId, timestamptz(from)]);
}
