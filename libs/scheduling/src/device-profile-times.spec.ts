import { DeviceProfile, type Offer } from './device-profile.js';
import type { Ask } from './profile.js';
import { askFor, heldCards, twoCards } from './testing/asks-and-holds.js';

const ask = (cards: number, nodes = 1): Ask => askFor(cards, { nodes });

/** Three nodes of two cards. Free are node 0 from 30 on, node 1 but for [20, 40), node 2 in [10, 35) and from 60 on. */
function staggered({ now = 0, out = [] as number[] } = {}): DeviceProfile {
  const profile = new DeviceProfile(3, twoCards, 4);
  const away: readonly (readonly [number, number, number])[] = [[0, 0, 30], [1, 20, 40], [2, 0, 10], [2, 35, 60]]; // prettier-ignore
  for (const [node, from, until] of away) profile.occupy(heldCards(node, [0, 1], 2000), from, until);
  profile.turnTo(now);
  profile.setOut(new Set(out));
  return profile;
}

describe('the first start of a gang', () => {
  const cases: Record<string, { nodes: number; seconds: number; from?: number; out?: number[]; want: number }> = {
    'is now, where one node is free for just so long': { nodes: 1, seconds: 20, want: 0 },
    'is on another node for a second more': { nodes: 1, seconds: 21, want: 10 },
    'is on it for as long as that is free': { nodes: 1, seconds: 25, want: 10 },
    'is where a node is free for ever, for all that is longer': { nodes: 1, seconds: 26, want: 30 },
    'is where a second node comes before the first is gone': { nodes: 2, seconds: 10, want: 10 },
    'is much later where the two miss each other by a second': { nodes: 2, seconds: 11, want: 40 },
    'may be in the middle of what two nodes have in common': { nodes: 2, seconds: 5, from: 11, want: 11 },
    'may be at the last second of it': { nodes: 2, seconds: 5, from: 15, want: 15 },
    'is with the next two, a second after that': { nodes: 2, seconds: 5, from: 16, want: 30 },
    'is later where the next two have too little in common': { nodes: 2, seconds: 6, from: 16, want: 40 },
    'is when the last of all is free': { nodes: 3, seconds: 1, want: 60 },
    'is never on more nodes than there are': { nodes: 4, seconds: 1, want: Infinity },
    'does without a node that is out': { nodes: 2, seconds: 11, out: [0], want: 60 },
    'is never where those that are out are missing': { nodes: 3, seconds: 1, out: [0], want: Infinity },
    'is no sooner than it may be, though all is free': { nodes: 3, seconds: 9, from: 77, want: 77 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { nodes, seconds, from = 0, out, want }) => {
    expect(staggered({ out }).earliest(ask(500, nodes), seconds, from)).toBe(want);
  });

  it.each(Object.entries(cases).filter(([, { want }]) => want < Infinity))(
    'and there it can be taken, and is in the way from then on: %s',
    (_sentence, { nodes, seconds, from = 0, out, want }) => {
      const profile = staggered({ out });
      const taken = profile.take(ask(2000, nodes), want, seconds);
      expect(taken.nodes).toHaveLength(nodes);
      expect(taken.devices).toEqual(taken.nodes.map(() => [0, 1]));
      const next = profile.earliest(ask(2000, nodes), seconds, from);
      expect(next).toBeGreaterThan(want);
      taken.undo();
      expect(profile.earliest(ask(2000, nodes), seconds, from)).toBe(want);
    },
  );
});

describe('what can be had now', () => {
  it.each([
    // Now; nodes that have room; for how long one, two, three and four of them have.
    [0, 1, [20, 0, 0, 0]],
    [9, 1, [11, 0, 0, 0]],
    [10, 2, [25, 10, 0, 0]],
    [19, 2, [16, 1, 0, 0]],
    [20, 1, [15, 0, 0, 0]],
    [30, 2, [Infinity, 5, 0, 0]],
    [35, 1, [Infinity, 0, 0, 0]],
    [40, 2, [Infinity, Infinity, 0, 0]],
    [60, 3, [Infinity, Infinity, Infinity, 0]],
  ])('at %d: %d nodes, for %j', (now, free, longest) => {
    const profile = staggered({ now });
    expect(profile.free(ask(500))).toBe(free);
    expect([1, 2, 3, 4].map((nodes) => profile.longest(ask(500, nodes)))).toEqual(longest);
  });

  it.each([
    // The first moment at which each of so many has room, be it not the same.
    [0, [0, 10, 30, Infinity]],
    [20, [20, 30, 40, Infinity]],
    [36, [36, 40, 60, Infinity]],
    [60, [60, 60, 60, Infinity]],
  ])('at %d one, two, three and four nodes have been free once by %j', (now, want) => {
    const profile = staggered({ now });
    expect([1, 2, 3, 4].map((nodes) => profile.release(ask(500, nodes)))).toEqual(want);
  });

  it.each([
    [[], [10, 30, 40, 60, Infinity]],
    [[2], [30, 30, 40, Infinity, Infinity]],
    [
      [0, 1],
      [10, 60, 60, 60, Infinity],
    ],
    [
      [0, 1, 2],
      [Infinity, Infinity, Infinity, Infinity, Infinity],
    ],
  ])('without nodes %j something comes free after 0, 10, 30, 40 and 60 at %j', (out, want) => {
    const profile = staggered({ out });
    expect([0, 10, 30, 40, 60].map((after) => profile.nextEdge(after))).toEqual(want);
  });
});

describe('taking what is not there', () => {
  const said = (asked: number, seconds: number, [start, able]: readonly [number, number]): string =>
    `${asked} nodes were to be taken for ${seconds} s from ${start}, but only ${able} have room: ` +
    'ask longest() or earliest() first, and take at the time they answer';
  const cases: Record<string, { nodes: number; start: number; seconds: number; now?: number; able: number }> = {
    'more nodes than are free': { nodes: 2, start: 0, seconds: 1, able: 1 },
    'a second more than the node is free': { nodes: 1, start: 0, seconds: 21, able: 0 },
    'a second more than both are free': { nodes: 2, start: 10, seconds: 11, now: 10, able: 1 },
    'later: a second more than both are free': { nodes: 2, start: 10, seconds: 11, able: 1 },
    'later: a second too soon': { nodes: 3, start: 59, seconds: 9, able: 2 },
    'more nodes than there are': { nodes: 4, start: 60, seconds: 9, able: 3 },
  };
  it.each(Object.entries(cases))(
    '%s: says so, and takes nothing',
    (_sentence, { nodes, start, seconds, now, able }) => {
      const profile = staggered({ now });
      const before = profile.version;
      expect(() => profile.take(ask(500, nodes), start, seconds)).toThrow(said(nodes, seconds, [start, able]));
      expect(profile.version).toBe(before);
      profile.turnTo(70);
      expect([0, 1, 2].map((node) => profile.left(node).devices)).toEqual([0, 1, 2].map(() => [1000, 1000]));
    },
  );
});

/** Node 0 is idle; node 1 has half a card taken, node 2 half of each, node 3 the whole of the second. */
function begun(isMixed = true): DeviceProfile {
  const profile = new DeviceProfile(4, twoCards, 4);
  profile.turnTo(0);
  const holds = [heldCards(1, [0], 500), heldCards(2, [0], 500), heldCards(2, [1], 500), heldCards(3, [1], 1000)];
  for (const hold of holds) profile.occupy(hold, -Infinity, Infinity);
  // Three of four tasks want a whole card, one wants half of one: a step is 400.
  const task = (milli: number, popularity: number) => ({ need: { count: 1, milli, cores: 0 }, popularity });
  profile.setMix({ tasks: isMixed ? [task(1000, 3), task(500, 1)] : [] });
  return profile;
}

describe('offers', () => {
  // Node, its cards, steps gained.
  const cases: Record<
    string,
    { cards: number; isMixed?: boolean; want: readonly (readonly [number, number[], number])[] }
  > = {
    // On node 1 the 500 that three tasks could not use go; on node 2 half of its 1000; on the others 500 are lost to three.
    'half a card fills a half that is begun, and begins a card last': {
      cards: 500,
      want: [[1, [0], 3], [2, [0], 3], [0, [0], -4], [3, [0], -4]], // prettier-ignore
    },
    // On nodes 1 and 2 what three lost goes down by 250 and the fourth loses 250; on the others 750 are lost to three.
    'a quarter does so for less': {
      cards: 250,
      want: [[1, [0], 1], [2, [0], 1], [0, [0], -6], [3, [0], -6]], // prettier-ignore
    },
    'a whole card goes to any that is free, on the smallest node': {
      cards: 1000,
      want: [[0, [0], 0], [1, [1], 0], [3, [0], 0]], // prettier-ignore
    },
    'two whole cards go where there are two': { cards: 2000, want: [[0, [0, 1], 0]] },
    'no cards are to be had on every node': {
      cards: 0,
      want: [[0, [], 0], [1, [], 0], [2, [], 0], [3, [], 0]], // prettier-ignore
    },
    'where there is no mix, all places are as good': {
      cards: 500,
      isMixed: false,
      want: [[0, [0], 0], [1, [0], 0], [2, [0], 0], [3, [0], 0]], // prettier-ignore
    },
  };
  const told = ({ node, devices, gain }: Offer) => [node, devices, gain];
  it.each(Object.entries(cases))('%s', (_sentence, { cards, isMixed, want }) => {
    expect(begun(isMixed).offers(ask(cards), 10).map(told)).toEqual(want);
    expect(told(begun(isMixed).bestOffer(ask(cards), 10)!)).toEqual(want[0]);
  });

  it('of a gang are the best of them, told by node', () => {
    expect(begun().take(ask(500, 3), 0, 10)).toMatchObject({ nodes: [0, 1, 2], devices: [[0], [0], [0]] });
    expect(begun().take(ask(500, 2), 0, 10)).toMatchObject({ nodes: [1, 2], devices: [[0], [0]] });
    expect(begun().take(ask(1000, 3), 0, 10)).toMatchObject({ nodes: [0, 1, 3], devices: [[0], [1], [0]] });
  });

  it('are other ones when the best has been taken', () => {
    const profile = begun();
    const starts = [1, 2, 3, 4, 5].map(() => profile.take(ask(500), 0, 10));
    // The other half of node 2 gains as much as the first did; then cards are begun, and the halves of those filled.
    expect(starts.map(({ nodes, devices }) => [nodes[0], devices![0]![0]])).toEqual([[1, 0], [2, 0], [2, 1], [0, 0], [0, 0]]); // prettier-ignore
    for (const { undo } of starts.toReversed()) undo();
    expect(profile.offers(ask(500), 10)).toEqual(begun().offers(ask(500), 10));
  });

  it('an attempt of several nodes that has not told is put on the emptiest card of each', () => {
    const untold = { nodes: [1, 2, 3], count: 3, perNode: ask(500).perNode };
    expect(begun().leastLoadedDevices(untold).devices).toEqual([[1], [0], [0]]);
  });
});

describe('a window over a node that somebody is on', () => {
  it('overdraws it, lets nobody on, and is no more when it ends', () => {
    const profile = new DeviceProfile(1, twoCards, 4);
    profile.occupy(heldCards(0, [0], 1000), -Infinity, 100);
    profile.setWindows([{ id: 'w', groupId: 'g', nodeIndices: [0], from: 50, until: 60 }]);
    const at = (now: number) => {
      profile.turnTo(now);
      return { left: profile.left(0), one: profile.longest(ask(250)), edge: profile.nextEdge(now) };
    };
    const held1 = { cores: 7000, memory: 1023, devices: [0, 1000] };
    const closed = { cores: -1000, memory: -1, devices: [-1000, 0] };
    expect([at(49), at(50), at(59), at(60)]).toEqual([
      { left: held1, one: 1, edge: 60 },
      { left: closed, one: 0, edge: 60 },
      { left: closed, one: 0, edge: 60 },
      { left: held1, one: Infinity, edge: 100 },
    ]);
  });
});
