import fc from 'fast-check';
import { NodeProfile } from './node-profile.js';
import type { Ask } from './profile.js';
import { NaiveProfile } from './testing/naive-profile.js';
import { anyEventOf, ProfileHistory, whole } from './testing/profile-history.js';
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
  { weight: 5, arbitrary: anyEventOf(NODES, { most: 3, from: 50, seconds: 20 }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The profile and its naive counterpart under the same history. */
class Pair {
  readonly differences: string[] = [];
  private readonly naive = new NaiveProfile(NODES, capacity, END);
  private readonly history: ProfileHistory;
  readonly profile: NodeProfile;

  constructor(spans?: number) {
    this.profile = new NodeProfile(NODES, capacity, undefined, spans);
    this.history = new ProfileHistory(this.profile, this.naive, { nodes: NODES, end: END, latest: 40 });
  }

  private get now(): number {
    return this.history.now;
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
        this.history.did(undo, forget);
        return;
      }
      case 'undo':
      case 'turn':
      case 'out':
      case 'windows':
      case 'lift':
        return this.history.act(operation);
    }
  }

  /** The same version means the same state. */
  checkVersion(): void {
    this.agree('state of a version', ...this.history.states());
  }

  compareAll(): void {
    for (const [shape] of perNodes.entries()) this.compare(askOf({ nodes: 2, shape }));
    this.agree('nextEdge', this.profile.nextEdge(this.now), this.naive.nextEdge(this.now));
  }

  end(): void {
    this.history.undoAll();
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
    this.history.did(undo, forget);
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
