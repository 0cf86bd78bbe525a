import type { Instant } from '#libs/domain';
import { type SampleDemand, type SampleDemandOptions, type SampleJob, initialJobs } from '#libs/simulation';
import type { DemandBatch, DemandPlan, DemandSource } from './demand-source.js';

export interface SamplePlanOptions extends SampleDemandOptions {
  /** Begin with the jobs that would be running already; default yes. */
  readonly warmUp?: boolean;
}

/** Plays generated demand; the demand must have been made with the same options. */
export function samplePlan(demand: SampleDemand, options: SamplePlanOptions): DemandPlan {
  const { seed, intensity = 1, warmUp = true } = options;
  return {
    id: `sample:${seed}:${intensity}`,
    kind: 'sample',
    label: intensity === 1 ? `样例需求 ${seed}` : `样例需求 ${seed} ×${intensity}`,
    spec: { seed, intensity, warmUp },
    tenantIds: [...new Set(demand.streams.map(({ tenantId }) => tenantId))],
    channel: 'sample',
    startingAt: (origin) => new SampleSource(demand, origin, warmUp),
  };
}

/**
 * A cursor is a millisecond since the origin and a number within it, so that a batch may end amid jobs of one instant, as the
 * warm-up is. 2^14 jobs a millisecond leave 2^39 ms, seventeen years, below the integers that a double holds.
 */
const PER_MS = 2 ** 14;

export class SampleSource implements DemandSource {
  readonly total = null;
  private begun: readonly SampleJob[] | null = null;

  constructor(
    private readonly demand: SampleDemand,
    private readonly origin: Instant,
    private readonly warmUp: boolean,
  ) {}

  upTo(until: Instant, cursor: number, limit: number): DemandBatch {
    const from = this.positionOf(cursor);
    if (until <= from) return { jobs: [], cursor, more: false };
    const all = [...(from === this.origin ? this.underWay() : []), ...this.demand.between(from, until)];
    const first = cursor % PER_MS;
    const next = all[first + limit];
    const jobs = all.slice(first, first + limit);
    if (!next) return { jobs, cursor: this.cursorAt(until), more: false };
    const within = first + limit - all.findIndex(({ at }) => at === next.at);
    if (within >= PER_MS) {
      throw new RangeError(`more than ${PER_MS} sample jobs in one millisecond: lower the intensity of the demand`);
    }
    return { jobs, cursor: this.cursorAt(next.at) + within, more: true };
  }

  positionOf(cursor: number): Instant {
    return this.origin + Math.floor(cursor / PER_MS);
  }
  cursorAt(at: Instant): number {
    return Math.max(0, at - this.origin) * PER_MS;
  }
  countBefore(): number {
    return 0;
  }
  isOver(): boolean {
    return false;
  }

  private underWay(): readonly SampleJob[] {
    this.begun ??= this.warmUp ? initialJobs(this.demand, this.origin) : [];
    return this.begun;
  }
}
