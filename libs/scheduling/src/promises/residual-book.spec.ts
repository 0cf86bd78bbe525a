import fc from 'fast-check';
import type { PlanPoint, ResidualWindow } from './model.js';
import { depthBucket, keysOf, LEAST_FINE, LEAST_OF_ALL, ResidualBook, residualOf, WINDOW } from './residual-book.js';

const aPoint = (named: Partial<PlanPoint> = {}): PlanPoint => ({
  point: 10_000, now: 1_000, class: 'training', basis: 'reservation', ahead: 3, ...named,
}); // prettier-ignore
const aWindow = (key: string, residuals: readonly number[], alpha = 0.1): ResidualWindow => ({ key, residuals, alpha });
/** Residuals 0.00, 0.01, … so that the quantile of a rank can be read off. */
const ranks = (count: number): number[] => Array.from({ length: count }, (_, i) => i / 100);
/** Start that lies by this residual from the point. */
const startAt = ({ point, now }: PlanPoint, residual: number): number =>
  now + (point - now + 60) * Math.exp(residual) - 60;

describe('the depth of a job', () => {
  const cases: Record<string, [number, number]> = {
    'first in line': [0, 0], 'one ahead': [1, 1], 'three ahead': [3, 1], 'four ahead': [4, 2], 'fifteen ahead': [15, 2],
    'sixteen ahead': [16, 3], '63 ahead': [63, 3], '64 ahead': [64, 4], '255 ahead': [255, 4], '256 ahead': [256, 5], 'a million ahead': [1e6, 5],
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, [ahead, want]) => expect(depthBucket(ahead)).toBe(want));
  it('goes into the finest key; the coarser ones leave out depth, class and basis', () =>
    expect(keysOf(aPoint({ ahead: 20 }))).toEqual([
      'training/reservation/3',
      'training/reservation',
      'reservation',
      'all',
    ]));
});

describe('a residual', () => {
  const cases: Record<string, [number, number]> = {
    'zero when the start is the point': [10_000, 0],
    'log 2 at twice the wait and a minute': [1_000 + 9_060 * 2 - 60, Math.log(2)],
    'negative when sooner': [1_000 + 9_060 / 2 - 60, -Math.log(2)],
    'that of no wait for a start before the promise': [0, Math.log(60 / 9_060)],
  };
  it.each(Object.entries(cases))('is %s', (_sentence, [start, want]) =>
    expect(residualOf(aPoint(), start)).toBeCloseTo(want, 12),
  );
});

describe('an interval', () => {
  it('is not named while fewer than 20 outcomes are known', () => {
    const book = new ResidualBook([aWindow('all', ranks(LEAST_OF_ALL - 1))]);
    expect(book.promise(aPoint())).toEqual({ ...aPoint(), p50: null, p90: null, source: null });
    expect(book.size).toBe(19);
  });
  it('comes from all jobs together from the twentieth on', () =>
    expect(new ResidualBook([aWindow('all', ranks(LEAST_OF_ALL))]).promise(aPoint()).source).toBe('all'));
  it('asks the next coarser key where the finer has 29 outcomes, and the finer from 30 on', () => {
    const coarse = aWindow('training/reservation', ranks(LEAST_FINE));
    const sourceWith = (count: number) =>
      new ResidualBook([coarse, aWindow('training/reservation/1', ranks(count))]).promise(aPoint()).source;
    expect(sourceWith(LEAST_FINE - 1)).toBe('training/reservation');
    expect(sourceWith(LEAST_FINE)).toBe('training/reservation/1');
  });
  it('is the median and the ceil((n + 1) 0.9)-th residual, on the planned wait and a minute', () => {
    const { p50, p90 } = new ResidualBook([aWindow('all', ranks(39).toReversed())]).promise(aPoint());
    expect(p50).toBe(Math.round(startAt(aPoint(), 0.19)));
    expect(p90).toBe(Math.round(startAt(aPoint(), 0.35)));
  });
  it('takes the largest residual where the rank is beyond the last', () =>
    expect(new ResidualBook([aWindow('all', ranks(20), 0.01)]).promise(aPoint()).p90).toBe(
      Math.round(startAt(aPoint(), 0.19)),
    ));
  it('is stretched beyond the largest where even that was not enough', () =>
    expect(new ResidualBook([aWindow('all', ranks(20), -0.1)]).promise(aPoint()).p90).toBe(
      Math.round(startAt(aPoint(), 0.69)),
    ));
  it.each([-0.6, -0.61, -3])('is stretched by three at most (allowed misses %d)', (alpha) =>
    expect(new ResidualBook([aWindow('all', ranks(20), alpha)]).promise(aPoint()).p90).toBe(
      Math.round(startAt(aPoint(), 3.19)),
    ),
  );
  it('never begins before now, nor ends before it begins', () => {
    const soon = new ResidualBook([
      aWindow(
        'all',
        ranks(20).map(() => -9),
        0.1,
      ),
    ]).promise(aPoint());
    expect([soon.p50, soon.p90]).toEqual([1_000, 1_000]);
    const odd = new ResidualBook([aWindow('all', ranks(20), 0.4)]).promise(aPoint({ point: 0 }));
    expect(odd.p50).toBeGreaterThanOrEqual(1_000);
  });
});

describe('learning', () => {
  const told = (book: ResidualBook) => book.promise(aPoint());
  const trained = (alpha = 0.1) => new ResidualBook([aWindow('all', ranks(20), alpha)]);
  const alphaOf = (book: ResidualBook) => book.windows().find(({ key }) => key === 'all')!.alpha;

  it('a promise kept to the second lets the allowed miss rate grow by a tenth of a step', () => {
    const book = trained();
    const promise = told(book);
    book.learn(promise, promise.p90!);
    expect(alphaOf(book)).toBeCloseTo(0.102, 12);
  });
  it('one broken by a second lets it fall by nine tenths', () => {
    const book = trained();
    const promise = told(book);
    book.learn(promise, promise.p90! + 1);
    expect(alphaOf(book)).toBeCloseTo(0.082, 12);
  });
  it('one known to be late is not counted again at its start, but its residual is', () => {
    const book = trained();
    const promise = told(book);
    book.learnLate(promise);
    book.learn(promise, promise.p90! + 1, true);
    expect(alphaOf(book)).toBeCloseTo(0.082, 12);
    expect(book.size).toBe(21);
  });
  it('stays within its bounds', () => {
    const book = trained();
    for (let i = 0; i < 200; i++) book.learnLate(told(book));
    expect(alphaOf(book)).toBe(-3);
    const lucky = trained();
    const kept = told(lucky);
    for (let i = 0; i < 400; i++) lucky.learn(kept, 1_000);
    expect(alphaOf(lucky)).toBe(0.4);
  });
  it('of a promise without an interval only the residual counts', () => {
    const book = new ResidualBook();
    book.learn(book.promise(aPoint()), 10_000);
    book.learnLate(book.promise(aPoint()));
    expect(book.windows().map(({ key, residuals, alpha }) => [key, residuals, alpha])).toEqual(
      ['all', 'reservation', 'training/reservation', 'training/reservation/1'].map((key) => [key, [0], 0.1]),
    );
  });
  it('keeps the newest 400', () => {
    const book = new ResidualBook([aWindow('all', ranks(WINDOW))]);
    book.learn({ ...aPoint(), p50: null, p90: null, source: null }, 10_000);
    const { residuals } = book.windows().find(({ key }) => key === 'all')!;
    expect([residuals.length, residuals[0], residuals.at(-1)]).toEqual([400, 0.01, 0]);
  });
  it('has room for four hundred: the four hundredth drives out nobody', () => {
    const book = new ResidualBook([aWindow('all', ranks(WINDOW - 1))]);
    book.learn({ ...aPoint(), p50: null, p90: null, source: null }, 10_000);
    const { residuals } = book.windows().find(({ key }) => key === 'all')!;
    expect([residuals.length, residuals[0], residuals.at(-1)]).toEqual([400, 0, 0]);
  });
  it('restored from more than it keeps, it keeps the newest', () => {
    const [window] = new ResidualBook([aWindow('all', ranks(WINDOW + 5))]).windows();
    expect([window!.residuals.length, window!.residuals[0], window!.residuals.at(-1)]).toEqual([400, 0.05, 4.04]);
  });
  it('tells of a key that has learned nothing but that its promise is late', () => {
    const book = trained();
    book.learnLate(told(book));
    expect(book.takeTouched().map(({ key, alpha }) => [key, alpha.toFixed(3)])).toEqual([['all', '0.082']]);
  });
  it('tells each touched key once', () => {
    const book = trained();
    book.learn(told(book), 10_000);
    expect(book.takeTouched().map(({ key }) => key)).toEqual([
      'all',
      'reservation',
      'training/reservation',
      'training/reservation/1',
    ]);
    expect(book.takeTouched()).toEqual([]);
  });
});

describe('what always holds', () => {
  const anyResiduals = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 20, maxLength: 80 });
  const anyPoint = fc.record({ now: fc.integer({ min: 0, max: 1e6 }), wait: fc.integer({ min: -100, max: 1e6 }) });
  it('now <= P50 <= P90, and a later point is never promised sooner', () => {
    fc.assert(
      fc.property(
        anyResiduals,
        anyPoint,
        fc.nat(1e5),
        fc.double({ min: -3, max: 0.4, noNaN: true }),
        (residuals, { now, wait }, later, alpha) => {
          const book = new ResidualBook([aWindow('all', residuals, alpha)]);
          const one = book.promise(aPoint({ now, point: now + wait }));
          const other = book.promise(aPoint({ now, point: now + wait + later }));
          expect([now, one.p50, one.p90]).toEqual([now, one.p50!, one.p90!].toSorted((a, b) => a - b));
          expect([one.p50! <= other.p50!, one.p90! <= other.p90!]).toEqual([true, true]);
        },
      ),
    );
  });
  it('a book restored from its windows promises and learns as the one it was taken from', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 1e5 }), { minLength: 25, maxLength: 60 }), (starts) => {
        const book = new ResidualBook();
        for (const start of starts) book.learn(book.promise(aPoint()), start);
        const restored = new ResidualBook(JSON.parse(JSON.stringify(book.windows())));
        expect(restored.promise(aPoint())).toEqual(book.promise(aPoint()));
        restored.learn(restored.promise(aPoint()), 5_000);
        book.learn(book.promise(aPoint()), 5_000);
        expect(restored.windows()).toEqual(book.windows());
      }),
    ));

  /** A small congruential generator: the same numbers each run. */
  function numbers(seed: number): () => number {
    let state = seed;
    return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
  }
  const worlds: Record<string, (i: number, next: () => number) => number> = {
    'waits that do not change': (_i, next) => next() * 2 - 1,
    'waits that drift by an e-fold in 500 jobs': (i, next) => next() - 0.5 + i / 500,
    'waits that jump up half way': (i, next) => next() + (i > 2_000 ? 2 : 0),
    'waits that fall half way': (i, next) => next() - (i > 2_000 ? 2 : 0),
  };
  it.each(Object.entries(worlds))('nine of ten P90 are kept in a world of %s', (_sentence, residual) => {
    const book = new ResidualBook();
    const next = numbers(7);
    let kept = 0;
    let promised = 0;
    for (let i = 0; i < 4_000; i++) {
      const promise = book.promise(aPoint());
      const start = startAt(aPoint(), residual(i, next));
      if (promise.p90 !== null) {
        promised++;
        if (start <= promise.p90) kept++;
      }
      book.learn(promise, start);
    }
    expect(promised).toBe(3_980);
    expect(kept / promised).toBeGreaterThan(0.88);
    expect(kept / promised).toBeLessThan(0.92);
  });
});
