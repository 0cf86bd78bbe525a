import { heldMilli, needOf } from './shared-cards.js';

describe('what a part of a card holds', () => {
  const cases: Record<string, { milli: number; slices: number; wantHeld: number }> = {
    'exactly one slice holds one slice': { milli: 250, slices: 4, wantHeld: 250 },
    'a milli more holds two': { milli: 251, slices: 4, wantHeld: 500 },
    'the smallest part holds a slice': { milli: 1, slices: 4, wantHeld: 250 },
    'all but a milli holds the card': { milli: 999, slices: 4, wantHeld: 1000 },
    'a seventh, rounded up to a milli, holds one seventh': { milli: 143, slices: 7, wantHeld: 142 },
    'more than a seventh holds two': { milli: 144, slices: 7, wantHeld: 285 },
    'seven sevenths are the card': { milli: 1000, slices: 7, wantHeld: 1000 },
    'a card cut into thousandths holds what is asked': { milli: 470, slices: 1000, wantHeld: 470 },
    'a card in one piece is held whole': { milli: 1, slices: 1, wantHeld: 1000 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, c) => expect(heldMilli(c.milli, c.slices)).toBe(c.wantHeld));

  it('lets as many single slices on a card as it has, and not one more', () => {
    for (let slices = 1; slices <= 30; slices++) {
      const one = heldMilli(Math.ceil(1000 / slices), slices);
      expect(slices * one).toBeLessThanOrEqual(1000);
      expect((slices + 1) * one).toBeGreaterThan(1000);
    }
  });
});

describe('what a job needs of each node', () => {
  const rest = { cores: 2000, memory: 64 };
  it.each(
    Object.entries({
      'a part of a card is a part of one card': { cards: 300, want: { count: 1, milli: 500 } },
      'one card is a whole one': { cards: 1000, want: { count: 1, milli: 1000 } },
      'several cards are whole ones': { cards: 3000, want: { count: 3, milli: 1000 } },
      'no cards are none': { cards: 0, want: { count: 0, milli: 1000 } },
    }),
  )('%s', (_sentence, { cards, want }) => expect(needOf({ cards, ...rest }, 2)).toEqual({ ...want, ...rest }));
});
