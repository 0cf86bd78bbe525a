import type { Seconds } from '../model.js';
import { hasMoved } from '../verdict-news.js';
import type { PlanPoint, PromiseScore, StartPromise } from './model.js';
import type { ResidualBook } from './residual-book.js';

const MINUTE = 60;

export const promiseFor = (book: ResidualBook, point: PlanPoint): StartPromise => book.promise(point);

/**
 * A tenant is told again only when the P50 moved by more than max(10 min, 20 % of the wait that was ahead), or when there is one
 * for the first time. While there is none, the plan's point stands for it.
 */
export const isWorthReissuing = (told: StartPromise, fresh: StartPromise, now: Seconds): boolean =>
  fresh.p50 === null ? hasMoved(told.point, fresh.point, now) : hasMoved(told.p50, fresh.p50, now);

/** Null for a promise that named no interval: it cannot be kept nor broken. */
export function score({ p50, p90 }: StartPromise, start: Seconds): PromiseScore | null {
  if (p50 === null) return null;
  const error = start - p50;
  return { kept: start <= p90!, withinP50: error <= 0, error, withinMinute: Math.abs(error) <= MINUTE };
}
