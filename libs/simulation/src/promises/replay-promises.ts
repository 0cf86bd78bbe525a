import {
  isWorthReissuing,
  orderOf,
  type PlanningPolicy,
  type Predictor,
  promiseFor,
  RecentRuns,
  ResidualBook,
  type StartPromise,
} from '#libs/scheduling';
import { Completions } from '../completions.js';
import { queuedJobOf } from '../machine.js';
import { checkReplayable } from '../protocols/replayable.js';
import { holdsOf, replayedPart } from '../simulate.js';
import type { SwfJob } from '../swf.js';
import { UserShares } from '../user-shares.js';
import { PlannedMachine, type Point } from './planned-machine.js';
import { type KeptPromise, type PromiseReport, reportPromises } from './promise-report.js';

export interface PromiseReplay {
  /** Cleaned (`cleanProtocolA`). */
  readonly jobs: readonly SwfJob[];
  readonly processors: number;
  /** What jobs are planned by. Those that it reserves for are told their place in the profile, the others a backlog estimate. */
  readonly policy: PlanningPolicy;
}

const CLASS = 'simulation';
const HOUR = 3600;
const RECENT_WAITS = 100;
const REVIEW_SECONDS = 600;

/** What is known of a job while it waits. */
interface Waiting {
  readonly issues: StartPromise[];
  /** The same point by a plan on requested times, and what somebody would say who only knows recent waits; seconds. */
  readonly plain: number;
  readonly naive: number;
  /** The P90 of its first promise has passed. */
  isLate: boolean;
}

/**
 * Replays a log under the production planner's order, predictor and conservative reservations, makes a promise to each job that
 * cannot start in the plan that sees it first, re-issues it by the rule, and scores both when the job starts. A job that starts
 * at once is promised nothing: it is counted apart.
 */
export function replayPromises(replay: PromiseReplay): PromiseReport {
  checkReplayable(replay.jobs, replay.processors);
  return new PromiseRun(replay).run();
}

class PromiseRun {
  private readonly machine: PlannedMachine;
  /** The same queue on the same machine, planned on requested times: it is only asked. */
  private readonly plain: PlannedMachine;
  private readonly predict: Predictor;
  private readonly shares: UserShares | null;
  private readonly users: ReadonlySet<number>;
  private readonly runs = new RecentRuns<number>();
  private readonly running = new Completions();
  private readonly waiting = new Map<number, Waiting>();
  private readonly book = new ResidualBook();
  private readonly recentWaits: number[] = [];
  private readonly kept: KeptPromise[] = [];
  private fresh: number[] = [];
  private reviewedAt = -Infinity;

  constructor(private readonly replay: PromiseReplay) {
    const { processors, policy, jobs } = replay;
    const rules = { ...replayedPart(policy), order: orderOf(policy.order) };
    this.machine = new PlannedMachine(processors, rules);
    this.plain = new PlannedMachine(processors, rules);
    this.predict = holdsOf(policy);
    this.users = new Set(jobs.map(({ user }) => user));
    this.shares = policy.order === 'fair' ? new UserShares(jobs, policy.fairShare) : null;
  }

  run(): PromiseReport {
    const { jobs } = this.replay;
    for (let next = 0; next < jobs.length || this.running.next < Infinity;) {
      const now = Math.min(this.running.next, jobs[next]?.submitSeconds ?? Infinity);
      while (this.running.next <= now) this.end(this.running.take(), now);
      this.fresh = [];
      for (; next < jobs.length && jobs[next]!.submitSeconds <= now; next++) this.submit(next);
      if (this.shares) this.rank(this.shares, now);
      this.cycle(now);
    }
    return reportPromises(jobs.length, this.kept);
  }

  private rank(shares: UserShares, now: number): void {
    if (!shares.isDue(now)) return;
    shares.accrue(now);
    const order = orderOf('fair', shares.tenantsOf(this.users));
    this.machine.reorder(order);
    this.plain.reorder(order);
  }

  private submit(index: number): void {
    const job = this.replay.jobs[index]!;
    const asked = queuedJobOf(job, index);
    const limit = this.predict(this.runs.of(job.user), job.requestedSeconds);
    this.machine.enqueue({ ...asked, limit, predicted: limit });
    this.plain.enqueue(asked);
    this.fresh.push(index);
  }

  private end(index: number, now: number): void {
    const job = this.replay.jobs[index]!;
    this.machine.end(index);
    this.plain.end(index);
    this.runs.ended(job.user, { runSeconds: job.runSeconds, limitSeconds: job.requestedSeconds });
    this.shares?.ended(job, now - job.runSeconds);
  }

  private cycle(now: number): void {
    if (this.fresh.length === 0) {
      for (const job of this.machine.startable(now)) this.start(job.sequence, now);
      return;
    }
    const { starts, points } = this.machine.plan(now);
    const plain = points.size > 0 ? this.plain.plan(now).points : new Map<number, Point>();
    for (const { sequence } of starts) this.start(sequence, now);
    const naive = median(this.recentWaits);
    for (const index of this.fresh) {
      if (!points.has(index)) continue;
      this.waiting.set(index, { issues: [], plain: (plain.get(index)?.start ?? now) - now, naive, isLate: false });
    }
    // As often as a promise could be worth another word; new jobs are told at once.
    const isReview = now - this.reviewedAt >= REVIEW_SECONDS;
    if (isReview) this.review(now);
    for (const [index, point] of points) {
      if (isReview || this.waiting.get(index)!.issues.length === 0) this.promise(index, point, now);
    }
  }

  private review(now: number): void {
    this.reviewedAt = now;
    for (const waiting of this.waiting.values()) {
      const first = waiting.issues[0];
      if (waiting.isLate || !first || first.p90 === null || first.p90 >= now) continue;
      waiting.isLate = true;
      this.book.learnLate(first);
    }
  }

  private promise(index: number, { start, basis, ahead }: Point, now: number): void {
    const { issues } = this.waiting.get(index)!;
    const fresh = promiseFor(this.book, { point: start, now, class: CLASS, basis, ahead });
    const told = issues.at(-1);
    if (told === undefined || isWorthReissuing(told, fresh, now)) issues.push(fresh);
  }

  private start(index: number, now: number): void {
    const job = this.replay.jobs[index]!;
    for (const machine of [this.machine, this.plain])
      machine.start(this.jobFor(machine, index), now, job.requestedSeconds);
    this.running.add(index, now + job.runSeconds);
    this.shares?.started(job, now);
    const waited = this.waiting.get(index);
    if (waited === undefined) return;
    this.waiting.delete(index);
    const first = waited.issues[0]!;
    const lastHour = waited.issues.findLast((issue) => issue.now <= now - HOUR) ?? null;
    this.kept.push({ first, lastHour, start: now, plain: first.now + waited.plain, naive: first.now + waited.naive });
    this.book.learn(first, now, waited.isLate);
    this.recentWaits.push(now - job.submitSeconds);
    if (this.recentWaits.length > RECENT_WAITS) this.recentWaits.shift();
  }

  private jobFor(machine: PlannedMachine, index: number): ReturnType<typeof queuedJobOf> {
    const job = this.replay.jobs[index]!;
    return machine === this.plain ? queuedJobOf(job, index) : machine.queued(index);
  }
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
