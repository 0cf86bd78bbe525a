import fc from 'fast-check';
import { QuotaBook } from './quota-book.js';
import type { QuotaModel, QuotaTenant } from './quota-tree.js';

const quota = (cards: number, limits: { borrow?: number; lend?: number } = {}): QuotaModel => ({
  cards,
  ...(limits.borrow === undefined ? {} : { borrowingLimit: limits.borrow }),
  ...(limits.lend === undefined ? {} : { lendingLimit: limits.lend }),
});
const tenant = (id: string, parentId: string | null, own?: QuotaModel): QuotaTenant => ({
  id,
  parentId,
  ...(own ? { quota: own } : {}),
});
function bookOf(tenants: readonly QuotaTenant[], holds: Readonly<Record<string, number>> = {}): QuotaBook {
  const book = new QuotaBook(tenants);
  for (const [id, milli] of Object.entries(holds)) book.hold(id, milli);
  return book;
}

const two = [tenant('a', null, quota(10)), tenant('b', null, quota(6))];
const limited = [tenant('a', null, quota(10, { lend: 4 })), tenant('b', null, quota(6, { borrow: 3 }))];
const institutes = [
  tenant('p', null, quota(10)),
  tenant('p/1', 'p', quota(4)),
  tenant('p/2', 'p', quota(4)),
  tenant('p/2/x', 'p/2'),
  tenant('q', null, quota(6)),
];

const rooms: Record<string, { tenants: QuotaTenant[]; holds?: Record<string, number>; of: string; wantRoom: number }> =
  {
    'alone with a quota: all of it': { tenants: [tenant('a', null, quota(2.5))], of: 'a', wantRoom: 2500 },
    'what is held is taken off': {
      tenants: [tenant('a', null, quota(2))],
      holds: { a: 1999 },
      of: 'a',
      wantRoom: 1,
    },
    'no quota anywhere: no limit': { tenants: [tenant('a', null)], holds: { a: 1e9 }, of: 'a', wantRoom: Infinity },
    'a tenant that the book was never told of is not limited': { tenants: two, of: 'stranger', wantRoom: Infinity },
    'an idle neighbour lends everything': { tenants: two, of: 'b', wantRoom: 16_000 },
    'what the neighbour uses it does not lend': { tenants: two, holds: { a: 7000 }, of: 'b', wantRoom: 9000 },
    'who borrowed all of the neighbour has left it nothing but what comes back': {
      tenants: two,
      holds: { b: 16_000 },
      of: 'a',
      wantRoom: 0,
    },
    'a lending limit keeps the rest for its owner': { tenants: limited, holds: { b: 9000 }, of: 'a', wantRoom: 7000 },
    'a borrowing limit binds before the neighbour is empty': { tenants: limited, of: 'b', wantRoom: 9000 },
    'a lending limit binds before the borrowing limit': {
      tenants: [tenant('a', null, quota(10, { lend: 2 })), tenant('b', null, quota(6, { borrow: 3 }))],
      of: 'b',
      wantRoom: 8000,
    },
    'what the owner uses comes out of what it keeps first': {
      tenants: limited,
      holds: { a: 6000 },
      of: 'b',
      wantRoom: 9000,
    },
    'beyond what it keeps the owner uses what it would lend': {
      tenants: limited,
      holds: { a: 8000 },
      of: 'b',
      wantRoom: 8000,
    },
    'a tenant without a quota draws on its nearest ancestor with one': {
      tenants: institutes,
      holds: { 'p/2': 1000, q: 6000, p: 2000 },
      of: 'p/2/x',
      wantRoom: 7000,
    },
    'a tenant whose parents have none draws on nobody, its children on theirs': {
      tenants: [tenant('a', null), tenant('a/1', 'a', quota(3)), tenant('a/2', 'a')],
      of: 'a/2',
      wantRoom: Infinity,
    },
    'a quota below a parent without one stands beside the topmost quotas': {
      tenants: [tenant('a', null), tenant('a/1', 'a', quota(3)), tenant('b', null, quota(2))],
      of: 'a/1',
      wantRoom: 5000,
    },
    'a parent that promised more than it has is taken to have it': {
      tenants: [tenant('p', null, quota(5)), tenant('p/1', 'p', quota(4)), tenant('p/2', 'p', quota(4))],
      holds: { 'p/1': 4000 },
      of: 'p/2',
      wantRoom: 4000,
    },
    'a child may not bring its parent over the borrowing limit of the parent': {
      tenants: [tenant('p', null, quota(4, { borrow: 1 })), tenant('p/1', 'p', quota(4)), tenant('q', null, quota(9))],
      of: 'p/1',
      wantRoom: 5000,
    },
    'a child lends to its sibling what it does not lend beyond their parent': {
      tenants: [
        tenant('p', null, quota(8, { lend: 0 })),
        tenant('p/1', 'p', quota(4)),
        tenant('p/2', 'p', quota(4)),
        tenant('q', null, quota(5)),
      ],
      of: 'q',
      wantRoom: 5000,
    },
    'what runs over a lowered quota leaves no room, not less than none': {
      tenants: [tenant('a', null, quota(2))],
      holds: { a: 5000 },
      of: 'a',
      wantRoom: 0,
    },
    'what a tenant keeps stays open to it, though others have overdrawn the pool': {
      tenants: [tenant('a', null, quota(10, { lend: 4 })), tenant('b', null, quota(6))],
      holds: { b: 30_000, a: 1000 },
      of: 'a',
      wantRoom: 5000,
    },
    'a circle of parents is cut, not walked for ever': {
      tenants: [tenant('a', 'b'), tenant('b', 'a')],
      of: 'a',
      wantRoom: Infinity,
    },
    'a parent that is not told is the top': { tenants: [tenant('a', 'gone', quota(3))], of: 'a', wantRoom: 3000 },
  };

const entitled: Record<string, { holds?: Record<string, number>; of: string; milli: number; want: boolean }> = {
  'up to its quota': { of: 'q', milli: 6000, want: true },
  'one more is borrowed': { of: 'q', milli: 6001, want: false },
  'what it holds counts': { holds: { q: 1000 }, of: 'q', milli: 5001, want: false },
  'a neighbour that brought the parent over its quota takes nothing away': {
    holds: { 'p/1': 13_000 },
    of: 'p/2',
    milli: 4000,
    want: true,
  },
  'a parent owns what it has not promised to its children': { of: 'p', milli: 2000, want: true },
  'what it has promised is not its own': { of: 'p', milli: 2001, want: false },
  'a tenant without a quota is entitled to what its nearest ancestor owns': {
    holds: { 'p/2': 1000 },
    of: 'p/2/x',
    milli: 3000,
    want: true,
  },
  'who draws on nobody is entitled to nothing': { of: 'stranger', milli: 0, want: false },
};

const reclaims: Record<string, { holds: Record<string, number>; by: string; from: string; want: boolean }> = {
  'from a neighbour that borrows': { holds: { 'p/1': 5000 }, by: 'p/2', from: 'p/1', want: true },
  'not from a neighbour within its quota': { holds: { 'p/1': 4000 }, by: 'p/2', from: 'p/1', want: false },
  'not from oneself': { holds: { 'p/2': 5000 }, by: 'p/2/x', from: 'p/2', want: false },
  'from afar, where the parent borrows too': { holds: { 'p/1': 11_000 }, by: 'q', from: 'p/1', want: true },
  'not from afar, where the child borrows from its own family': {
    holds: { 'p/1': 10_000 },
    by: 'q',
    from: 'p/1',
    want: false,
  },
  'not from a child within its quota, though its parent borrows': {
    holds: { 'p/1': 9000, 'p/2': 4000 },
    by: 'q',
    from: 'p/2',
    want: false,
  },
  'from a parent whose own jobs take what it promised': { holds: { p: 2001 }, by: 'p/1', from: 'p', want: true },
  'not from a parent whose own jobs take what it kept': { holds: { p: 2000 }, by: 'p/1', from: 'p', want: false },
  'by a parent from a child that borrows from it': { holds: { 'p/1': 4001 }, by: 'p', from: 'p/1', want: true },
  'from a parent that borrows from beside it': { holds: { p: 11_000 }, by: 'q', from: 'p', want: true },
  'not from jobs of a parent that stay in what it owns, though its child brought it over': {
    holds: { p: 2000, 'p/1': 9000 },
    by: 'q',
    from: 'p',
    want: false,
  },
  'not from a tenant that draws on nobody': { holds: { stranger: 5000 }, by: 'q', from: 'stranger', want: false },
  'not by one': { holds: { 'p/1': 11_000 }, by: 'stranger', from: 'p/1', want: false },
};

describe('quota book', () => {
  it.each(Object.entries(rooms))('room: %s', (_sentence, { tenants, holds, of, wantRoom }) => {
    expect(bookOf(tenants, holds).room(of)).toBe(wantRoom);
  });

  it.each(Object.entries(entitled))('entitled: %s', (_sentence, { holds, of, milli, want }) => {
    expect(bookOf(institutes, holds).isWithinNominal(of, milli)).toBe(want);
  });

  it.each(Object.entries(reclaims))('reclaim: %s', (_sentence, { holds, by, from, want }) => {
    expect(bookOf(institutes, holds).mayReclaimFrom(by, from)).toBe(want);
  });

  it('says by how much an account is over what is its own', () => {
    const book = bookOf(institutes, { 'p/2/x': 3000, 'p/2': 3000, 'p/1': 5000, stranger: 9 });
    expect(['p/1', 'p/2', 'p/2/x', 'p', 'q', 'stranger'].map((id) => book.borrowed(id))).toEqual([
      1000, 2000, 2000, 1000, 0, 0,
    ]);
  });

  it('keeps what is held when the tenants change, and finds it under the new quotas', () => {
    const book = bookOf(two, { b: 7000, late: 2000 });
    book.setTenants([tenant('b', null, quota(8)), tenant('late', 'b')]);
    expect([book.room('b'), book.room('late'), book.room('a')]).toEqual([0, 0, Infinity]);
    book.release('late', 2000);
    expect([book.room('b'), book.borrowed('b')]).toEqual([1000, 0]);
  });
});

const ids = ['a', 'b', 'a/1', 'a/2', 'a/1/x', 'b/1', 'free'] as const;
const parents: Record<string, string | null> = {
  a: null,
  b: null,
  free: null,
  'a/1': 'a',
  'a/2': 'a',
  'b/1': 'b',
  'a/1/x': 'a/1',
};
const aLimit = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });
const aQuota = fc.option(
  fc.record({ cards: fc.integer({ min: 0, max: 12 }), borrowingLimit: aLimit, lendingLimit: aLimit }),
  { nil: undefined, freq: 4 },
);
const aTree = fc.tuple(...ids.map(() => aQuota)).map((quotas) =>
  ids.map((id, i): QuotaTenant => ({
    id,
    parentId: parents[id] ?? null,
    quota: id === 'free' ? undefined : quotas[i],
  })),
);
const aHold = fc.record({ id: fc.constantFrom(...ids), milli: fc.integer({ min: 0, max: 9000 }) });
const holds = fc.array(aHold, { maxLength: 25 });
const seen = (book: QuotaBook): unknown =>
  [...ids, 'free'].map((id) => [book.room(id), book.borrowed(id), book.isWithinNominal(id, 1), book.explain(id)]);
const limitedIds = (tenants: readonly QuotaTenant[]): string[] => {
  const book = new QuotaBook(tenants);
  return ids.filter((id) => book.room(id) !== Infinity);
};
const topmost = (tenants: readonly QuotaTenant[], id: string | null): number => {
  const below = tenants.filter(({ parentId }) => parentId === id);
  return below.reduce((sum, { id: child, quota: own }) => {
    const inside = topmost(tenants, child);
    return sum + (own ? Math.max(own.cards * 1000, inside) : inside);
  }, 0);
};

/** Everything that limits, from the words of the quotas alone: null when kept, else the tenant whose limit is broken. */
function broken(tenants: readonly QuotaTenant[], held: ReadonlyMap<string, number>): string | null {
  let culprit: string | null = null;
  const visit = (id: string | null): { nominal: number; pool: number; draws: number } => {
    const own = tenants.find((one) => one.id === id)?.quota;
    const below = tenants.filter(({ parentId }) => parentId === id).map((child) => visit(child.id));
    const sum = (key: 'nominal' | 'pool' | 'draws'): number => below.reduce((acc, child) => acc + child[key], 0);
    const draws = sum('draws') + (id === null ? 0 : (held.get(id) ?? 0));
    if (id === null) {
      if (draws > sum('pool')) culprit ??= 'the root';
      return { nominal: 0, pool: 0, draws: 0 };
    }
    if (!own) return { nominal: sum('nominal'), pool: sum('pool'), draws };
    const nominal = Math.max(own.cards * 1000, sum('nominal'));
    const pool = nominal - sum('nominal') + sum('pool');
    const lends = Math.min(pool, (own.lendingLimit ?? Infinity) * 1000);
    if (draws > pool + (own.borrowingLimit ?? Infinity) * 1000) culprit ??= id;
    return { nominal, pool: lends, draws: Math.max(0, draws - (pool - lends)) };
  };
  visit(null);
  return culprit;
}

describe('quota book: what must never happen', () => {
  it('room is exactly the largest amount that breaks no limit', () => {
    fc.assert(
      fc.property(aTree, holds, (tenants, wishes) => {
        const limited = limitedIds(tenants);
        const book = new QuotaBook(tenants);
        const held = new Map<string, number>();
        for (const { id, milli } of wishes.filter((wish) => limited.includes(wish.id))) {
          const room = book.room(id);
          const withMore = (more: number): Map<string, number> => new Map(held).set(id, (held.get(id) ?? 0) + more);
          // Held amounts obey here, so a limit can only be broken by what comes.
          expect(broken(tenants, withMore(room))).toBeNull();
          expect(broken(tenants, withMore(room + 1))).not.toBeNull();
          if (milli > room) continue;
          book.hold(id, milli);
          held.set(id, (held.get(id) ?? 0) + milli);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('who obeys never holds more, all together, than the topmost quotas', () => {
    fc.assert(
      fc.property(aTree, holds, (tenants, wishes) => {
        const limited = limitedIds(tenants);
        const book = new QuotaBook(tenants);
        let total = 0;
        for (const { id, milli } of wishes.filter((wish) => limited.includes(wish.id))) {
          const taken = Math.min(milli, book.room(id));
          book.hold(id, taken);
          total += taken;
        }
        expect(total).toBeLessThanOrEqual(topmost(tenants, null));
      }),
      { numRuns: 1000 },
    );
  });

  it('release takes off what hold entered, to the last thousandth', () => {
    fc.assert(
      fc.property(aTree, holds, holds, (tenants, before, passing) => {
        const book = new QuotaBook(tenants);
        for (const { id, milli } of before) book.hold(id, milli);
        const was = seen(book);
        for (const { id, milli } of passing) book.hold(id, milli);
        for (const { id, milli } of passing) book.release(id, milli);
        expect(seen(book)).toEqual(was);
      }),
      { numRuns: 500 },
    );
  });
});

describe('quota book: whatever the order and whatever the others hold', () => {
  it('neither the order of the holds, nor of the tenants, nor when the tenants were told makes a difference', () => {
    const shuffled = fc
      .tuple(aTree, holds)
      .chain(([tenants, wishes]) =>
        fc.tuple(
          fc.constant(tenants),
          fc.constant(wishes),
          fc.shuffledSubarray(tenants, { minLength: tenants.length }),
          fc.shuffledSubarray(wishes, { minLength: wishes.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([tenants, wishes, otherTenants, otherWishes]) => {
        const one = new QuotaBook(tenants);
        for (const { id, milli } of wishes) one.hold(id, milli);
        const other = new QuotaBook();
        for (const { id, milli } of otherWishes) other.hold(id, milli);
        other.setTenants(otherTenants);
        expect(seen(other)).toEqual(seen(one));
      }),
      { numRuns: 500 },
    );
  });

  it('what a tenant keeps from lending is there for it, whatever the others hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 12 }), holds, (cards, lend, wishes) => {
        const book = new QuotaBook([tenant('keeper', null, quota(cards, { lend })), tenant('b', null, quota(5))]);
        for (const { milli } of wishes) book.hold('b', milli);
        expect(book.room('keeper')).toBeGreaterThanOrEqual(Math.max(0, cards - lend) * 1000);
      }),
    );
  });
});
