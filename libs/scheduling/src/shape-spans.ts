import type { Seconds } from './model.js';
import type { Vector } from './vector.js';

/**
 * What is known of one shape in a group: for each node the first stretch [first, last) from some instant on in which it fits.
 * Times are absolute, so that most of it stays true as time goes by; what a node has since gained or lost is looked up again
 * for that node alone.
 */
export class ShapeSpans {
  readonly first: Float64Array;
  readonly last: Float64Array;
  // State of the node, by its number, that first and last were read from.
  readonly stamps: Float64Array;
  version = -1;
  now: Seconds = -Infinity;
  private firsts: Float64Array | null = null;
  private lasts: Float64Array | null = null;
  private opening: Seconds = -Infinity;

  constructor(
    readonly perNode: Vector,
    width: number,
  ) {
    this.first = new Float64Array(width);
    this.last = new Float64Array(width);
    this.stamps = new Float64Array(width).fill(-1);
  }

  /** What was sorted is true no longer. */
  spoil(): void {
    this.firsts = null;
    this.lasts = null;
  }

  /** How many nodes have room now. */
  get free(): number {
    return this.open().length;
  }

  /** When the first of the `count` nodes that have room longest has none any more; count is at most `free`. */
  lastOf(count: number): Seconds {
    const lasts = this.open();
    return lasts[lasts.length - count]!;
  }

  /** When `count` nodes have each had room once; Infinity where there are not so many. */
  firstOf(count: number): Seconds {
    this.firsts ??= this.first.toSorted();
    return Math.max(this.now, this.firsts[count - 1] ?? Infinity);
  }

  private open(): Float64Array {
    if (this.lasts && this.now < this.opening) return this.lasts;
    const lasts = new Float64Array(this.first.length);
    let free = 0;
    this.opening = Infinity;
    for (let i = 0; i < lasts.length; i++) {
      const first = this.first[i]!;
      if (first <= this.now) lasts[free++] = this.last[i]!;
      else if (first < this.opening) this.opening = first;
    }
    this.lasts = lasts.subarray(0, free).sort();
    return this.lasts;
  }
}
