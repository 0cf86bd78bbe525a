import fc from 'fast-check';
import { QuotaBook } from './quota-book.js';
import type { QuotaTenant } from './quota-tree.js';

/**
 * Three levels, every limit set somewhere. In reference cards, by hand:
 *
 *   b    20, borrows 4, lends 6    own 4    pool 4 + 3 + 6 = 13    keeps 7    at most 17
 *   b/i  10, borrows 5, lends 3    own 2    pool 2 + 1 + 4 = 7     keeps 4    at most 12
 *   b/i/1 4, borrows 2, lends 1             pool 4                 keeps 3    at most 6
 *   b/i/2 4                                 pool 4                 keeps 0
 *   b/j   6                                 pool 6                 keeps 0
 *   c    10                                 pool 10                keeps 0    at the top: 6 + 10 = 16
 */
const tenants: QuotaTenant[] = [
  { id: 'b', parentId: null, quota: { cards: 20, borrowingLimit: 4, lendingLimit: 6 } },
  { id: 'b/i', parentId: 'b', quota: { cards: 10, borrowingLimit: 5, lendingLimit: 3 } },
  { id: 'b/i/1', parentId: 'b/i', quota: { cards: 4, borrowingLimit: 2, lendingLimit: 1 } },
  { id: 'b/i/2', parentId: 'b/i', quota: { cards: 4 } },
  { id: 'b/j', parentId: 'b', quota: { cards: 6 } },
  { id: 'c', parentId: null, quota: { cards: 10 } },
];
type Holds = Readonly<Record<string, number>>;
function bookWith(holds: Holds = {}): QuotaBook {
  const book = new QuotaBook(tenants);
  for (const [id, cards] of Object.entries(holds)) book.hold(id, cards * 1000);
  return book;
}
const roomsOf = (book: QuotaBook): Holds => Object.fromEntries(tenants.map(({ id }) => [id, book.room(id) / 1000]));

describe('room on three levels', () => {
  const cases: Record<string, { holds?: Holds; want: Holds }> = {
    'nobody holds anything: each is bound by the first limit on its way up': {
      want: {
        'b/i/1': 6, // its own: 4 and 2 borrowed
        'b/i/2': 12, // that of its institute: 7 of the family and 5 borrowed
        'b/i': 12,
        'b/j': 17, // that of the bureau: 13 and 4 borrowed
        b: 17,
        c: 16, // its 10 and the 6 that the bureau lends
      },
    },
    'at its own borrowing limit a project has no room; what it borrowed the institute had kept for itself': {
      holds: { 'b/i/1': 6 },
      want: { 'b/i/1': 0, 'b/i/2': 9, 'b/i': 9, 'b/j': 17, b: 17, c: 16 },
    },
    'a thousandth below it a thousandth is left': {
      holds: { 'b/i/1': 5.999 },
      want: { 'b/i/1': 0.001, 'b/i/2': 9.001 },
    },
    'at the limit of the institute a project has what it keeps, and no more': {
      holds: { 'b/i/2': 12 },
      want: { 'b/i/2': 0, 'b/i': 0, 'b/i/1': 3, 'b/j': 9, b: 9, c: 15 },
    },
    'of what it keeps it may lend on what its lending limit says': {
      holds: { 'b/i/2': 12, 'b/i/1': 3 },
      want: { 'b/i/1': 0, 'b/i/2': 0, 'b/j': 9 },
    },
    'at the limit of the bureau the institute has what it keeps': {
      holds: { 'b/j': 17 },
      want: { 'b/j': 0, b: 0, 'b/i': 4, 'b/i/2': 4, 'b/i/1': 6, c: 6 },
    },
    'and, when that is used, a project what it keeps': {
      holds: { 'b/j': 17, 'b/i/2': 4 },
      want: { 'b/i': 0, 'b/i/2': 0, 'b/i/1': 3 },
    },
    'a neighbour that has taken all that is lent leaves the bureau what it keeps': {
      holds: { c: 16 },
      want: { c: 0, b: 7, 'b/j': 7, 'b/i': 11, 'b/i/2': 11, 'b/i/1': 6 },
    },
    'what the bureau uses of what it keeps costs the neighbour nothing': { holds: { 'b/j': 7 }, want: { c: 16, b: 10 } },
    'what it uses of what it lends does': { holds: { 'b/j': 8 }, want: { c: 15, b: 9 } },
    'the jobs of the institute itself draw on the pool of the family': {
      holds: { 'b/i': 7 },
      want: { 'b/i': 5, 'b/i/2': 5, 'b/i/1': 6, 'b/j': 14 },
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { holds, want }) => {
    expect(roomsOf(bookWith(holds))).toMatchObject(want);
  });
});

describe('what is borrowed on each level', () => {
  const borrowed = (book: QuotaBook): Holds =>
    Object.fromEntries(tenants.map(({ id }) => [id, book.borrowed(id) / 1000]));
  const cases: Record<string, { holds: Holds; want: Holds }> = {
    'within its quota nobody borrows': { holds: { 'b/i/2': 4, c: 10 }, want: { 'b/i/2': 0, 'b/i': 0, b: 0, c: 0 } },
    'from the family first: the institute does not borrow': { holds: { 'b/i/2': 7 }, want: { 'b/i/2': 3, 'b/i': 0 } },
    'then from the bureau, which does not': { holds: { 'b/i/2': 12 }, want: { 'b/i/2': 8, 'b/i': 5, b: 0 } },
    'the bureau from beside it': { holds: { 'b/j': 17 }, want: { 'b/j': 11, b: 4 } },
    'the neighbour from the bureau': { holds: { c: 16 }, want: { c: 6, b: 0 } },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, want }) => {
    expect(borrowed(bookWith(holds))).toMatchObject(want);
  });
});

describe('what is its own on three levels', () => {
  const cases: Record<string, { holds?: Holds; of: string; cards: number }> = {
    'a project: its quota': { of: 'b/i/1', cards: 4 },
    'an institute: what it has not promised': { of: 'b/i', cards: 2 },
    'a bureau: what it has not promised': { of: 'b', cards: 4 },
    'less what its own jobs hold': { holds: { b: 1.5 }, of: 'b', cards: 2.5 },
    'whatever those below have borrowed': { holds: { 'b/i/2': 12 }, of: 'b/i', cards: 2 },
    'and whatever those beside it have': { holds: { c: 16 }, of: 'b/j', cards: 6 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, of, cards }) => {
    const isOwn = (milli: number): boolean => bookWith(holds).isWithinNominal(of, milli);
    expect([isOwn(cards * 1000), isOwn(cards * 1000 + 1)]).toEqual([true, false]);
  });

  it('a quota lowered under what is held leaves no room there and takes nothing from the levels above', () => {
    const book = bookWith({ 'b/i/2': 4 });
    book.setTenants(tenants.map((one) => (one.id === 'b/i/2' ? { ...one, quota: { cards: 1, borrowingLimit: 0 } } : one)));
    expect([book.room('b/i/2'), book.borrowed('b/i/2'), book.borrowed('b/i')]).toEqual([0, 3000, 0]);
    expect(book.isWithinNominal('b/i', 5000)).toBe(true); // the institute has back what it had promised
  }); // prettier-ignore
});

describe('from whom and to whom, level by level', () => {
  /** Cards by tenant. */
  const flow = (parts: readonly { readonly tenantId: string; readonly milli: number }[]): Holds =>
    Object.fromEntries(parts.map(({ tenantId, milli }) => [tenantId, milli / 1000]));
  const told = (holds: Holds, id: string) =>
    bookWith(holds)
      .explain(id)
      .levels.map(({ tenantId, held, borrowed, borrowedFrom, fromAbove, lentTo }) => ({
        of: tenantId,
        held: held / 1000,
        borrowed: borrowed / 1000,
        from: flow(borrowedFrom),
        above: fromAbove / 1000,
        to: flow(lentTo),
      }));

  it('a project borrows from its institute and its sibling, then from the bureau and the other institute', () => {
    expect(told({ 'b/i/2': 12 }, 'b/i/2')).toEqual([
      // The institute leaves 2 of its own idle and the sibling lends 1 of its 4; 5 come from beside the institute:
      { of: 'b/i/2', held: 12, borrowed: 8, from: { 'b/i': 2, 'b/i/1': 1 }, above: 5, to: {} },
      // there the bureau leaves 4 and the other institute 6, and give in proportion.
      { of: 'b/i', held: 12, borrowed: 5, from: { b: 2, 'b/j': 3 }, above: 0, to: {} },
      { of: 'b', held: 12, borrowed: 0, from: {}, above: 0, to: {} },
    ]);
  });

  it('each of those hears of it on its own level', () => {
    expect(told({ 'b/i/2': 12 }, 'b/i/1')[0]).toEqual({
      of: 'b/i/1', held: 0, borrowed: 0, from: {}, above: 0, to: { 'b/i/2': 1 },
    }); // prettier-ignore
    expect(told({ 'b/i/2': 12 }, 'b/j')[0]).toMatchObject({ of: 'b/j', to: { 'b/i': 3 } });
  });

  it('the neighbour from the bureau, and the bureau from the neighbour', () => {
    expect(told({ c: 16 }, 'c')).toMatchObject([{ borrowed: 6, from: { b: 6 }, above: 0 }]);
    expect(told({ c: 16 }, 'b')).toMatchObject([{ borrowed: 0, to: { c: 6 } }]);
    expect(told({ 'b/j': 17 }, 'b')).toMatchObject([{ borrowed: 4, from: { c: 4 }, to: {} }]);
    expect(told({ 'b/j': 17 }, 'c')).toMatchObject([{ held: 0, to: { b: 4 } }]);
  });

  it('what is held under a quota counts on every level above it, kept or lent', () => {
    const levels = told({ 'b/i/1': 3, 'b/i/2': 2, 'b/i': 1, 'b/j': 5, b: 2 }, 'b/i/1');
    expect(levels.map(({ of, held }) => [of, held])).toEqual([
      ['b/i/1', 3],
      ['b/i', 6],
      ['b', 13],
    ]);
  });
});

describe('who has back what it lent', () => {
  interface Case {
    readonly holds: Holds;
    readonly by: string;
    readonly from: string;
    readonly want: boolean;
  }
  const cases: Record<string, Case> = {
    'a neighbour from whoever has brought the bureau over its own': { holds: { 'b/j': 17 }, by: 'c', from: 'b/j', want: true },
    'down to the last thousandth': { holds: { 'b/j': 13.001 }, by: 'c', from: 'b/j', want: true },
    'and not below it': { holds: { 'b/j': 13 }, by: 'c', from: 'b/j', want: false },
    'not from a project within its quota in a bureau that borrows': { holds: { 'b/j': 13, 'b/i/2': 4 }, by: 'c', from: 'b/i/2', want: false },
    'nor from one that borrows in an institute that does not': { holds: { 'b/j': 11, 'b/i/2': 6 }, by: 'c', from: 'b/i/2', want: false },
    'but from one that borrows, in an institute that does, in a bureau that does': { holds: { 'b/j': 10, 'b/i/2': 8 }, by: 'c', from: 'b/i/2', want: true },
    'a project from its sibling, whatever the institute does': { holds: { 'b/i/2': 5 }, by: 'b/i/1', from: 'b/i/2', want: true },
    'a project from the other institute of the bureau': { holds: { 'b/j': 7 }, by: 'b/i/1', from: 'b/j', want: true },
    'an institute from the other': { holds: { 'b/i/2': 8 }, by: 'b/j', from: 'b/i/2', want: true },
    'not while that draws on nothing but its family': { holds: { 'b/i/2': 7 }, by: 'b/j', from: 'b/i/2', want: false },
    'a bureau from the neighbour that it lends to': { holds: { c: 10.001 }, by: 'b', from: 'c', want: true },
    'not from one that uses its own': { holds: { c: 10 }, by: 'b', from: 'c', want: false },
    'the institute from its own project': { holds: { 'b/i/1': 5 }, by: 'b/i', from: 'b/i/1', want: true },
    'a project from the jobs of its institute that take more than this kept': { holds: { 'b/i': 2.001 }, by: 'b/i/1', from: 'b/i', want: true },
    'not from those that take what it kept': { holds: { 'b/i': 2 }, by: 'b/i/1', from: 'b/i', want: false },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { holds, by, from, want }) => {
    expect(bookWith(holds).mayReclaimFrom(by, from)).toBe(want);
  });

  it('what it has reclaimed is its own again, to the last thousandth', () => {
    const book = bookWith({ 'b/j': 17 });
    expect(book.room('c')).toBe(6000);
    while (book.room('c') < 10_000 && book.mayReclaimFrom('c', 'b/j')) book.release('b/j', 1);
    expect([book.room('c'), book.borrowed('b')]).toEqual([10_000, 0]);
  });
});

describe('whatever comes and goes', () => {
  const anyHold = fc.record({
    id: fc.constantFrom(...tenants.map(({ id }) => id)),
    milli: fc.integer({ min: 0, max: 9000 }),
  });
  const inAnyOrder = fc
    .array(anyHold, { maxLength: 20 })
    .chain((holds) => fc.tuple(fc.constant(holds), fc.shuffledSubarray(holds, { minLength: holds.length })));

  it('released in any order, nothing is held and all have the room of the first day', () => {
    fc.assert(
      fc.property(inAnyOrder, ([holds, back]) => {
        const book = bookWith();
        for (const { id, milli } of holds) book.hold(id, milli);
        for (const { id, milli } of back) book.release(id, milli);
        expect(roomsOf(book)).toEqual(roomsOf(bookWith()));
        expect(tenants.map(({ id }) => [book.borrowed(id), book.explain(id).held])).toEqual(tenants.map(() => [0, 0]));
      }),
    );
  });

  it('who asks before he holds keeps every limit, and what each keeps stays open to it', () => {
    const most: Holds = { 'b/i/1': 6, 'b/i': 12, b: 17 };
    const keeps: Holds = { 'b/i/1': 3, 'b/i': 4, b: 7 };
    fc.assert(
      fc.property(fc.array(anyHold, { maxLength: 30 }), (wishes) => {
        const book = bookWith();
        for (const { id, milli } of wishes) book.hold(id, Math.min(milli, book.room(id)));
        for (const [id, cards] of Object.entries(most)) {
          const level = book.explain(id).levels[0]!;
          expect(level.borrowed).toBeLessThanOrEqual(level.borrowingLimit!);
          expect(level.nominal - level.kept).toBeGreaterThanOrEqual(0);
          expect(level.held).toBeLessThanOrEqual((cards + (id === 'b/i/1' ? 0 : 7)) * 1000);
          expect(level.held + book.room(id)).toBeGreaterThanOrEqual(keeps[id]! * 1000);
        }
        const total = ['b', 'c'].reduce((sum, id) => sum + book.explain(id).levels[0]!.held, 0);
        expect(total).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});
