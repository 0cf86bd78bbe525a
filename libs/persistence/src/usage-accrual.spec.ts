import fc from 'fast-check';
import { accrue, cardsHeld, type Usage } from './usage-accrual.js';

const HALF_LIFE_MS = 14 * 86_400_000;
const none: Usage = { cardSeconds: 0, asOf: null, halfLifeSeconds: HALF_LIFE_MS / 1000 };

it('halves what was used a half-life ago', () => {
  const used = accrue(none, [{ cardSeconds: 100, endedAt: 0 }]);
  expect(used).toEqual({ ...none, cardSeconds: 100, asOf: 0 });
  expect(accrue(used, [{ cardSeconds: 7, endedAt: HALF_LIFE_MS }])).toEqual({
    ...none,
    cardSeconds: 57,
    asOf: HALF_LIFE_MS,
  });
});

it('halves by the half-life that is kept with the figure', () => {
  const used: Usage = { cardSeconds: 80, asOf: 0, halfLifeSeconds: 10 };
  expect(
    accrue(used, [
      { cardSeconds: 8, endedAt: 20_000 },
      { cardSeconds: 2, endedAt: 10_000 },
    ]),
  ).toEqual({
    cardSeconds: 29,
    asOf: 20_000,
    halfLifeSeconds: 10,
  });
});

it('comes to the same in whatever order and however bundled the endings are told', () => {
  const anyUse = fc.record({
    cardSeconds: fc.nat(1_000_000),
    endedAt: fc.integer({ min: 0, max: 10 * HALF_LIFE_MS }),
  });
  fc.assert(
    fc.property(fc.array(anyUse, { minLength: 1, maxLength: 10 }), fc.nat(10), (uses, cut) => {
      const atOnce = accrue(none, uses);
      const inTwo = accrue(accrue(none, uses.slice(cut)), uses.slice(0, cut));
      expect(inTwo.asOf).toBe(atOnce.asOf);
      expect(Math.abs(inTwo.cardSeconds - atOnce.cardSeconds)).toBeLessThanOrEqual(1e-9 * (1 + atOnce.cardSeconds));
    }),
  );
});

const shapes = {
  'cards count as cards': { shape: { nodes: 2, cards: 4, cores: 64, memory_gib: 512 }, want: 8 },
  'cards count by the exchange table': {
    shape: { nodes: 2, cards: 4, cores: 64, memory_gib: 512, exchange_rate: 0.4625 },
    want: 3.7,
  },
  'of a card that is shared the slices that are held count': {
    shape: { nodes: 2, cards: 1, held_milli: 285, cores: 8, memory_gib: 32, exchange_rate: 0.5 },
    want: 0.285,
  },
  'a node without cards counts by it too': {
    shape: { nodes: 2, cards: 0, cores: 64, memory_gib: 0, exchange_rate: 0.25 },
    want: 0.5,
  },
  'without cards the larger share of the node counts': {
    shape: { nodes: 3, cards: 0, cores: 16, memory_gib: 256 },
    want: 1.5,
  },
};
it.each(Object.entries(shapes))('%s', (_sentence, { shape, want }) => {
  expect(cardsHeld({ exchange_rate: 1, held_milli: 1000, ...shape, group_cores: 64, group_memory_gib: 512 })).toBe(
    want,
  );
});
