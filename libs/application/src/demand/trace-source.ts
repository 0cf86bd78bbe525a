import type { Catalogue, Instant } from '#libs/domain';
import { type SampleJob, type SwfJob, type TraceMapping, type TraceReport, traceDemand } from '#libs/simulation';
import type { DemandBatch, DemandPlan, DemandSource } from './demand-source.js';

export interface TraceToPlay {
  /** The file's name, for people and for telling runs apart. */
  readonly name: string;
  readonly jobs: readonly SwfJob[];
  readonly mapping: TraceMapping;
  readonly skipSeconds?: number;
  /** Tells a second playing of the same log from the first, which would else be resumed where it ended. */
  readonly again?: string;
}

/** Plays a log of another machine. The report says where its jobs went; the plan plays what is mapped. */
export function tracePlan(
  trace: TraceToPlay,
  catalogue: Catalogue,
): { readonly plan: DemandPlan; readonly report: TraceReport } {
  const { name, mapping, skipSeconds = 0, again } = trace;
  const mapped = (origin: Instant): ReturnType<typeof traceDemand> =>
    traceDemand(trace.jobs, mapping, catalogue, { origin, skipSeconds });
  const { jobs, report } = mapped(0);
  const plan: DemandPlan = {
    id: ['trace', name, mapping.id, skipSeconds, ...(again === undefined ? [] : [again])].join(':'),
    kind: 'trace',
    label: `${mapping.name.zh} ${name}`,
    spec: { name, mapping, skipSeconds, mapped: report.mapped },
    tenantIds: [...new Set(jobs.map(({ tenantId }) => tenantId))],
    channel: 'replay',
    startingAt: (origin) => new TraceSource(jobs, origin),
  };
  return { plan, report };
}

/** A cursor is the index of the next job. Times of the jobs are relative to the origin. */
export class TraceSource implements DemandSource {
  readonly total: number;

  constructor(
    private readonly jobs: readonly SampleJob[],
    private readonly origin: Instant,
  ) {
    this.total = jobs.length;
  }

  upTo(until: Instant, cursor: number, limit: number): DemandBatch {
    const due = Math.max(cursor, this.cursorAt(until));
    const end = Math.min(due, cursor + limit);
    const jobs = this.jobs.slice(cursor, end).map((job) => ({ ...job, at: this.origin + job.at }));
    return { jobs, cursor: end, more: end < due };
  }

  /** The end has no position that could be overdue. */
  positionOf(cursor: number): Instant {
    const job = this.jobs[cursor];
    return job ? this.origin + job.at : Infinity;
  }

  cursorAt(at: Instant): number {
    let [low, high] = [0, this.jobs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.origin + this.jobs[middle]!.at < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  countBefore(cursor: number): number {
    return cursor;
  }
  isOver(cursor: number): boolean {
    return cursor >= this.jobs.length;
  }
}
