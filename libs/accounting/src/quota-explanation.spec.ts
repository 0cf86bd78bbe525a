import fc from 'fast-check';
import { QuotaBook } from './quota-book.js';
import type { QuotaLevel } from './quota-explanation.js';
import type { QuotaTenant } from './quota-tree.js';

const tenants: QuotaTenant[] = [
  { id: 'p', parentId: null, quota: { cards: 10 } },
  { id: 'p/1', parentId: 'p', quota: { cards: 4, borrowingLimit: 20, lendingLimit: 1 } },
  { id: 'p/2', parentId: 'p', quota: { cards: 4 } },
  { id: 'p/2/x', parentId: 'p/2' },
  { id: 'q', parentId: null, quota: { cards: 6 } },
  { id: 'r', parentId: null, quota: { cards: 2 } },
];
function bookWith(holds: Readonly<Record<string, number>>): QuotaBook {
  const book = new QuotaBook(tenants);
  for (const [id, milli] of Object.entries(holds)) book.hold(id, milli);
  return book;
}
const quiet = { borrowed: 0, borrowedFrom: [], fromAbove: 0, lentTo: [] };

const levels: Record<string, { holds: Record<string, number>; of: string; want: Partial<QuotaLevel>[] }> = {
  'nothing held: quotas, what is kept and what may be borrowed, from the own account to the top': {
    holds: {},
    of: 'p/1',
    want: [
      { tenantId: 'p/1', nominal: 4000, held: 0, borrowingLimit: 20_000, kept: 3000, ...quiet },
      { tenantId: 'p', nominal: 10_000, held: 0, borrowingLimit: null, kept: 0, ...quiet },
    ],
  },
  'a tenant without a quota is explained by the one whose quota it draws on': {
    holds: { 'p/2/x': 500, 'p/2': 300 },
    of: 'p/2/x',
    want: [
      { tenantId: 'p/2', held: 800 },
      { tenantId: 'p', held: 800 },
    ],
  },
  'what a child keeps and uses counts in what its parent holds': {
    holds: { 'p/1': 2000, p: 100 },
    of: 'p',
    want: [{ tenantId: 'p', held: 2100 }],
  },
  'a borrower takes from sibling and parent in proportion to what they leave idle': {
    holds: { 'p/2': 5500 },
    of: 'p/2',
    want: [
      {
        borrowed: 1500,
        borrowedFrom: [
          { tenantId: 'p', milli: 1000 },
          { tenantId: 'p/1', milli: 500 },
        ],
        fromAbove: 0,
      },
      { tenantId: 'p', ...quiet },
    ],
  },
  'the thousandth that does not divide goes to the largest remainder, ties to the smaller id': {
    holds: { p: 2003, 'p/2': 0 },
    of: 'p/1',
    want: [{ lentTo: [{ tenantId: 'p', milli: 1 }] }, {}],
  },
  'what the family cannot lend comes from beside the parent, and the next level says from whom': {
    holds: { 'p/2': 9000 },
    of: 'p/2',
    want: [
      {
        borrowed: 5000,
        borrowedFrom: [
          { tenantId: 'p', milli: 2000 },
          { tenantId: 'p/1', milli: 1000 },
        ],
        fromAbove: 2000,
      },
      {
        tenantId: 'p',
        borrowed: 2000,
        borrowedFrom: [
          { tenantId: 'q', milli: 1500 },
          { tenantId: 'r', milli: 500 },
        ],
        fromAbove: 0,
      },
    ],
  },
  'a lender learns who draws on it': {
    holds: { 'p/2': 9000, r: 3000 },
    of: 'q',
    want: [
      {
        ...quiet,
        lentTo: [
          { tenantId: 'p', milli: 2000 },
          { tenantId: 'r', milli: 1000 },
        ],
      },
    ],
  },
  'what nobody could lend, after a quota was lowered, comes from above the top': {
    holds: { r: 19_000 },
    of: 'r',
    want: [
      {
        borrowed: 17_000,
        borrowedFrom: [
          { tenantId: 'p', milli: 7000 },
          { tenantId: 'q', milli: 6000 },
        ],
        fromAbove: 4000,
      },
    ],
  },
};

describe('explanation of a quota', () => {
  it.each(Object.entries(levels))('%s', (_sentence, { holds, of, want }) => {
    const { levels: got } = bookWith(holds).explain(of);
    expect(got).toHaveLength(want.length);
    expect(got).toMatchObject(want);
  });

  it('names the quota drawn on, what the jobs of the tenant itself hold and its room', () => {
    const book = bookWith({ 'p/2/x': 500, 'p/2': 300, q: 6000, r: 2000, free: 7 });
    expect(book.explain('p/2/x')).toMatchObject({ tenantId: 'p/2/x', held: 500, room: 6200, drawsOn: 'p/2' });
    expect(book.explain('free')).toEqual({ tenantId: 'free', held: 7, room: Infinity, drawsOn: null, levels: [] });
    expect(book.explain('never heard of')).toMatchObject({ held: 0, room: Infinity, drawsOn: null });
  });

  it('every loan is told alike by who gives and by who takes, and nobody lends what it uses', () => {
    const ids = ['p', 'p/1', 'p/2', 'q', 'r'];
    fc.assert(
      fc.property(fc.tuple(...ids.map(() => fc.integer({ min: 0, max: 12_000 }))), (amounts) => {
        const book = bookWith(Object.fromEntries(ids.map((id, i) => [id, amounts[i]!])));
        const own = new Map(ids.map((id) => [id, book.explain(id).levels[0]!]));
        const siblings = [
          ['p/1', 'p/2'],
          ['p', 'q', 'r'],
        ];
        for (const family of siblings) {
          for (const taker of family) {
            for (const giver of family) {
              const taken = own.get(taker)!.borrowedFrom.find(({ tenantId }) => tenantId === giver)?.milli ?? 0;
              const given = own.get(giver)!.lentTo.find(({ tenantId }) => tenantId === taker)?.milli ?? 0;
              expect(given).toBe(taken);
            }
          }
        }
        for (const level of own.values()) {
          const lent = level.lentTo.reduce((sum, { milli }) => sum + milli, 0);
          const taken = level.borrowedFrom.reduce((sum, { milli }) => sum + milli, 0);
          expect(taken + level.fromAbove).toBe(level.borrowed);
          expect(lent).toBeLessThanOrEqual(Math.max(0, level.nominal - level.kept));
          expect(Math.min(lent, level.borrowed)).toBe(0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
