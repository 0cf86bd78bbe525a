import fc from 'fast-check';
import type { TenantModel } from './model.js';
import { HALF_LIFE_SECONDS, ShareBook, type ShareCharge } from './share-book.js';
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
  'a quarter after two': {
    tenants: [tenant('a', 1, { usage: 500, usageAsOf: T0 - 28 * 86_400 })],
    now: T0,
    want: [125, 0],
  },
  'and by the root of a half after half of one': {
    tenants: [tenant('a', 1, { usage: 1000, usageAsOf: T0 - 7 * 86_400 })],
    now: T0,
    want: [707.107, 0],
  },
  'decay goes by ticks too': {
    tenants: [tenant('a', 1, { usage: 500, usageAsOf: T0 - 14 * 86_400 })],
    now: T0 + 59,
    want: [250, 0],
  },
  'what runs does not decay, however long it has run': {
    charges: [charge('a', 1, T0 - 28 * 86_400)],
    now: T0,
    want: [0, 28 * 86_400 + 600],
  },
  'a start that is far ahead is not charged less than nothing': {
    charges: [charge('a', 1, T0 + 3600)],
    now: T0,
    want: [0, 0],
  },
  'one that is a tick ahead is charged the rest of its penalty': {
    charges: [charge('a', 1, T0 + 60)],
    now: T0,
    want: [0, 540],
  },
  'ended and running stand beside each other': {
    tenants: [tenant('a', 1, { usage: 500 })],
    charges: [charge('a', 2, T0 - 60)],
    now: T0,
    want: [500, 1320],
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

  it('a burst is charged at once: of two that have used nothing, who starts much stands behind at the very tick', () => {
    const tenants = [tenant('burst'), tenant('steady'), tenant('idle')];
    const book = bookOf(tenants, [charge('steady', 1, T0 - 600)]);
    expect(order(book, T0)).toBe('burst0 idle0 steady2');
    for (let n = 0; n < 3; n++) book.start(charge('burst', 1, T0)); // 1800 of penalty to 1200 of use and penalty
    expect(order(book, T0)).toBe('idle0 steady1 burst2');
    const bare = new ShareBook({ entryPenaltySeconds: 0 });
    bare.setTenants(tenants);
    bare.start(charge('steady', 1, T0 - 600));
    for (let n = 0; n < 3; n++) bare.start(charge('burst', 1, T0));
    expect(order(bare, T0)).toBe('burst0 idle0 steady2'); // without it the burst would go on until the next tick
  });

  it('decays all alike, so that no order changes by decay alone', () => {
    const at = (asOf: number) =>
      bookOf([tenant('a', 1, { usage: 900, usageAsOf: asOf }), tenant('b', 2, { usage: 2000, usageAsOf: asOf })]);
    expect([order(at(T0), T0), order(at(T0 - 1e6), T0), order(at(T0), T0 + 1e6)]).toEqual(['a0 b1', 'a0 b1', 'a0 b1']);
  });

  it('defaults are fourteen days, a minute and ten minutes', () => {
    const book = new ShareBook();
    expect([book.accrualSeconds, book.entryPenaltySeconds]).toEqual([60, 600]);
    expect([59, 60, 119, 120].map((now) => book.tickOf(now))).toEqual([0, 60, 60, 120]);
    expect(HALF_LIFE_SECONDS).toBe(14 * 86_400);
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

  it('the level fairshare that sshare prints is due over used: the inverse of the ratio', () => {
    // SCITAS (EPFL), account scitas-ge of 23 equal shares: effective usage and level FS of the three users that used anything.
    const users = Array.from({ length: 20 }, (_, n) => tenant(`idle-${n}`));
    const book = bookOf([
      ...users,
      tenant('eroche', 1, { usage: 250_000 }),
      tenant('qubit', 1, { usage: 255_072 }),
      tenant('rezzonic', 1, { usage: 494_928 }),
    ]);
    const printed = ['eroche', 'qubit', 'rezzonic'].map((id) => {
      const level = book.shareOf(id, T0)!.levels[0]!;
      return [level.dueShare, level.usedShare!, 1 / level.ratio!].map((figure) => figure.toFixed(6));
    });
    expect(printed).toEqual([
      ['0.043478', '0.250000', '0.173913'],
      ['0.043478', '0.255072', '0.170455'],
      ['0.043478', '0.494928', '0.087848'],
    ]);
    expect(book.shareOf('idle-3', T0)!.levels[0]).toMatchObject({ usedShare: 0, ratio: 0, place: 1, siblings: 23 });
    expect(['eroche', 'qubit', 'rezzonic'].map((id) => book.shareOf(id, T0)!.levels[0]!.place)).toEqual([21, 22, 23]);
  });

  it('what runs counts up to the top, and only among the siblings of each level', () => {
    const tenants = [
      tenant('p', 1),
      tenant('p/1', 1, { parentId: 'p' }),
      tenant('p/1/x', 2, { parentId: 'p/1', usage: 60 }),
      tenant('p/2', 3, { parentId: 'p', usage: 600 }),
      tenant('q', 1, { usage: 540 }),
    ];
    const { levels, own, rank } = bookOf(tenants, [charge('p/1/x', 1, T0)]).shareOf('p/1/x', T0)!;
    expect(own).toEqual({ ended: 60, running: 600 });
    expect(levels.map(({ tenantId, use, usedShare, dueShare, place }) => ({ tenantId, use, usedShare, dueShare, place }))).toEqual([
      { tenantId: 'p', use: 1260, usedShare: 0.7, dueShare: 0.5, place: 2 },
      { tenantId: 'p/1', use: 660, usedShare: 660 / 1260, dueShare: 0.25, place: 2 },
      { tenantId: 'p/1/x', use: 660, usedShare: 1, dueShare: 1, place: 1 },
    ]); // prettier-ignore
    // q, then p itself, p/2 (600/3), p/1 itself, and last the one that used it all.
    expect(rank).toBe(4);
  });

  it('tenants that stand equal have the same place, and circles of parents stand at the top', () => {
    const tenants = [
      tenant('a', 1, { usage: 20 }),
      tenant('b', 2, { usage: 40 }),
      tenant('c', 1, { parentId: 'd', usage: 10 }),
      tenant('d', 1, { parentId: 'c', usage: 30 }),
    ];
    const book = bookOf(tenants);
    const top = (id: string) => book.shareOf(id, T0)!.levels.map(({ tenantId, use, place }) => [tenantId, use, place]);
    expect(['a', 'b', 'c', 'd'].map(top)).toEqual([[['a', 20, 2]], [['b', 40, 2]], [['c', 10, 1]], [['d', 30, 4]]]);
    expect(order(book, T0)).toBe('c0 a1 b1 d3');
  });
});

describe('share book: whatever came before', () => {
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
