import type { UsageView } from '#libs/application';
import type { Instant } from '#libs/domain';
import { timestamptz, type Session } from './database.js';

export interface UsageQuestion {
  readonly tenantId: string;
  readonly from: Instant;
  readonly until: Instant;
}

// The tenant and everybody below it, as far as the session may see.
const family = `
  with recursive family as (
    select id from tenant where id = $1
    union
    select t.id from tenant t join family f on t.parent_id = f.id
  )`;

const usedByPool = `${family}
  select h.pool_id, sum(h.milli_card_ms) as milli_card_ms, sum(h.core_ms) as core_ms, sum(h.it_j) as it_j,
    sum(h.it_j + h.overhead_j) as facility_j, sum(h.green_matched_j) as green_matched_j, sum(h.location_mg) as location_mg,
    sum(h.market_mg) as market_mg, sum(h.cost_micro_yuan) as cost_micro_yuan
  from settlement_hour h
  where h.tenant_id in (select id from family) and h.hour >= $2::timestamptz and h.hour < $3::timestamptz
  group by h.pool_id order by h.pool_id`;

const jobsByState = `${family}
  select j.state, count(*) as jobs from job j
  where j.tenant_id in (select id from family) and j.submitted_at >= $2::timestamptz and j.submitted_at < $3::timestamptz
  group by j.state order by j.state`;

// Every site with an enabled pool has closed its hours until then; null while one has closed none.
const settledUntil = `
  select case when bool_and(last is not null) then min(last) + interval '1 hour' end as until
  from (select distinct site_id from pool where enabled) s
  left join lateral (select max(hour) as last from settlement_site_hour h where h.site_id = s.site_id) l on true`;

interface UsedRow {
  readonly pool_id: string;
  readonly milli_card_ms: bigint;
  readonly core_ms: bigint;
  readonly it_j: bigint;
  readonly facility_j: bigint;
  readonly green_matched_j: bigint;
  readonly location_mg: bigint;
  readonly market_mg: bigint;
  readonly cost_micro_yuan: bigint;
}

// A thousandth of a card for a thousandth of a second.
const cardSeconds = (milliCardMs: bigint): number => Number(milliCardMs) / 1e6;

/** What a tenant and those below it used in the hours that start in [from, until). Null when the session sees no such tenant. */
export async function readUsage(session: Session, question: UsageQuestion): Promise<UsageView | null> {
  const { tenantId, from, until } = question;
  const known = await session.query('select 1 from tenant where id = $1', [tenantId]);
  if (known.rowCount === 0) return null;
  const values = [tenantId, timestamptz(from), timestamptz(until)];
  const used = (await session.query<UsedRow>(usedByPool, values)).rows;
  const jobs = (await session.query<{ state: string; jobs: number }>(jobsByState, values)).rows;
  const settled = (await session.query<{ until: Instant | null }>(settledUntil)).rows[0];
  const sum = (column: Exclude<keyof UsedRow, 'pool_id'>): bigint =>
    used.reduce((total, row) => total + row[column], 0n);
  return {
    tenantId,
    from,
    until,
    settledUntil: settled?.until ?? null,
    cardSeconds: cardSeconds(sum('milli_card_ms')),
    coreSeconds: Number(sum('core_ms')) / 1e3,
    itJoules: sum('it_j'),
    facilityJoules: sum('facility_j'),
    greenMatchedJoules: sum('green_matched_j'),
    locationMilligrams: sum('location_mg'),
    marketMilligrams: sum('market_mg'),
    costMicroYuan: sum('cost_micro_yuan'),
    jobs: Object.fromEntries(jobs.map((row) => [row.state, row.jobs])),
    byPool: used.map((row) => ({
      poolId: row.pool_id,
      cardSeconds: cardSeconds(row.milli_card_ms),
      facilityJoules: row.facility_j,
      greenMatchedJoules: row.green_matched_j,
      costMicroYuan: row.cost_micro_yuan,
    })),
  };
}
