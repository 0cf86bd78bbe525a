import type { Seconds } from './model.js';
import type { Vector } from './vector.js';

const STRIDE = 4;

/**
 * What one node has left over time: steps of (time, cards, cores, memory) in one flat array, each valid until the next, the
 * first from minus infinity and the last for ever. Equal neighbours are merged, so the array does not remember how it came about.
 */
export class NodeTimeline {
  private readonly steps: number[];
  /** What `findSpan` found: the answer is left here, so that none is made for every node and question. */
  first: Seconds = Infinity;
  last: Seconds = Infinity;

  constructor(capacity: Vector) {
    this.steps = [-Infinity, capacity.cards, capacity.cores, capacity.memory];
  }

  /** Adds `sign` times the vector in [from, until). */
  shift(from: Seconds, until: Seconds, by: Vector, sign: 1 | -1): void {
    if (until <= from) return;
    const first = this.cut(from);
    const last = until === Infinity ? this.steps.length : this.cut(until);
    for (let i = first; i < last; i += STRIDE) {
      this.steps[i + 1]! += sign * by.cards;
      this.steps[i + 2]! += sign * by.cores;
      this.steps[i + 3]! += sign * by.memory;
    }
    this.heal(last);
    this.heal(first);
  }

  /** Seconds from `at` during which the vector fits without a break: 0 when it does not fit at once. */
  room(at: Seconds, ask: Vector): number {
    let i = this.stepAt(at);
    if (!this.holds(i, ask)) return 0;
    for (i += STRIDE; i < this.steps.length; i += STRIDE) if (!this.holds(i, ask)) return this.steps[i]! - at;
    return Infinity;
  }

  /** The first time after `after` at which there gets to be more of anything; Infinity when never. */
  nextRise(after: Seconds): Seconds {
    for (let i = this.stepAt(after) + STRIDE; i < this.steps.length; i += STRIDE) {
      for (let k = 1; k < STRIDE; k++) if (this.steps[i + k]! > this.steps[i + k - STRIDE]!) return this.steps[i]!;
    }
    return Infinity;
  }

  /**
   * Looks for the first stretch in which the vector fits for `seconds` from `from` on, and leaves it in `first` and `last`. Steps
   * from `limit` on are not looked at: then `first` is the time of the step and `last` minus infinity.
   */
  findSpan(ask: Vector, seconds: number, from: Seconds, limit: Seconds): void {
    const { steps } = this;
    const end = steps.length;
    for (let i = this.stepAt(from); i < end; i += STRIDE) {
      const opened = steps[i]!;
      if (opened >= limit) {
        this.first = opened;
        this.last = -Infinity;
        return;
      }
      if (!this.holds(i, ask)) continue;
      for (i += STRIDE; i < end && this.holds(i, ask);) i += STRIDE;
      const closed = i < end ? steps[i]! : Infinity;
      if (closed - (opened > from ? opened : from) < seconds) continue;
      this.first = opened;
      this.last = closed;
      return;
    }
    this.first = Infinity;
    this.last = Infinity;
  }

  cardsAt(at: Seconds): number {
    return this.steps[this.stepAt(at) + 1]!;
  }

  coresAt(at: Seconds): number {
    return this.steps[this.stepAt(at) + 2]!;
  }

  private holds(i: number, ask: Vector): boolean {
    return this.steps[i + 1]! >= ask.cards && this.steps[i + 2]! >= ask.cores && this.steps[i + 3]! >= ask.memory;
  }

  private stepAt(at: Seconds): number {
    const { steps } = this;
    let low = 0;
    let high = steps.length / STRIDE;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (steps[middle * STRIDE]! <= at) low = middle;
      else high = middle;
    }
    return low * STRIDE;
  }

  /** Makes a step begin at a time and tells where it is. */
  private cut(at: Seconds): number {
    const i = this.stepAt(at);
    if (this.steps[i] === at) return i;
    this.steps.splice(i + STRIDE, 0, at, this.steps[i + 1]!, this.steps[i + 2]!, this.steps[i + 3]!);
    return i + STRIDE;
  }

  private heal(i: number): void {
    if (i < STRIDE || i >= this.steps.length) return;
    for (let k = 1; k < STRIDE; k++) if (this.steps[i + k] !== this.steps[i + k - STRIDE]) return;
    this.steps.splice(i, STRIDE);
  }
}
