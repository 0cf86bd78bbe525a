import fc from 'fast-check';
import { CounterProfile } from './counter-profile.js';
import type { Ask } from './profile.js';

const perNode = { cards: 1000, cores: 0, memory: 0 };
const ask = (nodes: number): Ask => ({ nodes, perNode, shape: 0 });
const hold = (count: number) => ({ nodes: [], count, perNode });

function profileAt(now: number, installed: number, holds: readonly [count: number, until: number][]): CounterProfile {
  const profile = new CounterProfile(installed);
  for (const [count, until] of holds) profile.occupy(hold(count), -Infinity, until);
  profile.turnTo(now);
  return profile;
}

describe('count of free nodes over time', () => {
  it('finds the first end at which enough is free, ends that fall together counted together', () => {
    const profile = profileAt(0, 10, [
      [4, 100],
      [3, 200],
      [2, 200],
    ]);
    expect(profile.free(ask(1))).toBe(1);
    expect([1, 2, 5, 6, 10, 11].map((nodes) => profile.earliest(ask(nodes), 50, 0))).toEqual([
      0,
      100,
      100,
      200,
      200,
      Infinity,
    ]);
  });

  it('lets a job start before a reservation if it ends in time or leaves enough over', () => {
    const profile = profileAt(0, 10, [[6, 100]]);
    const reservation = profile.take(ask(8), 100, 1000);
    expect([1, 2, 3, 4].map((nodes) => profile.longest(ask(nodes)))).toEqual([Infinity, Infinity, 100, 100]);
    expect(profile.longest(ask(5))).toBe(0);
    reservation.undo();
    expect(profile.longest(ask(4))).toBe(Infinity);
  });

  it('keeps nodes out of windows, each node once though windows overlap', () => {
    const profile = profileAt(0, 4, []);
    const window = { id: 'w', groupId: 'g', nodeIndices: [0, 1], from: 50, until: 100 };
    profile.setWindows([window, { ...window, id: 'v', from: 80, until: 120 }]);
    expect(profile.longest(ask(3))).toBe(50);
    expect(profile.earliest(ask(3), 60, 0)).toBe(120);
    const restore = profile.liftWindows();
    expect(profile.longest(ask(3))).toBe(Infinity);
    restore();
    profile.setOut(new Set([0, 1]));
    expect(profile.longest(ask(2))).toBe(Infinity);
    expect(profile.longest(ask(3))).toBe(0);
  });

  it('agrees with counting second by second, and undo leaves no trace', () => {
    const span = fc.record({
      nodes: fc.integer({ min: 1, max: 4 }),
      from: fc.integer({ min: 0, max: 30 }),
      seconds: fc.integer({ min: 1, max: 15 }),
    });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), span, (held, wanted) => {
        const profile = new CounterProfile(8);
        profile.turnTo(0);
        const freeAt = (second: number): number =>
          held.reduce((free, h) => free - (h.from <= second && second < h.from + h.seconds ? h.nodes : 0), 8);
        const undos = held.map((h) => profile.take(ask(h.nodes), h.from, h.seconds).undo);
        const fits = (start: number): boolean =>
          Array.from({ length: wanted.seconds }, (_, i) => freeAt(start + i)).every((free) => free >= wanted.nodes);
        let want = wanted.from;
        while (!fits(want)) want++;
        expect(profile.earliest(ask(wanted.nodes), wanted.seconds, wanted.from)).toBe(want);
        expect(profile.longest(ask(wanted.nodes)) >= wanted.seconds).toBe(fits(0));
        for (const undo of undos.reverse()) undo();
        expect(profile).toMatchObject({ size: 1 });
      }),
    );
  });
});

describe('what the planner needs of a count', () => {
  const window = { id: 'w', groupId: 'g', nodeIndices: [0, 1], from: 50, until: 100 };
  const other = { ...window, id: 'v', nodeIndices: [1, 2], from: 90, until: 120 };

  it('need not answer at or after a bound', () => {
    const profile = profileAt(0, 4, [[4, 50]]);
    expect(profile.earliest(ask(1), 10, 0, 51)).toBe(50);
    expect(profile.earliest(ask(1), 10, 0, 50)).toBeGreaterThanOrEqual(50);
    expect(profile.earliest(ask(1), 10, 50, 50)).toBeGreaterThanOrEqual(50);
  });

  it('lifts only the windows that are named', () => {
    const profile = profileAt(0, 4, []);
    profile.setWindows([window, other]);
    const before = profile.version;
    expect([1, 2, 3, 4].map((nodes) => profile.longest(ask(nodes)))).toEqual([Infinity, 90, 50, 50]);
    const lay = profile.liftWindows(new Set(['w']));
    expect([2, 3, 4].map((nodes) => profile.longest(ask(nodes)))).toEqual([Infinity, 90, 90]);
    expect(profile.version).not.toBe(before);
    lay();
    expect([1, 2, 3, 4].map((nodes) => profile.longest(ask(nodes)))).toEqual([Infinity, 90, 50, 50]);
    expect(profile.version).toBe(before);
    profile.setWindows([other]);
    expect(profile.longest(ask(4))).toBe(90);
    profile.setWindows([]);
    expect(profile.longest(ask(4))).toBe(Infinity);
  });

  it('tells when nodes are next given back', () => {
    const profile = profileAt(0, 4, [
      [1, 30],
      [1, 40],
    ]);
    profile.take(ask(1), 35, 100);
    expect([0, 29, 30, 39, 40, 134, 135].map((after) => profile.nextEdge(after))).toEqual([
      30,
      30,
      40,
      40,
      135,
      135,
      Infinity,
    ]);
  });

  it('has a new version after every change, and the old one after its undo', () => {
    const profile = profileAt(0, 4, []);
    const before = profile.version;
    const { undo } = profile.take(ask(1), 0, 10);
    expect(profile.version).not.toBe(before);
    undo();
    expect(profile.version).toBe(before);
    profile.setOut(new Set([1]));
    expect(profile.version).not.toBe(before);
  });
});
