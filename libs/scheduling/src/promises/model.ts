import type { JobClass } from '#libs/domain';
import type { Seconds } from '../model.js';

/** Where a point comes from: a place in the profile, or work ahead over capacity. */
export type PointBasis = 'reservation' | 'backlog';

/** What the plan says of one waiting job. */
export interface PlanPoint {
  /** When the plan would start it. */
  readonly point: Seconds;
  /** When that plan was made. */
  readonly now: Seconds;
  readonly class: JobClass;
  readonly basis: PointBasis;
  /** Jobs ahead of it in the order. */
  readonly ahead: number;
}

/** The start interval told to a tenant. */
export interface StartPromise extends PlanPoint {
  /** Half of the starts come no later; never before `now`. Null while too few outcomes are known. */
  readonly p50: Seconds | null;
  /** Nine of ten starts come no later; never before `p50`. */
  readonly p90: Seconds | null;
  /** Key of the residuals it was made from; null without a P50. */
  readonly source: string | null;
}

/** What became of a promise. */
export interface PromiseScore {
  /** It started no later than the P90. */
  readonly kept: boolean;
  /** It started no later than the P50. */
  readonly withinP50: boolean;
  /** Seconds from the P50 to the start; negative when it came sooner. */
  readonly error: number;
  readonly withinMinute: boolean;
}

/** Residuals of one key, oldest first, and the miss rate that its next P90 allows. */
export interface ResidualWindow {
  readonly key: string;
  readonly residuals: readonly number[];
  readonly alpha: number;
}
