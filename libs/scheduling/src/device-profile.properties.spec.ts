import fc from 'fast-check';
import { DeviceProfile } from './device-profile.js';
import type { WindowModel } from './model.js';
import type { Ask, Holding } from './profile.js';
import { type DeviceNeed, needOf } from './shared-cards.js';
import { anyEventOf, ProfileHistory, whole } from './testing/profile-history.js';
import { runs } from './testing/runs.js';

const NODES = 3;
const CARDS = 2;
const SLICES = 4;
const END = 45;
const capacity = { cards: CARDS * 1000, cores: 6, memory: 8 };
const perNodes = [
  { cards: 250, cores: 1, memory: 1 },
  { cards: 500, cores: 1, memory: 2 },
  { cards: 1000, cores: 2, memory: 1 },
  { cards: 2000, cores: 3, memory: 4 },
  { cards: 0, cores: 4, memory: 3 },
];

interface Left {
  readonly cores: number;
  readonly memory: number;
  readonly devices: readonly number[];
}
interface Hold {
  readonly node: number;
  readonly devices: readonly number[];
  readonly need: DeviceNeed;
  readonly from: number;
  readonly until: number;
}

/** Cards of nodes as one would write them down first: holds in a list, and every card of every second counted afresh. */
class NaiveCards {
  holds: Hold[] = [];
  out: ReadonlySet<number> = new Set();
  windows: WindowModel[] = [];
  private lefts: Left[][] = [];

  /** Counts again what is left; to be called after every change. */
  count(): void {
    this.lefts = [0, 1, 2].map((node) => Array.from({ length: END }, (_, second) => this.counted(node, second)));
  }

  left(node: number, second: number): Left {
    return this.lefts[node]![Math.min(second, END - 1)]!;
  }

  /** The least of each in all seconds of the stretch: what the same cards have to the end. */
  lows(node: number, from: number, seconds: number): Left {
    let low = this.left(node, from);
    for (let at = from + 1; at < Math.min(from + seconds, END); at++) low = lower(low, this.left(node, at));
    return low;
  }

  room(node: number, at: number, need: DeviceNeed): number {
    if (this.out.has(node)) return 0;
    let low = this.left(node, at);
    for (let second = at; second < END; second++) {
      low = lower(low, this.left(node, second));
      if (!isMet(low, need)) return second - at;
    }
    return Infinity;
  }

  rooms(at: number, need: DeviceNeed): number[] {
    return [0, 1, 2].map((node) => this.room(node, at, need)).sort((a, b) => b - a);
  }

  earliest({ nodes }: Ask, need: DeviceNeed, [seconds, from]: readonly [number, number]): number {
    for (let at = from; at < END; at++) if ((this.rooms(at, need)[nodes - 1] ?? 0) >= seconds) return at;
    return Infinity;
  }

  release({ nodes }: Ask, need: DeviceNeed, now: number): number {
    const firsts = [0, 1, 2].map((node) => {
      for (let at = now; at < END; at++) if (!this.out.has(node) && isMet(this.left(node, at), need)) return at;
      return Infinity;
    });
    return firsts.sort((a, b) => a - b)[nodes - 1] ?? Infinity;
  }

  nextEdge(after: number): number {
    for (let at = after + 1; at < END; at++) {
      for (let node = 0; node < NODES; node++) {
        const [before, now] = [this.left(node, at - 1), this.left(node, at)];
        const isMore = now.devices.some((milli, device) => milli > before.devices[device]!);
        if (!this.out.has(node) && (isMore || now.cores > before.cores || now.memory > before.memory)) return at;
      }
    }
    return Infinity;
  }

  private counted(node: number, second: number): Left {
    const devices = Array<number>(CARDS).fill(1000);
    let { cores, memory } = capacity;
    for (const { devices: held, need, ...hold } of [...this.holds, ...this.closed()]) {
      if (hold.node !== node || second < hold.from || second >= hold.until) continue;
      cores -= need.cores;
      memory -= need.memory;
      for (const device of held) devices[device]! -= need.milli;
    }
    return { cores, memory, devices };
  }

  private closed(): Hold[] {
    const need = { count: CARDS, milli: 1000, cores: capacity.cores, memory: capacity.memory };
    return this.windows.flatMap(({ nodeIndices, from, until }) =>
      nodeIndices.map((node) => ({ node, devices: [0, 1], need, from, until })),
    );
  }
}

const lower = (a: Left, b: Left): Left => ({
  cores: Math.min(a.cores, b.cores),
  memory: Math.min(a.memory, b.memory),
  devices: a.devices.map((milli, device) => Math.min(milli, b.devices[device]!)),
});
const isMet = ({ cores, memory, devices }: Left, need: DeviceNeed): boolean =>
  cores >= need.cores && memory >= need.memory && devices.filter((milli) => milli >= need.milli).length >= need.count;

const wish = { nodes: whole(NODES + 1, 1), shape: whole(perNodes.length - 1), seconds: whole(12, 1) };
const anyOperation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), ...wish, delay: whole(8) }) },
  { weight: 5, arbitrary: anyEventOf(NODES, { most: 2, from: 20, seconds: 10 }) },
);
type Operation = typeof anyOperation extends fc.Arbitrary<infer T> ? T : never;

const askOf = (nodes: number, shape: number): Ask => ({ nodes, shape, perNode: perNodes[shape]! });

/** The profile and its naive counterpart under the same history. */
class Pair {
  /** What the profile said, and what counting says. */
  readonly got: unknown[] = [];
  readonly want: unknown[] = [];
  readonly profile = new DeviceProfile(NODES, capacity, SLICES);
  private readonly naive = new NaiveCards();
  private readonly history = new ProfileHistory(this.profile, this.naive, { nodes: NODES, end: END, latest: 18 });

  constructor() {
    this.naive.count();
    this.profile.setMix({
      tasks: [
        { need: { count: 1, milli: 500, cores: 1 }, popularity: 3 },
        { need: { count: 2, milli: 1000, cores: 2 }, popularity: 1 },
      ],
    });
  }

  private get now(): number {
    return this.history.now;
  }

  apply(operation: Operation): void {
    if (operation.kind === 'take') this.take(operation);
    else this.history.act(operation);
    this.naive.count();
    this.agree(...this.history.states());
  }

  compareAll(): void {
    for (const shape of perNodes.keys()) {
      for (const nodes of [1, 2, NODES + 1]) {
        const ask = askOf(nodes, shape);
        const need = needOf(ask.perNode, SLICES);
        const rooms = this.naive.rooms(this.now, need);
        this.agree(
          [this.profile.free(ask), this.profile.longest(ask), this.profile.release(ask)],
          [rooms.filter((room) => room > 0).length, rooms[nodes - 1] ?? 0, this.naive.release(ask, need, this.now)],
        );
        const question = [7, this.now + 3] as const;
        this.agree(this.profile.earliest(ask, ...question), this.naive.earliest(ask, need, question));
      }
    }
    this.agree(this.profile.nextEdge(this.now), this.naive.nextEdge(this.now));
    this.agree(
      [0, 1, 2].map((node) => this.profile.left(node)),
      [0, 1, 2].map((node) => this.naive.left(node, this.now)),
    );
  }

  /** What is left of the history when all is undone: cards of each node, and the next change. */
  end(): unknown {
    this.history.undoAll();
    this.profile.setWindows([]);
    this.profile.turnTo(-1);
    return [[0, 1, 2].map((node) => this.profile.left(node).devices), this.profile.nextEdge(-1)];
  }

  private agree(got: unknown, want: unknown): void {
    this.got.push(got);
    this.want.push(want);
  }

  private take({ nodes: count, shape, seconds, delay }: Operation & { kind: 'take' }): void {
    const ask = askOf(count, shape);
    const need = needOf(ask.perNode, SLICES);
    const from = this.now + delay;
    const start = this.profile.earliest(ask, seconds, from);
    this.agree(start, this.naive.earliest(ask, need, [seconds, from]));
    if (start > END / 2) return;
    const { nodes, devices, undo } = this.profile.take(ask, start, seconds);
    this.agree(
      nodes,
      [...new Set(nodes)].sort((a, b) => a - b),
    );
    this.agree([nodes.length, devices!.length], [count, count]);
    nodes.forEach((node, place) => this.checkCards(node, devices![place]!, { need, start, seconds }));
    if (start > this.now)
      this.agree(
        nodes,
        this.tightest(need, start, seconds)
          .slice(0, count)
          .sort((a, b) => a - b),
      );
    const since = start <= this.now ? -Infinity : start;
    const holding: Holding = { nodes, devices: devices!, count, perNode: ask.perNode };
    const holds = nodes.map((node, place) => ({
      node,
      devices: holding.devices![place]!,
      need,
      from: since,
      until: start + seconds,
    }));
    this.naive.holds.push(...holds);
    this.history.did(undo, () => {
      this.naive.holds = this.naive.holds.filter((hold) => !holds.includes(hold));
    });
  }

  /** As many cards as are needed, each with enough for the whole run. */
  private checkCards(
    node: number,
    devices: readonly number[],
    { need, start, seconds }: { need: DeviceNeed; start: number; seconds: number },
  ): void {
    this.agree(this.naive.out.has(node), false);
    this.agree(new Set(devices).size, need.count);
    const low = this.naive.lows(node, start, seconds);
    for (const device of devices) this.agree(low.devices[device]! >= need.milli, true);
    this.agree([low.cores >= need.cores, low.memory >= need.memory], [true, true]);
  }

  private tightest(need: DeviceNeed, start: number, seconds: number): number[] {
    const idle = ({ devices }: Left): number => devices.reduce((sum, milli) => sum + milli, 0);
    return [0, 1, 2]
      .map((node) => ({ node, low: this.naive.lows(node, start, seconds) }))
      .filter(({ node, low }) => !this.naive.out.has(node) && isMet(low, need))
      .sort((a, b) => idle(a.low) - idle(b.low) || a.low.cores - b.low.cores || a.node - b.node)
      .map(({ node }) => node);
  }
}

describe('a profile of shared cards and counting every second of every card', () => {
  it('answer the same whatever happened before', () => {
    fc.assert(
      fc.property(fc.array(anyOperation, { maxLength: 20 }), (operations) => {
        const pair = new Pair();
        for (const operation of operations) pair.apply(operation);
        pair.compareAll();
        expect(pair.got).toEqual(pair.want);
        expect(pair.end()).toEqual([Array(NODES).fill([1000, 1000]), Infinity]);
      }),
      { numRuns: runs(100) },
    );
  });
});
