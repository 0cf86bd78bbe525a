import fc from 'fast-check';
import { CounterProfile } from './counter-profile.js';
import type { WindowModel } from './model.js';
import type { Ask, Holding } from './profile.js';
import { closing } from './testing/asks-and-holds.js';
import { runs } from './testing/runs.js';

const perNode = { cards: 1000, cores: 0, memory: 0 };
const ask = (nodes: number): Ask => ({ nodes, perNode, shape: 0 });
const hold = (count: number): Holding => ({ nodes: [], count, perNode });

/** Free nodes at each of the instants. */
function freeAt(profile: CounterProfile, instants: readonly number[]): number[] {
  return instants.map((at) => {
    profile.turnTo(at);
    return profile.free(ask(1));
  });
}

describe('nodes that go out and come back', () => {
  const profile = (): CounterProfile => {
    const three = new CounterProfile(3);
    three.setWindows([closing('w', [0], 10, 20)]);
    return three;
  };
  const cases: Record<string, { outs: readonly (readonly number[])[]; want: readonly number[] }> = {
    'none is out: the window takes its node': { outs: [[]], want: [3, 2, 2, 3] },
    'the one of the window is out: it is gone all the time, and not twice': { outs: [[0]], want: [2, 2, 2, 2] },
    'another is out: both count': { outs: [[1]], want: [2, 1, 1, 2] },
    'the one of the window comes back: the window takes it again': { outs: [[0], []], want: [3, 2, 2, 3] },
    'another goes in its stead': { outs: [[0], [1]], want: [2, 1, 1, 2] },
    'another goes besides': { outs: [[0], [0, 1]], want: [1, 1, 1, 1] },
    'the other of two comes back': { outs: [[0, 1], [0]], want: [2, 2, 2, 2] },
    'the same go out again': { outs: [[0], [0]], want: [2, 2, 2, 2] },
    'all are out': { outs: [[0, 1, 2]], want: [0, 0, 0, 0] },
    'all were out': { outs: [[0, 1, 2], []], want: [3, 2, 2, 3] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { outs, want }) => {
    const three = profile();
    for (const out of outs) three.setOut(new Set(out));
    expect(freeAt(three, [9, 10, 19, 20])).toEqual(want);
  });

  it('windows that come while a node is out take it once it is back', () => {
    const three = new CounterProfile(3);
    three.setOut(new Set([0]));
    three.setWindows([closing('w', [0, 1], 10, 20)]);
    expect(freeAt(three, [9, 10, 20])).toEqual([2, 1, 2]);
    three.setOut(new Set());
    expect(freeAt(three, [9, 10, 20])).toEqual([3, 1, 3]);
  });

  it('windows that went while a node was out do not take it once it is back', () => {
    const three = profile();
    three.setOut(new Set([0]));
    three.setWindows([]);
    three.setOut(new Set());
    expect(freeAt(three, [9, 10, 20])).toEqual([3, 3, 3]);
  });
});

describe('windows that come and go', () => {
  const long = closing('long', [0, 1], 10, 40);
  const short = closing('short', [1, 2], 20, 30);
  const instants = [9, 10, 19, 20, 29, 30, 39, 40];
  const cases: Record<string, { sets: readonly (readonly WindowModel[])[]; want: readonly number[] }> = {
    'both: a node in both once': { sets: [[long, short]], want: [4, 2, 2, 1, 1, 2, 2, 4] },
    'whichever came first': { sets: [[short], [short, long]], want: [4, 2, 2, 1, 1, 2, 2, 4] },
    'the short one goes, and the long one still holds the node of both': {
      sets: [[long, short], [long]],
      want: [4, 2, 2, 2, 2, 2, 2, 4],
    },
    'the long one goes': { sets: [[long, short], [short]], want: [4, 4, 4, 2, 2, 4, 4, 4] },
    'one is moved under its name': {
      sets: [
        [long, short],
        [closing('long', [0], 30, 40), short],
      ],
      want: [4, 4, 4, 2, 2, 3, 3, 4],
    },
    'the later of two of one name counts': {
      sets: [[long, closing('long', [3], 0, 10)]],
      want: [3, 4, 4, 4, 4, 4, 4, 4],
    },
    'all go': { sets: [[long, short], []], want: [4, 4, 4, 4, 4, 4, 4, 4] },
    'all go and come back': { sets: [[long], [], [long]], want: [4, 2, 2, 2, 2, 2, 2, 4] },
    'one of no node is nothing': { sets: [[closing('none', [], 0, 99)]], want: [4, 4, 4, 4, 4, 4, 4, 4] },
    'one without end': { sets: [[closing('ever', [3], 20, Infinity)]], want: [4, 4, 4, 3, 3, 3, 3, 3] },
    'one that has always been': { sets: [[closing('old', [3], -Infinity, 20)]], want: [3, 3, 3, 4, 4, 4, 4, 4] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { sets, want }) => {
    const profile = new CounterProfile(4);
    for (const windows of sets) profile.setWindows(windows);
    expect(freeAt(profile, instants)).toEqual(want);
  });

  const lifts: Record<string, { ids?: readonly string[]; want: readonly number[]; isNews: boolean }> = {
    'all, where none is named': { want: [4, 4, 4, 4, 4, 4, 4, 4], isNews: true },
    'the long one, and not what the short one has of it': {
      ids: ['long'],
      want: [4, 4, 4, 2, 2, 4, 4, 4],
      isNews: true,
    },
    'the short one, and not what the long one has of it': {
      ids: ['short'],
      want: [4, 2, 2, 2, 2, 2, 2, 4],
      isNews: true,
    },
    'nothing, where an unknown one is named': { ids: ['else'], want: [4, 2, 2, 1, 1, 2, 2, 4], isNews: false },
    'nothing, where nothing is named': { ids: [], want: [4, 2, 2, 1, 1, 2, 2, 4], isNews: false },
  };
  it.each(Object.entries(lifts))('are lifted: %s', (_sentence, { ids, want, isNews }) => {
    const profile = new CounterProfile(4);
    profile.setWindows([long, short]);
    const before = profile.version;
    const undo = profile.liftWindows(ids && new Set(ids));
    expect(profile.version !== before).toBe(isNews);
    expect(freeAt(profile, instants)).toEqual(want);
    undo();
    expect(profile.version).toBe(before);
    expect(freeAt(profile, instants)).toEqual([4, 2, 2, 1, 1, 2, 2, 4]);
  });

  it('are lifted one after the other, and come back as they went', () => {
    const profile = new CounterProfile(4);
    profile.setWindows([long, short]);
    const undoLong = profile.liftWindows(new Set(['long']));
    const undoRest = profile.liftWindows();
    expect(freeAt(profile, instants)).toEqual([4, 4, 4, 4, 4, 4, 4, 4]);
    undoRest();
    expect(freeAt(profile, instants)).toEqual([4, 4, 4, 2, 2, 4, 4, 4]);
    undoLong();
    expect(freeAt(profile, instants)).toEqual([4, 2, 2, 1, 1, 2, 2, 4]);
  });
});

describe('the version', () => {
  const window = closing('w', [0], 10, 20);
  const changes: Record<string, { change: (profile: CounterProfile) => unknown; isNews: boolean }> = {
    'stays where the same windows are set again': { change: (it) => it.setWindows([window]), isNews: false },
    'is new where an equal window is another': { change: (it) => it.setWindows([{ ...window }]), isNews: true },
    'is new where a window goes': { change: (it) => it.setWindows([]), isNews: true },
    'is new where nodes are out': { change: (it) => it.setOut(new Set([1])), isNews: true },
    'is new where somebody occupies': { change: (it) => it.occupy(hold(1), 0, 1), isNews: true },
    'is new where somebody vacates': { change: (it) => it.vacate(hold(1), 0, 1), isNews: true },
    'stays where time goes on': { change: (it) => it.turnTo(15), isNews: false },
    'stays where one asks': { change: (it) => it.earliest(ask(1), 10, 0), isNews: false },
  };
  it.each(Object.entries(changes))('%s', (_sentence, { change, isNews }) => {
    const profile = new CounterProfile(4);
    profile.setWindows([window]);
    const before = profile.version;
    change(profile);
    expect(profile.version !== before).toBe(isNews);
  });

  it('is never one of before where undos come in another order, though the nodes are all there again', () => {
    const profile = new CounterProfile(4);
    const seen = [profile.version];
    const undoFirst = profile.occupy(hold(1), 0, 10);
    seen.push(profile.version);
    const undoSecond = profile.occupy(hold(2), 5, 15);
    seen.push(profile.version);
    for (const undo of [undoFirst, undoSecond]) {
      undo();
      seen.push(profile.version);
    }
    expect(new Set(seen).size).toBe(5);
    expect([profile.longest(ask(4)), profile.nextEdge(-Infinity)]).toEqual([Infinity, Infinity]);
  });
});

describe('a count that has changed often', () => {
  const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
  const someNodes = fc.uniqueArray(whole(5), { maxLength: 3 });
  const stretch = fc.record({ from: whole(40), seconds: whole(20, 1), nodes: someNodes, count: whole(3, 1) });
  const state = fc.record({ out: someNodes, closed: fc.array(stretch, { maxLength: 3 }) });

  it('answers as one that has never known otherwise, and an earliest start under a bound as without', () => {
    fc.assert(
      fc.property(
        fc.array(state, { minLength: 1, maxLength: 4 }),
        fc.array(stretch, { maxLength: 6 }),
        fc.record({ nodes: whole(5, 1), seconds: whole(15, 1), from: whole(60), before: whole(90) }),
        (states, holds, { nodes, seconds, from, before }) => {
          const worn = new CounterProfile(5);
          for (const { from: start, seconds: length, count } of holds) worn.occupy(hold(count), start, start + length);
          for (const { out, closed } of states) {
            worn.setOut(new Set(out.filter((index) => index < 5)));
            worn.setWindows(closed.map((it, i) => closing(`w${i}`, it.nodes, it.from, it.from + it.seconds)));
          }
          const last = states.at(-1)!;
          const fresh = new CounterProfile(5);
          fresh.setWindows(last.closed.map((it, i) => closing(`w${i}`, it.nodes, it.from, it.from + it.seconds)));
          fresh.setOut(new Set(last.out.filter((index) => index < 5)));
          const kept = holds.filter((_, i) => i % 2 === 0);
          for (const it of kept) fresh.occupy(hold(it.count), it.from, it.from + it.seconds);
          const gone = holds.filter((_, i) => i % 2 === 1);
          for (const it of gone) worn.vacate(hold(it.count), it.from, it.from + it.seconds);
          const instants = Array.from({ length: 70 }, (_, second) => second - 2);
          expect(freeAt(worn, instants)).toEqual(freeAt(fresh, instants));
          expect(instants.map((at) => worn.nextEdge(at))).toEqual(instants.map((at) => fresh.nextEdge(at)));
          const start = fresh.earliest(ask(nodes), seconds, from);
          const bounded = worn.earliest(ask(nodes), seconds, from, before);
          expect(start < before ? bounded === start : bounded >= before).toBe(true);
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('keeps hundreds of steps apart, and none once all is given back', () => {
    const profile = new CounterProfile(2);
    const undos = Array.from({ length: 300 }, (_, i) => profile.occupy(hold(1 + (i % 2)), 10 * i, 10 * i + 5));
    expect(freeAt(profile, [0, 4, 5, 10, 14, 15, 2990, 2994, 2995])).toEqual([1, 1, 2, 0, 0, 2, 0, 0, 2]);
    expect(profile.earliest(ask(1), 16, 0)).toBe(2995);
    expect(profile.earliest(ask(1), 15, 0)).toBe(15);
    for (const undo of undos) undo();
    expect(profile.nextEdge(-Infinity)).toBe(Infinity);
    expect(profile.longest(ask(2))).toBe(Infinity);
  });
});
