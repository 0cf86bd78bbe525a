import { NodeProfile } from './node-profile.js';
import { NodeTimeline } from './node-timeline.js';
import type { Ask } from './profile.js';

const capacity = { cards: 2000, cores: 8000, memory: 1024 };
const half = { cards: 1000, cores: 1000, memory: 1 };
const whole = (nodes = 1): Ask => ({ nodes, shape: 0, perNode: capacity });
const part = (nodes = 1): Ask => ({ nodes, shape: 1, perNode: half });
type Held = readonly [node: number, from: number, until: number];
const hold = (profile: NodeProfile, [node, from, until]: Held, perNode = capacity) =>
  profile.occupy({ nodes: [node], count: 1, perNode }, from, until);

/** Time is cut into so few pieces that all nodes that might start are looked at in the first. */
function aProfile(count: number, held: readonly Held[] = [], spans = 2): NodeProfile {
  const profile = new NodeProfile(count, capacity, undefined, spans);
  profile.turnTo(0);
  for (const each of held) hold(profile, each);
  return profile;
}

describe('the first start that nodes have in common', () => {
  const cases: Record<string, { held: readonly Held[]; ask: Ask; seconds: number; want: number }> = {
    'is now where enough are free': { held: [[0, 0, 50]], ask: whole(2), seconds: 10, want: 0 },
    'is after a gap that is a second too short': { held: [[0, 9, 50], [1, 0, 50], [2, 0, 50]], ask: whole(), seconds: 10, want: 50 }, // prettier-ignore
    'is in a gap that is just long enough': { held: [[0, 10, 50], [1, 0, 50], [2, 0, 50]], ask: whole(), seconds: 10, want: 0 }, // prettier-ignore
    'is not where one has gone before the other has come, though a third comes later': {
      held: [[0, 0, 50], [1, 15, 100], [2, 0, 10]], // prettier-ignore
      ask: whole(2),
      seconds: 10,
      want: 50,
    },
    'is where one goes in the second in which they are done': {
      held: [[0, 0, 50], [1, 20, 100], [2, 0, 10]], // prettier-ignore
      ask: whole(2),
      seconds: 10,
      want: 10,
    },
    'is that of the latest of as many as are wanted': {
      held: [[0, 0, 30], [1, 0, 20], [2, 0, 10]], // prettier-ignore
      ask: whole(2),
      seconds: 10,
      want: 20,
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { held, ask, seconds, want }) => {
    for (const spans of [2, 10, 256]) expect(aProfile(3, held, spans).earliest(ask, seconds, 0)).toBe(want);
  });

  it('is not where one that comes later is taken for one that has gone', () => {
    const profile = aProfile(3, [[0, 0, 50], [1, 15, 100], [2, 0, 5], [2, 6, 10]]); // prettier-ignore
    expect(profile.earliest(whole(2), 10, 0)).toBe(50);
  });

  it('is not where a node only begins to have more, though not enough', () => {
    const profile = aProfile(3, [[0, 15, 100], [1, 0, 5], [1, 6, 10], [2, 0, 10]]); // prettier-ignore
    hold(profile, [2, 10, 50], half);
    expect(profile.earliest(whole(2), 10, 0)).toBe(50);
  });

  it('may be asked for the past', () => {
    const profile = aProfile(1, [[0, 30, 50]]);
    profile.turnTo(20);
    expect([0, 19, 20, 21, 26].map((from) => profile.earliest(whole(), 5, from))).toEqual([0, 19, 20, 21, 50]);
    expect(profile.earliest(whole(), 5, 0)).toBe(0);
  });

  it('of fewer nodes is found after that of more', () => {
    const profile = aProfile(2, [[1, 0, 100]]);
    expect(profile.earliest(whole(2), 10, 0)).toBe(100);
    expect(profile.earliest(whole(), 10, 0)).toBe(0);
  });

  it('is none at a bound or behind it, and found when asked for without one', () => {
    const profile = aProfile(1, [[0, 5, 40]]);
    expect(profile.earliest(whole(), 10, 0, 20)).toBe(Infinity);
    expect(profile.earliest(whole(), 10, 0, 40)).toBe(Infinity);
    expect(profile.earliest(whole(), 10, 0, 41)).toBe(40);
    expect(profile.earliest(whole(), 10, 0)).toBe(40);
    expect(profile.earliest(whole(), 5, 0)).toBe(0);
  });

  it('is earlier when something is given back', () => {
    const profile = aProfile(1);
    const undo = hold(profile, [0, 0, 40]);
    expect(profile.earliest(whole(), 10, 0)).toBe(40);
    undo();
    expect(profile.earliest(whole(), 10, 0)).toBe(0);
  });

  it('is earlier when a node is up again, and later when it is out', () => {
    const profile = aProfile(2, [[0, 0, 40]]);
    profile.setOut(new Set([1]));
    expect(profile.earliest(whole(), 10, 0)).toBe(40);
    profile.setOut(new Set());
    expect(profile.earliest(whole(), 10, 0)).toBe(0);
    profile.setOut(new Set([0]));
    expect(profile.earliest(whole(2), 10, 0)).toBe(Infinity);
  });
});

let looks: readonly jest.SpyInstance[] = [];
beforeEach(() => {
  looks = (['findSpan', 'room'] as const).map((name) => jest.spyOn(NodeTimeline.prototype, name));
});
afterEach(() => jest.restoreAllMocks());
const looksOf = (act: () => unknown): number => {
  for (const look of looks) look.mockClear();
  act();
  return looks.reduce((sum, look) => sum + look.mock.calls.length, 0);
};

/** Three nodes of which the first is free until 10; all that is known of them is known. */
function aKnownProfile(): NodeProfile {
  const profile = aProfile(3, [[0, 10, 50]]);
  profile.free(whole());
  return profile;
}
const free = (profile: NodeProfile) => profile.free(whole());
const looked: Record<string, { act: (profile: NodeProfile) => unknown; want: number }> = {
  'not where nothing has changed': { act: free, want: 0 },
  'not where the shape is another object with the same in it': {
    act: (profile) => profile.free({ ...whole(), perNode: { ...capacity } }),
    want: 0,
  },
  'all for another shape': { act: (profile) => profile.free(part()), want: 3 },
  'the one that has changed': { act: (profile) => (hold(profile, [1, 0, 5]), free(profile)), want: 1 },
  'none after an undo': { act: (profile) => (hold(profile, [1, 0, 5])(), free(profile)), want: 0 },
  'the one that had changed, after an undo of what was looked at': {
    act: (profile) => {
      const undo = hold(profile, [1, 0, 5]);
      free(profile);
      undo();
      free(profile);
    },
    want: 2,
  },
  'the one that was changed twice, after undos out of step': {
    act: (profile) => {
      const [first, second] = [hold(profile, [1, 0, 5]), hold(profile, [1, 7, 9])];
      first();
      free(profile);
      second();
      free(profile);
    },
    want: 2,
  },
  'only another that has changed, after an undo': {
    act: (profile) => {
      hold(profile, [1, 0, 5])();
      hold(profile, [2, 0, 5]);
      free(profile);
    },
    want: 1,
  },
  'only another that has changed, after windows lie again': {
    act: (profile) => {
      profile.setWindows([{ id: 'w', groupId: 'g', nodeIndices: [1, 2], from: 5, until: 9 }]);
      free(profile);
      profile.liftWindows()();
      hold(profile, [0, 60, 70]);
      free(profile);
    },
    want: 3,
  },
  'none as time goes by, as long as there is room': {
    act: (profile) => (profile.turnTo(9), free(profile)),
    want: 0,
  },
  'the one whose room is over': { act: (profile) => (profile.turnTo(10), free(profile)), want: 1 },
  'all when time goes back': {
    act: (profile) => {
      profile.turnTo(9);
      free(profile);
      profile.turnTo(8);
      free(profile);
    },
    want: 3,
  },
  'none that is out': { act: (profile) => (profile.setOut(new Set([1])), free(profile)), want: 0 },
  'the one that is up again': {
    act: (profile) => {
      profile.setOut(new Set([1]));
      free(profile);
      profile.setOut(new Set());
      free(profile);
    },
    want: 1,
  },
  'those that a window was laid on': {
    act: (profile) => {
      profile.setWindows([{ id: 'w', groupId: 'g', nodeIndices: [1, 2], from: 5, until: 9 }]);
      free(profile);
    },
    want: 2,
  },
  'none when windows were lifted and lie again': {
    act: (profile) => {
      profile.setWindows([{ id: 'w', groupId: 'g', nodeIndices: [1, 2], from: 5, until: 9 }]);
      free(profile);
      profile.liftWindows()();
      free(profile);
    },
    want: 2,
  },
  'none for more nodes than there are': { act: (profile) => profile.earliest(whole(4), 1, -5), want: 0 },
  'none for more than a node has': {
    act: (profile) => profile.earliest({ nodes: 1, shape: 2, perNode: { ...capacity, cards: 2001 } }, 1, 0),
    want: 0,
  },
  'each once to find a start where they all have room': {
    act: (profile) => profile.earliest(whole(3), 1, 20, 50),
    want: 3,
  },
  'no more to take what was found than to find it': {
    act: (profile) => {
      const ask = whole(2);
      profile.take(ask, profile.earliest(ask, 10, 0), 10);
    },
    want: 3,
  },
  'all to take what nobody asked for': { act: (profile) => profile.take(whole(2), 0, 10), want: 3 },
};

describe('how often nodes are looked at', () => {
  it.each(Object.entries(looked))('%s', (_sentence, { act, want }) => {
    const profile = aKnownProfile();
    expect(looksOf(() => act(profile))).toBe(want);
  });
});

describe('how often nodes are looked at for a start', () => {
  // Free for five seconds, then not until 40.
  const wish = (profile: NodeProfile, before: number): number => profile.earliest(whole(), 10, 0, before);
  const found: Record<string, { between?: (profile: NodeProfile) => unknown; before: number; want: number }> = {
    'not again before what was found': { before: 40, want: 0 },
    'again a second behind it': { before: 41, want: 1 },
    'not again where still more was taken': { between: (profile) => hold(profile, [0, 60, 70]), before: 40, want: 0 },
  };
  it.each(Object.entries(found))('%s', (_sentence, { between, before, want }) => {
    const profile = aProfile(1, [[0, 5, 40]]);
    expect(wish(profile, Infinity)).toBe(40);
    between?.(profile);
    expect(looksOf(() => wish(profile, before))).toBe(want);
  });

  it('not where all that is known is that there is no room before the bound', () => {
    const profile = aProfile(2, [[0, 0, 90], [1, 0, 90]]); // prettier-ignore
    hold(profile, [0, 95, 100], half);
    expect(profile.release(whole())).toBe(90);
    expect(looksOf(() => profile.earliest(whole(), 10, 0, 50))).toBe(0);
    expect(looksOf(() => profile.earliest(whole(), 10, 0, 90))).toBe(0);
  });

  it('not in a piece of time that begins at the bound', () => {
    const profile = aProfile(2, [[0, 20, 50], [1, 0, 20]], 10); // prettier-ignore
    expect(profile.release(whole(2))).toBe(20);
    expect(looksOf(() => profile.earliest(whole(2), 10, 0, 50))).toBe(0);
    expect(looksOf(() => profile.earliest(whole(2), 10, 0, 51))).toBeGreaterThan(0);
  });
});
