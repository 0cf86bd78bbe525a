import { CounterProfile } from './counter-profile.js';
import { DeviceProfile } from './device-profile.js';
import type { WindowModel } from './model.js';
import { NodeProfile } from './node-profile.js';
import type { Ask, Profile, Undo } from './profile.js';
import { closing } from './testing/asks-and-holds.js';

const perNode = { cards: 2000, cores: 8000, memory: 1024 };
/** What is asked of every profile alike: a group of four nodes that are used whole. */
const kinds: Record<string, () => Profile> = {
  'nodes without names': () => new CounterProfile(4),
  'named nodes': () => new NodeProfile(4, perNode),
  'nodes with shared cards': () => new DeviceProfile(4, perNode, 2),
};
const ask = (nodes: number): Ask => ({ nodes, shape: 0, perNode });
const hold = (profile: Profile, nodes: number[], from: number, until: number): Undo =>
  profile.occupy({ nodes, count: nodes.length, perNode, devices: nodes.map(() => [0, 1]) }, from, until);
const longest = (profile: Profile): number[] => [1, 2, 3, 4, 5].map((nodes) => profile.longest(ask(nodes)));

/** Four are free until 10, two until 20, four until 30, none until 40, and four from then on. */
function aProfile(make: () => Profile): Profile {
  const profile = make();
  profile.turnTo(0);
  hold(profile, [0, 1], 10, 20);
  hold(profile, [0, 1, 2, 3], 30, 40);
  return profile;
}

describe.each(Object.entries(kinds))('%s: when enough are to be had together', (_name, make) => {
  const cases: Record<
    string,
    { question: [nodes: number, seconds: number, from: number, before?: number]; want: number }
  > = {
    'at once, where it ends in the second in which others begin': { question: [3, 10, 0], want: 0 },
    'later, where it would last a second longer': { question: [3, 11, 0], want: 40 },
    'in a gap that is just long enough': { question: [3, 10, 1], want: 20 },
    'at the very instant that is asked about': { question: [4, 10, 20], want: 20 },
    'after the gap, where only less of it is left': { question: [4, 10, 21], want: 40 },
    'at once beside others that leave enough': { question: [2, 30, 0], want: 0 },
    'later, where even those run out a second too early': { question: [2, 31, 0], want: 40 },
    'in the middle of others': { question: [2, 1, 15], want: 15 },
    'after all, without an end': { question: [4, 1e9, 5], want: 40 },
    'never more than there are': { question: [5, 1, 0], want: Infinity },
    'before a bound that is a second later': { question: [3, 11, 0, 41], want: 40 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { question: [nodes, seconds, from, before], want }) => {
    expect(aProfile(make).earliest(ask(nodes), seconds, from, before)).toBe(want);
  });

  it('nothing below a bound is answered where there is nothing', () => {
    const profile = aProfile(make);
    expect(profile.earliest(ask(3), 11, 0, 40)).toBeGreaterThanOrEqual(40);
    expect(profile.earliest(ask(1), 1, 30, 35)).toBeGreaterThanOrEqual(35);
  });
});

describe.each(Object.entries(kinds))('%s: what there is at an instant', (_name, make) => {
  interface Moment {
    readonly now: number;
    readonly free: number;
    readonly longest: number[];
    readonly release: number;
    readonly edge: number;
  }
  const moments: Record<string, Moment> = {
    'before anything begins': { now: 9, free: 4, longest: [21, 21, 1, 1, 0], release: 9, edge: 20 },
    'as it begins': { now: 10, free: 2, longest: [20, 20, 0, 0, 0], release: 20, edge: 20 },
    'in its last second': { now: 19, free: 2, longest: [11, 11, 0, 0, 0], release: 20, edge: 20 },
    'as it ends': { now: 20, free: 4, longest: [10, 10, 10, 10, 0], release: 20, edge: 40 },
    'while nothing is free': { now: 39, free: 0, longest: [0, 0, 0, 0, 0], release: 40, edge: 40 },
    'when all is over': {
      now: 40,
      free: 4,
      longest: [Infinity, Infinity, Infinity, Infinity, 0],
      release: 40,
      edge: Infinity,
    },
  };
  const asSeenAt = (profile: Profile, now: number): Moment => {
    profile.turnTo(now);
    return {
      now,
      free: profile.free(ask(1)),
      longest: longest(profile),
      release: profile.release(ask(3)),
      edge: profile.nextEdge(now),
    };
  };
  it.each(Object.entries(moments))('%s', (_sentence, moment) => {
    expect(asSeenAt(aProfile(make), moment.now)).toEqual(moment);
  });

  it('is the same whether one comes from before or from after', () => {
    const profile = aProfile(make);
    const all = Object.values(moments);
    expect([...all, ...all.toReversed()].map(({ now }) => asSeenAt(profile, now))).toEqual([
      ...all,
      ...all.toReversed(),
    ]);
  });

  it('has no edge where one hold follows another like it', () => {
    const profile = make();
    profile.turnTo(0);
    hold(profile, [0], -Infinity, 10);
    hold(profile, [0], 10, 25);
    hold(profile, [1], 5, 15);
    expect([0, 10, 14, 15, 25].map((after) => profile.nextEdge(after))).toEqual([15, 15, 15, 25, Infinity]);
  });
});

describe.each(Object.entries(kinds))('%s: holds', (_name, make) => {
  const aProfile = (): Profile => {
    const profile = make();
    profile.turnTo(0);
    return profile;
  };
  const freeAt = (profile: Profile, times: readonly number[]): number[] =>
    times.map((now) => {
      profile.turnTo(now);
      return profile.free(ask(1));
    });

  it('of starts of now are since ever, those of later from then on', () => {
    const profile = aProfile();
    profile.take(ask(1), 0, 10);
    profile.take(ask(2), 20, 10);
    expect(freeAt(profile, [-5, 0, 9, 10, 19, 20, 29, 30])).toEqual([3, 3, 3, 4, 4, 2, 2, 4]);
  });

  it('of a second, and of none', () => {
    const profile = aProfile();
    hold(profile, [0], 5, 6);
    hold(profile, [1], 8, 8);
    hold(profile, [2], 9, 8);
    expect(freeAt(profile, [4, 5, 6, 8, 9])).toEqual([4, 3, 4, 4, 4]);
  });

  it('that have no end are there for ever', () => {
    const profile = aProfile();
    hold(profile, [0, 1, 2], 5, Infinity);
    expect([freeAt(profile, [4, 5, 1e9]), profile.earliest(ask(2), 1, 5)]).toEqual([[4, 1, 1], Infinity]);
  });

  it('are given back to leave no trace, hundreds of them, the latest first', () => {
    const profile = aProfile();
    const { version } = profile;
    const undos = Array.from({ length: 300 }, (_, i) => hold(profile, [i % 4], 3 * i, 3 * i + 2));
    expect(profile.nextEdge(0)).toBe(2);
    expect(profile.nextEdge(897)).toBe(899);
    expect(profile.earliest(ask(4), 2, 1)).toBe(899);
    expect(profile.earliest(ask(4), 1, 300)).toBe(302);
    for (const undo of undos.toReversed()) undo();
    expect([profile.version, profile.nextEdge(-1), profile.longest(ask(4))]).toEqual([version, Infinity, Infinity]);
  });

  it('are vacated as they were laid, to a state of its own number', () => {
    const profile = aProfile();
    const before = profile.version;
    hold(profile, [0, 1], 0, 10);
    const holding = { nodes: [0, 1], count: 2, perNode, devices: [[0, 1], [0, 1]] }; // prettier-ignore
    expect(profile.free(ask(1))).toBe(2);
    const held = profile.version;
    profile.vacate(holding, 0, 10);
    expect([profile.free(ask(1)), profile.nextEdge(0), profile.longest(ask(4))]).toEqual([4, Infinity, Infinity]);
    expect([before, held]).not.toContain(profile.version);
  });
});

const closedOff = (make: () => Profile, windows: readonly WindowModel[] = [], out: readonly number[] = []): Profile => {
  const profile = make();
  profile.turnTo(0);
  profile.setWindows(windows);
  profile.setOut(new Set(out));
  return profile;
};
const ever = Infinity;

describe.each(Object.entries(kinds))('%s: windows and nodes that are out', (_name, make) => {
  interface Case {
    readonly windows?: WindowModel[];
    readonly out?: number[];
    readonly want: number[];
  }
  const cases: Record<string, Case> = {
    'a window closes its nodes': { windows: [closing('w', [0, 1], 50, 90)], want: [ever, ever, 50, 50, 0] },
    'a node in two windows is closed once': {
      windows: [closing('w', [0], 50, 90), closing('v', [0], 60, 95)],
      want: [ever, ever, ever, 50, 0],
    },
    'different nodes at different times': {
      windows: [closing('w', [0], 50, 90), closing('v', [1], 60, 95)],
      want: [ever, ever, 60, 50, 0],
    },
    'a node that is out cannot be had': { out: [2], want: [ever, ever, ever, 0, 0] },
    'one that is out is not closed once more': {
      windows: [closing('w', [0, 1], 50, 90)],
      out: [0],
      want: [ever, ever, 50, 0, 0],
    },
    'nodes that are not there are closed to no harm': {
      windows: [closing('w', [4, 9], 50, 90)],
      want: [ever, ever, ever, ever, 0],
    },
    'a window that is over closes nothing': { windows: [closing('w', [0], -50, 0)], want: [ever, ever, ever, ever, 0] },
    'a window that begins now': { windows: [closing('w', [0], 0, 9)], want: [ever, ever, ever, 0, 0] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { windows, out, want }) => {
    expect(longest(closedOff(make, windows, out))).toEqual(want);
  });
});

describe.each(Object.entries(kinds))('%s: windows that come and go', (_name, make) => {
  it('come and go in whatever order to the same', () => {
    const [w, v] = [closing('w', [0, 1], 50, 90), closing('v', [1, 2], 70, 95)];
    const profile = closedOff(make, [w], [0]);
    profile.setWindows([w, v]);
    profile.setOut(new Set([1]));
    expect(longest(profile)).toEqual([ever, 70, 50, 0, 0]);
    profile.setOut(new Set());
    expect(longest(profile)).toEqual([ever, 70, 50, 50, 0]);
    profile.setWindows([v]);
    expect(longest(profile)).toEqual([ever, ever, 70, 70, 0]);
    profile.setWindows([]);
    expect([longest(profile), profile.nextEdge(0)]).toEqual([[ever, ever, ever, ever, 0], ever]);
  });

  it('are lifted within a lift, each back where it was', () => {
    const profile = closedOff(make, [closing('w', [0], 50, 90), closing('v', [1], 60, 95)]);
    const { version } = profile;
    const layOne = profile.liftWindows(new Set(['v', 'another']));
    expect(longest(profile)).toEqual([ever, ever, ever, 50, 0]);
    const layRest = profile.liftWindows();
    expect(longest(profile)).toEqual([ever, ever, ever, ever, 0]);
    profile.liftWindows()();
    layRest();
    expect(longest(profile)).toEqual([ever, ever, ever, 50, 0]);
    layOne();
    expect([longest(profile), profile.version]).toEqual([[ever, ever, 60, 50, 0], version]);
  });

  it('have new numbers of states, and the same where nothing changes', () => {
    const profile = closedOff(make);
    const seen = [profile.version];
    const isNew = (act: () => void): boolean => {
      act();
      const is = !seen.includes(profile.version);
      seen.push(profile.version);
      return is;
    };
    const window = closing('w', [0], 50, 90);
    expect(isNew(() => profile.setWindows([window]))).toBe(true);
    expect(isNew(() => profile.setWindows([window]))).toBe(false);
    expect(isNew(() => void profile.liftWindows(new Set(['another'])))).toBe(false);
    expect(isNew(() => profile.setWindows([]))).toBe(true);
    expect(isNew(() => profile.setOut(new Set([1])))).toBe(true);
    expect(isNew(() => profile.turnTo(7))).toBe(false);
  });

  it('over what runs leave nothing, and not less', () => {
    const profile = closedOff(make);
    hold(profile, [0, 1, 2], -Infinity, 100);
    profile.setWindows([closing('w', [2, 3], 0, 50)]);
    expect([profile.free(ask(1)), profile.longest(ask(1)), profile.nextEdge(0)]).toEqual([0, 0, 50]);
  });
});
