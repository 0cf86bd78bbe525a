import fc from 'fast-check';
import type { TenantModel } from './model.js';
import { ShareBook, type ShareCharge } from './share-book.js';
import { runs } from './testing/runs.js';

const tenant = (id: string, weight = 1, more: Partial<TenantModel> = {}): TenantModel => ({
  id,
  parentId: null,
  weight,
  usage: 0,
  ...more,
});
const charge = (tenantId: string, cards: number, startedAt: number): ShareCharge => ({
  tenantId,
  milli: cards * 1000,
  startedAt,
});
const T0 = 1_790_000_040; // a multiple of the accrual
function bookOf(tenants: readonly TenantModel[], charges: readonly ShareCharge[] = []): ShareBook {
  const book = new ShareBook();
  book.setTenants(tenants);
  for (const one of charges) book.start(one);
  return book;
}
const order = (book: ShareBook, now: number): string =>
  [...book.ranksAt(now)].toSorted(([, a], [, b]) => a - b).map(([id, rank]) => `${id}${rank}`).join(' '); // prettier-ignore

const effective: Record<
  string,
  { tenants?: TenantModel[]; charges?: ShareCharge[]; now: number; want: [number, number] }
> = {
  'a start is charged its penalty at once': { charges: [charge('a', 2, T0)], now: T0, want: [0, 1200] },
  'between two ticks nothing accrues': { charges: [charge('a', 2, T0)], now: T0 + 59, want: [0, 1200] },
  'at the next tick a tick has accrued': { charges: [charge('a', 2, T0)], now: T0 + 60, want: [0, 1320] },
  'it counts from the tick of its start': { charges: [charge('a', 1, T0 + 59)], now: T0 + 60, want: [0, 660] },
  'several add up': { charges: [charge('a', 1, T0), charge('a', 3, T0 - 120)], now: T0, want: [0, 600 + 3 * 720] },
  'what has ended is taken as told, without a date': {
    tenants: [tenant('a', 1, { usage: 500 })],
    now: T0 + 1e6,
    want: [500, 0],
  },
  'what has ended is half after a half-life': {
    tenants: [tenant('a', 1, { usage: 500, usageAsOf: T0 - 14 * 86_400 })],
    now: T0,
    want: [250, 0],
  },
  'a date ahead of the tick does not make it more': {
    tenants: [tenant('a', 1, { usage: 500, usageAsOf: T0 + 30 })],
    now: T0 + 31,
    want: [500, 0],
  },
  'years of a hundred thousand cards are still counted to the second': {
    charges: [charge('a', 100_000, T0 - 6_000_000), charge('a', 0.001, T0 - 60)],
    now: T0,
    want: [0, 100_000 * 6_000_600 + 0.66],
  },
};

describe('share book', () => {
  it.each(Object.entries(effective))('%s', (_sentence, { tenants = [tenant('a')], charges, now, want }) => {
    const { own } = bookOf(tenants, charges).shareOf('a', now)!;
    expect([own.ended, own.running]).toEqual(want);
  });

  it('the policy says half-life, accrual and penalty', () => {
    const book = new ShareBook({ halfLifeSeconds: 100, accrualSeconds: 10, entryPenaltySeconds: 0 });
    book.setTenants([tenant('a', 1, { usage: 8, usageAsOf: 1000 })]);
    book.start(charge('a', 1, 1195));
    expect(book.shareOf('a', 1209)).toMatchObject({ asOf: 1200, own: { ended: 2, running: 10 } });
  });

  it('ranks by use over weight, running work included', () => {
    const tenants = [tenant('a'), tenant('b', 2), tenant('c', 1, { usage: 700 })];
    const book = bookOf(tenants, [charge('a', 1, T0), charge('b', 1, T0)]);
    expect(order(book, T0)).toBe('b0 a1 c2');
    expect(order(book, T0 + 120)).toBe('b0 c1 a2');
    book.end(charge('a', 1, T0));
    expect(order(book, T0 + 120)).toBe('a0 b1 c2');
  });

  it('gives the very same map until a rank changes', () => {
    const book = bookOf([tenant('a'), tenant('b')], [charge('a', 1, T0)]);
    const first = book.ranksAt(T0);
    expect(book.ranksAt(T0 + 600)).toBe(first);
    book.start(charge('a', 1, T0));
    expect(book.ranksAt(T0 + 600)).toBe(first);
    book.start(charge('b', 3, T0));
    expect(book.ranksAt(T0 + 600)).not.toBe(first);
    book.setTenants([tenant('a')]);
    expect([...book.ranksAt(T0 + 600).keys()]).toEqual(['a']);
  });

  it('knows nothing of tenants that it was not told of', () => {
    const book = bookOf([tenant('a')], [charge('gone', 5, T0)]);
    expect(book.shareOf('gone', T0)).toBeUndefined();
    expect(book.shareOf('a', T0)?.levels[0]).toMatchObject({
      use: 0,
      usedShare: null,
      ratio: null,
      place: 1,
      siblings: 1,
    });
  });
});

describe('share book: standing', () => {
  it('tells each level: weight, due, used, ratio and place, from the top down', () => {
    const tenants = [
      tenant('p', 3, { usage: 100 }),
      tenant('p/1', 1, { parentId: 'p', usage: 500 }),
      tenant('p/2', 4, { parentId: 'p' }),
      tenant('q', 1, { usage: 600 }),
      tenant('r', 4, { parentId: 'unknown' }),
    ];
    expect(bookOf(tenants).shareOf('p/1', T0)).toEqual({
      tenantId: 'p/1',
      asOf: T0,
      rank: 3,
      own: { ended: 500, running: 0 },
      levels: [
        {
          tenantId: 'p',
          weight: 3,
          dueShare: 0.375,
          use: 600,
          usedShare: 0.5,
          ratio: 0.5 / 0.375,
          place: 2,
          siblings: 3,
        },
        { tenantId: 'p/1', weight: 1, dueShare: 0.2, use: 500, usedShare: 1, ratio: 5, place: 2, siblings: 2 },
      ],
    });
  });

  it('stands where a fresh book would, whatever came and went, in whatever order', () => {
    const aCharge = fc.record({
      tenantId: fc.constantFrom('a', 'b', 'c'),
      milli: fc.integer({ min: 1, max: 1e8 }),
      startedAt: fc.integer({ min: T0 - 1e7, max: T0 }),
    });
    const tenants = [tenant('a'), tenant('b', 3), tenant('c', 1, { parentId: 'b', usage: 12.5 })];
    const told = (book: ShareBook): unknown => ['a', 'b', 'c'].map((id) => book.shareOf(id, T0 + 7));
    fc.assert(
      fc.property(fc.array(aCharge), fc.array(aCharge), (staying, passing) => {
        const book = new ShareBook();
        for (const one of [...passing, ...staying.toReversed()]) book.start(one);
        book.ranksAt(T0 - 100);
        book.setTenants(tenants.toReversed());
        for (const one of passing.toReversed()) book.end(one);
        expect(told(book)).toEqual(told(bookOf(tenants, staying)));
      }),
      { numRuns: runs(500) },
    );
  });
});
