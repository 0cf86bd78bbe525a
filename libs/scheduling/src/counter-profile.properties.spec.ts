import fc from 'fast-check';
import { CounterProfile } from './counter-profile.js';
import type { WindowModel } from './model.js';
import type { Ask, Undo } from './profile.js';
import { runs } from './testing/runs.js';

const INSTALLED = 5;
const END = 130;
const perNode = { cards: 1000, cores: 0, memory: 0 };
const ask = (nodes: number): Ask => ({ nodes, perNode, shape: 0 });
const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
const someNodes = fc.uniqueArray(whole(INSTALLED - 1), { maxLength: 3 });

const history = fc.record({
  windows: fc.array(fc.record({ nodeIndices: someNodes, from: whole(50), seconds: whole(30, 1) }), { maxLength: 4 }),
  replaced: fc.array(fc.record({ nodeIndices: someNodes, from: whole(50), seconds: whole(30, 1) }), { maxLength: 2 }),
  out: someNodes,
  outBefore: fc.boolean(),
  lifted: fc.option(fc.subarray(['w0', 'w1', 'w2', 'w3'])),
  takes: fc.array(fc.record({ nodes: whole(4, 1), from: whole(60), seconds: whole(40, 1) }), { maxLength: 6 }),
  now: whole(60),
});

const windowsOf = (spans: readonly { nodeIndices: number[]; from: number; seconds: number }[]): WindowModel[] =>
  spans.map(({ nodeIndices, from, seconds }, i) => ({
    id: `w${i}`,
    groupId: 'g',
    nodeIndices,
    from,
    until: from + seconds,
  }));

function answersOf(profile: CounterProfile, now: number): unknown {
  const all = Array.from({ length: INSTALLED + 1 }, (_, i) => ask(i + 1));
  return {
    free: profile.free(ask(1)),
    longest: all.map((one) => profile.longest(one)),
    earliest: all.map((one) => profile.earliest(one, 7, now)),
    release: all.map((one) => profile.release(one)),
    edge: profile.nextEdge(now),
  };
}

/** The same answers from the free nodes of every second. */
function counted(freeAt: (second: number) => number, now: number): unknown {
  const seconds = Array.from({ length: END - now }, (_, i) => now + i);
  const all = Array.from({ length: INSTALLED + 1 }, (_, i) => i + 1);
  const longest = (nodes: number, from: number): number => {
    for (let s = from; s < END; s++) if (freeAt(s) < nodes) return s - from;
    return Infinity;
  };
  const earliest = (nodes: number, length: number): number =>
    seconds.find((second) => longest(nodes, second) >= length) ?? Infinity;
  return {
    free: Math.max(0, freeAt(now)),
    longest: all.map((nodes) => longest(nodes, now)),
    earliest: all.map((nodes) => earliest(nodes, 7)),
    release: all.map((nodes) => earliest(nodes, 1)),
    edge: seconds.slice(1).find((second) => freeAt(second) > freeAt(second - 1)) ?? Infinity,
  };
}

describe('a count of nodes and counting every second', () => {
  it('answer the same under windows, nodes that are out, lifts and undos', () => {
    fc.assert(
      fc.property(history, ({ windows, replaced, out, outBefore, lifted, takes, now }) => {
        const profile = new CounterProfile(INSTALLED);
        profile.turnTo(now);
        const outSet = new Set(out);
        let standing = [...windowsOf(replaced), ...windowsOf(windows).slice(replaced.length)];
        if (outBefore) profile.setOut(outSet);
        profile.setWindows(windowsOf(windows));
        profile.setWindows(standing);
        if (!outBefore) profile.setOut(outSet);
        const held: { nodes: number; from: number; until: number }[] = [];
        const freeAt = (second: number): number => {
          const closed = standing.filter((window) => window.from <= second && second < window.until);
          const inUse = new Set([...out, ...closed.flatMap((window) => window.nodeIndices)]);
          const taken = held.filter((hold) => hold.from <= second && second < hold.until);
          return INSTALLED - inUse.size - taken.reduce((sum, hold) => sum + hold.nodes, 0);
        };
        const bare = answersOf(profile, now);
        expect(bare).toEqual(counted(freeAt, now));
        const { version } = profile;
        const all = standing;
        const undos: Undo[] = [profile.liftWindows(lifted === null ? undefined : new Set(lifted))];
        standing = all.filter((window) => lifted !== null && !lifted.includes(window.id));
        for (const { nodes, from, seconds } of takes) {
          undos.push(profile.take(ask(nodes), from, seconds).undo);
          held.push({ nodes, from: from <= now ? -Infinity : from, until: from + seconds });
        }
        expect(answersOf(profile, now)).toEqual(counted(freeAt, now));
        for (const undo of undos.reverse()) undo();
        expect(answersOf(profile, now)).toEqual(bare);
        expect(profile.version).toBe(version);
      }),
      { numRuns: runs(1000) },
    );
  });
});
