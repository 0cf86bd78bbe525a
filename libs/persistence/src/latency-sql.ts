import { HOUR_MS, type Instant, hourStart } from '#libs/domain';
import { serviceNow } from './service-time-sql.js';

/** A probe counts for so long; a district of which no probe counts any more falls back to what is assumed of it, and is flagged. */
export const freshForMs = 24 * HOUR_MS;
/**
 * Probes measured after this count. By whole hours, so that who starts cold within an hour knows what who followed through it
 * knows: staleness is noticed at the turn of the hour.
 */
export const freshSince = (now: Instant): Instant => hourStart(now) - freshForMs;

/** The same in a statement whose caller has no clock. */
export const freshSinceNow = `(select date_trunc('hour', ${serviceNow}) - interval '${freshForMs} milliseconds' from service_clock c)`;

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
