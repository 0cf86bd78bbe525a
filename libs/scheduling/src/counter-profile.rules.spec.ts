import { CounterProfile } from './counter-profile.js';
import type { WindowModel } from './model.js';
import type { Ask, Holding } from './profile.js';

const perNode = { cards: 1000, cores: 0, memory: 0 };
const ask = (nodes: number): Ask => ({ nodes, perNode, shape: 0 });
const hold = (count: number): Holding => ({ nodes: [], count, perNode });
type Hold = readonly [count: number, from: number, until: number];
type Closed = readonly [nodeIndices: readonly number[], from: number, until: number];

const windowsOf = (closed: readonly Closed[]): WindowModel[] =>
  closed.map(([nodeIndices, from, until], i) => ({ id: `w${i}`, groupId: 'g', nodeIndices, from, until }));

interface State {
  readonly holds?: readonly Hold[];
  readonly out?: readonly number[];
  readonly closed?: readonly Closed[];
}
/** Four nodes. */
function four({ holds = [], out = [], closed = [] }: State, now = 0): CounterProfile {
  const profile = new CounterProfile(4);
  for (const [count, from, until] of holds) profile.occupy(hold(count), from, until);
  profile.setOut(new Set(out));
  profile.setWindows(windowsOf(closed));
  profile.turnTo(now);
  return profile;
}
const longests = (profile: CounterProfile): number[] => [1, 2, 3, 4, 5].map((nodes) => profile.longest(ask(nodes)));

describe('nodes that are free now', () => {
  const cases: Record<string, State & { now: number; want: number }> = {
    'all of them, where nothing is held': { now: 0, want: 4 },
    'not those of a hold in its last second': { holds: [[3, -Infinity, 100]], now: 99, want: 1 },
    'again those of a hold that ends now': { holds: [[3, -Infinity, 100]], now: 100, want: 4 },
    'still those of a hold a second before it': { holds: [[3, 100, 200]], now: 99, want: 4 },
    'no longer those of a hold that begins now': { holds: [[3, 100, 200]], now: 100, want: 1 },
    'none, and not fewer, where more is held than there is': { holds: [[3, 0, 10], [3, 0, 10]], now: 5, want: 0 },
    'all, at a hold that ends as it begins': { holds: [[3, 50, 50]], now: 50, want: 4 },
    'all, at a hold that would end before it begins': { holds: [[3, 60, 50]], now: 55, want: 4 },
    'none of those that are out': { out: [1, 3], now: 0, want: 2 },
    'none, where all are out': { out: [0, 1, 2, 3], now: 0, want: 0 },
    'not those of a window': { closed: [[[0, 2, 3], 10, 20]], now: 10, want: 1 },
    'once less for a node that is out and in a window': { out: [1], closed: [[[1, 2], 0, 9]], now: 0, want: 2 },
    'once less for a node in two windows': { closed: [[[0], 0, 9], [[0], 5, 20]], now: 7, want: 3 },
    'once less where two windows meet': { closed: [[[0], 0, 50], [[0], 50, 100]], now: 50, want: 3 },
    'all, where the second of them ends': { closed: [[[0], 0, 50], [[0], 50, 100]], now: 100, want: 4 },
    'twice less for two nodes in a window each': { closed: [[[0], 0, 9], [[3], 0, 9]], now: 8, want: 2 },
    'all, at a window of a node past the last': { closed: [[[4], 0, 9]], now: 0, want: 4 },
    'none of what is held, out and closed together': { holds: [[1, 0, 9]], out: [0], closed: [[[3], 0, 9]], now: 0, want: 1 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { now, want, ...state }) => {
    expect(four(state, now).free(ask(1))).toBe(want);
  });
});

/** Free: 1 until 10, 4 until 20, 2 until 30, 4 until 40, none until 50, then 4. */
const hills: State = {
  holds: [
    [3, -Infinity, 10],
    [2, 20, 30],
    [4, 40, 50],
  ],
};

describe('the earliest start', () => {
  const cases: Record<string, { nodes: number; seconds: number; from: number; want: number }> = {
    'at once, where it ends as the nodes are taken': { nodes: 1, seconds: 40, from: 0, want: 0 },
    'behind, where it is a second longer': { nodes: 1, seconds: 41, from: 0, want: 50 },
    'behind, where it would begin a second later': { nodes: 1, seconds: 40, from: 1, want: 50 },
    'in a gap that is as long as it': { nodes: 3, seconds: 10, from: 0, want: 10 },
    'not in one that is a second shorter': { nodes: 3, seconds: 11, from: 0, want: 50 },
    'within a gap that has begun': { nodes: 3, seconds: 9, from: 11, want: 11 },
    'in the next gap, where this one is a second too short from there': { nodes: 3, seconds: 10, from: 11, want: 30 },
    'over a hold that leaves just enough': { nodes: 2, seconds: 30, from: 0, want: 10 },
    'not over one that leaves one too few': { nodes: 3, seconds: 12, from: 10, want: 50 },
    'in the last second of a gap': { nodes: 4, seconds: 1, from: 19, want: 19 },
    'at the next gap, once this one is over': { nodes: 4, seconds: 1, from: 20, want: 30 },
    'where a hold ends, asked in its last second': { nodes: 1, seconds: 1, from: 49, want: 50 },
    'after all, where it goes on for ever': { nodes: 1, seconds: Infinity, from: 0, want: 50 },
    'as soon as asked, after all': { nodes: 4, seconds: 1e9, from: 77, want: 77 },
    'never, where it is more than there is': { nodes: 5, seconds: 1, from: 0, want: Infinity },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { nodes, seconds, from, want }) => {
    expect(four(hills).earliest(ask(nodes), seconds, from)).toBe(want);
  });

  const bounds: Record<string, { before: number; least: number; most: number }> = {
    'is told below a bound a second later': { before: 31, least: 30, most: 30 },
    'is told as at the bound or later, where it is at the bound': { before: 30, least: 30, most: Infinity },
    'is told as at the bound or later, where it is after it': { before: 12, least: 12, most: Infinity },
    'is not looked for where the bound is not after the instant': { before: 11, least: Infinity, most: Infinity },
  };
  it.each(Object.entries(bounds))('%s', (_sentence, { before, least, most }) => {
    const found = four(hills).earliest(ask(3), 10, 11, before);
    expect(found).toBeGreaterThanOrEqual(least);
    expect(found).toBeLessThanOrEqual(most);
  });

  it('for a second is when the nodes are released', () => {
    const released = (now: number): number[] => [1, 2, 4, 5].map((nodes) => four(hills, now).release(ask(nodes)));
    expect(released(0)).toEqual([0, 10, 10, Infinity]);
    expect(released(19)).toEqual([19, 19, 19, Infinity]);
    expect(released(20)).toEqual([20, 20, 30, Infinity]);
    expect(released(40)).toEqual([50, 50, 50, Infinity]);
  });
});

describe('how long nodes stay free from now on', () => {
  const cases: Record<string, { now: number; want: number[] }> = {
    'as long as no later hold takes too many': { now: 0, want: [40, 0, 0, 0, 0] },
    'the more are asked for, the shorter': { now: 10, want: [30, 30, 10, 10, 0] },
    'from within a stretch': { now: 15, want: [25, 25, 5, 5, 0] },
    'not at all once one too few is left': { now: 20, want: [20, 20, 0, 0, 0] },
    'a second, right before a hold of all': { now: 39, want: [1, 1, 1, 1, 0] },
    'not at all in the last second of it': { now: 49, want: [0, 0, 0, 0, 0] },
    'for ever after the last hold': { now: 50, want: [Infinity, Infinity, Infinity, Infinity, 0] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { now, want }) => expect(longests(four(hills, now))).toEqual(want));

  it('is told anew once time has gone on, or something has changed', () => {
    const profile = four(hills, 0);
    expect(profile.longest(ask(1))).toBe(40);
    profile.turnTo(30);
    expect(profile.longest(ask(1))).toBe(10);
    profile.vacate(hold(4), 40, 50);
    expect(profile.longest(ask(1))).toBe(Infinity);
    profile.occupy(hold(4), 35, 36);
    expect(profile.longest(ask(1))).toBe(5);
  });

  it('has as many stairs as there are holds that never end', () => {
    const profile = new CounterProfile(200);
    for (let i = 1; i <= 100; i++) profile.occupy(hold(1), i, Infinity);
    profile.turnTo(0);
    const wanted = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(wanted.map((second) => profile.longest(ask(201 - second)))).toEqual(wanted);
    expect(profile.longest(ask(100))).toBe(Infinity);
  });
});

describe('when there are next more nodes', () => {
  const cases: Record<string, { holds: readonly Hold[]; after: number; want: number }> = {
    'where the hold ends': { holds: hills.holds!, after: -Infinity, want: 10 },
    'in the second before, the next': { holds: hills.holds!, after: 9, want: 10 },
    'not at the instant itself': { holds: hills.holds!, after: 10, want: 30 },
    'not where there get to be fewer': { holds: hills.holds!, after: 30, want: 50 },
    'never after the last': { holds: hills.holds!, after: 50, want: Infinity },
    'never of a hold without end': { holds: [[1, 10, Infinity]], after: 0, want: Infinity },
    'not where one hold follows on another as large': { holds: [[2, 0, 10], [2, 10, 20]], after: 0, want: 20 },
    'not where a larger one follows': { holds: [[1, 0, 10], [3, 10, 20]], after: 0, want: 20 },
    'where a smaller one follows': { holds: [[3, 0, 10], [2, 10, 20]], after: 0, want: 10 },
    'even where more is still held than there is': { holds: [[5, 0, 20], [2, 0, 10]], after: 0, want: 10 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { holds, after, want }) => {
    expect(four({ holds }).nextEdge(after)).toBe(want);
  });
});

describe('a start', () => {
  it('now holds its nodes as if it had always done so, and names none', () => {
    const profile = four({}, 10);
    expect(profile.take(ask(3), 10, 5).nodes).toEqual([]);
    expect([profile.free(ask(1)), profile.earliest(ask(2), 1, -1e9), profile.nextEdge(-Infinity)]).toEqual([1, 15, 15]);
    expect(profile.leastLoaded()).toEqual([]);
  });

  it('a second later holds them from then on', () => {
    const profile = four({}, 10);
    profile.take(ask(3), 11, 5);
    expect([profile.free(ask(1)), profile.longest(ask(2)), profile.earliest(ask(2), 2, 10)]).toEqual([4, 1, 16]);
  });

  it('that ends early gives back what is left of it', () => {
    const profile = four({ holds: [[3, -Infinity, 100]] });
    const before = profile.version;
    profile.vacate(hold(3), 60, 100);
    expect([59, 60].map((from) => profile.earliest(ask(4), 1, from))).toEqual([60, 60]);
    expect(profile.earliest(ask(4), 1, 0)).toBe(60);
    expect(profile.version).not.toBe(before);
  });
});
