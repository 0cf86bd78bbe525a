import { type Instant, SECOND_MS, hourStart } from '#libs/domain';
import { serviceNow } from './service-time-sql.js';

/** What a probe counts for until a policy says otherwise (`latencyStaleSeconds`). */
export const DEFAULT_STALE_SECONDS = 86_400;
/**
 * Probes measured after this count; a district of which no probe counts any more falls back to what is assumed of it, and is
 * flagged. By whole hours, so that who starts cold within an hour knows what who followed through it knows: staleness is
 * noticed at the turn of the hour, up to an hour late.
 */
export const freshSince = (now: Instant, staleSeconds: number = DEFAULT_STALE_SECONDS): Instant =>
  hourStart(now) - staleSeconds * SECOND_MS;

const staleSecondsInForce = `coalesce((select (p.body->>'latencyStaleSeconds')::float8
  from policy_active a join policy p on p.sha256 = a.policy_sha256 order by a.sequence desc limit 1), ${DEFAULT_STALE_SECONDS})`;
/** The same in a statement, by the active policy. `now`: an SQL expression; null there: by the clock of the service. */
export const freshSinceInForce = (now: string): string =>
  `(select date_trunc('hour', coalesce(${now}, (select ${serviceNow} from service_clock c))) - interval '1 second' * ${staleSecondsInForce})`;

/** By district: the median of the fresh probes of the pool `p`, null where all of them are stale. $-parameter: `freshSince`. */
export const probesOf = (since: string): string => `
  (select json_object_agg(d.from_district, d.fresh_ms) from (
     select l.from_district,
       percentile_cont(0.5) within group (order by l.one_way_ms) filter (where l.measured_at > ${since}) as fresh_ms
     from latency_probe l where l.pool_id = p.id group by l.from_district) d)`;

export type Probes = Readonly<Record<string, number | null>> | null;
export type LatencyBasis = Readonly<Record<string, 'measured' | 'stale'>>;

/** Measured before assumed: what counts for each district, and how it is known where it is not merely assumed. */
export function effectiveLatency(
  assumed: Readonly<Record<string, number>>,
  probes: Probes,
): { readonly latencyMs: Readonly<Record<string, number>>; readonly latencyBasis?: LatencyBasis } {
  if (probes === null) return { latencyMs: assumed };
  const latencyMs: Record<string, number> = { ...assumed };
  const latencyBasis: Record<string, 'measured' | 'stale'> = {};
  for (const [district, ms] of Object.entries(probes)) {
    latencyBasis[district] = ms === null ? 'stale' : 'measured';
    if (ms !== null) latencyMs[district] = ms;
  }
  return { latencyMs, latencyBasis };
}
