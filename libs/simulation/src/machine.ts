import {
  type Candidate,
  CounterProfile,
  type Holding,
  JobKinds,
  type JobOrder,
  Pass,
  type PlanningPolicy,
  type QueuedJob,
  type Seconds,
  WaitingQueue,
} from '#libs/scheduling';
import type { SwfJob } from './swf.js';

const PROCESSOR = { cards: 1, cores: 0, memoryGiB: 0 };
const VECTOR = { cards: 1000, cores: 0, memory: 0 };
const NO_NODES: readonly number[] = [];

/** The one pool of a trace as the planner knows pools: so many nodes without names, each with one slot. */
function poolOf(processors: number): Candidate {
  return {
    pool: { id: 'trace', siteId: 'trace', reachable: true, latencyMs: {}, dataLevels: ['general'] },
    group: {
      id: 'trace',
      poolId: 'trace',
      acceleratorModel: null,
      acceleratorMemoryGiB: 0,
      architecture: 'x86_64',
      stack: 'none',
      shape: PROCESSOR,
      nodes: processors,
    },
    installed: processors,
    up: processors,
  };
}

export const tenantOfUser = (user: number): string => `user-${user}`;

/** A job of a trace as the planner knows jobs; its index is both its id and its sequence number. */
export const queuedJobOf = (job: SwfJob, index: number): QueuedJob => ({
  id: String(index),
  sequence: index,
  tenantId: tenantOfUser(job.user),
  class: 'simulation',
  priority: 0,
  submittedAt: job.submitSeconds,
  nodes: job.processors,
  perNode: PROCESSOR,
  limit: job.requestedSeconds,
  predicted: job.requestedSeconds,
  dataLevel: 'general',
});

export interface LineRules extends Pick<PlanningPolicy, 'backfill' | 'backfillOrder'> {
  readonly order: JobOrder;
  /** Default: no end. */
  readonly reservationDepth?: number;
}

/** Waiting jobs in one order, with the pass over them. A protocol may keep several lines before one profile. */
export class Line {
  readonly queue: WaitingQueue;
  private readonly kinds: JobKinds;
  private readonly pass: Pass;

  constructor(processors: number, profile: CounterProfile, rules: LineRules) {
    this.kinds = new JobKinds({ candidates: [poolOf(processors)], version: 0 });
    this.queue = new WaitingQueue(this.kinds, rules.order);
    this.pass = new Pass({
      queue: this.queue,
      kinds: this.kinds,
      profiles: [profile],
      policy: {
        backfill: rules.backfill,
        reservationDepth: rules.reservationDepth ?? Infinity,
        backfillOrder: rules.backfillOrder,
        maxStarts: Infinity,
      },
      score: () => 0,
    });
  }

  /** What one pass would start, in its order. The profile stands at `now`, and is left as it was. */
  startable(now: Seconds): { readonly job: QueuedJob; readonly backfilled: boolean }[] {
    if (this.queue.size === 0) return [];
    this.kinds.refresh();
    const outcome = this.pass.run(now, { goal: 'starts' });
    outcome.undoReservations();
    outcome.undoStarts();
    return outcome.starts.map(({ slot, backfilled }) => ({ job: this.queue.job(slot), backfilled }));
  }

  /** What one pass would start, and when those would start that it gives a reservation. The profile is left as it was. */
  plan(now: Seconds): {
    readonly starts: readonly QueuedJob[];
    readonly reservations: readonly { readonly job: QueuedJob; readonly start: Seconds }[];
  } {
    if (this.queue.size === 0) return { starts: [], reservations: [] };
    this.kinds.refresh();
    const outcome = this.pass.run(now, { goal: 'estimates' });
    outcome.undoReservations();
    outcome.undoStarts();
    return {
      starts: outcome.starts.map(({ slot }) => this.queue.job(slot)),
      reservations: outcome.reservations.map(({ slot, start }) => ({ job: this.queue.job(slot), start })),
    };
  }
}

/** A machine of identical processors under the production planner's queue, profile and pass. */
export class Machine {
  private readonly profile: CounterProfile;
  private readonly line: Line;
  private freeProcessors: number;

  constructor(processors: number, rules: LineRules) {
    this.freeProcessors = processors;
    this.profile = new CounterProfile(processors);
    this.line = new Line(processors, this.profile, rules);
  }

  enqueue(job: QueuedJob): void {
    this.line.queue.add(job);
  }

  reorder(order: JobOrder): void {
    this.line.queue.reorder(order);
  }

  /** One scheduling pass; what it starts is held until its limit. Skipped when nothing waits or nothing is free. */
  schedule(now: Seconds, onStart: (jobIndex: number, backfilled: boolean) => void): void {
    if (this.line.queue.size === 0 || this.freeProcessors === 0) return;
    this.profile.turnTo(now);
    for (const { job, backfilled } of this.line.startable(now)) {
      this.profile.occupy(holding(job.nodes), -Infinity, now + job.limit);
      this.freeProcessors -= job.nodes;
      this.line.queue.remove(job.id);
      onStart(job.sequence, backfilled);
    }
  }

  /** Holds on to what was to be given back at `from`. */
  extend(processors: number, from: Seconds, until: Seconds): void {
    this.profile.occupy(holding(processors), from, until);
  }

  /** Gives back what a job holds that was to end at `endsBy` at the latest. */
  release(processors: number, endsBy: Seconds): void {
    this.profile.vacate(holding(processors), -Infinity, endsBy);
    this.freeProcessors += processors;
  }
}

export const holding = (count: number): Holding => ({ nodes: NO_NODES, count, perNode: VECTOR });
