import fc from 'fast-check';
import { NodeProfile } from './node-profile.js';
import type { Ask, Undo } from './profile.js';
import { NaiveProfile } from './testing/naive-profile.js';
import { runs } from './testing/runs.js';

const NODES = 4;
const END = 72;
const capacity = { cards: 4, cores: 6, memory: 8 };
const perNodes = [
  { cards: 1, cores: 1, memory: 1 },
  { cards: 2, cores: 3, memory: 2 },
  { cards: 0, cores: 2, memory: 5 },
  { cards: 4, cores: 6, memory: 8 },
  { cards: 0, cores: 0, memory: 1 },
];

const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
const wish = { nodes: whole(NODES + 1, 1), shape: whole(perNodes.length - 1), seconds: whole(20, 1) };
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), ...wish, delay: whole(10) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('look' as const), ...wish, delay: whole(30), bound: whole(60) }),
  },
  fc.record({
    kind: fc.constant('occupy' as const),
    index: whole(NODES - 1),
    shape: wish.shape,
    from: whole(40),
    seconds: whole(25),
  }),
  fc.record({ kind: fc.constant('undo' as const), count: whole(3, 1) }),
  fc.record({ kind: fc.constant('turn' as const), by: whole(8, -2) }),
  fc.record({ kind: fc.constant('out' as const), indices: fc.uniqueArray(whole(NODES - 1), { maxLength: 2 }) }),
  fc.record({
    kind: fc.constant('windows' as const),
    windows: fc.array(
      fc.record({ nodes: fc.uniqueArray(whole(NODES - 1), { minLength: 1 }), from: whole(50), seconds: whole(20, 1) }),
      { maxLength: 3 },
    ),
  }),
  fc.record({ kind: fc.constant('lift' as const), which: fc.option(fc.subarray(['w0', 'w1', 'w2'])) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The profile and its naive counterpart under the same history. */
class Pair {
  readonly differences: string[] = [];
  private readonly naive = new NaiveProfile(NODES, capacity, END);
  private readonly undos: Undo[] = [];
  private readonly versions = new Map<number, string>();
  readonly profile: NodeProfile;
  private now = 0;

  constructor(spans?: number) {
    this.profile = new NodeProfile(NODES, capacity, undefined, spans);
    this.profile.turnTo(0);
  }

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'take':
        return this.take(operation);
      case 'look': {
        const ask = askOf(operation);
        const from = this.now + operation.delay;
        const want = this.naive.earliest(ask, operation.seconds, from);
        const got = this.profile.earliest(ask, operation.seconds, from, operation.bound);
        if (want < operation.bound || got < operation.bound) this.agree('earliest', got, want);
        return this.compare(ask);
      }
      case 'occupy': {
        const holding = { nodes: [operation.index], count: 1, perNode: perNodes[operation.shape]! };
        const until = operation.from + operation.seconds;
        const undo = this.profile.occupy(holding, operation.from, until);
        const forget = this.naive.hold(holding, operation.from, until);
        this.undos.push(() => (undo(), forget()));
        return;
      }
      case 'undo':
        for (let i = 0; i < operation.count; i++) this.undos.pop()?.();
        return;
      case 'turn':
        this.now = Math.min(40, Math.max(0, this.now + operation.by));
        return this.profile.turnTo(this.now);
      case 'out':
        this.naive.out = new Set(operation.indices);
        return this.profile.setOut(this.naive.out);
      case 'windows':
        return this.setWindows(operation.windows);
      case 'lift': {
        const standing = this.naive.windows;
        const ids = operation.which === null ? undefined : new Set(operation.which);
        const lay = this.profile.liftWindows(ids);
        this.naive.windows = standing.filter((window) => ids !== undefined && !ids.has(window.id));
        this.undos.push(() => (lay(), (this.naive.windows = standing)));
      }
    }
  }

  /** The same version means the same state. */
  checkVersion(): void {
    const { holds, out, windows } = this.naive;
    const state = JSON.stringify([
      Array.from({ length: NODES }, (_, node) => Array.from({ length: END }, (_s, s) => this.naive.left(node, s))),
      [...out].sort((a, b) => a - b),
      windows.length,
      holds.length,
    ]);
    this.agree('state of a version', this.versions.get(this.profile.version) ?? state, state);
    this.versions.set(this.profile.version, state);
  }

  compareAll(): void {
    for (const [shape] of perNodes.entries()) this.compare(askOf({ nodes: 2, shape }));
    this.agree('nextEdge', this.profile.nextEdge(this.now), this.naive.nextEdge(this.now));
  }

  end(): void {
    while (this.undos.length > 0) this.undos.pop()!();
    this.profile.setWindows([]);
  }

  private agree(what: string, got: string | number, want: string | number): void {
    if (got !== want) this.differences.push(`${what}: ${got} instead of ${want}`);
  }

  private take(operation: Operation & { kind: 'take' }): void {
    const ask = askOf(operation);
    const from = this.now + operation.delay;
    const start = this.profile.earliest(ask, operation.seconds, from);
    this.agree('earliest', start, this.naive.earliest(ask, operation.seconds, from));
    if (start > END / 2) return;
    const want = this.naive.tightest(ask, start, operation.seconds);
    const { nodes, undo } = this.profile.take(ask, start, operation.seconds);
    this.agree('nodes', nodes.join(), want.join());
    const since = start <= this.now ? -Infinity : start;
    const holding = { nodes, count: nodes.length, perNode: ask.perNode };
    const forget = this.naive.hold(holding, since, start + operation.seconds);
    this.undos.push(() => (undo(), forget()));
  }

  private setWindows(windows: readonly { nodes: number[]; from: number; seconds: number }[]): void {
    // Windows that are lifted at the time come back with the undo.
    while (this.undos.length > 0) this.undos.pop()!();
    this.naive.windows = windows.map(({ nodes, from, seconds }, index) => ({
      id: `w${index}`,
      groupId: 'g',
      nodeIndices: nodes,
      from,
      until: from + seconds,
    }));
    this.profile.setWindows(this.naive.windows);
  }

  private compare(ask: Ask): void {
    const rooms = this.naive.rooms(this.now, ask);
    this.agree('free', this.profile.free(ask), rooms.filter((room) => room > 0).length);
    this.agree('longest', this.profile.longest(ask), rooms[ask.nodes - 1] ?? 0);
    this.agree('release', this.profile.release(ask), this.naive.release(ask, this.now));
  }
}

const askOf = ({ nodes, shape }: { nodes: number; shape: number }): Ask => ({
  nodes,
  shape,
  perNode: perNodes[shape]!,
});

describe('a profile of named nodes and counting every second', () => {
  // Few spans are long ones, in which much happens; many are as fine as what happens.
  const cuts = { 'time in 2 pieces': 2, 'time in 7 pieces': 7, 'time in as many as there are': undefined };

  it.each(Object.entries(cuts))('answer the same whatever happened before: %s', (_, spans) => {
    const empty = Array.from({ length: NODES }, () => -Infinity);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 25 }), (operations) => {
        const pair = new Pair(spans);
        for (const operation of operations) {
          pair.apply(operation);
          pair.checkVersion();
        }
        pair.compareAll();
        pair.end();
        expect(pair.differences).toEqual([]);
        expect(lastChanges(pair.profile)).toEqual(empty);
      }),
      { numRuns: runs(500) },
    );
  });
});

/** Of each node; minus infinity where nothing is left of what was held. */
const lastChanges = (profile: NodeProfile): number[] =>
  Array.from({ length: NODES }, (_, index) => profile.lastChangeOf(index));
