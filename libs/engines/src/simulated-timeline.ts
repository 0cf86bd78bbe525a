import type { DispatchOrder, SimulatedJob } from '#libs/application';
import { compareKeys, type Instant } from '#libs/domain';
import { InstantHeap } from './instant-heap.js';
import { SimulatedBooks, type SimulatedPool } from './simulated-books.js';
import { endedByCancel, endedByItself, endOf, type Takings, takingsOf } from './simulated-run.js';

/** Released, and waiting for room: a running row without a start. */
export const waitsForRoom = (job: SimulatedJob): boolean => job.state === 'running' && job.startedAt === null;

/**
 * The living jobs of one simulated pool in memory. Time moves by `advance` alone and passes through every end on the way, so
 * that what an end makes room for starts at that very instant however rarely somebody looks. Changes are collected for whoever
 * writes them down.
 */
export class SimulatedTimeline {
  private readonly jobs = new Map<string, SimulatedJob>();
  private readonly ends = new InstantHeap();
  /** In the order of release. */
  private readonly waiting = new Set<string>();
  private readonly books: SimulatedBooks;
  private changed = new Map<string, SimulatedJob>();
  private reached: Instant = 0;

  constructor(pool: SimulatedPool, alive: readonly SimulatedJob[]) {
    this.books = new SimulatedBooks(pool);
    const inOrder = alive.toSorted((a, b) => a.preparedAt - b.preparedAt || compareKeys(a.ref, b.ref));
    for (const job of inOrder) this.adopt(job);
  }

  /** Why the pool could not run the order even when empty; null when it could. */
  objectionTo(order: DispatchOrder): string | null {
    return this.books.objectionTo(order);
  }
  find(attemptId: string): SimulatedJob | null {
    return this.jobs.get(attemptId) ?? null;
  }
  alive(): readonly SimulatedJob[] {
    return [...this.jobs.values()];
  }

  /** How far time has come. */
  get now(): Instant {
    return this.reached;
  }

  /** A job has its nodes while its inputs come, and starts when they are there. Tells when; the first word counts. */
  stage(attemptId: string, until: Instant): Instant {
    const job = this.jobs.get(attemptId);
    if (job === undefined || job.startedAt !== null) return job?.stagedUntil ?? this.reached;
    if (job.stagedUntil !== null) return job.stagedUntil;
    this.write({ ...job, stagedUntil: until });
    return until;
  }

  /** Takes in a living job that the store already has. */
  adopt(job: SimulatedJob): void {
    this.jobs.set(job.attemptId, job);
    this.reached = Math.max(this.reached, job.preparedAt, job.stagedUntil === null ? (job.startedAt ?? 0) : 0);
    if (waitsForRoom(job)) this.waiting.add(job.attemptId);
    if (job.startedAt === null) return;
    this.books.hold(job.nodeIds, this.takings(job));
    this.ends.push(endOf(job, job.startedAt), job.attemptId);
  }

  prepare(job: SimulatedJob): void {
    this.jobs.set(job.attemptId, job);
    this.changed.set(job.attemptId, job);
  }

  release(attemptId: string): void {
    const job = this.jobs.get(attemptId);
    if (job?.state !== 'held') return;
    this.write({ ...job, state: 'running' });
    this.waiting.add(attemptId);
    this.startWaiting(this.reached);
  }

  cancel(attemptId: string): void {
    const job = this.jobs.get(attemptId);
    if (job === undefined) return;
    this.end(endedByCancel(job, this.reached), job);
    this.startWaiting(this.reached);
  }

  /** A `now` that lies behind what was reached moves nothing: two callers' clocks may be read out of order. */
  advance(now: Instant): void {
    for (let at = this.ends.earliest(); at !== null && at <= now; at = this.ends.earliest()) {
      while (this.ends.earliest() === at) this.endIfDue(this.ends.pop(), at);
      this.startWaiting(at);
    }
    this.reached = Math.max(this.reached, now);
    this.startWaiting(this.reached);
  }

  /** What changed since the last call. */
  takeChanges(): readonly SimulatedJob[] {
    const changes = [...this.changed.values()];
    this.changed = new Map();
    return changes;
  }

  private endIfDue(attemptId: string | null, at: Instant): void {
    const job = attemptId === null ? undefined : this.jobs.get(attemptId);
    // The heap keeps the ends of jobs that were cancelled meanwhile; they are no longer among the living.
    if (job === undefined || job.startedAt === null || endOf(job, job.startedAt) !== at) return;
    this.end(endedByItself(job, at), job);
  }

  private end(over: SimulatedJob, was: SimulatedJob): void {
    if (was.startedAt !== null) this.books.giveBack(over.nodeIds, this.takings(over));
    this.jobs.delete(over.attemptId);
    this.waiting.delete(over.attemptId);
    this.changed.set(over.attemptId, over);
  }

  /** First released, first served in each lane: letting small jobs pass would starve a large one for ever. */
  private startWaiting(at: Instant): void {
    const blocked = new Set<string>();
    for (const attemptId of this.waiting) {
      const job = this.jobs.get(attemptId) as SimulatedJob;
      const takings = this.takings(job);
      const lanes = this.books.lanesOf(job.nodeIds, takings);
      const nodeIds = lanes.some((lane) => blocked.has(lane)) ? null : this.books.take(job.nodeIds, takings);
      if (nodeIds === null) {
        for (const lane of lanes) blocked.add(lane);
        continue;
      }
      this.waiting.delete(attemptId);
      const startedAt = Math.max(at, job.stagedUntil ?? at);
      this.write({ ...job, startedAt, nodeIds });
      this.ends.push(endOf(job, startedAt), attemptId);
    }
  }

  private write(job: SimulatedJob): void {
    this.jobs.set(job.attemptId, job);
    this.changed.set(job.attemptId, job);
  }

  private takings(job: SimulatedJob): Takings {
    return takingsOf(job.ref) ?? { groupId: '', nodes: 0, perNode: { cards: 0, cores: 0, memoryGiB: 0 } };
  }
}
