import {
  type BackfillMode,
  type OrderName,
  orderOf,
  type PlanningPolicy,
  type Predictor,
  type PredictorName,
  predictorOf,
  RecentRuns,
  type Seconds,
} from '#libs/scheduling';
import { Completions } from './completions.js';
import { Machine, queuedJobOf } from './machine.js';
import { measureSchedule, type ScheduleMetrics } from './metrics.js';
import { checkReplayable } from './protocols/replayable.js';
import type { SwfJob } from './swf.js';
import { UserShares } from './user-shares.js';

export interface SimulationRequest {
  /** Cleaned (`cleanProtocolA`): sorted by submission, run time at most the request. */
  readonly jobs: readonly SwfJob[];
  readonly processors: number;
  readonly order: OrderName;
  readonly backfill: BackfillMode;
  /** How many blocked jobs conservative backfilling reserves for; default: all. */
  readonly reservationDepth?: number;
  readonly backfillOrder?: PlanningPolicy['backfillOrder'];
  /** What jobs are planned with: their request, or the predicted run time, and the request once that is outlived. Default: limit. */
  readonly runTimes?: PlanningPolicy['runTimes'];
  /** Default: tsafrir. The subject is the user. */
  readonly predictor?: PredictorName;
  /** Only `count` jobs from index `first` on. */
  readonly first?: number;
  readonly count?: number;
  /** How users' use is counted where the order is fair; defaults as in a policy. */
  readonly fairShare?: PlanningPolicy['fairShare'];
}

/** What a policy plans holds with: the request where it plans with limits. */
export function holdsOf({ runTimes, predictor }: Pick<PlanningPolicy, 'runTimes' | 'predictor'>): Predictor {
  return runTimes === 'predicted' ? predictorOf(predictor) : (_lastRuns, limitSeconds) => limitSeconds;
}

/** What of a policy decides a replay: one pool without energy, data or priorities. */
export const replayedPart = ({
  order,
  backfill,
  backfillOrder,
  reservationDepth,
  runTimes,
  predictor,
  fairShare,
}: PlanningPolicy): Omit<SimulationRequest, 'jobs' | 'processors'> => ({
  order,
  backfill,
  backfillOrder,
  reservationDepth,
  runTimes,
  predictor,
  fairShare,
});

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
  const replay = new Replay(jobs, request);
  replay.run();
  const { starts, backfilled } = replay;
  const metrics = measureSchedule(jobs, starts, processors);
  const schedule = jobs.map((job, index) => ({ id: job.id, startSeconds: starts[index]! }));
  return { processors, order, backfill, ...metrics, backfilled, starts: schedule };
}

class Replay {
  readonly starts: Float64Array;
  backfilled = 0;
  private readonly holds: Float64Array;
  private readonly machine: Machine;
  private readonly shares: UserShares | null;
  private readonly lastRuns = new RecentRuns<number>();
  private readonly predict: Predictor;
  private readonly running = new Completions();
  private readonly outlived = new Completions();
  // Waiting jobs by user.
  private readonly waiting = new Map<number, number>();
  private isRankStale = true;
  private next = 0;

  constructor(
    private readonly jobs: readonly SwfJob[],
    request: SimulationRequest,
  ) {
    const { processors, order, fairShare, runTimes = 'limit', predictor } = request;
    this.starts = new Float64Array(jobs.length);
    this.holds = new Float64Array(jobs.length);
    this.machine = new Machine(processors, { ...request, order: orderOf(order) });
    this.shares = order === 'fair' ? new UserShares(jobs, fairShare) : null;
    this.predict = holdsOf({ runTimes, predictor });
  }

  run(): void {
    const { jobs, running, machine, shares } = this;
    while (this.next < jobs.length || running.next < Infinity) {
      const now = Math.min(running.next, jobs[this.next]?.submitSeconds ?? Infinity);
      while (this.outlived.next <= now) this.goOn(this.outlived.take());
      while (running.next <= now) this.end(running.take());
      for (; this.next < jobs.length && jobs[this.next]!.submitSeconds <= now; this.next++) this.enqueue(this.next);
      if (shares) this.rank(shares, now);
      machine.schedule(now, (index, isBackfilled) => {
        this.start(index, now);
        if (isBackfilled) this.backfilled++;
      });
    }
  }

  /** Ranks move at accrual ticks; a user who had nothing waiting is only now put among the others. */
  private rank(shares: UserShares, now: Seconds): void {
    if (shares.isDue(now)) {
      shares.accrue(now);
      this.isRankStale = true;
    }
    if (!this.isRankStale || this.waiting.size === 0) return;
    this.machine.reorder(orderOf('fair', shares.tenantsOf(this.waiting.keys())));
    this.isRankStale = false;
  }

  private enqueue(index: number): void {
    const job = this.jobs[index]!;
    const before = this.waiting.get(job.user) ?? 0;
    this.waiting.set(job.user, before + 1);
    if (before === 0) this.isRankStale = true;
    const request = job.requestedSeconds;
    const hold = this.predict(this.lastRuns.of(job.user), request);
    this.holds[index] = hold;
    this.machine.enqueue({ ...queuedJobOf(job, index), limit: hold, predicted: hold });
  }

  private start(index: number, now: Seconds): void {
    const job = this.jobs[index]!;
    this.starts[index] = now;
    this.running.add(index, now + job.runSeconds);
    if (this.holds[index]! < job.runSeconds) this.outlived.add(index, now + this.holds[index]!);
    this.shares?.started(job, now);
    const left = this.waiting.get(job.user)! - 1;
    if (left > 0) this.waiting.set(job.user, left);
    else this.waiting.delete(job.user);
  }

  /** It runs longer than was predicted: the request is what is left to plan with. */
  private goOn(index: number): void {
    const { processors, requestedSeconds } = this.jobs[index]!;
    const start = this.starts[index]!;
    this.machine.extend(processors, start + this.holds[index]!, start + requestedSeconds);
    this.holds[index] = requestedSeconds;
  }

  private end(index: number): void {
    const job = this.jobs[index]!;
    const start = this.starts[index]!;
    this.machine.release(job.processors, start + this.holds[index]!);
    this.lastRuns.ended(job.user, { runSeconds: job.runSeconds, limitSeconds: job.requestedSeconds });
    this.shares?.ended(job, start);
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
