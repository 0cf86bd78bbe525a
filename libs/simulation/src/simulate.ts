import { type BackfillMode, type OrderName, orderOf, type TenantModel } from '#libs/scheduling';
import { Completions } from './completions.js';
import { Machine, queuedJobOf, tenantOfUser } from './machine.js';
import { measureSchedule, type ScheduleMetrics } from './metrics.js';
import { checkReplayable } from './protocols/replayable.js';
import type { SwfJob } from './swf.js';

export interface SimulationRequest {
  /** Cleaned (`cleanProtocolA`): sorted by submission, run time at most the request. */
  readonly jobs: readonly SwfJob[];
  readonly processors: number;
  readonly order: OrderName;
  readonly backfill: BackfillMode;
  /** Only `count` jobs from index `first` on. */
  readonly first?: number;
  readonly count?: number;
  /** How users' use is counted where the order is fair. */
  readonly fairShare?: { readonly accrualSeconds?: number; readonly halfLifeSeconds?: number };
}

export interface ScheduledStart {
  readonly id: number;
  readonly startSeconds: number;
}

export interface SimulationResult extends ScheduleMetrics {
  readonly processors: number;
  readonly order: OrderName;
  readonly backfill: BackfillMode;
  /** Jobs that started although one before them in the order had not. */
  readonly backfilled: number;
  /** In the order of the jobs. */
  readonly starts: readonly ScheduledStart[];
}

/**
 * Replays jobs on one machine: the clock goes from event to event; at each, processors of ended jobs come free, then submitted
 * jobs enter the queue, then there is one pass (PROTOCOL A3). All decisions are the production planner's.
 *
 * @throws RangeError when the machine has no processors, or a job could never run on it and would wait for ever
 */
export function simulate(request: SimulationRequest): SimulationResult {
  const { processors, order, backfill, first = 0, count = Infinity } = request;
  const jobs = request.jobs.slice(first, first + count);
  checkReplayable(jobs, processors);
  const shares = order === 'fair' ? new UserShares(jobs, request.fairShare) : null;
  const machine = new Machine(processors, orderOf(order), backfill);
  const running = new Completions();
  const starts = new Float64Array(jobs.length);
  let backfilled = 0;
  for (let next = 0; next < jobs.length || running.next < Infinity;) {
    const now = Math.min(running.next, jobs[next]?.submitSeconds ?? Infinity);
    while (running.next <= now) {
      const index = running.take();
      const job = jobs[index]!;
      machine.release(job.processors, starts[index]! + job.requestedSeconds);
      shares?.charge(job, now);
    }
    for (; next < jobs.length && jobs[next]!.submitSeconds <= now; next++)
      machine.enqueue(queuedJobOf(jobs[next]!, next));
    if (shares?.isDue(now)) machine.reorder(orderOf('fair', shares.accrue(now)));
    machine.schedule(now, (index, isBackfilled) => {
      starts[index] = now;
      running.add(index, now + jobs[index]!.runSeconds);
      if (isBackfilled) backfilled++;
    });
  }
  const metrics = measureSchedule(jobs, starts, processors);
  const schedule = jobs.map((job, index) => ({ id: job.id, startSeconds: starts[index]! }));
  return { processors, order, backfill, ...metrics, backfilled, starts: schedule };
}

/**
 * Processor-seconds by user with exponential decay. Instead of shrinking all old use at each charge, new use is inflated by
 * 2^(time / half-life): only ratios matter to the order, and these are the same.
 */
export class UserShares {
  private readonly usage = new Map<number, number>();
  private readonly accrualSeconds: number;
  private readonly halfLifeSeconds: number;
  private origin = NaN;
  private accruedAt = -Infinity;
  private hasNews = false;

  constructor(
    jobs: readonly SwfJob[],
    { accrualSeconds = 60, halfLifeSeconds = 7 * 86_400 }: SimulationRequest['fairShare'] = {},
  ) {
    for (const job of jobs) this.usage.set(job.user, 0);
    this.accrualSeconds = accrualSeconds;
    this.halfLifeSeconds = halfLifeSeconds;
  }

  charge(job: SwfJob, now: number): void {
    if (Number.isNaN(this.origin)) this.origin = now;
    const age = (now - this.origin) / this.halfLifeSeconds;
    const use = job.runSeconds * job.processors * 2 ** age;
    this.usage.set(job.user, (this.usage.get(job.user) ?? 0) + use);
    this.hasNews = true;
    if (age > 500) this.rebase(now, age);
  }

  isDue(now: number): boolean {
    return this.hasNews && now - this.accruedAt >= this.accrualSeconds;
  }

  accrue(now: number): TenantModel[] {
    this.accruedAt = now;
    this.hasNews = false;
    return Array.from(this.usage, ([user, usage]) => ({ id: tenantOfUser(user), parentId: null, weight: 1, usage }));
  }

  // Long before the inflation leaves the range of a double.
  private rebase(now: number, age: number): void {
    for (const [user, usage] of this.usage) this.usage.set(user, usage / 2 ** age);
    this.origin = now;
  }
}

const LINES_PER_CHUNK = 4096;

/** The schedule as text, one line `id start` a job, in chunks: its SHA-256 names the schedule (PROTOCOL A9). */
export function* scheduleText(starts: readonly ScheduledStart[]): Generator<string> {
  for (let from = 0; from < starts.length; from += LINES_PER_CHUNK) {
    const lines = starts.slice(from, from + LINES_PER_CHUNK);
    yield lines.map(({ id, startSeconds }) => `${id} ${startSeconds}\n`).join('');
  }
}
