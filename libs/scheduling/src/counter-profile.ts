import type { Seconds, WindowModel } from './model.js';
import type { Ask, Holding, Profile, Taken, Undo } from './profile.js';
import { Versions } from './versions.js';
import { changesOf, unionOf } from './windows.js';

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
  private windows: ReadonlyMap<string, WindowModel> = new Map();
  private readonly windowsOf = new Map<number, readonly WindowModel[]>();
  private readonly versions = new Versions();
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

  get version(): number {
    return this.versions.current;
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

  earliest(ask: Ask, seconds: number, from: Seconds, before = Infinity): Seconds {
    const { times, counts, size } = this;
    const { nodes } = ask;
    let i = this.stepAt(from);
    let start = from;
    while (start < before) {
      while (i < size && counts[i]! < nodes) i++;
      if (i === size) return Infinity;
      if (times[i]! > start) start = times[i]!;
      const end = start + seconds;
      i++;
      while (i < size && counts[i]! >= nodes && times[i]! < end) i++;
      if (i === size || times[i]! >= end) return start;
    }
    return Infinity;
  }

  release(ask: Ask): Seconds {
    return this.earliest(ask, 1, this.now);
  }

  nextEdge(after: Seconds): Seconds {
    for (let i = this.stepAt(after) + 1; i < this.size; i++) {
      if (this.counts[i]! > this.counts[i - 1]!) return this.times[i]!;
    }
    return Infinity;
  }

  take(ask: Ask, start: Seconds, seconds: number): Taken {
    const undo = this.hold(ask.nodes, start <= this.now ? -Infinity : start, start + seconds);
    return { nodes: NO_NODES, undo };
  }

  occupy(holding: Holding, from: Seconds, until: Seconds): Undo {
    return this.hold(holding.count, from, until);
  }

  vacate(holding: Holding, from: Seconds, until: Seconds): void {
    this.shift(from, until, holding.count);
    this.versions.advance();
  }

  leastLoaded(): readonly number[] {
    return NO_NODES;
  }

  setOut(indices: ReadonlySet<number>): void {
    const changed = [...this.windowsOf.keys()].filter((index) => this.out.has(index) !== indices.has(index));
    this.layOn(changed, 1);
    this.shift(-Infinity, Infinity, this.out.size - indices.size);
    this.out = indices;
    this.layOn(changed, -1);
    this.versions.advance();
  }

  setWindows(windows: readonly WindowModel[]): void {
    const { gone, come, byId } = changesOf(this.windows, windows);
    if (gone.length + come.length === 0) return;
    this.replace(gone, come);
    this.windows = byId;
    this.versions.advance();
  }

  liftWindows(ids?: ReadonlySet<string>): Undo {
    const before = this.version;
    const standing = this.windows;
    const lifted = [...standing.values()].filter((window) => ids?.has(window.id) ?? true);
    if (lifted.length === 0) return () => {};
    this.replace(lifted, []);
    this.windows = new Map([...standing].filter(([, window]) => !lifted.includes(window)));
    const after = this.versions.advance();
    return () => {
      this.replace([], lifted);
      this.windows = standing;
      this.versions.restore(before, after);
    };
  }

  private hold(count: number, from: Seconds, until: Seconds): Undo {
    const before = this.version;
    this.shift(from, until, -count);
    const after = this.versions.advance();
    return () => {
      this.shift(from, until, count);
      this.versions.restore(before, after);
    };
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

  private replace(gone: readonly WindowModel[], come: readonly WindowModel[]): void {
    const touched = [...new Set([...gone, ...come].flatMap((window) => window.nodeIndices))];
    this.layOn(touched, 1);
    for (const window of gone) {
      for (const index of window.nodeIndices) {
        const left = this.windowsOf.get(index)!.filter((other) => other !== window);
        if (left.length > 0) this.windowsOf.set(index, left);
        else this.windowsOf.delete(index);
      }
    }
    for (const window of come) {
      for (const index of window.nodeIndices) {
        this.windowsOf.set(index, [...(this.windowsOf.get(index) ?? []), window]);
      }
    }
    this.layOn(touched, -1);
  }

  /** Windows may overlap on a node and may name nodes that are out: each node counts once at a time, and only while up. */
  private layOn(nodes: readonly number[], sign: 1 | -1): void {
    for (const index of nodes) {
      const windows = this.windowsOf.get(index);
      if (!windows || this.out.has(index) || index >= this.installed) continue;
      for (const span of unionOf(windows)) this.shift(span.from, span.until, sign);
    }
  }
}
