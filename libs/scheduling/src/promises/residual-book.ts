import type { PlanPoint, ResidualWindow, StartPromise } from './model.js';

/** Of the outcomes of a key only so many of the newest count, so that the book follows a machine that changes. */
export const WINDOW = 400;
/** Below so many outcomes a key says nothing of its own and the next coarser one is asked. */
export const LEAST_FINE = 30;
/** Below so many outcomes of all jobs together no P50 and no P90 is told. */
export const LEAST_OF_ALL = 20;
/** Of ten promises one may be broken. */
export const MISS_TARGET = 0.1;
/** How fast the allowed miss rate follows what happens; Gibbs and Candès use 0.005 on a long series. */
const STEP = 0.02;
/** Waits are compared as ratios, and below about a minute a ratio says nothing. */
const SOFT_SECONDS = 60;
// Bounds, so that a long stretch of luck is made good again within a few dozen outcomes, and one of bad luck within a thousand or
// so: a queue that grows for weeks breaks hundreds of promises before the first of them is known to be broken.
const LEAST_ALPHA = -3;
const MOST_ALPHA = 0.4;
/** Below zero the allowed miss rate asks for more than was ever seen: so much is added to the largest residual, for each 1. */
const STRETCH = 5;
/** Further than that nothing is stretched: twenty times the longest wait that was seen says nothing any more. */
const MOST_STRETCH = 0.6;

/**
 * How far starts fell from the plan's points, by class, basis and depth: what turns a point into a P50 and a P90.
 *
 * A residual is the logarithm of the true wait over the planned one, both with a minute added, so that one quantile serves waits
 * of minutes and of days. The P90 is split conformal (Vovk et al.; the ceil((n + 1)(1 − alpha))-th smallest residual), with alpha
 * moved after each outcome so that in the long run one promise of ten is broken, whatever drifts (Gibbs and Candès 2021). The
 * P50 is the median. Plain data in, plain data out: `windows` is the whole state.
 */
export class ResidualBook {
  private readonly entries = new Map<string, Entry>();
  private touched = new Set<string>();

  constructor(windows: readonly ResidualWindow[] = []) {
    for (const { key, residuals, alpha } of windows)
      this.entries.set(key, { residuals: residuals.slice(-WINDOW), alpha, sorted: null });
  }

  /** Outcomes that are known, at most `WINDOW`. */
  get size(): number {
    return this.entries.get(ALL)?.residuals.length ?? 0;
  }

  /** The interval for a point: the finest key that has enough outcomes decides. */
  promise(point: PlanPoint): StartPromise {
    const source = this.sourceFor(point);
    if (source === null) return { ...point, p50: null, p90: null, source };
    const entry = this.entries.get(source)!;
    const sorted = (entry.sorted ??= Float64Array.from(entry.residuals).sort());
    const planned = Math.max(0, point.point - point.now) + SOFT_SECONDS;
    const waitAt = (residual: number): number => Math.max(0, Math.round(planned * Math.exp(residual) - SOFT_SECONDS));
    const p50 = point.now + waitAt(quantile(sorted, 0.5));
    const p90 = point.now + waitAt(upperResidual(sorted, entry.alpha));
    return { ...point, p50, p90: Math.max(p50, p90), source };
  }

  /**
   * Takes in what became of a promise. Only the key that made it learns whether its P90 was kept.
   *
   * @param isKnownLate that it was broken has been told by `learnLate`
   */
  learn(promise: StartPromise, start: number, isKnownLate = false): void {
    const residual = residualOf(promise, start);
    for (const key of keysOf(promise)) {
      const entry = this.entry(key);
      entry.residuals.push(residual);
      if (entry.residuals.length > WINDOW) entry.residuals.shift();
      entry.sorted = null;
      this.touched.add(key);
    }
    if (!isKnownLate && promise.p90 !== null) this.adapt(promise, start > promise.p90 ? 1 : 0);
  }

  /**
   * A job still waits after its P90: broken, whenever it will start. Known now and not only at the start, it counts while the
   * queue that made it late is still there.
   */
  learnLate(promise: StartPromise): void {
    this.adapt(promise, 1);
  }

  private adapt({ source }: StartPromise, miss: 0 | 1): void {
    if (source === null) return;
    const entry = this.entry(source);
    entry.alpha = Math.min(MOST_ALPHA, Math.max(LEAST_ALPHA, entry.alpha + STEP * (MISS_TARGET - miss)));
    this.touched.add(source);
  }

  /** The whole state, by key. */
  windows(): ResidualWindow[] {
    return [...this.entries.keys()].sort().map((key) => this.window(key));
  }

  /** The keys that have learned something since the last call. */
  takeTouched(): ResidualWindow[] {
    const keys = [...this.touched].sort();
    this.touched = new Set();
    return keys.map((key) => this.window(key));
  }

  private window(key: string): ResidualWindow {
    const { residuals, alpha } = this.entries.get(key)!;
    return { key, residuals: [...residuals], alpha };
  }

  private entry(key: string): Entry {
    const kept = this.entries.get(key);
    if (kept) return kept;
    const fresh: Entry = { residuals: [], alpha: MISS_TARGET, sorted: null };
    this.entries.set(key, fresh);
    return fresh;
  }

  private sourceFor(point: PlanPoint): string | null {
    const fine = keysOf(point).find((key) => (this.entries.get(key)?.residuals.length ?? 0) >= LEAST_FINE);
    if (fine !== undefined) return fine;
    return this.size >= LEAST_OF_ALL ? ALL : null;
  }
}

interface Entry {
  residuals: number[];
  alpha: number;
  /** Made when first asked for. */
  sorted: Float64Array | null;
}

const ALL = 'all';

/** From fine to coarse. */
export function keysOf({ class: jobClass, basis, ahead }: Pick<PlanPoint, 'class' | 'basis' | 'ahead'>): string[] {
  return [`${jobClass}/${basis}/${depthBucket(ahead)}`, `${jobClass}/${basis}`, basis, ALL];
}

/** Depth in powers of four: 0, 1–3, 4–15, 16–63, 64–255, then all the rest. */
export const depthBucket = (ahead: number): number =>
  Math.min(5, ahead < 1 ? 0 : Math.floor(Math.log2(ahead) / 2 + 1e-9) + 1);

export const residualOf = ({ point, now }: Pick<PlanPoint, 'point' | 'now'>, start: number): number =>
  Math.log((Math.max(0, start - now) + SOFT_SECONDS) / (Math.max(0, point - now) + SOFT_SECONDS));

/** Where Gibbs and Candès have the whole line for a level above one, a tenant is owed a time: the largest, stretched. */
function upperResidual(sorted: Float64Array, alpha: number): number {
  return alpha > 0 ? quantile(sorted, 1 - alpha) : sorted.at(-1)! + STRETCH * Math.min(MOST_STRETCH, -alpha);
}

/** The ceil((n + 1) level)-th smallest, at most the largest. */
function quantile(sorted: Float64Array, level: number): number {
  const rank = Math.ceil((sorted.length + 1) * level - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}
