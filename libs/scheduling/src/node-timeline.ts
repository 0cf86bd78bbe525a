import type { Seconds } from './model.js';
import type { Vector } from './vector.js';

const STRIDE = 3;
const ROOM = 4;

/** Equal spans of time, from the first to the last. */
export interface Spans {
  readonly origin: Seconds;
  readonly width: Seconds;
  readonly first: number;
  readonly last: number;
  readonly isOpenEnded: boolean;
}

/**
 * What one node has left over time: steps of (time; cards, cores, memory), each valid until the next, the first from minus
 * infinity and the last for ever. Equal neighbours are merged, so the steps do not remember how they came about. Times stand
 * apart from amounts: a search by time then reads few lines of the processor's cache.
 */
export class NodeTimeline {
  private times = new Float64Array(ROOM);
  private left = new Float64Array(ROOM * STRIDE);
  private size = 1;
  /** What `findSpan` found: the answer is left here, so that none is made for every node and question. */
  first: Seconds = Infinity;
  last: Seconds = Infinity;

  constructor(capacity: Vector) {
    this.times[0] = -Infinity;
    this.left[0] = capacity.cards;
    this.left[1] = capacity.cores;
    this.left[2] = capacity.memory;
  }

  /** Adds `sign` times the vector in [from, until). */
  shift(from: Seconds, until: Seconds, by: Vector, sign: 1 | -1): void {
    if (until <= from) return;
    const first = this.cut(from);
    const last = until === Infinity ? this.size : this.cut(until);
    const { left } = this;
    const cards = sign * by.cards;
    const cores = sign * by.cores;
    const memory = sign * by.memory;
    for (let k = first * STRIDE; k < last * STRIDE; k += STRIDE) {
      left[k]! += cards;
      left[k + 1]! += cores;
      left[k + 2]! += memory;
    }
    this.heal(last);
    this.heal(first);
  }

  /** Seconds from `at` during which the vector fits without a break: 0 when it does not fit at once. */
  room(at: Seconds, ask: Vector): number {
    let i = this.stepAt(at);
    if (!this.holds(i, ask)) return 0;
    for (i++; i < this.size; i++) if (!this.holds(i, ask)) return this.times[i]! - at;
    return Infinity;
  }

  /** The first time after `after` at which there gets to be more of anything; Infinity when never. */
  nextRise(after: Seconds): Seconds {
    const { left } = this;
    for (let i = this.stepAt(after) + 1; i < this.size; i++) {
      for (let k = i * STRIDE; k < (i + 1) * STRIDE; k++) if (left[k]! > left[k - STRIDE]!) return this.times[i]!;
    }
    return Infinity;
  }

  /**
   * Looks for the first stretch in which the vector fits for `seconds` from `from` on, and leaves it in `first` and `last`. Steps
   * from `limit` on are not looked at: then `first` is the time of the step and `last` minus infinity.
   */
  findSpan(ask: Vector, seconds: number, from: Seconds, limit: Seconds): void {
    const { times, left, size } = this;
    const { cards, cores, memory } = ask;
    for (let i = this.stepAt(from), k = i * STRIDE; i < size; i++, k += STRIDE) {
      const opened = times[i]!;
      if (opened >= limit) {
        this.first = opened;
        this.last = -Infinity;
        return;
      }
      if (left[k]! < cards || left[k + 1]! < cores || left[k + 2]! < memory) continue;
      for (i++, k += STRIDE; i < size && left[k]! >= cards && left[k + 1]! >= cores && left[k + 2]! >= memory; i++) {
        k += STRIDE;
      }
      const closed = i < size ? times[i]! : Infinity;
      if (closed - (opened > from ? opened : from) < seconds) continue;
      this.first = opened;
      this.last = closed;
      return;
    }
    this.first = Infinity;
    this.last = Infinity;
  }

  /** When what is left changes for the last time; minus infinity when it never does. */
  lastChange(): Seconds {
    return this.times[this.size - 1]!;
  }

  /**
   * The most that is left at any instant of each of the spans [origin + k·width, origin + (k+1)·width), first ≤ k ≤ last, of cards,
   * cores and memory one by one; the last may have no end. `most` gets three numbers a span.
   */
  mostIn({ origin, width, first, last, isOpenEnded }: Spans, most: Float64Array): void {
    const { times, left, size } = this;
    let i = this.stepAt(origin + first * width);
    for (let span = first, at = 0; span <= last; span++, at += STRIDE) {
      const end = isOpenEnded && span === last ? Infinity : origin + (span + 1) * width;
      let k = i * STRIDE;
      let cards = left[k]!;
      let cores = left[k + 1]!;
      let memory = left[k + 2]!;
      for (; i + 1 < size && times[i + 1]! < end; i++) {
        k += STRIDE;
        if (left[k]! > cards) cards = left[k]!;
        if (left[k + 1]! > cores) cores = left[k + 1]!;
        if (left[k + 2]! > memory) memory = left[k + 2]!;
      }
      most[at] = cards;
      most[at + 1] = cores;
      most[at + 2] = memory;
      // A step that begins with the next span is not of this one.
      if (i + 1 < size && times[i + 1] === end) i++;
    }
  }

  cardsAt(at: Seconds): number {
    return this.left[this.stepAt(at) * STRIDE]!;
  }

  coresAt(at: Seconds): number {
    return this.left[this.stepAt(at) * STRIDE + 1]!;
  }

  private holds(i: number, ask: Vector): boolean {
    const k = i * STRIDE;
    return this.left[k]! >= ask.cards && this.left[k + 1]! >= ask.cores && this.left[k + 2]! >= ask.memory;
  }

  private stepAt(at: Seconds): number {
    const { times } = this;
    let low = 0;
    let high = this.size;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (times[middle]! <= at) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Makes a step begin at a time and tells where it is. */
  private cut(at: Seconds): number {
    const i = this.stepAt(at);
    if (this.times[i] === at) return i;
    if (this.size === this.times.length) this.grow();
    this.times.copyWithin(i + 2, i + 1, this.size);
    this.left.copyWithin((i + 1) * STRIDE, i * STRIDE, this.size * STRIDE);
    this.times[i + 1] = at;
    this.size++;
    return i + 1;
  }

  private heal(i: number): void {
    if (i < 1 || i >= this.size) return;
    const k = i * STRIDE;
    for (let d = 0; d < STRIDE; d++) if (this.left[k + d] !== this.left[k + d - STRIDE]) return;
    this.times.copyWithin(i, i + 1, this.size);
    this.left.copyWithin(k, k + STRIDE, this.size * STRIDE);
    this.size--;
  }

  private grow(): void {
    const times = new Float64Array(this.times.length * 2);
    const left = new Float64Array(this.left.length * 2);
    times.set(this.times);
    left.set(this.left);
    this.times = times;
    this.left = left;
  }
}
