import type { Admission, CyclePlan, Delta, PoolOption, QueuedJob, Seconds, Snapshot, WaitingVerdict } from './model.js';
import type { Change, WhatIfs } from './what-if.js';

export interface PlanWish {
  /** Seconds from any origin, for the stages of the plan. */
  readonly stopwatch?: () => number;
  /**
   * Whose verdicts to make: of all that wait, of those that have something new to say, or of nobody. News are told once; who
   * asks for them keeps them. Default: all.
   */
  readonly verdicts?: 'all' | 'news' | 'none';
}

/**
 * The planner's state and what can be asked of it. It proposes: `plan` leaves the state as it was, and what the committer made
 * of the plan comes back as deltas.
 */
export interface Planner {
  /** Follows changes. Deltas that repeat what is known, or end what is unknown, change nothing. Throws on unknown groups and nodes. */
  advance(deltas: readonly Delta[]): void;
  plan(now: Seconds, wish?: PlanWish): CyclePlan;
  /** Why a job waits, and until when as things stand; null when no such job waits, or when it would start now. */
  explain(jobId: string, now: Seconds): WaitingVerdict | null;
  /** When and where it would start if it were queued now, pool by pool; best first, refusals last. */
  quote(job: QueuedJob, now: Seconds): readonly PoolOption[];
  /**
   * What one change to a job would do: a job to be submitted, or one that waits, by its id; null when no such job waits, or when
   * nodes are already being vacated for it. Without changes: those that make sense for it.
   */
  whatIf(asked: QueuedJob | string, now: Seconds, changes?: readonly Change[]): WhatIfs | null;
  /** Whether any pool would ever hold it. */
  admit(job: QueuedJob): Admission;
  /** The whole state, sorted: a planner started from it plans as this one does. */
  snapshot(now: Seconds): Snapshot;
}

/** What a plan decides, and a replay must give again: no verdicts, no stopwatch. */
export const decisionOf = ({ now, starts, preemptions, claims, reservations }: CyclePlan): unknown => ({
  now,
  starts,
  preemptions,
  claims,
  reservations,
});
