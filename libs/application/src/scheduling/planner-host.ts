import {
  type Admission,
  type CyclePlan,
  type Delta,
  type Planner,
  type PlanningPolicy,
  type PoolOption,
  type QueuedJob,
  type Seconds,
  type Snapshot,
  type WhatIfs,
  createPlanner,
} from '#libs/scheduling';
import { type Chunk, packDeltas, packKeyframe } from './state-packing.js';

/** Where the planner of cycles lives: in this process, or in a worker thread of the scheduler. Either way it is the same planner. */
export interface PlannerHost {
  start(snapshot: Snapshot, policy: PlanningPolicy): Promise<void>;
  advance(deltas: readonly Delta[]): Promise<void>;
  /** With the verdicts that have news: who asks keeps them. */
  plan(now: Seconds): Promise<CyclePlan>;
  /** The whole state, packed where the planner lives: of 100,000 jobs it takes about a second. */
  keyframe(now: Seconds): Promise<readonly Chunk[]>;
  packed(deltas: readonly Delta[]): Promise<Chunk>;
  close(): Promise<void>;
}

/** The process has not loaded pools and queue yet, or has lost them and loads them again. */
export class PlannerNotReady extends Error {
  readonly code = 'planner-not-ready';
  constructor() {
    super('The picture of pools and queue is not loaded yet: try again in a few seconds.');
  }
}

/** Answers what the API asks as well. */
export class InProcessPlanner implements PlannerHost {
  private planner: Planner | null = null;

  constructor(private readonly stopwatch?: () => number) {}

  async start(snapshot: Snapshot, policy: PlanningPolicy): Promise<void> {
    this.planner = createPlanner(snapshot, policy);
  }
  async advance(deltas: readonly Delta[]): Promise<void> {
    this.started().advance(deltas);
  }
  async plan(now: Seconds): Promise<CyclePlan> {
    return this.started().plan(now, { stopwatch: this.stopwatch, verdicts: 'news' });
  }
  async keyframe(now: Seconds): Promise<readonly Chunk[]> {
    return packKeyframe(this.started().snapshot(now));
  }
  async packed(deltas: readonly Delta[]): Promise<Chunk> {
    return packDeltas(deltas);
  }
  async quote(job: QueuedJob, now: Seconds): Promise<readonly PoolOption[]> {
    return this.started().quote(job, now);
  }
  async whatIf(asked: QueuedJob | string, now: Seconds): Promise<WhatIfs | null> {
    return this.started().whatIf(asked, now);
  }
  async admit(job: QueuedJob): Promise<Admission> {
    return this.started().admit(job);
  }
  async close(): Promise<void> {
    this.planner = null;
  }

  private started(): Planner {
    if (!this.planner) throw new PlannerNotReady();
    return this.planner;
  }
}
