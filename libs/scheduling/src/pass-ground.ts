import type { Gates } from './gates.js';
import type { JobKinds } from './job-kinds.js';
import type { PlanningPolicy, Seconds } from './model.js';
import type { Openings } from './openings.js';
import type { Profile } from './profile.js';
import type { WaitingQueue } from './waiting-queue.js';

/** What a pass works on. The profiles stand at the instant of the pass, and the kinds are fresh. */
export interface PassGround {
  readonly queue: WaitingQueue;
  readonly kinds: JobKinds;
  readonly profiles: readonly Profile[];
  readonly policy: Pick<PlanningPolicy, 'backfill' | 'backfillOrder' | 'reservationDepth' | 'maxStarts'>;
  /** How good a group is for a start at that time, in [0, 1]. */
  score(slot: number, group: number, start: Seconds): number;
  /** Seconds for which a job holds nodes of a group; absent: its limit. */
  hold?(slot: number, group: number): number;
  readonly gates?: Gates;
  readonly openings?: Openings;
}
