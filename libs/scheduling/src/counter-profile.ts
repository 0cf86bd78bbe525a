import type { Seconds, WindowModel } from './model.js';
import type { Ask, Holding, Profile, Taken, Undo } from './profile.js';

const NO_NODES: readonly number[] = [];

/**
 * A group whose nodes are all alike and have no names: availability is a count that steps at sorted, distinct times.
 * A job takes whole nodes. This is the processor pool of the scheduling literature.
 */
export class CounterProfile implements Profile {
  private times = new Float64Array(64);
  private deltas = new Float64Array(64);
  private size = 0;
  /** Free before the first step. */
  private base: number;
  private now: Seconds = -Infinity;
  private out: ReadonlySet<number> = new Set();
  private windows: readonly WindowModel[] = [];
  // Prefix minima from now on: the count stays at least stairFree[i] until stairTimes[i + 1].
  private stairTimes = new Float64Array(64);
  private stairFree = new Float64Array(64);
  private stairs = 0;
  private stale = true;

  /** @param installed number of nodes */
  constructor(private readonly installed: number) {
    this.base = installed;
  }

  turnTo(now: Seconds): void {
    this.now = now;
    this.stale = true;
  }

  free(_ask: Ask): number {
    if (this.stale) this.climb();
    return Math.max(0, this.stairFree[0]!);
  }

  longest(ask: Ask): number {
    if (this.stale) this.climb();
    for (let i = 0; i < this.stairs; i++) {
      if (this.stairFree[i]! < ask.nodes) return i === 0 ? 0 : this.stairTimes[i]! - this.now;
    }
    return Infinity;
  }

  earliest(ask: Ask, seconds: number, from: Seconds): Seconds {
    let free = this.base;
    let i = 0;
    while (i < this.size && this.times[i]! <= from) free += this.deltas[i++]!;
    let start = free >= ask.nodes ? from : Infinity;
    for (; i < this.size; i++) {
      const time = this.times[i]!;
      if (time >= start + seconds) return start;
      free += this.deltas[i]!;
      if (free < ask.nodes) start = Infinity;
      else if (start === Infinity) start = time;
    }
    return start;
  }

  release(ask: Ask): Seconds {
    return this.earliest(ask, 1, this.now);
  }

  take(ask: Ask, start: Seconds, seconds: number): Taken {
    const from = start <= this.now ? -Infinity : start;
    this.step(from, -ask.nodes);
    this.step(start + seconds, ask.nodes);
    const undo = (): void => {
      this.step(from, ask.nodes);
      this.step(start + seconds, -ask.nodes);
    };
    return { nodes: NO_NODES, undo };
  }

  occupy(holding: Holding, from: Seconds, until: Seconds): void {
    this.step(from, -holding.count);
    this.step(until, holding.count);
  }

  vacate(holding: Holding, from: Seconds, until: Seconds): void {
    this.step(from, holding.count);
    this.step(until, -holding.count);
  }

  leastLoaded(): readonly number[] {
    return NO_NODES;
  }

  setOut(indices: ReadonlySet<number>): void {
    this.shiftWindows(1);
    this.base += this.out.size - indices.size;
    this.out = indices;
    this.shiftWindows(-1);
    this.stale = true;
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

  /** Adds a change of the count at a time; two that cancel out leave no step behind. */
  private step(at: Seconds, delta: number): void {
    this.stale = true;
    if (at === -Infinity) {
      this.base += delta;
      return;
    }
    if (at === Infinity) return;
    const index = this.indexOf(at);
    if (index < this.size && this.times[index] === at) {
      const sum = this.deltas[index]! + delta;
      if (sum !== 0) this.deltas[index] = sum;
      else this.dropStep(index);
      return;
    }
    if (this.size === this.times.length) this.grow();
    this.times.copyWithin(index + 1, index, this.size);
    this.deltas.copyWithin(index + 1, index, this.size);
    this.times[index] = at;
    this.deltas[index] = delta;
    this.size++;
  }

  private dropStep(index: number): void {
    this.times.copyWithin(index, index + 1, this.size);
    this.deltas.copyWithin(index, index + 1, this.size);
    this.size--;
  }

  /** Index of the first step at or after a time. */
  private indexOf(at: Seconds): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private grow(): void {
    const double = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(old.length * 2);
      wider.set(old);
      return wider;
    };
    this.times = double(this.times);
    this.deltas = double(this.deltas);
    this.stairTimes = new Float64Array(this.times.length + 1);
    this.stairFree = new Float64Array(this.times.length + 1);
  }

  private climb(): void {
    let free = this.base;
    let i = 0;
    while (i < this.size && this.times[i]! <= this.now) free += this.deltas[i++]!;
    this.stairTimes[0] = this.now;
    this.stairFree[0] = free;
    let lowest = free;
    let stairs = 1;
    for (; i < this.size; i++) {
      free += this.deltas[i]!;
      if (free >= lowest) continue;
      lowest = free;
      this.stairTimes[stairs] = this.times[i]!;
      this.stairFree[stairs++] = free;
    }
    this.stairs = stairs;
    this.stale = false;
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
      for (const span of unionOf(spans)) {
        this.step(span.from, sign);
        this.step(span.until, -sign);
      }
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
