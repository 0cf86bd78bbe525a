import { NodeSieve } from './node-sieve.js';
import { NodeTimeline } from './node-timeline.js';
import type { Vector } from './vector.js';

const capacity = { cards: 8000, cores: 64_000, memory: 3200 };
const nothing = { cards: 0, cores: 0, memory: 0 };
type Hold = (node: number, by: Partial<Vector>, from: number, until: number) => void;

/** Nodes without holds, and pieces of time of ten seconds from 0 on, the first half of which are in use. */
function aSieve(count: number, { spans = 8, has = capacity } = {}): { sieve: NodeSieve; hold: Hold; lay: () => void } {
  const nodes = Array.from({ length: count }, () => new NodeTimeline(has));
  const sieve = new NodeSieve(nodes, has, spans);
  const hold: Hold = (node, by, from, until) => {
    nodes[node]!.shift(from, until, { ...nothing, ...by }, -1);
    sieve.touch(node, from, until);
  };
  const lay = (): void => {
    // What changes for the last time decides how long the pieces are.
    hold(count - 1, { cards: 1 }, 0, 5 * spans);
    sieve.refresh(0);
    hold(count - 1, { cards: -1 }, 0, 5 * spans);
    sieve.refresh(0);
  };
  return { sieve, hold, lay };
}

const passed = (sieve: NodeSieve): number[] => [...sieve.passed.subarray(0, sieve.size)];
const ask = (perNode: Partial<Vector>, nodes = 1) => ({ nodes, shape: 0, perNode: { ...nothing, ...perNode } });

describe('what is told apart of what a node has', () => {
  const cases: Record<string, { held: Partial<Vector>; ask: Partial<Vector>; want: number }> = {
    'just as many cards as are left': { held: { cards: 3000 }, ask: { cards: 5000 }, want: 0 },
    'a thirty-second part more cards': { held: { cards: 3000 }, ask: { cards: 5250 }, want: 1 },
    'less than that is not told apart': { held: { cards: 3000 }, ask: { cards: 5249 }, want: 0 },
    'just as many cores as are left': { held: { cores: 44_000 }, ask: { cores: 20_000 }, want: 0 },
    'a thirty-second part more cores': { held: { cores: 44_000 }, ask: { cores: 22_000 }, want: 1 },
    'just as much memory as is left': { held: { memory: 100 }, ask: { memory: 3100 }, want: 0 },
    'all memory where some is held': { held: { memory: 1 }, ask: { memory: 3200 }, want: 1 },
    'all that there is': { held: {}, ask: capacity, want: 0 },
    'nothing, where nothing is left': { held: capacity, ask: {}, want: 0 },
    'so little that nothing is told apart': { held: capacity, ask: { cards: 249, cores: 1999, memory: 99 }, want: 0 },
    'the least that is told apart, where nothing is left': { held: capacity, ask: { cards: 250 }, want: 1 },
    'the least, where less than nothing is left': { held: { cards: 9000 }, ask: { cards: 250 }, want: 1 },
    'cards and cores, where only the cores are too few': {
      held: { cores: 33_000 },
      ask: { cards: 1000, cores: 32_000 },
      want: 1,
    },
    'cards and memory, where only the memory is too little': {
      held: { memory: 1601 },
      ask: { cards: 1000, memory: 1600 },
      want: 1,
    },
    'cores and memory, where only cards are held': {
      held: { cards: 8000 },
      ask: { cores: 64_000, memory: 3200 },
      want: 0,
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { held, ask: wanted, want }) => {
    const { sieve, hold, lay } = aSieve(1);
    lay();
    hold(0, held, 0, 10);
    sieve.refresh(0);
    expect([sieve.next(ask(wanted), 1, 0), sieve.endOf(0)]).toEqual([want, 10]);
    hold(0, { cards: -(held.cards ?? 0), cores: -(held.cores ?? 0), memory: -(held.memory ?? 0) }, 0, 10);
    sieve.refresh(0);
    expect(sieve.next(ask(wanted), 1, 0)).toBe(0);
  });

  it('of what a node has not, nobody has anything', () => {
    const { sieve } = aSieve(2, { has: { cards: 0, cores: 1000, memory: 0 } });
    sieve.refresh(0);
    expect(sieve.next(ask({ cores: 1000 }, 2), 1, 0)).toBe(0);
    expect(passed(sieve)).toEqual([0, 1]);
    expect(sieve.next(ask({ cards: 1, memory: 1 }, 2), 1, 0)).toBe(0);
  });
});

const all = ask({ cards: 8000 });

describe('when a change is read again', () => {
  const cases: Record<string, { happens: (hold: Hold) => void; open: number[] }> = {
    'an early one and then a late one': {
      happens: (hold) => (hold(0, { cards: 1000 }, 0, 10), hold(0, { cards: 1000 }, 30, 40)),
      open: [1, 2, 4, 5, 6, 7],
    },
    'a late one and then an early one': {
      happens: (hold) => (hold(0, { cards: 1000 }, 30, 40), hold(0, { cards: 1000 }, 0, 10)),
      open: [1, 2, 4, 5, 6, 7],
    },
    'one that lies within another': {
      happens: (hold) => (hold(0, { cards: 1000 }, 0, 40), hold(0, { cards: 1000 }, 10, 20)),
      open: [4, 5, 6, 7],
    },
    'one that was undone': {
      happens: (hold) => (hold(0, { cards: 1000 }, 0, 40), hold(0, { cards: -1000 }, 0, 40)),
      open: [0, 1, 2, 3, 4, 5, 6, 7],
    },
    'one that has no end': { happens: (hold) => hold(0, { cards: 1000 }, 20, Infinity), open: [0, 1] },
    'one that has no beginning': {
      happens: (hold) => hold(0, { cards: 1000 }, -Infinity, 20),
      open: [2, 3, 4, 5, 6, 7],
    },
    'one that ends before': { happens: (hold) => hold(0, { cards: 1000 }, -20, 0), open: [0, 1, 2, 3, 4, 5, 6, 7] },
    'one that ends within a piece': { happens: (hold) => hold(0, { cards: 1000 }, 0, 19), open: [1, 2, 3, 4, 5, 6, 7] },
    'one that is given back in the last piece, far from where that begins': {
      happens: (hold) => (hold(0, { cards: 1000 }, 60, Infinity), hold(0, { cards: -1000 }, 200, Infinity)),
      open: [0, 1, 2, 3, 4, 5, 7],
    },
    'one that ends in the last moment before the last piece': {
      happens: (hold) => hold(0, { cards: 1000 }, 50, 70),
      open: [0, 1, 2, 3, 4, 7],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { happens, open }) => {
    const { sieve, hold, lay } = aSieve(1);
    lay();
    happens(hold);
    sieve.refresh(0);
    expect([sieve.startOf(0), sieve.endOf(0)]).toEqual([0, 10]);
    expect([0, 1, 2, 3, 4, 5, 6, 7].filter((span) => sieve.next(all, 1, span) === span)).toEqual(open);
  });
});

describe('what is read again', () => {
  it('is a node that has changed, changed again, and was read in between', () => {
    const { sieve, hold, lay } = aSieve(2);
    lay();
    for (const [from, until] of [
      [0, 10],
      [20, 30],
      [10, 20],
    ] as const) {
      // prettier-ignore
      hold(0, { cards: 1000 }, from, until);
      sieve.refresh(0);
    }
    expect(sieve.next(ask({ cards: 8000 }, 2), 1, 0)).toBe(3);
    expect(sieve.next(ask({ cards: 7000 }, 2), 1, 0)).toBe(0);
  });

  it('is a node that changed before all is laid out anew', () => {
    const { sieve, hold, lay } = aSieve(1);
    lay();
    hold(0, { cards: 1000 }, 0, 20);
    hold(0, { cards: 1000 }, 0, 80);
    sieve.refresh(0);
    expect([sieve.endOf(0), sieve.next(all, 1, 0)]).toEqual([20, 4]);
    hold(0, { cards: -1000 }, 0, 80);
    sieve.refresh(0);
    expect([sieve.endOf(0), sieve.next(all, 1, 0)]).toEqual([20, 1]);
    expect(sieve.next(ask({ cards: 7000 }), 1, 0)).toBe(0);
  });

  it('is every node when first asked', () => {
    const { sieve, hold } = aSieve(1);
    hold(0, { cards: 8000 }, 0, 40);
    sieve.refresh(0);
    expect([sieve.endOf(0), sieve.next(all, 1, 0)]).toEqual([10, 4]);
  });

  it('lies in pieces of a second at least', () => {
    const { sieve } = aSieve(1);
    sieve.refresh(7);
    expect([sieve.startOf(0), sieve.endOf(0), sieve.endOf(6), sieve.endOf(7)]).toEqual([7, 8, 14, Infinity]);
  });
});

describe('how many pieces of time a job touches', () => {
  const cases: Record<string, { seconds: number; want: number }> = {
    'one, if it takes no time': { seconds: 0, want: 0 },
    'one, if it is as long as that': { seconds: 10, want: 0 },
    'two, if it is a second longer': { seconds: 11, want: 0 },
    'three, of which the last is full': { seconds: 21, want: 3 },
    'all to the last': { seconds: 1000, want: 3 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { seconds, want }) => {
    const { sieve, hold, lay } = aSieve(1);
    lay();
    hold(0, { cards: 8000 }, 20, 30);
    sieve.refresh(0);
    expect(sieve.next(ask({ cards: 1000 }), seconds, 0)).toBe(want);
    expect(passed(sieve)).toEqual([0]);
  });

  it('none are left over where there are none', () => {
    const { sieve, lay } = aSieve(3);
    lay();
    expect([sieve.next(ask({}, 3), 1, 0), passed(sieve)]).toEqual([0, [0, 1, 2]]);
    expect([sieve.next(ask({}, 4), 1, 0), passed(sieve)]).toEqual([-1, []]);
    expect([sieve.next(ask({}, 3), 1, 8), passed(sieve)]).toEqual([-1, []]);
  });
});

describe('words of 32 nodes', () => {
  it.each([1, 31, 32, 33, 64, 65, 97])('hold %d nodes, of which any may be busy or out', (count) => {
    const { sieve, hold, lay } = aSieve(count);
    lay();
    const [busy, out] = [count - 1, count >>> 1];
    hold(busy, { cards: 1000 }, 0, 10);
    sieve.refresh(0);
    sieve.setOut(new Set([out]));
    const rest = Array.from({ length: count }, (_none, node) => node).filter((node) => node !== busy && node !== out);
    expect(sieve.next(ask(capacity, rest.length), 1, 0)).toBe(0);
    expect(passed(sieve)).toEqual(rest);
    expect(sieve.next(ask(capacity, rest.length + 1), 1, 0)).toBe(busy === out ? -1 : 1);
    hold(busy, { cards: -1000 }, 0, 10);
    sieve.setOut(new Set());
    sieve.refresh(0);
    expect(sieve.next(ask(capacity, count), 1, 0)).toBe(0);
  });
});
