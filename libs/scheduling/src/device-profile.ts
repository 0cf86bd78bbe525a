import { withinBlocks } from './blocks.js';
import { DeviceTimeline, type Left, meets } from './device-timeline.js';
import { Fragmentation, type WorkloadMix } from './fragmentation.js';
import type { Seconds, WindowModel } from './model.js';
import type { Ask, Holding, Profile, Taken, Undo } from './profile.js';
import { type DeviceNeed, needOf } from './shared-cards.js';
import type { Vector } from './vector.js';
import { Versions } from './versions.js';
import { changesOf } from './windows.js';

/** A node with the cards on it that a job would get, and by how much less fragmented the node would be; negative: more. */
export interface Offer {
  readonly node: number;
  readonly devices: readonly number[];
  /** In steps of `Fragmentation`. */
  readonly gain: number;
}

/** What was worked out for a shape on each node while it stood at a version. */
interface ShapeMemo {
  readonly perNode: Vector;
  readonly looks: Int32Array;
  /** Seconds from now, 0 where it does not fit. */
  readonly rooms: Float64Array;
  readonly offers: (Offer | undefined)[];
}

/**
 * A group of named nodes whose cards may be shared. A job that asks for less than a card gets a part of one card of each of
 * its nodes, rounded up to slices; one that asks for whole cards gets cards that nobody else is on; both the same cards from
 * beginning to end. Starts go where they leave the least fragmentation behind (`fragmentation.ts`), ties to the smallest node,
 * on it the smallest card; reservations, whose surroundings will have changed by then, to the tightest fit.
 */
export class DeviceProfile implements Profile {
  private readonly nodes: DeviceTimeline[];
  private readonly allDevices: readonly number[];
  private readonly versions = new Versions();
  // Of each node: changes with what it has left and with the instant.
  private readonly looks: Int32Array;
  private readonly memos: (ShapeMemo | undefined)[] = [];
  private out: ReadonlySet<number> = new Set();
  private windows: ReadonlyMap<string, WindowModel> = new Map();
  private fragmentation = new Fragmentation({ tasks: [] });
  private mixKey = '';
  private now: Seconds = -Infinity;

  /**
   * @param slices parts that a card is cut into: 1 to 30, or a divisor of 1000
   * @param blocks topology block of each node; absent: one block
   */
  constructor(
    count: number,
    private readonly capacity: Vector,
    private readonly slices: number,
    private readonly blocks?: readonly number[],
  ) {
    if (!Number.isInteger(slices) || slices < 1 || (slices > 30 && 1000 % slices !== 0)) {
      throw new RangeError(`a card cannot be cut into ${slices} slices: give 1 to 30, or a divisor of 1000`);
    }
    this.nodes = Array.from({ length: count }, () => new DeviceTimeline(capacity));
    this.allDevices = Array.from({ length: Math.floor(capacity.cards / 1000) }, (_, device) => device);
    this.looks = new Int32Array(count);
  }

  get version(): number {
    return this.versions.current;
  }

  turnTo(now: Seconds): void {
    if (now === this.now) return;
    this.now = now;
    this.forget();
  }

  /** The work that starts are to leave room for. */
  setMix(mix: WorkloadMix): void {
    const key = mix.tasks
      .map(({ need, popularity }) => `${need.count}*${need.milli}/${need.cores}:${popularity}`)
      .sort()
      .join(' ');
    if (key === this.mixKey) return;
    this.mixKey = key;
    this.fragmentation = new Fragmentation(mix);
    // What fits is as before: the version stays.
    this.forget();
  }

  free(ask: Ask): number {
    let free = 0;
    for (const room of this.roomsFor(ask)) if (room > 0) free++;
    return free;
  }

  longest(ask: Ask): number {
    if (ask.nodes > this.nodes.length) return 0;
    const rooms = this.roomsFor(ask).toSorted();
    return rooms[rooms.length - ask.nodes]!;
  }

  release(ask: Ask): Seconds {
    const need = this.need(ask);
    const releases = this.nodes.map((node, index) => (this.out.has(index) ? Infinity : node.firstFit(this.now, need)));
    return releases.sort(ascending)[ask.nodes - 1] ?? Infinity;
  }

  earliest(ask: Ask, seconds: number, from: Seconds, _before?: Seconds): Seconds {
    const need = this.need(ask);
    const firsts: number[] = [];
    const lasts: number[] = [];
    this.nodes.forEach((node, index) => {
      if (this.out.has(index)) return;
      node.eachStart(need, seconds, from, (first, last) => {
        firsts.push(first);
        lasts.push(last);
      });
    });
    firsts.sort(ascending);
    lasts.sort(ascending);
    let closed = 0;
    for (let opened = 1; opened <= firsts.length; opened++) {
      const start = firsts[opened - 1]!;
      while (lasts[closed]! < start) closed++;
      if (opened - closed >= ask.nodes) return start;
    }
    return Infinity;
  }

  nextEdge(after: Seconds): Seconds {
    let edge = Infinity;
    this.nodes.forEach((node, index) => {
      if (!this.out.has(index)) edge = Math.min(edge, node.nextRise(after));
    });
    return edge;
  }

  take(ask: Ask, start: Seconds, seconds: number): Taken {
    const offers = start <= this.now ? this.offers(ask, seconds) : this.tightest(ask, start, seconds);
    if (offers.length < ask.nodes) {
      throw new Error(
        `${ask.nodes} nodes were to be taken for ${seconds} s from ${start}, but only ${offers.length} have room: ` +
          'ask longest() or earliest() first, and take at the time they answer',
      );
    }
    const chosen = this.together(offers, ask.nodes).sort((a, b) => a.node - b.node);
    const nodes = chosen.map((offer) => offer.node);
    const devices = chosen.map((offer) => offer.devices);
    const holding = { nodes, devices, count: nodes.length, perNode: ask.perNode };
    return { nodes, devices, undo: this.occupy(holding, start <= this.now ? -Infinity : start, start + seconds) };
  }

  /** Where one such job could start now for so long, best first. */
  offers(ask: Ask, seconds: number): Offer[] {
    const found: Offer[] = [];
    this.eachOffer(ask, seconds, (offer) => found.push(offer));
    return found.sort((a, b) => b.gain - a.gain || a.node - b.node);
  }

  /** The first of the offers; undefined where it fits nowhere. */
  bestOffer(ask: Ask, seconds: number): Offer | undefined {
    let best: Offer | undefined;
    this.eachOffer(ask, seconds, (offer) => {
      if (!best || offer.gain > best.gain) best = offer;
    });
    return best;
  }

  /** What is left on a node now. */
  left(node: number): Readonly<Left> {
    return this.nodes[node]!.lows(this.now, 0);
  }

  occupy(holding: Holding, from: Seconds, until: Seconds): Undo {
    const before = this.version;
    this.shift(holding, { from, until, sign: -1 });
    const after = this.advance();
    return () => {
      this.shift(holding, { from, until, sign: 1 });
      this.versions.restore(before, after);
    };
  }

  vacate(holding: Holding, from: Seconds, until: Seconds): void {
    this.shift(holding, { from, until, sign: 1 });
    this.advance();
  }

  leastLoaded(count: number): readonly number[] {
    const left = this.nodes.map((node) => node.lows(this.now, 0));
    const cards = left.map((node) => idleOf(node.devices));
    const byRoom = [...this.nodes.keys()].sort(
      (a, b) => cards[b]! - cards[a]! || left[b]!.cores - left[a]!.cores || a - b,
    );
    // An attempt that runs must be somewhere: nodes that are out come last, but they come.
    const up = byRoom.filter((index) => !this.out.has(index));
    return [...up, ...byRoom.filter((index) => this.out.has(index))].slice(0, count).sort(ascending);
  }

  /** Names the cards of an attempt that runs on known nodes and has not told which: those with most left, then the smallest. */
  leastLoadedDevices(holding: Holding): Holding {
    const { count } = needOf(holding.perNode, this.slices);
    const devices = holding.nodes.map((node) => {
      const left = this.left(node).devices;
      return [...left.keys()]
        .sort((a, b) => left[b]! - left[a]! || a - b)
        .slice(0, count)
        .sort(ascending);
    });
    return { ...holding, devices };
  }

  setOut(indices: ReadonlySet<number>): void {
    this.out = indices;
    this.advance();
    this.forget();
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
      this.versions.restore(before, after);
    };
  }

  private advance(): number {
    return this.versions.advance();
  }

  /** All the cards of the window's nodes. */
  private lay({ nodeIndices, from, until }: WindowModel, sign: 1 | -1): void {
    const devices = nodeIndices.map(() => this.allDevices);
    this.shift(
      { nodes: nodeIndices, count: nodeIndices.length, perNode: this.capacity, devices },
      { from, until, sign },
    );
  }

  private together(offers: readonly Offer[], count: number): Offer[] {
    if (!this.blocks || count === 1) return offers.slice(0, count);
    const nodes = offers.map((offer) => offer.node);
    const chosen = new Set(withinBlocks(nodes, this.blocks, count));
    return offers.filter((offer) => chosen.has(offer.node));
  }

  private need(ask: Ask): DeviceNeed {
    return needOf(ask.perNode, this.slices);
  }

  private shift(holding: Holding, span: { from: Seconds; until: Seconds; sign: 1 | -1 }): void {
    const need = needOf(holding.perNode, this.slices);
    holding.nodes.forEach((index, place) => {
      const devices = holding.devices?.[place] ?? this.allDevices.slice(0, need.count);
      this.nodes[index]?.shift(span.from, span.until, { need, devices, sign: span.sign });
      this.looks[index]! += 1;
    });
  }

  /** By node, ascending. */
  private eachOffer(ask: Ask, seconds: number, visit: (offer: Offer) => void): void {
    const rooms = this.roomsFor(ask);
    const { offers } = this.memo(ask);
    const need = this.need(ask);
    for (let index = 0; index < this.nodes.length; index++) {
      if (rooms[index] === 0 || rooms[index]! < seconds) continue;
      // The offer for an endless run: where it has room for ever, and only there, kept for runs of any length.
      const isOpen = rooms[index] === Infinity;
      const offer = (isOpen ? offers[index] : undefined) ?? this.offerOf(index, need, isOpen ? Infinity : seconds);
      if (isOpen) offers[index] = offer;
      visit(offer);
    }
  }

  private forget(): void {
    for (let index = 0; index < this.looks.length; index++) this.looks[index]! += 1;
  }

  private offerOf(node: number, need: DeviceNeed, seconds: number): Offer {
    const before = this.left(node);
    const able = this.nodes[node]!.lows(this.now, seconds).devices;
    const cores = before.cores - need.cores;
    const fragmented = this.fragmentation.of(before.cores, before.devices);
    const gainOn = (devices: readonly number[]): number => {
      const after = [...before.devices];
      for (const device of devices) after[device]! -= need.milli;
      return this.fragmentation.steps(fragmented, this.fragmentation.of(cores, after));
    };
    if (need.count !== 1 || need.milli === 1000) {
      const devices = fullyFree(able, need.count);
      return { node, devices, gain: gainOn(devices) };
    }
    let best: Offer | undefined;
    const seen = new Set<number>();
    for (let device = 0; device < able.length; device++) {
      // Cards with as much left are alike: the first of them that can be had speaks for all.
      if (able[device]! < need.milli || seen.has(before.devices[device]!)) continue;
      seen.add(before.devices[device]!);
      const gain = gainOn([device]);
      if (!best || gain > best.gain) best = { node, devices: [device], gain };
    }
    return best!;
  }

  /** Fewest cards left first, then fewest cores, then the smallest node; on it the card with least left, then the smallest. */
  private tightest(ask: Ask, start: Seconds, seconds: number): Offer[] {
    const need = this.need(ask);
    const able: (Offer & { idle: number; cores: number })[] = [];
    this.nodes.forEach((timeline, node) => {
      if (this.out.has(node)) return;
      const left = timeline.lows(start, seconds);
      if (!meets(left, need)) return;
      const fitting = [...left.devices.keys()].filter((device) => left.devices[device]! >= need.milli);
      if (need.milli < 1000) fitting.sort((a, b) => left.devices[a]! - left.devices[b]! || a - b);
      able.push({
        node,
        devices: fitting.slice(0, need.count),
        gain: 0,
        idle: idleOf(left.devices),
        cores: left.cores,
      });
    });
    return able.sort((a, b) => a.idle - b.idle || a.cores - b.cores || a.node - b.node);
  }

  private roomsFor(ask: Ask): Float64Array {
    const memo = this.memo(ask);
    const need = this.need(ask);
    for (let index = 0; index < this.nodes.length; index++) {
      if (memo.looks[index] === this.looks[index]) continue;
      memo.looks[index] = this.looks[index]!;
      memo.rooms[index] = this.out.has(index) ? 0 : this.nodes[index]!.room(this.now, need);
      memo.offers[index] = undefined;
    }
    return memo.rooms;
  }

  private memo({ shape, perNode }: Ask): ShapeMemo {
    const known = this.memos[shape];
    // Numbers of shapes are used again for other shapes.
    if (known && isSame(known.perNode, perNode)) return known;
    const width = this.nodes.length;
    const looks = new Int32Array(width).fill(-1);
    const memo: ShapeMemo = { perNode, looks, rooms: new Float64Array(width), offers: [] };
    this.memos[shape] = memo;
    return memo;
  }
}

const isSame = (a: Vector, b: Vector): boolean => a.cards === b.cards && a.cores === b.cores && a.memory === b.memory;

const ascending = (a: number, b: number): number => a - b;

function idleOf(devices: readonly number[]): number {
  let idle = 0;
  for (const milli of devices) idle += milli;
  return idle;
}

function fullyFree(able: readonly number[], count: number): number[] {
  const devices: number[] = [];
  for (let device = 0; device < able.length && devices.length < count; device++) {
    if (able[device]! >= 1000) devices.push(device);
  }
  return devices;
}
