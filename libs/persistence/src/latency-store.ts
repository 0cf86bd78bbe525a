import type { LatencyProbe, LatencyStore } from '#libs/application';
import { DAY_MS, type Instant } from '#libs/domain';
import { timestamptz, type Database } from './database.js';

const KEPT_MS = 7 * DAY_MS;

const insertProbes = `
  with made as (
    insert into latency_probe (from_district, pool_id, one_way_ms, method, measured_at, reported_by)
    select p.district, p.pool, p.ms, p.method, p.at, $2
    from json_to_recordset($1::json) as p (district text, pool text, ms float8, method text, at timestamptz) returning pool_id
  )
  insert into change (kind, subject) select distinct 'latency', pool_id from made`;

// The newest of a district stays, however old: that it was measured once is what makes it stale and not unknown.
const forgetOld = `
  delete from latency_probe l where l.pool_id = any($1::text[]) and l.measured_at < $2::timestamptz
    and exists (select from latency_probe n where n.pool_id = l.pool_id and n.from_district = l.from_district
                  and (n.measured_at, n.id) > (l.measured_at, l.id))`;

/** Takes a database opened as chusuan_system. */
export class PostgresLatencyStore implements LatencyStore {
  constructor(private readonly database: Database) {}

  async record(probes: readonly LatencyProbe[], actor: string, now: Instant): Promise<void> {
    const rows = probes.map(({ fromDistrict, poolId, oneWayMs, method, at }) => ({
      district: fromDistrict,
      pool: poolId,
      ms: oneWayMs,
      method,
      at: timestamptz(at),
    }));
    await this.database.transaction(async (session) => {
      await session.query(insertProbes, [JSON.stringify(rows), actor]);
      const pools = [...new Set(probes.map((probe) => probe.poolId))];
      await session.query(forgetOld, [pools, timestamptz(now - KEPT_MS)]);
    });
  }
}
