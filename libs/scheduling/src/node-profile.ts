import { withinBlocks } from './blocks.js';
import { Floors } from './floors.js';
import { NodeSieve } from './node-sieve.js';
import { NodeTimeline } from './node-timeline.js';
import type { Seconds, WindowModel } from './model.js';
import type { Ask, Holding, Profile, Taken, Undo } from './profile.js';
import { ShapeSpans } from './shape-spans.js';
import { Smallest } from './smallest.js';
import { fitsWithin, type Vector } from './vector.js';
import { Versions } from './versions.js';
import { changesOf } from './windows.js';

/** A group of named nodes that jobs may share: a short timeline of what is left for each node. */
export class NodeProfile implements Profile {
  private readonly nodes: NodeTimeline[];
  private out: ReadonlySet<number> = new Set();
  private windows: ReadonlyMap<string, WindowModel> = new Map();
  private now: Seconds = -Infinity;
  private readonly versions = new Versions();
  // Number of the state of each node: that of the group when the node last changed.
  private readonly stamps: Float64Array;
  private readonly spans: (ShapeSpans | undefined)[] = [];
  private readonly floors = new Floors();
  private readonly sieve: NodeSieve;
  private readonly smallest: Smallest;
  // While an earliest start is sought: no start of the node before, and the end of the stretch that it begins.
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  // What they were last sought for, as long as the profile stands as it did.
  private met: {
    readonly ask: Ask;
    readonly seconds: number;
    readonly start: Seconds;
    readonly version: number;
  } | null = null;

  /**
   * @param blocks topology block of each node; absent: one block
   * @param spans into how many pieces time is cut where the next start is sought
   */
  constructor(
    count: number,
    private readonly capacity: Vector,
    private readonly blocks?: readonly number[],
    spans?: number,
  ) {
    this.nodes = Array.from({ length: count }, () => new NodeTimeline(capacity));
    this.stamps = new Float64Array(count);
    this.sieve = new NodeSieve(this.nodes, capacity, spans);
    this.smallest = new Smallest(count);
    this.starts = new Float64Array(count);
    this.ends = new Float64Array(count);
  }

  get version(): number {
    return this.versions.current;
  }

  turnTo(now: Seconds): void {
    this.now = now;
  }

  free(ask: Ask): number {
    return this.spansOf(ask).free;
  }

  longest(ask: Ask): number {
    const spans = this.spansOf(ask);
    return spans.free >= ask.nodes ? spans.lastOf(ask.nodes) - this.now : 0;
  }

  release(ask: Ask): Seconds {
    return this.spansOf(ask).firstOf(ask.nodes);
  }

  earliest(ask: Ask, seconds: number, from: Seconds, before = Infinity): Seconds {
    if (ask.nodes > this.nodes.length || !fitsWithin(ask.perNode, this.capacity)) return Infinity;
    const known = this.floors.under(ask, seconds, from);
    // Where nothing is known yet, what is known of the shape is.
    const floor = known === from && from >= this.now ? Math.max(from, this.spansOf(ask).firstOf(ask.nodes)) : known;
    if (floor >= before) return Infinity;
    const start = this.search(ask, seconds, [floor, before]);
    this.met = { ask, seconds, start, version: this.version };
    if (start > from && start < before) this.floors.note(ask, seconds, [from, start]);
    return start;
  }

  nextEdge(after: Seconds): Seconds {
    let edge = Infinity;
    for (let i = 0; i < this.nodes.length; i++) {
      if (!this.out.has(i)) edge = Math.min(edge, this.nodes[i]!.nextRise(after));
    }
    return edge;
  }

  /** When anything changes on the node for the last time; minus infinity where nothing is held and no window lies. */
  lastChangeOf(index: number): Seconds {
    return this.nodes[index]!.lastChange();
  }

  take(ask: Ask, start: Seconds, seconds: number): Taken {
    const chosen = this.tightest(ask, start, seconds);
    const holding = { nodes: chosen, count: chosen.length, perNode: ask.perNode };
    return { nodes: chosen, undo: this.occupy(holding, start <= this.now ? -Infinity : start, start + seconds) };
  }

  occupy(holding: Holding, from: Seconds, until: Seconds): Undo {
    const before = this.version;
    const stamps = holding.nodes.map((index) => this.stamps[index]!);
    this.shift(holding, from, until, -1);
    const after = this.advance(holding.nodes);
    return () => {
      this.shift(holding, from, until, 1);
      this.versions.restore(before, after);
      this.restamp(holding.nodes, stamps, after);
    };
  }

  vacate(holding: Holding, from: Seconds, until: Seconds): void {
    this.shift(holding, from, until, 1);
    this.advance(holding.nodes);
  }

  leastLoaded(count: number): readonly number[] {
    const cards = this.nodes.map((node) => node.cardsAt(this.now));
    const cores = this.nodes.map((node) => node.coresAt(this.now));
    const byRoom = [...this.nodes.keys()].sort((a, b) => cards[b]! - cards[a]! || cores[b]! - cores[a]! || a - b);
    // An attempt that runs must be somewhere: nodes that are out come last, but they come.
    const up = byRoom.filter((index) => !this.out.has(index));
    return [...up, ...byRoom.filter((index) => this.out.has(index))].slice(0, count).sort((a, b) => a - b);
  }

  setOut(indices: ReadonlySet<number>): void {
    const changed = [...this.nodes.keys()].filter((index) => this.out.has(index) !== indices.has(index));
    this.out = indices;
    this.sieve.setOut(indices);
    this.floors.clear();
    this.advance(changed);
  }

  setWindows(windows: readonly WindowModel[]): void {
    const { gone, come, byId } = changesOf(this.windows, windows);
    if (gone.length + come.length === 0) return;
    for (const window of gone) this.lay(window, 1);
    for (const window of come) this.lay(window, -1);
    this.windows = byId;
    this.advance([...gone, ...come].flatMap((window) => window.nodeIndices));
  }

  liftWindows(ids?: ReadonlySet<string>): Undo {
    const before = this.version;
    const standing = this.windows;
    const lifted = [...standing.values()].filter((window) => ids?.has(window.id) ?? true);
    if (lifted.length === 0) return () => {};
    const nodes = [...new Set(lifted.flatMap((window) => window.nodeIndices))];
    const stamps = nodes.map((index) => this.stamps[index]!);
    for (const window of lifted) this.lay(window, 1);
    this.windows = new Map([...standing].filter(([, window]) => !lifted.includes(window)));
    const after = this.advance(nodes);
    return () => {
      for (const window of lifted) this.lay(window, -1);
      this.windows = standing;
      this.versions.restore(before, after);
      this.restamp(nodes, stamps, after);
    };
  }

  private lay(window: WindowModel, sign: 1 | -1): void {
    this.shift(this.wholeNodes(window), window.from, window.until, sign);
  }

  /** Gives the changed nodes a state that has not been before, and tells its number. */
  private advance(changed: readonly number[]): number {
    const version = this.versions.advance();
    for (const index of changed) this.stamps[index] = version;
    return version;
  }

  /** A node that has not changed since the undone change is as it was; any other is as it never was. */
  private restamp(nodes: readonly number[], stamps: readonly number[], after: number): void {
    for (let i = 0; i < nodes.length; i++) {
      const index = nodes[i]!;
      this.stamps[index] = this.stamps[index] === after ? stamps[i]! : this.versions.current;
    }
  }

  private wholeNodes(window: WindowModel): Holding {
    return { nodes: window.nodeIndices, count: window.nodeIndices.length, perNode: this.capacity };
  }

  private shift(holding: Holding, from: Seconds, until: Seconds, sign: 1 | -1): void {
    for (const index of holding.nodes) {
      if (index >= this.nodes.length) continue;
      this.nodes[index]!.shift(from, until, holding.perNode, sign);
      this.sieve.touch(index, from, until);
    }
    if (sign > 0) this.floors.clear();
  }

  /** The nodes that have room for the whole stretch: fewest cards left first, then fewest cores, then the lowest index. */
  private tightest(ask: Ask, start: Seconds, seconds: number): readonly number[] {
    const able: { index: number; cards: number; cores: number }[] = [];
    const { met } = this;
    const isMet = met?.ask === ask && met.seconds === seconds && met.start === start && met.version === this.version;
    const { passed, size } = this.sieve;
    for (let k = 0; k < (isMet ? size : this.nodes.length); k++) {
      const index = isMet ? passed[k]! : k;
      const node = this.nodes[index]!;
      if (isMet ? this.starts[index] !== start : this.out.has(index) || node.room(start, ask.perNode) < seconds)
        continue;
      able.push({ index, cards: node.cardsAt(start), cores: node.coresAt(start) });
    }
    if (able.length < ask.nodes) {
      throw new Error(
        `${ask.nodes} nodes were to be taken for ${seconds} s from ${start}, but only ${able.length} have room: ` +
          'ask longest() or earliest() first, and take at the time they answer',
      );
    }
    able.sort((a, b) => a.cards - b.cards || a.cores - b.cores || a.index - b.index);
    const byFit = able.map((node) => node.index);
    const chosen =
      this.blocks && ask.nodes > 1 ? withinBlocks(byFit, this.blocks, ask.nodes) : byFit.slice(0, ask.nodes);
    return chosen.toSorted((a, b) => a - b);
  }

  /** What is known of the shape, brought up to date. */
  private spansOf({ shape, perNode }: Ask): ShapeSpans {
    let spans = this.spans[shape];
    // Numbers of shapes are used again for other shapes.
    if (!spans || !isSame(spans.perNode, perNode)) {
      spans = new ShapeSpans(perNode, this.nodes.length);
      this.spans[shape] = spans;
    }
    if (spans.version !== this.version || spans.now !== this.now) this.refresh(spans);
    return spans;
  }

  private refresh(spans: ShapeSpans): void {
    const isBack = this.now < spans.now;
    let isSpoilt = isBack;
    for (let i = 0; i < this.nodes.length; i++) {
      if (!isBack && spans.stamps[i] === this.stamps[i] && spans.last[i]! > this.now) continue;
      const node = this.nodes[i]!;
      const isOut = this.out.has(i);
      if (!isOut) node.findSpan(spans.perNode, 0, this.now, Infinity);
      const first = isOut ? Infinity : node.first;
      const last = isOut ? Infinity : node.last;
      if (spans.first[i] !== first || spans.last[i] !== last) isSpoilt = true;
      spans.first[i] = first;
      spans.last[i] = last;
      spans.stamps[i] = this.stamps[i]!;
    }
    if (isSpoilt) spans.spoil();
    spans.version = this.version;
    spans.now = this.now;
  }

  /** The first time in [from, before) at which enough nodes can start together; Infinity where there is none. */
  private search(ask: Ask, seconds: number, [from, before]: readonly [Seconds, Seconds]): Seconds {
    const { sieve } = this;
    sieve.refresh(Math.min(from, this.now));
    let span = sieve.next(ask, seconds, sieve.spanOf(from));
    for (; span >= 0; span = sieve.next(ask, seconds, span + 1)) {
      const start = Math.max(from, sieve.startOf(span));
      const until = Math.min(before, sieve.endOf(span));
      if (start >= before) break;
      this.seekStarts(ask, seconds, [start, until]);
      const met = this.meet(ask, seconds, until);
      if (met < Infinity) return met;
    }
    return Infinity;
  }

  /**
   * First starts in [from, until) of the nodes that passed. One that has none before enough others have is left at where the search
   * for it stopped.
   */
  private seekStarts(ask: Ask, seconds: number, [from, until]: readonly [Seconds, Seconds]): void {
    const { nodes, starts, ends, smallest } = this;
    const { passed, size } = this.sieve;
    smallest.reset(ask.nodes);
    for (let k = 0; k < size; k++) {
      const i = passed[k]!;
      const node = nodes[i]!;
      const limit = Math.min(until, smallest.bound);
      // The step that `from` falls in is looked at in any case.
      node.findSpan(ask.perNode, seconds, from, limit > from ? limit : from + 1);
      const start = node.first > from ? node.first : from;
      starts[i] = start;
      ends[i] = node.last;
      smallest.offer(start);
    }
  }

  /**
   * Before the latest of the first `ask.nodes` starts there cannot be a common one. So all that passed go on to that time, and those
   * whose stretch is over by then to their next start, until enough of them stand there. Leaves these, and no others, at the answer.
   */
  private meet(ask: Ask, seconds: number, until: Seconds): Seconds {
    const { nodes, starts, ends, smallest } = this;
    const { passed, size } = this.sieve;
    for (;;) {
      const time = smallest.bound;
      if (time >= until) return Infinity;
      smallest.reset(ask.nodes);
      for (let k = 0; k < size; k++) {
        const i = passed[k]!;
        if (starts[i]! <= time) {
          if (ends[i]! - time < seconds) {
            const node = nodes[i]!;
            node.findSpan(ask.perNode, seconds, time, Infinity);
            starts[i] = node.first > time ? node.first : time;
            ends[i] = node.last;
          } else starts[i] = time;
        }
        smallest.offer(starts[i]!);
      }
      if (smallest.bound === time) return time;
    }
  }
}

const isSame = (a: Vector, b: Vector): boolean => a.cards === b.cards && a.cores === b.cores && a.memory === b.memory;
