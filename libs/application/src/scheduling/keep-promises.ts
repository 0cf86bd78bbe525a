import type { Instant, JobClass } from '#libs/domain';
import {
  isWorthReissuing,
  type PlanPoint,
  type PromiseScore,
  ResidualBook,
  type ResidualWindow,
  score,
  type Seconds,
  type StartPromise,
  type WaitingVerdict,
} from '#libs/scheduling';
import type { SchedulerInstruments } from '../instruments.js';

export const promiseKinds = ['first', 'last-hour'] as const;
export type PromiseKind = (typeof promiseKinds)[number];

/** What the plan newly says of a job that waits. */
export type VerdictNews = Pick<WaitingVerdict, 'jobId' | 'estimatedStart' | 'basis' | 'evidence'>;

export interface PromiseToIssue {
  readonly jobId: string;
  /** 1 for the first. */
  readonly number: number;
  readonly promise: StartPromise;
}
export interface PromiseOutcome {
  readonly jobId: string;
  readonly kind: PromiseKind;
  readonly number: number;
  readonly startedAt: Instant;
  /** Null for a promise that named no interval. */
  readonly score: PromiseScore | null;
}
export interface DueJob {
  readonly jobId: string;
  readonly class: JobClass;
  readonly startedAt: Instant;
  /** In the order they were made, at least one. */
  readonly issues: readonly StartPromise[];
  /** That its first P90 has passed was learned while it waited. */
  readonly isKnownLate: boolean;
}
/** A job whose first P90 has passed without a start. */
export interface LapsedJob {
  readonly jobId: string;
  readonly first: StartPromise;
  /** It ended without a start: neither kept nor broken. */
  readonly isOver: boolean;
}

export interface PromiseSettlement {
  readonly outcomes: readonly PromiseOutcome[];
  /** Jobs whose lapse has been learned. */
  readonly lapsed: readonly string[];
  readonly windows: readonly ResidualWindow[];
}
export interface PromiseStore {
  residuals(): Promise<readonly ResidualWindow[]>;
  /** Of these jobs, those that still wait, with the last promise made to each. */
  waiting(jobIds: readonly string[]): Promise<
    readonly {
      readonly jobId: string;
      readonly class: JobClass;
      readonly number: number;
      readonly told: StartPromise | null;
    }[]
  >;
  /** Only while the epoch holds; a number that is taken already is left as it is. */
  issue(epoch: number, promises: readonly PromiseToIssue[]): Promise<'written' | 'fenced'>;
  /** Jobs that started and whose promises are not scored, oldest start first. */
  due(limit: number): Promise<readonly DueJob[]>;
  /** Each is told until it is settled. */
  lapsed(now: Seconds, limit: number): Promise<readonly LapsedJob[]>;
  /** Outcomes, lapses and residuals in one transaction, each job's outcome once. */
  settle(epoch: number, settlement: PromiseSettlement): Promise<'written' | 'fenced'>;
}

const HOUR_SECONDS = 3600;
const AT_ONCE = 500;

/**
 * Tells waiting jobs when they will start, tells them anew only when that has really changed, and scores what was told once they
 * have started. The residual book is the scheduler's alone; it is loaded when leadership begins and whenever a write failed.
 */
export class KeepPromises {
  private book: ResidualBook | null = null;

  constructor(
    private readonly store: PromiseStore,
    private readonly instruments: Pick<SchedulerInstruments, 'promised'>,
  ) {}

  /** After a lost leadership, or when it is not known what was written. */
  forget(): void {
    this.book = null;
  }

  async execute(cycle: {
    readonly epoch: number;
    readonly now: Seconds;
    readonly news: readonly VerdictNews[];
  }): Promise<void> {
    const { epoch, now, news } = cycle;
    try {
      this.book ??= new ResidualBook(await this.store.residuals());
      const settled = await this.settle(this.book, epoch, now);
      const issued = settled === 'fenced' ? settled : await this.issue(this.book, epoch, pointsOf(news), now);
      if (issued === 'fenced') this.forget();
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  private async settle(book: ResidualBook, epoch: number, now: Seconds): Promise<'written' | 'fenced'> {
    const [due, lapsed] = await Promise.all([this.store.due(AT_ONCE), this.store.lapsed(now, AT_ONCE)]);
    if (due.length + lapsed.length === 0) return 'written';
    const starting = new Set(due.map((job) => job.jobId));
    // One that started between the two looks is scored by its start.
    const late = lapsed.filter((job) => !starting.has(job.jobId));
    for (const { first, isOver } of late) if (!isOver) book.learnLate(first);
    const scored = due.flatMap((job) => outcomesOf(job).map((outcome) => ({ outcome, class: job.class })));
    for (const { issues, startedAt, isKnownLate } of due) book.learn(issues[0]!, startedAt / 1000, isKnownLate);
    const written = await this.store.settle(epoch, {
      outcomes: scored.map(({ outcome }) => outcome),
      lapsed: late.map((job) => job.jobId),
      windows: book.takeTouched(),
    });
    if (written === 'fenced') return written;
    for (const { outcome, class: jobClass } of scored) {
      if (outcome.score) this.instruments.promised({ class: jobClass, kind: outcome.kind, score: outcome.score });
    }
    return written;
  }

  private async issue(
    book: ResidualBook,
    epoch: number,
    points: ReadonlyMap<string, Omit<PlanPoint, 'now' | 'class'>>,
    now: Seconds,
  ): Promise<'written' | 'fenced'> {
    if (points.size === 0) return 'written';
    const promises: PromiseToIssue[] = [];
    for (const { jobId, class: jobClass, number, told } of await this.store.waiting([...points.keys()])) {
      const promise = book.promise({ ...points.get(jobId)!, now, class: jobClass });
      if (told === null || isWorthReissuing(told, promise, now)) promises.push({ jobId, number: number + 1, promise });
    }
    return promises.length === 0 ? 'written' : this.store.issue(epoch, promises);
  }
}

function pointsOf(news: readonly VerdictNews[]): Map<string, Omit<PlanPoint, 'now' | 'class'>> {
  const points = new Map<string, Omit<PlanPoint, 'now' | 'class'>>();
  for (const { jobId, estimatedStart, basis, evidence } of news) {
    if (estimatedStart !== null && basis !== 'none')
      points.set(jobId, { point: estimatedStart, basis, ahead: evidence.ahead });
  }
  return points;
}

/** The first promise, and the last that was made at least an hour before the start where there is one. */
export function outcomesOf({ jobId, startedAt, issues }: DueJob): PromiseOutcome[] {
  const start = startedAt / 1000;
  const outcome = (kind: PromiseKind, index: number): PromiseOutcome => ({
    jobId,
    kind,
    number: index + 1,
    startedAt,
    score: score(issues[index]!, start),
  });
  const hour = issues.findLastIndex((issue) => issue.now <= start - HOUR_SECONDS);
  return [outcome('first', 0), ...(hour >= 0 ? [outcome('last-hour', hour)] : [])];
}
