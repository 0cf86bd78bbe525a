import { type Instant, type TenantJob, HOUR_MS } from '#libs/domain';
import type { DemandCalendar } from './demand-calendar.js';
import { RandomStream } from './random.js';

/** One kind of work of one tenant: the unit that arrives on its own. */
export interface DemandStream {
  readonly tenantId: string;
  readonly job: TenantJob;
  /** Position in the tenant's list: two kinds of one name stay apart. */
  readonly index: number;
}
export interface Arrival {
  readonly at: Instant;
  /** Chance for all that is still to be decided about this job; its own, so that one job's draws do not move the next one's. */
  readonly random: RandomStream;
}

/** Jobs expected in the hour that begins at `hour`: perWorkday / 24 × day factor × shape of the hour (A-TEN-3). */
export const expectedInHour = (stream: DemandStream, hour: Instant, calendar: DemandCalendar): number =>
  (stream.job.perWorkday / 24) * calendar.factor(hour, stream.job.demandSeries);

/**
 * The Poisson arrivals of one stream in one local hour, in order. Each (seed, tenant, kind, hour) has a seed of its own, so an
 * hour comes out the same whether it is drawn alone, in a month, or again after a restart.
 */
export function arrivalsInHour(stream: DemandStream, hour: Instant, expected: number, seed: string): Arrival[] {
  const name = `${seed}/${stream.tenantId}/${stream.job.kind}#${stream.index}/${hour / HOUR_MS}`;
  const random = RandomStream.seeded(name);
  const count = random.poisson(expected);
  return Array.from({ length: count }, () => hour + Math.floor(random.between(0, HOUR_MS)))
    .toSorted((a, b) => a - b)
    .map((at, index) => ({ at, random: RandomStream.seeded(`${name}/${index}`) }));
}
