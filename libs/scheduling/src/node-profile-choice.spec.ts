import { NodeProfile } from './node-profile.js';
import type { Ask, Holding } from './profile.js';
import { askFor, closing, heldOn, twoCards } from './testing/asks-and-holds.js';
import type { Vector } from './vector.js';

function aProfile(count: number, holds: readonly Holding[] = [], spans?: number): NodeProfile {
  const profile = new NodeProfile(count, twoCards, undefined, spans);
  profile.turnTo(0);
  for (const hold of holds) profile.occupy(hold, -Infinity, 100);
  return profile;
}

describe('on which nodes an attempt is put that has not told', () => {
  const cases: Record<string, { holds?: Holding[]; out?: number[]; count: number; want: number[] }> = {
    'the node with most of its cards left': { holds: [heldOn(0, 500), heldOn(1, 2000)], count: 1, want: [2] },
    'then the one with the next most, told by index': {
      holds: [heldOn(0, 2000), heldOn(1, 500), heldOn(2, 1000)],
      count: 2,
      want: [1, 2],
    },
    'told by index, whichever has more': { holds: [heldOn(0, 500), heldOn(1, 2000)], count: 2, want: [0, 2] },
    'of nodes with as many cards, the one with more cores': {
      holds: [heldOn(0, 500, 3000), heldOn(1, 500, 2000), heldOn(2, 500, 3000)],
      count: 1,
      want: [1],
    },
    'cards go before cores': {
      holds: [heldOn(0, 250, 8000), heldOn(1, 500), heldOn(2, 500)],
      count: 1,
      want: [0],
    },
    'of equal ones the smallest index': { count: 2, want: [0, 1] },
    'one that is out only after all others': { out: [0], count: 1, want: [1] },
    'even where the others are fuller': { holds: [heldOn(1, 500), heldOn(2, 2000)], out: [0], count: 2, want: [1, 2] },
    'but it must be somewhere': { out: [0, 2], count: 2, want: [0, 1] },
    'of those that are out, first the one with most left': {
      holds: [heldOn(0, 2000)],
      out: [0, 1, 2],
      count: 2,
      want: [1, 2],
    },
    'all there are, where there are not so many': { out: [1], count: 9, want: [0, 1, 2] },
    'none, where none is wanted': { count: 0, want: [] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, out = [], count, want }) => {
    const profile = aProfile(3, holds);
    profile.setOut(new Set(out));
    expect(profile.leastLoaded(count)).toEqual(want);
  });

  it('goes by what is left now, not before', () => {
    const profile = aProfile(2, [heldOn(0, 500)]);
    expect(profile.leastLoaded(1)).toEqual([1]);
    profile.turnTo(100);
    expect(profile.leastLoaded(1)).toEqual([0]);
  });
});

describe('on which nodes a reservation is put', () => {
  const cases: Record<string, { holds?: Holding[]; out?: number[]; ask: Ask; want: number[] }> = {
    'the one with fewest of its cards left': { holds: [heldOn(1, 500)], ask: askFor(250), want: [1] },
    'of those, with fewest cores': { holds: [heldOn(0, 500), heldOn(1, 500, 2000)], ask: askFor(250), want: [1] },
    'fewest cards go before fewest cores': {
      holds: [heldOn(0, 250, 7000), heldOn(1, 500)],
      ask: askFor(250),
      want: [1],
    },
    'of equal ones the smallest index': { holds: [heldOn(1, 500), heldOn(2, 500)], ask: askFor(250), want: [1] },
    'not one with too little left': { holds: [heldOn(0, 1500)], ask: askFor(750), want: [1] },
    'one with just enough': { holds: [heldOn(2, 1500)], ask: askFor(500), want: [2] },
    'not one that is out': { holds: [heldOn(0, 500)], out: [0], ask: askFor(250), want: [1] },
    'a gang on the tightest, told by index': { holds: [heldOn(2, 500)], ask: askFor(250, { nodes: 2 }), want: [0, 2] },
  };
  // What was asked for before is at hand, and must lead to the same nodes as looking at all of them.
  const ways = { 'at a time that was asked for': true, 'at a time that nobody asked for': false };
  describe.each(Object.entries(ways))('%s', (_way, isAsked) => {
    it.each(Object.entries(cases))('%s', (_sentence, { holds, out = [], ask: asked, want }) => {
      const profile = aProfile(3, holds);
      profile.setOut(new Set(out));
      const start = isAsked ? profile.earliest(asked, 10, 50) : 50;
      expect(start).toBe(50);
      expect(profile.take(asked, start, 10).nodes).toEqual(want);
    });

    it('a stretch that just fits before a window is room enough', () => {
      const profile = aProfile(1);
      profile.setWindows([closing('w', [0], 60, 90)]);
      const asked = askFor(2000);
      const start = isAsked ? profile.earliest(asked, 60, 0) : 0;
      expect(start).toBe(0);
      expect(profile.take(asked, start, 60).nodes).toEqual([0]);
      expect(profile.longest(askFor(2000))).toBe(0);
    });
  });

  it('leaves alone the nodes that start only later, though they were looked at', () => {
    const profile = aProfile(3, [], 2);
    profile.occupy(heldOn(0, 2000), 0, 30);
    profile.occupy(heldOn(1, 500), 100, 200);
    const asked = askFor(1000);
    expect(profile.earliest(asked, 10, 5)).toBe(5);
    expect(profile.take(asked, 5, 10).nodes).toEqual([1]);
  });

  it('looks at all nodes again where it lasts longer than was asked for', () => {
    const profile = aProfile(2);
    profile.occupy(heldOn(0, 2000), 20, 30);
    const asked = askFor(2000);
    expect(profile.earliest(asked, 10, 0)).toBe(0);
    expect(profile.take(asked, 0, 25).nodes).toEqual([1]);
  });

  it('looks at all nodes again where it lasts less than was asked for', () => {
    const profile = aProfile(2);
    profile.occupy(heldOn(0, 2000), 20, 30);
    const asked = askFor(2000);
    expect(profile.earliest(asked, 25, 0)).toBe(0);
    expect(profile.take(asked, 0, 20).nodes).toEqual([0]);
  });

  it('says what to do where there is no room', () => {
    expect(() => aProfile(1, [heldOn(0, 2000)]).take(askFor(250), 99, 10)).toThrow(
      '1 nodes were to be taken for 10 s from 99, but only 0 have room: ' +
        'ask longest() or earliest() first, and take at the time they answer',
    );
  });

  it('is held from its start on, and a start of now since ever', () => {
    const profile = aProfile(1);
    profile.take(askFor(1000), 50, 10);
    profile.take(askFor(1000), 0, 10);
    const seen = [-9, 0, 9, 10, 49, 50, 59, 60].map((now) => {
      profile.turnTo(now);
      return profile.free(askFor(1500));
    });
    expect(seen).toEqual([0, 0, 0, 1, 1, 0, 0, 1]);
  });

  it('nothing is held on a node that is not there', () => {
    const profile = aProfile(1);
    const undo = profile.occupy(heldOn(1, 2000), 0, 10);
    expect([profile.free(askFor(2000)), profile.lastChangeOf(0)]).toEqual([1, -Infinity]);
    undo();
    expect(profile.nextEdge(-1)).toBe(Infinity);
  });
});

describe('shapes whose number was another shape before', () => {
  const cases: Record<string, { before: Vector; after: Vector; want: [before: number, after: number] }> = {
    'with other cards': {
      before: { cards: 1500, cores: 1000, memory: 1 },
      after: { cards: 1501, cores: 1000, memory: 1 },
      want: [2, 1],
    },
    'with other cores': {
      before: { cards: 1000, cores: 7000, memory: 1 },
      after: { cards: 1000, cores: 7001, memory: 1 },
      want: [2, 1],
    },
    'with other memory': {
      before: { cards: 1000, cores: 1000, memory: 1023 },
      after: { cards: 1000, cores: 1000, memory: 1024 },
      want: [2, 1],
    },
    'with nothing in common': {
      before: { cards: 1501, cores: 7001, memory: 1024 },
      after: { cards: 1500, cores: 7000, memory: 1023 },
      want: [1, 2],
    },
    'in another place': {
      before: { cards: 1500, cores: 7000, memory: 1023 },
      after: { cards: 1500, cores: 7000, memory: 1023 },
      want: [2, 2],
    },
  };
  it.each(Object.entries(cases))('are told apart %s', (_sentence, { before, after, want }) => {
    const profile = aProfile(2, [heldOn(0, 500)]);
    const free = (perNode: Vector): number => profile.free({ nodes: 1, shape: 3, perNode });
    expect([free(before), free(after)]).toEqual(want);
  });
});

describe('states of nodes', () => {
  const whole = askFor(2000);
  const longest = (profile: NodeProfile): number[] => [1, 2].map((nodes) => profile.longest({ ...whole, nodes }));

  it('are as they were after undos in step', () => {
    const profile = aProfile(2);
    const first = profile.occupy(heldOn(0, 2000), 50, 60);
    const second = profile.occupy(heldOn(0, 2000), 30, 40);
    expect(longest(profile)).toEqual([Infinity, 30]);
    second();
    expect(longest(profile)).toEqual([Infinity, 50]);
    first();
    expect(longest(profile)).toEqual([Infinity, Infinity]);
  });

  it('are as they never were after undos out of step', () => {
    const profile = aProfile(2);
    expect(longest(profile)).toEqual([Infinity, Infinity]);
    const first = profile.occupy(heldOn(0, 2000), 50, 60);
    expect(longest(profile)).toEqual([Infinity, 50]);
    const second = profile.occupy(heldOn(0, 2000), 30, 40);
    first();
    expect(longest(profile)).toEqual([Infinity, 30]);
    second();
    expect(longest(profile)).toEqual([Infinity, Infinity]);
  });

  it('of one node are not those of another that changed in between', () => {
    const profile = aProfile(2);
    const first = profile.occupy(heldOn(0, 2000), 50, 60);
    const second = profile.occupy(heldOn(1, 2000), 30, 40);
    expect(longest(profile)).toEqual([50, 30]);
    first();
    expect(longest(profile)).toEqual([Infinity, 30]);
    second();
    expect(longest(profile)).toEqual([Infinity, Infinity]);
  });

  it('are as they were when windows lie again, whatever is asked meanwhile', () => {
    const profile = aProfile(2);
    profile.setWindows([closing('w', [0], 30, 40), closing('v', [0, 1], 50, 60)]);
    const both = profile.liftWindows();
    expect(longest(profile)).toEqual([Infinity, Infinity]);
    // Nothing lies any more, so there is nothing to lift, nor to lay again.
    const before = profile.version;
    profile.liftWindows();
    expect(profile.version).toBe(before);
    expect(longest(profile)).toEqual([Infinity, Infinity]);
    both();
    expect(longest(profile)).toEqual([50, 30]);
    const one = profile.liftWindows(new Set(['v']));
    expect(longest(profile)).toEqual([Infinity, 30]);
    const other = profile.liftWindows();
    expect(longest(profile)).toEqual([Infinity, Infinity]);
    other();
    one();
    expect(longest(profile)).toEqual([50, 30]);
  });

  it('change where one window takes the place of another', () => {
    const profile = aProfile(2);
    profile.setWindows([closing('w', [0], 30, 40)]);
    const before = profile.version;
    expect(longest(profile)).toEqual([Infinity, 30]);
    profile.setWindows([closing('v', [1], 20, 25)]);
    expect(longest(profile)).toEqual([Infinity, 20]);
    expect(profile.version).toBeGreaterThan(before);
  });
});
