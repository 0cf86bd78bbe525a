import fc from 'fast-check';
import { NodeProfile } from './node-profile.js';
import type { Ask } from './profile.js';

const capacity = { cards: 8000, cores: 64_000, memory: 1024 };
const shapes = [1000, 2000, 4000, 8000];
const ask = (nodes: number, shape: number): Ask => ({
  nodes,
  shape,
  perNode: { cards: shapes[shape]!, cores: 1000, memory: 1 },
});
const WHOLE = 3;

describe('free vectors of named nodes over time', () => {
  it('takes the nodes with fewest cards left, then the lowest index', () => {
    const profile = new NodeProfile(4, capacity);
    profile.turnTo(0);
    profile.occupy({ nodes: [2], count: 1, perNode: ask(1, 1).perNode }, -Infinity, 100);
    expect(profile.take(ask(2, 0), 0, 50).nodes).toEqual([0, 2]);
  });

  it('does not give nodes that are not up, nor start what would run into a window', () => {
    const profile = new NodeProfile(3, capacity);
    profile.turnTo(0);
    profile.setOut(new Set([1]));
    profile.setWindows([{ id: 'w', groupId: 'g', nodeIndices: [0], from: 60, until: 90 }]);
    expect(profile.free(ask(1, WHOLE))).toBe(2);
    expect(profile.longest(ask(2, WHOLE))).toBe(60);
    expect(profile.earliest(ask(2, WHOLE), 61, 0)).toBe(90);
    expect(profile.take(ask(1, WHOLE), 0, 100).nodes).toEqual([2]);
    expect(profile.earliest(ask(3, WHOLE), 1, 0)).toBe(Infinity);
  });

  it('gives a gap of its own to a short job while a long one waits for nodes to overlap', () => {
    const profile = new NodeProfile(2, capacity);
    profile.turnTo(0);
    profile.occupy({ nodes: [0], count: 1, perNode: capacity }, 20, 40);
    profile.occupy({ nodes: [1], count: 1, perNode: capacity }, -Infinity, 10);
    expect(profile.earliest(ask(2, WHOLE), 10, 0)).toBe(10);
    expect(profile.earliest(ask(2, WHOLE), 11, 0)).toBe(40);
    expect(profile.release(ask(2, WHOLE))).toBe(10);
  });

  it('agrees with looking at every node second by second, and undo leaves no trace', () => {
    const span = fc.record({
      nodes: fc.integer({ min: 1, max: 3 }),
      shape: fc.integer({ min: 0, max: 3 }),
      from: fc.integer({ min: 0, max: 25 }),
      seconds: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), span, (held, wanted) => {
        const profile = new NodeProfile(3, capacity);
        profile.turnTo(0);
        const cards = Array.from({ length: 3 }, () => Array.from({ length: 400 }, () => 8000));
        const undos = held.map((h) => {
          const start = profile.earliest(ask(h.nodes, h.shape), h.seconds, h.from);
          const taken = profile.take(ask(h.nodes, h.shape), start, h.seconds);
          for (const node of taken.nodes)
            for (let s = start; s < start + h.seconds; s++) cards[node]![s]! -= shapes[h.shape]!;
          return taken.undo;
        });
        expect(Math.min(...cards.flat())).toBeGreaterThanOrEqual(0);
        const able = (start: number): number =>
          cards.filter((node) =>
            node.slice(start, start + wanted.seconds).every((free) => free >= shapes[wanted.shape]!),
          ).length;
        let want = wanted.from;
        while (able(want) < wanted.nodes) want++;
        expect(profile.earliest(ask(wanted.nodes, wanted.shape), wanted.seconds, wanted.from)).toBe(want);
        expect(profile.longest(ask(wanted.nodes, wanted.shape)) >= wanted.seconds).toBe(able(0) >= wanted.nodes);
        for (const undo of undos.reverse()) undo();
        expect([0, 1, 2].map((index) => profile.lastChangeOf(index))).toEqual([-Infinity, -Infinity, -Infinity]);
        expect(profile.longest(ask(3, WHOLE))).toBe(Infinity);
      }),
    );
  });
});

describe('what the planner needs of a profile of named nodes', () => {
  const window = { id: 'w', groupId: 'g', nodeIndices: [0], from: 60, until: 90 };
  const other = { ...window, id: 'v', nodeIndices: [1], from: 80, until: 100 };

  it('need not answer at or after a bound', () => {
    const profile = new NodeProfile(2, capacity);
    profile.turnTo(0);
    profile.occupy({ nodes: [0, 1], count: 2, perNode: capacity }, -Infinity, 50);
    expect(profile.earliest(ask(1, WHOLE), 10, 0, 51)).toBe(50);
    expect(profile.earliest(ask(1, WHOLE), 10, 0, 50)).toBeGreaterThanOrEqual(50);
    expect(profile.earliest(ask(1, WHOLE), 10, 50, 50)).toBeGreaterThanOrEqual(50);
  });

  it('lifts only the windows that are named, and what was taken meanwhile stays under them', () => {
    const profile = new NodeProfile(2, capacity);
    profile.turnTo(0);
    profile.setWindows([window, other]);
    const lay = profile.liftWindows(new Set(['w']));
    expect(profile.longest(ask(1, WHOLE))).toBe(Infinity);
    expect(profile.longest(ask(2, WHOLE))).toBe(80);
    const taken = profile.take(ask(1, WHOLE), 0, 70);
    expect(taken.nodes).toEqual([0]);
    lay();
    expect(profile.earliest(ask(1, WHOLE), 21, 0)).toBe(0);
    expect(profile.earliest(ask(2, WHOLE), 1, 0)).toBe(100);
    taken.undo();
    expect(profile.longest(ask(2, WHOLE))).toBe(60);
  });

  it('tells when anything is next given back, on nodes that are up', () => {
    const profile = new NodeProfile(3, capacity);
    profile.turnTo(0);
    profile.setWindows([window]);
    profile.occupy({ nodes: [1], count: 1, perNode: ask(1, 0).perNode }, -Infinity, 40);
    profile.occupy({ nodes: [2], count: 1, perNode: ask(1, 0).perNode }, -Infinity, 30);
    expect([0, 29, 30, 39, 40, 89, 90].map((after) => profile.nextEdge(after))).toEqual([
      30,
      30,
      40,
      40,
      90,
      90,
      Infinity,
    ]);
    profile.setOut(new Set([2]));
    expect(profile.nextEdge(0)).toBe(40);
  });
});

describe('states and blocks of named nodes', () => {
  it('has a new version after every change, and the old one after its undo', () => {
    const window = { id: 'w', groupId: 'g', nodeIndices: [0], from: 60, until: 90 };
    const profile = new NodeProfile(2, capacity);
    const seen = [profile.version];
    const note = (): void => {
      expect(seen).not.toContain(profile.version);
      seen.push(profile.version);
    };
    profile.turnTo(5);
    expect(profile.version).toBe(seen[0]);
    profile.occupy({ nodes: [0], count: 1, perNode: capacity }, 0, 10);
    note();
    profile.vacate({ nodes: [0], count: 1, perNode: capacity }, 0, 10);
    note();
    profile.setOut(new Set([1]));
    note();
    profile.setWindows([window]);
    note();
    profile.setWindows([window]);
    expect(profile.version).toBe(seen.at(-1));
    const before = profile.version;
    const lay = profile.liftWindows();
    note();
    const { undo } = profile.take(ask(1, 0), 5, 10);
    note();
    undo();
    lay();
    expect(profile.version).toBe(before);
  });
});

describe('topology blocks of named nodes', () => {
  it('keeps a gang in the tightest block that holds it, and a single node where it fits tightest', () => {
    const profile = new NodeProfile(6, capacity, [0, 0, 0, 1, 1, 0]);
    profile.turnTo(0);
    profile.occupy({ nodes: [0], count: 1, perNode: ask(1, 1).perNode }, -Infinity, 100);
    expect(profile.take(ask(2, 0), 0, 10).nodes).toEqual([3, 4]);
    expect(profile.take(ask(1, 0), 0, 10).nodes).toEqual([0]);
    expect(profile.take(ask(5, 0), 0, 10).nodes).toEqual([0, 1, 2, 3, 5]);
  });
});

describe('taking nodes of a profile', () => {
  it('says so when the nodes are not there, whether asked before or not', () => {
    const profile = new NodeProfile(2, capacity);
    profile.turnTo(0);
    profile.occupy({ nodes: [1], count: 1, perNode: capacity }, 30, 40);
    const both = ask(2, WHOLE);
    expect(() => profile.take(both, 0, 31)).toThrow('2 nodes were to be taken for 31 s from 0, but only 1 have room');
    expect(profile.earliest(both, 31, 0)).toBe(40);
    expect(() => profile.take(both, 0, 31)).toThrow('only 1 have room');
    expect(profile.take(both, 40, 31).nodes).toEqual([0, 1]);
  });

  it('looks again at the nodes when something changed since the time was asked for', () => {
    const profile = new NodeProfile(3, capacity);
    profile.turnTo(0);
    const one = ask(1, WHOLE);
    expect(profile.earliest(one, 10, 0)).toBe(0);
    const { undo } = profile.take(one, 0, 10);
    expect(profile.take(one, 0, 10).nodes).toEqual([1]);
    expect(profile.earliest(one, 10, 0)).toBe(0);
    undo();
    expect(profile.take(one, 0, 10).nodes).toEqual([0]);
  });

  it('takes one shape apart from another that has its number later', () => {
    const profile = new NodeProfile(1, capacity);
    profile.turnTo(0);
    profile.occupy({ nodes: [0], count: 1, perNode: ask(1, 1).perNode }, -Infinity, 50);
    expect(profile.free({ nodes: 1, shape: 0, perNode: ask(1, 2).perNode })).toBe(1);
    expect(profile.free({ nodes: 1, shape: 0, perNode: capacity })).toBe(0);
  });
});
