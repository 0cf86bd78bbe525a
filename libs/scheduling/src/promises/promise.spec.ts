import type { StartPromise } from './model.js';
import { isWorthReissuing, promiseFor, score } from './promise.js';
import { ResidualBook } from './residual-book.js';

const aPromise = (named: Partial<StartPromise> = {}): StartPromise => ({
  point: 4_000, now: 0, class: 'training', basis: 'reservation', ahead: 0, p50: 5_000, p90: 9_000, source: 'all', ...named,
}); // prettier-ignore
const unnamed = { p50: null, p90: null, source: null };

describe('telling anew', () => {
  const cases: Record<string, [Partial<StartPromise>, Partial<StartPromise>, number, boolean]> = {
    'ten minutes are not enough': [{ p50: 2_000 }, { p50: 2_600 }, 0, false],
    'ten minutes and a second are': [{ p50: 2_000 }, { p50: 2_601 }, 0, true],
    'sooner counts as later does': [{ p50: 2_000 }, { p50: 1_399 }, 0, true],
    'of a long wait a fifth is not enough': [{ p50: 100_000 }, { p50: 120_000 }, 0, false],
    'of a long wait a fifth and a second is': [{ p50: 100_000 }, { p50: 120_001 }, 0, true],
    'what counts is the wait that is still ahead': [{ p50: 100_000 }, { p50: 110_001 }, 50_000, true],
    'a P50 that has passed counts as no wait': [{ p50: 1_000 }, { p50: 1_601 }, 9_000, true],
    'a P90 that moves alone is not told': [{ p90: 6_000 }, { p90: 60_000 }, 0, false],
    'the first interval is told at once': [unnamed, {}, 0, true],
    'without intervals the point decides: moved': [{ ...unnamed, point: 1_000 }, { ...unnamed, point: 1_601 }, 0, true],
    'without intervals the point decides: not moved': [{ ...unnamed, point: 1_000 }, { ...unnamed, point: 1_600 }, 0, false],
    'an interval that is lost again is not news while the point stands': [{ point: 1_000 }, { ...unnamed, point: 1_600 }, 0, false],
    'nor how far the point was from the P50': [{ point: 1_000, p50: 9_000 }, { ...unnamed, point: 1_000 }, 0, false],
    'a first interval at the very point is news': [{ ...unnamed, point: 5_000 }, { p50: 5_000 }, 0, true],
    'an interval that is lost again is told by its point': [{ point: 1_000 }, { ...unnamed, point: 1_601 }, 0, true],
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, [told, fresh, now, want]) =>
    expect(isWorthReissuing(aPromise(told), aPromise(fresh), now)).toBe(want),
  );
});

describe('the score', () => {
  const cases: Record<string, [number, ReturnType<typeof score>]> = {
    'on the P50': [5_000, { kept: true, withinP50: true, error: 0, withinMinute: true }],
    'a second later': [5_001, { kept: true, withinP50: false, error: 1, withinMinute: true }],
    'a minute later': [5_060, { kept: true, withinP50: false, error: 60, withinMinute: true }],
    'a minute and a second later': [5_061, { kept: true, withinP50: false, error: 61, withinMinute: false }],
    'a minute sooner': [4_940, { kept: true, withinP50: true, error: -60, withinMinute: true }],
    'a minute and a second sooner': [4_939, { kept: true, withinP50: true, error: -61, withinMinute: false }],
    'on the P90': [9_000, { kept: true, withinP50: false, error: 4_000, withinMinute: false }],
    'a second after the P90': [9_001, { kept: false, withinP50: false, error: 4_001, withinMinute: false }],
  };
  it.each(Object.entries(cases))('%s', (_sentence, [start, want]) => expect(score(aPromise(), start)).toEqual(want));
  it('is none for a promise that named no interval', () => expect(score(aPromise(unnamed), 5_000)).toBeNull());
});

it('a promise is what the book makes of a point', () => {
  const { p50: _p50, p90: _p90, source: _source, ...point } = aPromise();
  expect(promiseFor(new ResidualBook(), point)).toEqual(aPromise(unnamed));
});
