import { withinBlocks } from './blocks.js';
import { NodeTimeline } from './node-timeline.js';
import type { Seconds, WindowModel } from './model.js';
import type { Ask, Holding, Profile, Taken, Undo } from './profile.js';
import type { Vector } from './vector.js';
import { Versions } from './versions.js';
import { changesOf } from './windows.js';

/** What was worked out for a shape while the group stood at `version`. */
interface ShapeMemo {
  roomVersion: number;
  /** Ascending: how long each node that is up has room from now. */
  readonly rooms: Float64Array;
  free: number;
  releaseVersion: number;
  /** Ascending: when each node that is up first has room. */
  readonly releases: Float64Array;
}

/** A group of named nodes that jobs may share: a short timeline of what is left for each node. */
export class NodeProfile implements Profile {
  private readonly nodes: NodeTimeline[];
  private out: ReadonlySet<number> = new Set();
  private windows: ReadonlyMap<string, WindowModel> = new Map();
  private now: Seconds = -Infinity;
  private readonly versions = new Versions();
  // Changes with the instant too.
  private look = 0;
  private readonly memos: (ShapeMemo | undefined)[] = [];
  private firsts = new Float64Array(64);
  private lasts = new Float64Array(64);
  private spans = 0;

  /** @param blocks topology block of each node; absent: one block */
  constructor(
    count: number,
    private readonly capacity: Vector,
    private readonly blocks?: readonly number[],
  ) {
    this.nodes = Array.from({ length: count }, () => new NodeTimeline(capacity));
  }

  get version(): number {
    return this.versions.current;
  }

  turnTo(now: Seconds): void {
    this.now = now;
    this.look++;
  }

  free(ask: Ask): number {
    return this.roomsFor(ask).free;
  }

  longest(ask: Ask): number {
    const { rooms, free } = this.roomsFor(ask);
    return free >= ask.nodes ? rooms[rooms.length - ask.nodes]! : 0;
  }

  release(ask: Ask): Seconds {
    const memo = this.memo(ask.shape);
    if (memo.releaseVersion !== this.look) {
      for (let i = 0; i < this.nodes.length; i++) {
        memo.releases[i] = this.out.has(i) ? Infinity : this.nodes[i]!.firstFit(this.now, ask.perNode);
      }
      memo.releases.sort();
      memo.releaseVersion = this.look;
    }
    return memo.releases[ask.nodes - 1] ?? Infinity;
  }

  /** Sweeps the starts that each node allows: the answer is the first start at which enough of them overlap. */
  earliest(ask: Ask, seconds: number, from: Seconds, before = Infinity): Seconds {
    if (from >= before || this.release(ask) >= before) return Infinity;
    this.spans = 0;
    for (let i = 0; i < this.nodes.length; i++) {
      if (!this.out.has(i)) this.nodes[i]!.eachStart(ask.perNode, seconds, from, this.noteSpan);
    }
    const firsts = this.firsts.subarray(0, this.spans).sort();
    const lasts = this.lasts.subarray(0, this.spans).sort();
    let closed = 0;
    for (let opened = 1; opened <= this.spans; opened++) {
      const start = firsts[opened - 1]!;
      while (lasts[closed]! < start) closed++;
      if (opened - closed >= ask.nodes) return start;
    }
    return Infinity;
  }

  nextEdge(after: Seconds): Seconds {
    let edge = Infinity;
    for (let i = 0; i < this.nodes.length; i++) {
      if (!this.out.has(i)) edge = Math.min(edge, this.nodes[i]!.nextRise(after));
    }
    return edge;
  }

  take(ask: Ask, start: Seconds, seconds: number): Taken {
    const chosen = this.tightest(ask, start, seconds);
    const holding = { nodes: chosen, count: chosen.length, perNode: ask.perNode };
    return { nodes: chosen, undo: this.occupy(holding, start <= this.now ? -Infinity : start, start + seconds) };
  }

  occupy(holding: Holding, from: Seconds, until: Seconds): Undo {
    const before = this.version;
    this.shift(holding, from, until, -1);
    const after = this.advance();
    return () => {
      this.shift(holding, from, until, 1);
      this.restore(before, after);
    };
  }

  vacate(holding: Holding, from: Seconds, until: Seconds): void {
    this.shift(holding, from, until, 1);
    this.advance();
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
    this.out = indices;
    this.advance();
  }

  setWindows(windows: readonly WindowModel[]): void {
    const { gone, come, byId } = changesOf(this.windows, windows);
    if (gone.length + come.length === 0) return;
    for (const window of gone) this.lay(window, 1);
    for (const window of come) this.lay(window, -1);
    this.windows = byId;
    this.advance();
  }

  liftWindows(ids?: ReadonlySet<string>): Undo {
    const before = this.version;
    const standing = this.windows;
    const lifted = [...standing.values()].filter((window) => ids?.has(window.id) ?? true);
    if (lifted.length === 0) return () => {};
    for (const window of lifted) this.lay(window, 1);
    this.windows = new Map([...standing].filter(([, window]) => !lifted.includes(window)));
    const after = this.advance();
    return () => {
      for (const window of lifted) this.lay(window, -1);
      this.windows = standing;
      this.restore(before, after);
    };
  }

  private lay(window: WindowModel, sign: 1 | -1): void {
    this.shift(this.wholeNodes(window), window.from, window.until, sign);
  }

  private advance(): number {
    this.look++;
    return this.versions.advance();
  }

  private restore(before: number, after: number): void {
    this.look++;
    this.versions.restore(before, after);
  }

  private wholeNodes(window: WindowModel): Holding {
    return { nodes: window.nodeIndices, count: window.nodeIndices.length, perNode: this.capacity };
  }

  private shift(holding: Holding, from: Seconds, until: Seconds, sign: 1 | -1): void {
    for (const index of holding.nodes) this.nodes[index]?.shift(from, until, holding.perNode, sign);
  }

  /** The nodes that have room for the whole stretch: fewest cards left first, then fewest cores, then the lowest index. */
  private tightest(ask: Ask, start: Seconds, seconds: number): readonly number[] {
    const able: { index: number; cards: number; cores: number }[] = [];
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index]!;
      if (this.out.has(index) || node.room(start, ask.perNode) < seconds) continue;
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

  private roomsFor(ask: Ask): ShapeMemo {
    const memo = this.memo(ask.shape);
    if (memo.roomVersion === this.look) return memo;
    memo.free = 0;
    for (let i = 0; i < this.nodes.length; i++) {
      const room = this.out.has(i) ? 0 : this.nodes[i]!.room(this.now, ask.perNode);
      memo.rooms[i] = room;
      if (room > 0) memo.free++;
    }
    memo.rooms.sort();
    memo.roomVersion = this.look;
    return memo;
  }

  private memo(shape: number): ShapeMemo {
    let memo = this.memos[shape];
    if (!memo) {
      const width = this.nodes.length;
      memo = {
        roomVersion: -1,
        rooms: new Float64Array(width),
        free: 0,
        releaseVersion: -1,
        releases: new Float64Array(width),
      };
      this.memos[shape] = memo;
    }
    return memo;
  }

  // A property, so that the sweep hands the same function to every node instead of making one for each.
  private readonly noteSpan = (first: Seconds, last: Seconds): void => {
    if (this.spans === this.firsts.length) {
      const wider = [new Float64Array(this.spans * 2), new Float64Array(this.spans * 2)] as const;
      wider[0].set(this.firsts);
      wider[1].set(this.lasts);
      [this.firsts, this.lasts] = wider;
    }
    this.firsts[this.spans] = first;
    this.lasts[this.spans++] = last;
  };
}
