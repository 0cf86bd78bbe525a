import type { Seconds, WindowModel } from './model.js';
import type { Ask, Holding, Profile, Taken, Undo } from './profile.js';

const NO_NODES: readonly number[] = [];

/**
 * A group whose nodes are all alike and have no names: availability is a count that steps at sorted, distinct times, the first
 * of them minus infinity. A job takes whole nodes. This is the processor pool of the scheduling literature.
 */
export class CounterProfile implements Profile {
  private times = new Float64Array(64);
  // Free nodes from times[i] until times[i + 1]. Counts and not changes, so that a search may begin anywhere.
  private counts = new Float64Array(64);
  private size = 1;
  private now: Seconds = -Infinity;
  private out: ReadonlySet<number> = new Set();
  private windows: readonly WindowModel[] = [];
  // Prefix minima from now on: the count stays at least stairFree[i] until stairTimes[i + 1].
  private stairTimes = new Float64Array(64);
  private stairFree = new Float64Array(64);
  private stairs = 0;
  private isStale = true;

  /** @param installed number of nodes */
  constructor(private readonly installed: number) {
    this.times[0] = -Infinity;
    this.counts[0] = installed;
  }

  turnTo(now: Seconds): void {
    this.now = now;
    this.isStale = true;
  }

  free(_ask: Ask): number {
    if (this.isStale) this.climb();
    return Math.max(0, this.stairFree[0]!);
  }

  longest(ask: Ask): number {
    if (this.isStale) this.climb();
    for (let i = 0; i < this.stairs; i++) {
      if (this.stairFree[i]! < ask.nodes) return i === 0 ? 0 : this.stairTimes[i]! - this.now;
    }
    return Infinity;
  }

  earliest(ask: Ask, seconds: number, from: Seconds): Seconds {
    const { times, counts, size } = this;
    const { nodes } = ask;
    let i = this.stepAt(from);
    let start = from;
    for (;;) {
      while (i < size && counts[i]! < nodes) i++;
      if (i === size) return Infinity;
      if (times[i]! > start) start = times[i]!;
      const end = start + seconds;
      i++;
      while (i < size && counts[i]! >= nodes && times[i]! < end) i++;
      if (i === size || times[i]! >= end) return start;
    }
  }

  release(ask: Ask): Seconds {
    return this.earliest(ask, 1, this.now);
  }

  take(ask: Ask, start: Seconds, seconds: number): Taken {
    const from = start <= this.now ? -Infinity : start;
    this.shift(from, start + seconds, -ask.nodes);
    return { nodes: NO_NODES, undo: () => this.shift(from, start + seconds, ask.nodes) };
  }

  occupy(holding: Holding, from: Seconds, until: Seconds): void {
    this.shift(from, until, -holding.count);
  }

  vacate(holding: Holding, from: Seconds, until: Seconds): void {
    this.shift(from, until, holding.count);
  }

  leastLoaded(): readonly number[] {
    return NO_NODES;
  }

  setOut(indices: ReadonlySet<number>): void {
    this.shiftWindows(1);
    this.shift(-Infinity, Infinity, this.out.size - indices.size);
    this.out = indices;
    this.shiftWindows(-1);
  }

  setWindows(windows: readonly WindowModel[]): void {
    this.shiftWindows(1);
    this.windows = windows;
    this.shiftWindows(-1);
  }

  liftWindows(): Undo {
    const lifted = this.windows;
    this.setWindows([]);
    return () => this.setWindows(lifted);
  }

  /** Changes the count in [from, until); a step that is none is not kept. */
  private shift(from: Seconds, until: Seconds, delta: number): void {
    if (until <= from) return;
    this.isStale = true;
    const first = this.cut(from);
    const last = until === Infinity ? this.size : this.cut(until);
    for (let i = first; i < last; i++) this.counts[i]! += delta;
    this.heal(last);
    this.heal(first);
  }

  /** Index of the step that a time falls in. */
  private stepAt(at: Seconds): number {
    let low = 0;
    let high = this.size;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! <= at) low = middle;
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
    this.counts.copyWithin(i + 1, i, this.size);
    this.times[i + 1] = at;
    this.size++;
    return i + 1;
  }

  private heal(i: number): void {
    if (i < 1 || i >= this.size || this.counts[i] !== this.counts[i - 1]) return;
    this.times.copyWithin(i, i + 1, this.size);
    this.counts.copyWithin(i, i + 1, this.size);
    this.size--;
  }

  private grow(): void {
    const double = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(old.length * 2);
      wider.set(old);
      return wider;
    };
    this.times = double(this.times);
    this.counts = double(this.counts);
    this.stairTimes = new Float64Array(this.times.length);
    this.stairFree = new Float64Array(this.times.length);
  }

  private climb(): void {
    let i = this.stepAt(this.now);
    let lowest = this.counts[i]!;
    this.stairTimes[0] = this.now;
    this.stairFree[0] = lowest;
    let stairs = 1;
    for (i++; i < this.size; i++) {
      const count = this.counts[i]!;
      if (count >= lowest) continue;
      lowest = count;
      this.stairTimes[stairs] = this.times[i]!;
      this.stairFree[stairs++] = count;
    }
    this.stairs = stairs;
    this.isStale = false;
  }

  /** Windows may overlap on a node and may name nodes that are out: each node counts once at a time, and only while up. */
  private shiftWindows(sign: 1 | -1): void {
    if (this.windows.length === 0) return;
    const byNode = new Map<number, { from: Seconds; until: Seconds }[]>();
    for (const window of this.windows) {
      for (const index of window.nodeIndices) {
        if (this.out.has(index) || index >= this.installed) continue;
        const spans = byNode.get(index);
        if (spans) spans.push(window);
        else byNode.set(index, [window]);
      }
    }
    for (const spans of byNode.values()) {
      for (const span of unionOf(spans)) this.shift(span.from, span.until, sign);
    }
  }
}

function unionOf(spans: readonly { from: Seconds; until: Seconds }[]): { from: Seconds; until: Seconds }[] {
  const union: { from: Seconds; until: Seconds }[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = union.at(-1);
    if (last && span.from <= last.until) last.until = Math.max(last.until, span.until);
    else union.push({ from: span.from, until: span.until });
  }
  return union;
}
