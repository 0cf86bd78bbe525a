import fc from 'fast-check';
import { NodeSieve } from './node-sieve.js';
import { NodeTimeline } from './node-timeline.js';
import type { Ask } from './profile.js';
import { runs } from './testing/runs.js';

const capacity = { cards: 8000, cores: 64_000, memory: 0 };
const cards = (count: number, nodes = 1): Ask => ({
  nodes,
  shape: 0,
  perNode: { cards: 1000 * count, cores: 1000, memory: 0 },
});

/** A sieve over nodes of which cards are held: [node, cards, from, until]; cards below nothing are given back. */
function sieveOver(
  count: number,
  held: readonly (readonly [number, number, number, number])[],
  spans = 8,
): { sieve: NodeSieve; hold: (node: number, many: number, from: number, until: number) => void } {
  const nodes = Array.from({ length: count }, () => new NodeTimeline(capacity));
  const sieve = new NodeSieve(nodes, capacity, spans);
  const hold = (node: number, many: number, from: number, until: number): void => {
    nodes[node]!.shift(from, until, { cards: 1000 * many, cores: 0, memory: 0 }, -1);
    sieve.touch(node, from, until);
  };
  for (const [node, many, from, until] of held) hold(node, many, from, until);
  sieve.refresh(0);
  return { sieve, hold };
}

const passed = (sieve: NodeSieve): number[] => [...sieve.passed.subarray(0, sieve.size)];

describe('the sieve of nodes by time', () => {
  // Four nodes until 40; with 8 pieces of time, 4 of them in use, each is 10 s long.
  const held = [
    [0, 8, 0, 40],
    [1, 5, 0, 15],
    [2, 8, 5, 25],
    [3, 8, 0, 20],
  ] as const;
  const cases: Record<string, { ask: Ask; seconds: number; from: number; span: number; nodes: number[] }> = {
    'a node passes where it has enough at some instant of the span': {
      ask: cards(8),
      seconds: 1,
      from: 0,
      span: 0,
      nodes: [2],
    },
    'what is left beside a hold counts': { ask: cards(3), seconds: 10, from: 0, span: 0, nodes: [1, 2] },
    'a hair more than is left does not': { ask: cards(4), seconds: 10, from: 0, span: 0, nodes: [2] },
    'as many nodes are wanted as pass': { ask: cards(3, 2), seconds: 10, from: 0, span: 0, nodes: [1, 2] },
    'one more node is wanted: the first span where there are three': {
      ask: cards(3, 3),
      seconds: 10,
      from: 0,
      span: 2,
      nodes: [1, 2, 3],
    },
    'a longer job needs every span that it touches': { ask: cards(3), seconds: 11, from: 0, span: 0, nodes: [1] },
    'a job of two nodes over three spans waits for both': {
      ask: cards(3, 2),
      seconds: 30,
      from: 0,
      span: 2,
      nodes: [1, 2, 3],
    },
    'a search from later on begins there': { ask: cards(8), seconds: 10, from: 35, span: 3, nodes: [1, 2, 3] },
    'all nodes have room when the last is free': {
      ask: cards(8, 4),
      seconds: 10,
      from: 0,
      span: 4,
      nodes: [0, 1, 2, 3],
    },
    'far beyond, the last span has no end': { ask: cards(8, 4), seconds: 1e9, from: 1e6, span: 7, nodes: [0, 1, 2, 3] },
    'more nodes than there are never pass': { ask: cards(1, 5), seconds: 1, from: 0, span: -1, nodes: [] },
  };

  it.each(Object.entries(cases))('%s', (_, { ask, seconds, from, span, nodes }) => {
    const { sieve } = sieveOver(4, held);
    expect([sieve.startOf(1), sieve.endOf(0), sieve.endOf(7)]).toEqual([10, 10, Infinity]);
    expect(sieve.next(ask, seconds, sieve.spanOf(from))).toBe(span);
    expect(passed(sieve)).toEqual(nodes);
  });
});

describe('the spans of the sieve', () => {
  it('are cut from the search on: before it is the first span, after the last the last', () => {
    const { sieve } = sieveOver(1, [[0, 1, 0, 40]]);
    expect([-5, 0, 9.9, 10, 79.9, 80, Infinity].map((at) => sieve.spanOf(at))).toEqual([0, 0, 0, 1, 7, 7, 7]);
  });

  it('are read again where something was held or given back', () => {
    const { sieve, hold } = sieveOver(2, [[0, 8, 0, 40]]);
    hold(1, 8, 0, 10);
    hold(1, 8, 20, 30);
    hold(0, -8, 10, 20);
    sieve.refresh(0);
    expect(sieve.next(cards(8), 10, 0)).toBe(1);
    expect(passed(sieve)).toEqual([0, 1]);
    expect(sieve.next(cards(8), 10, 2)).toBe(3);
    expect(passed(sieve)).toEqual([1]);
  });

  it('leave out nodes that are not up', () => {
    const { sieve } = sieveOver(3, []);
    sieve.setOut(new Set([1]));
    expect(sieve.next(cards(8, 2), 10, 0)).toBe(0);
    expect(passed(sieve)).toEqual([0, 2]);
    expect(sieve.next(cards(8, 3), 10, 0)).toBe(-1);
    sieve.setOut(new Set());
    expect(sieve.next(cards(8, 3), 10, 0)).toBe(0);
  });

  it('are laid out anew when something is held beyond them, when the search goes far on, and when it goes back', () => {
    const { sieve, hold } = sieveOver(1, [[0, 8, 0, 40]]);
    hold(0, 8, 0, 70);
    sieve.refresh(0);
    expect(sieve.endOf(0)).toBe(10);
    hold(0, 8, 70, 71);
    sieve.refresh(0);
    expect([sieve.startOf(0), sieve.endOf(0)]).toEqual([0, 18]);
    sieve.refresh(18 * 5 - 1);
    expect(sieve.startOf(0)).toBe(0);
    sieve.refresh(18 * 5);
    expect([sieve.startOf(0), sieve.endOf(0)]).toEqual([90, 91]);
    sieve.refresh(50);
    expect(sieve.startOf(0)).toBe(50);
  });

  it('keep forty nodes apart: words have 32 bits', () => {
    const busy = Array.from({ length: 40 }, (_, node) => [node, node % 3 === 0 ? 8 : 2, 0, 40] as const);
    const { sieve } = sieveOver(40, busy);
    expect(sieve.next(cards(6, 26), 10, 0)).toBe(0);
    expect(passed(sieve)).toEqual(Array.from({ length: 40 }, (_, node) => node).filter((node) => node % 3 !== 0));
    expect(sieve.next(cards(6, 27), 10, 0)).toBe(4);
  });
});

describe('what the sieve holds back', () => {
  it('is never a node that can start in the span', () => {
    const hold = fc.record({
      node: fc.integer({ min: 0, max: 4 }),
      many: fc.integer({ min: 1, max: 8 }),
      from: fc.integer({ min: 0, max: 90 }),
      seconds: fc.integer({ min: 1, max: 60 }),
      isUndone: fc.boolean(),
    });
    const wish = { count: fc.integer({ min: 1, max: 8 }), seconds: fc.integer({ min: 1, max: 40 }) };
    fc.assert(
      fc.property(
        fc.array(hold, { maxLength: 12 }),
        fc.record({ ...wish, nodes: fc.integer({ min: 1, max: 5 }), spans: fc.integer({ min: 2, max: 40 }) }),
        (holds, { count, seconds, nodes: wanted, spans }) => {
          const nodes = Array.from({ length: 5 }, () => new NodeTimeline(capacity));
          const sieve = new NodeSieve(nodes, capacity, spans);
          sieve.refresh(0);
          const shift = ({ node, many, from, seconds: length }: (typeof holds)[number], sign: 1 | -1): void => {
            nodes[node]!.shift(from, from + length, { cards: 1000 * many, cores: 0, memory: 0 }, sign);
            sieve.touch(node, from, from + length);
          };
          for (const each of holds) shift(each, -1);
          sieve.refresh(0);
          for (const each of holds) if (each.isUndone) shift(each, 1);
          sieve.refresh(0);
          const ask = cards(count, wanted);
          const missed: unknown[] = [];
          for (let at = 0; at < 160; at++) {
            const able = nodes.flatMap((node, index) => (node.room(at, ask.perNode) >= seconds ? [index] : []));
            if (able.length < wanted) continue;
            const span = sieve.spanOf(at);
            const told = sieve.next(ask, seconds, span);
            const isThere = told === span && able.every((index) => passed(sieve).includes(index));
            if (!isThere) missed.push({ at, able, told, span });
          }
          expect(missed).toEqual([]);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
