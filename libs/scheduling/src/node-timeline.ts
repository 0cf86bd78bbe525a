import type { Seconds } from './model.js';
import type { Vector } from './vector.js';

const STRIDE = 4;

/**
 * What one node has left over time: steps of (time, cards, cores, memory) in one flat array, each valid until the next, the
 * first from minus infinity and the last for ever. Equal neighbours are merged, so the array does not remember how it came about.
 */
export class NodeTimeline {
  private readonly steps: number[];

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

  /** The first time from `at` on at which the vector fits; Infinity when never. */
  firstFit(at: Seconds, ask: Vector): Seconds {
    for (let i = this.stepAt(at); i < this.steps.length; i += STRIDE) {
      if (this.holds(i, ask)) return Math.max(at, this.steps[i]!);
    }
    return Infinity;
  }

  /** The first time after `after` at which there gets to be more of anything; Infinity when never. */
  nextRise(after: Seconds): Seconds {
    for (let i = this.stepAt(after) + STRIDE; i < this.steps.length; i += STRIDE) {
      for (let k = 1; k < STRIDE; k++) if (this.steps[i + k]! > this.steps[i + k - STRIDE]!) return this.steps[i]!;
    }
    return Infinity;
  }

  /** Calls back with each span [first, last] of starts from `from` on at which the vector fits for `seconds`. */
  eachStart(ask: Vector, seconds: number, from: Seconds, visit: (first: Seconds, last: Seconds) => void): void {
    let opened = NaN;
    for (let i = this.stepAt(from); i < this.steps.length; i += STRIDE) {
      if (this.holds(i, ask)) {
        if (Number.isNaN(opened)) opened = Math.max(from, this.steps[i]!);
      } else if (!Number.isNaN(opened)) {
        if (this.steps[i]! - seconds >= opened) visit(opened, this.steps[i]! - seconds);
        opened = NaN;
      }
    }
    if (!Number.isNaN(opened)) visit(opened, Infinity);
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
    let i = this.steps.length - STRIDE;
    while (i > 0 && this.steps[i]! > at) i -= STRIDE;
    return i;
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
