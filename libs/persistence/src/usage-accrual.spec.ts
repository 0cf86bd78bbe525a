import fc from 'fast-check';
import { USAGE_HALF_LIFE_MS, accrue, cardsHeld, type Usage } from './usage-accrual.js';

const none: Usage = { cardSeconds: 0, asOf: null };

it('halves what was used a half-life ago', () => {
  const used = accrue(none, [{ cardSeconds: 100, endedAt: 0 }]);
  expect(used).toEqual({ cardSeconds: 100, asOf: 0 });
  expect(accrue(used, [{ cardSeconds: 7, endedAt: USAGE_HALF_LIFE_MS }])).toEqual({
    cardSeconds: 57,
    asOf: USAGE_HALF_LIFE_MS,
  });
});

it('comes to the same in whatever order and however bundled the endings are told', () => {
  const anyUse = fc.record({
    cardSeconds: fc.nat(1_000_000),
    endedAt: fc.integer({ min: 0, max: 10 * USAGE_HALF_LIFE_MS }),
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
  'without cards the larger share of the node counts': {
    shape: { nodes: 3, cards: 0, cores: 16, memory_gib: 256 },
    want: 1.5,
  },
};
it.each(Object.entries(shapes))('%s', (_sentence, { shape, want }) => {
  expect(cardsHeld({ ...shape, group_cores: 64, group_memory_gib: 512 })).toBe(want);
});
