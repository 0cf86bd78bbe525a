import type { JobKind, JobKinds } from './job-kinds.js';
import type { PlanningPolicy } from './model.js';

/** How many of its reservations each set of groups has given away in a pass. */
export class DepthBook {
  private readonly depth: number;
  // By number of set.
  private readonly given: number[] = [];
  private fullSets = 0;

  constructor(
    { backfill, reservationDepth }: Pick<PlanningPolicy, 'backfill' | 'reservationDepth'>,
    private readonly kinds: Pick<JobKinds, 'setCount'>,
  ) {
    this.depth = backfill === 'none' ? 0 : backfill === 'easy' ? 1 : reservationDepth;
  }

  /** Whether jobs of the kind can have no reservation any more. */
  isFull({ set }: Pick<JobKind, 'set'>): boolean {
    return (this.given[set] ?? 0) >= this.depth;
  }

  /** Whether nobody can. */
  get isFullEverywhere(): boolean {
    return this.depth === 0 || this.fullSets >= this.kinds.setCount;
  }

  give({ set }: Pick<JobKind, 'set'>): void {
    const given = (this.given[set] ?? 0) + 1;
    this.given[set] = given;
    if (given === this.depth) this.fullSets++;
  }
}
