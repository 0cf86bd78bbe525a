import fc from 'fast-check';
import type { NodeShape } from '#libs/domain';
import { askOf, capacityOf, dominantShare, fitsWithin, type Vector } from './vector.js';

const shape = (over: Partial<NodeShape> = {}): NodeShape => ({ cards: 1, cores: 2, memoryGiB: 3, ...over });
const vector = (cards: number, cores: number, memory: number): Vector => ({ cards, cores, memory });

describe('what a job takes of a node, in whole numbers', () => {
  const cases: Record<string, { shape: Partial<NodeShape>; want: Partial<Vector> }> = {
    'a thousand milli-cards a card, a thousand milli-cores a core, 1024 MiB a GiB': { shape: {}, want: {} },
    'a part of a milli-card is a whole one': { shape: { cards: 0.2901 }, want: { cards: 291 } },
    'the last bit of a product is none: 0.29 × 1000 is 290.00000000000006 here': {
      shape: { cards: 0.29 },
      want: { cards: 290 },
    },
    'a part of a milli-core is a whole one': { shape: { cores: 1.0001 }, want: { cores: 1001 } },
    'a part of a MiB is a whole one': { shape: { memoryGiB: 1.0001 }, want: { memory: 1025 } },
    'half a GiB is 512 MiB': { shape: { memoryGiB: 0.5 }, want: { memory: 512 } },
    'a third of a card is a third, rounded up': { shape: { cards: 1 / 3 }, want: { cards: 334 } },
    'no cards are none, and not minus none': { shape: { cards: 0 }, want: { cards: 0 } },
    'no cores are none where there is something else': { shape: { cores: 0 }, want: { cores: 0 } },
    'no memory is none where there is something else': { shape: { memoryGiB: 0 }, want: { memory: 0 } },
    'cards alone are something': { shape: { cores: 0, memoryGiB: 0 }, want: { cores: 0, memory: 0 } },
    'cores alone are something': { shape: { cards: 0, memoryGiB: 0 }, want: { cards: 0, memory: 0 } },
    'memory alone is something': { shape: { cards: 0, cores: 0 }, want: { cards: 0, cores: 0 } },
    'who asks for nothing takes a milli-core, so as not to fit where all is taken': {
      shape: { cards: 0, cores: 0, memoryGiB: 0 },
      want: { cards: 0, cores: 1, memory: 0 },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, c) => {
    expect(askOf(shape(c.shape))).toEqual({ cards: 1000, cores: 2000, memory: 3072, ...c.want });
  });
});

describe('what a node has, in whole numbers', () => {
  const cases: Record<string, { shape: Partial<NodeShape>; want: Partial<Vector> }> = {
    'the same measures as for what is asked': { shape: {}, want: {} },
    'a part of a milli-card is none': { shape: { cards: 0.2909 }, want: { cards: 290 } },
    'the last bit of a product is not missed: 1.001 × 1000 is 1000.9999999999999 here': {
      shape: { cards: 1.001 },
      want: { cards: 1001 },
    },
    'a part of a milli-core is none': { shape: { cores: 1.0009 }, want: { cores: 1000 } },
    'a part of a MiB is none': { shape: { memoryGiB: 0.9999 }, want: { memory: 1023 } },
    'a node without cards has none': { shape: { cards: 0 }, want: { cards: 0 } },
    'a node of nothing has nothing': {
      shape: { cards: 0, cores: 0, memoryGiB: 0 },
      want: { cards: 0, cores: 0, memory: 0 },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, c) => {
    expect(capacityOf(shape(c.shape))).toEqual({ cards: 1000, cores: 2000, memory: 3072, ...c.want });
  });
});

describe('whether an ask fits', () => {
  const have = vector(4, 5, 6);
  const cases: Record<string, { ask: Vector; want: boolean }> = {
    'all there is': { ask: have, want: true },
    nothing: { ask: vector(0, 0, 0), want: true },
    'less of each': { ask: vector(3, 4, 5), want: true },
    'one card too many': { ask: vector(5, 0, 0), want: false },
    'one core too many': { ask: vector(0, 6, 0), want: false },
    'one MiB too many': { ask: vector(0, 0, 7), want: false },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { ask, want }) => expect(fitsWithin(ask, have)).toBe(want));
});

describe('the part of a node that an ask stands for', () => {
  const node = vector(8000, 64_000, 1024);
  const cases: Record<string, { ask: Vector; have?: Vector; want: number }> = {
    'cards, where they are the largest part': { ask: vector(4000, 8000, 128), want: 0.5 },
    'cores, where they are': { ask: vector(1000, 48_000, 128), want: 0.75 },
    'memory, where it is': { ask: vector(1000, 8000, 256), want: 0.25 },
    'the whole node': { ask: node, want: 1 },
    'the smallest part counts as what it is': { ask: vector(0, 1, 0), want: 1 / 64_000 },
    'on a node without cards, cores and memory': {
      ask: vector(0, 32_000, 256),
      have: { ...node, cards: 0 },
      want: 0.5,
    },
    'what the node has none of is no part': { ask: vector(1000, 16_000, 0), have: { ...node, cards: 0 }, want: 0.25 },
    'nothing at all is a whole node': { ask: vector(0, 0, 0), want: 1 },
    'something of what is not there is a whole node': { ask: vector(1, 0, 0), have: vector(0, 1, 1), want: 1 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { ask, have = node, want }) => {
    expect(dominantShare(ask, have)).toBe(want);
  });
});

describe('what never happens to whole numbers', () => {
  const part = fc.double({ min: 0, max: 1000, noNaN: true });
  const someShape = fc.record({ cards: part, cores: part, memoryGiB: part });

  it('no job holds less than it asks for, and no node has more than is installed', () => {
    fc.assert(
      fc.property(someShape, (it) => {
        const [ask, have] = [askOf(it), capacityOf(it)];
        for (const value of [ask, have].flatMap((of) => [of.cards, of.cores, of.memory])) {
          expect(Number.isInteger(value)).toBe(true);
        }
        const exact = vector(it.cards * 1000, it.cores * 1000, it.memoryGiB * 1024);
        const hair = (of: Vector): Vector => vector(of.cards + 1e-5, of.cores + 1e-5, of.memory + 1e-5);
        expect(fitsWithin(exact, hair(ask))).toBe(true);
        expect(fitsWithin(have, hair(exact))).toBe(true);
      }),
    );
  });

  it('what is whole anyway is neither more nor less', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), fc.nat({ max: 4000 }), (cards, cores, memoryGiB) => {
        const whole = { cards: cards / 1000, cores: cores / 1000, memoryGiB: (memoryGiB + 1) / 1024 };
        const want = vector(cards, cores, memoryGiB + 1);
        expect([askOf(whole), capacityOf(whole)]).toEqual([want, want]);
      }),
    );
  });
});
