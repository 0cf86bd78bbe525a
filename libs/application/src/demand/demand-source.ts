import type { Instant } from '#libs/domain';
import type { SampleJob } from '#libs/simulation';

/**
 * Jobs in order of submission, and a place in that order as one whole number. Pure: a cursor that was stored gives the same
 * jobs in the next life of the service.
 */
export interface DemandSource {
  /** Null: it has no end. */
  readonly total: number | null;
  /** The jobs from the cursor on that are submitted before `until`, at most `limit`, and the cursor behind them. */
  upTo(until: Instant, cursor: number, limit: number): DemandBatch;
  /** All jobs submitted before this time lie behind the cursor. */
  positionOf(cursor: number): Instant;
  /** The first cursor whose jobs are submitted at `at` or later. */
  cursorAt(at: Instant): number;
  /** Jobs behind the cursor, where the source can tell without drawing them all; else 0. */
  countBefore(cursor: number): number;
  isOver(cursor: number): boolean;
}
export interface DemandBatch {
  readonly jobs: readonly SampleJob[];
  readonly cursor: number;
  /** Whether more are due. */
  readonly more: boolean;
}

/** What is to be played, before it is known when it began. */
export interface DemandPlan {
  readonly id: string;
  readonly kind: 'sample' | 'trace';
  /** For people. */
  readonly label: string;
  readonly spec: unknown;
  readonly tenantIds: readonly string[];
  /** Jobs as they go into the queue are told apart by it. */
  readonly channel: 'sample' | 'replay';
  startingAt(origin: Instant): DemandSource;
}
