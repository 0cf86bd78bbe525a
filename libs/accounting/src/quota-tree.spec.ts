import { type Account, milliOf, overPromised, type QuotaModel, type QuotaTenant, quotaTreeOf } from './quota-tree.js';

const tenant = (id: string, parentId: string | null, quota?: QuotaModel): QuotaTenant => ({
  id,
  parentId,
  ...(quota && { quota }),
});
type Figures = Omit<Account, 'tenantId' | 'parent' | 'children'>;
/** Figures of an account in reference cards. */
function figuresOf(tenants: readonly QuotaTenant[], id: string | null): Figures {
  const account = quotaTreeOf(tenants).accounts.find(({ tenantId }) => tenantId === id)!;
  const { nominal, ownPart, pool, kept, ceiling } = account;
  const inCards = Object.entries({ nominal, ownPart, pool, kept, ceiling }).map(([key, milli]) => [key, milli / 1000]);
  return Object.fromEntries(inCards) as unknown as Figures;
}

describe('the figures of an account', () => {
  const family = [
    tenant('p', null, { cards: 10, borrowingLimit: 5, lendingLimit: 3 }),
    tenant('p/1', 'p', { cards: 4, lendingLimit: 1 }),
    tenant('p/2', 'p', { cards: 4, borrowingLimit: 0 }),
    tenant('q', null, { cards: 6, lendingLimit: 0 }),
  ];
  interface Case {
    readonly tenants: QuotaTenant[];
    readonly of: string | null;
    readonly want: Figures;
  }
  const cases: Record<string, Case> = {
    'without limits it keeps nothing and may take whatever there is': {
      tenants: [tenant('a', null, { cards: 2.5 })],
      of: 'a',
      want: { nominal: 2.5, ownPart: 2.5, pool: 2.5, kept: 0, ceiling: Infinity },
    },
    'it keeps what is above its lending limit': {
      tenants: family,
      of: 'p/1',
      want: { nominal: 4, ownPart: 4, pool: 4, kept: 3, ceiling: Infinity },
    },
    'a borrowing limit of nothing is its own quota': {
      tenants: family,
      of: 'p/2',
      want: { nominal: 4, ownPart: 4, pool: 4, kept: 0, ceiling: 4 },
    },
    'a parent has what it has not promised, and what its children lend': {
      tenants: family,
      of: 'p',
      want: { nominal: 10, ownPart: 2, pool: 7, kept: 4, ceiling: 12 },
    },
    'a lending limit of nothing keeps all': {
      tenants: family,
      of: 'q',
      want: { nominal: 6, ownPart: 6, pool: 6, kept: 6, ceiling: Infinity },
    },
    'a lending limit beyond what there is keeps nothing': {
      tenants: [tenant('a', null, { cards: 2, lendingLimit: 9 })],
      of: 'a',
      want: { nominal: 2, ownPart: 2, pool: 2, kept: 0, ceiling: Infinity },
    },
    'the root has no more than the topmost lend': {
      tenants: family,
      of: null,
      want: { nominal: 16, ownPart: 0, pool: 3, kept: 0, ceiling: 3 },
    },
    'who promised more than it has is taken to have it, and owns nothing beside it': {
      tenants: [tenant('p', null, { cards: 5 }), tenant('p/1', 'p', { cards: 4 }), tenant('p/2', 'p', { cards: 4 })],
      of: 'p',
      want: { nominal: 8, ownPart: 0, pool: 8, kept: 0, ceiling: Infinity },
    },
    'nobody has a quota: the root has nothing': {
      tenants: [tenant('a', null), tenant('b', 'a')],
      of: null,
      want: { nominal: 0, ownPart: 0, pool: 0, kept: 0, ceiling: 0 },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, of, want }) => {
    expect(figuresOf(tenants, of)).toEqual(want);
  });

  it.each([
    [0.0004, 0],
    [0.0005, 1],
    [0.1 + 0.2, 300],
    [12.3456, 12_346],
  ])('%f cards are %i thousandths', (cards, milli) => expect(milliOf(cards)).toBe(milli));
});

describe('the accounts of a tree', () => {
  it('of tenants that are each the ancestor of the other stand at the top: their quotas hold', () => {
    const { accounts } = quotaTreeOf([
      tenant('a', 'b', { cards: 2 }),
      tenant('b', 'a', { cards: 3 }),
      tenant('b/1', 'b', { cards: 1 }),
    ]);
    expect(accounts.map(({ tenantId, parent, pool }) => [tenantId, parent, pool])).toEqual([
      [null, -1, 5000],
      ['a', 0, 2000],
      ['b', 0, 3000],
      ['b/1', 2, 1000],
    ]);
  });

  it('stand after their parents and know each other; tenants without a quota are passed over', () => {
    const { accounts } = quotaTreeOf([
      tenant('z', null, { cards: 1 }),
      tenant('a', null),
      tenant('a/2', 'a', { cards: 1 }),
      tenant('a/2/x', 'a/2'),
      tenant('a/2/x/y', 'a/2/x', { cards: 1 }),
    ]);
    expect(accounts.map(({ tenantId, parent, children }) => [tenantId, parent, children])).toEqual([
      [null, -1, [1, 3]],
      ['a/2', 0, [2]],
      ['a/2/x/y', 1, []],
      ['z', 0, []],
    ]);
  });

  const drawsOn: Record<string, { tenants: QuotaTenant[]; of: string; want: string | undefined }> = {
    'with a quota: itself': {
      tenants: [tenant('p', null, { cards: 1 }), tenant('p/1', 'p', { cards: 0 })],
      of: 'p/1',
      want: 'p/1',
    },
    'without: the nearest above that has one': {
      tenants: [tenant('p', null, { cards: 1 }), tenant('p/1', 'p', { cards: 1 }), tenant('p/1/x', 'p/1')],
      of: 'p/1/x',
      want: 'p/1',
    },
    'however far above': {
      tenants: [tenant('p', null, { cards: 1 }), tenant('p/1', 'p'), tenant('p/1/x', 'p/1')],
      of: 'p/1/x',
      want: 'p',
    },
    'none above has one: nobody': { tenants: [tenant('p', null), tenant('p/1', 'p')], of: 'p/1', want: undefined },
    'a parent that is not told: nobody': { tenants: [tenant('p/1', 'p')], of: 'p/1', want: undefined },
    'on a circle each stands at the top: without a quota it draws on nobody': {
      tenants: [tenant('a', 'b'), tenant('b', 'c', { cards: 1 }), tenant('c', 'a')],
      of: 'c',
      want: undefined,
    },
    'on a circle, with one: itself': {
      tenants: [tenant('a', 'b'), tenant('b', 'c', { cards: 1 }), tenant('c', 'a')],
      of: 'b',
      want: 'b',
    },
    'a circle without one: nobody': { tenants: [tenant('a', 'b'), tenant('b', 'a')], of: 'a', want: undefined },
  };
  it.each(Object.entries(drawsOn))('a tenant draws on: %s', (_sentence, { tenants, of, want }) => {
    const { accounts, accountOf } = quotaTreeOf(tenants);
    const index = accountOf.get(of)!;
    expect(index < 0 ? undefined : accounts[index]!.tenantId).toBe(want);
  });
});

describe('promising more than there is', () => {
  const of = (cards: number, ...below: number[]): QuotaTenant[] => [
    tenant('p', null, { cards }),
    ...below.map((each, n) => tenant(`p/${n}`, 'p', { cards: each })),
  ];
  const cases: Record<string, { tenants: QuotaTenant[]; want: { tenantId: string; cards: number; promised: number }[] }> = {
    'just what there is': { tenants: of(5, 2, 3), want: [] },
    'a thousandth more': { tenants: of(5, 2, 3.001), want: [{ tenantId: 'p', cards: 5, promised: 5.001 }] },
    'less than can be told apart': { tenants: of(5, 2, 3.0004), want: [] },
    'one that has no quota passes on what is promised below it': {
      tenants: [tenant('p', null, { cards: 5 }), tenant('p/1', 'p'), tenant('p/1/x', 'p/1', { cards: 5.5 })],
      want: [{ tenantId: 'p', cards: 5, promised: 5.5 }],
    },
    'by one that has nothing': { tenants: of(0, 1), want: [{ tenantId: 'p', cards: 0, promised: 1 }] },
    'nobody is bound who has no quota': { tenants: [tenant('p', null), tenant('p/1', 'p', { cards: 9 })], want: [] },
    'on two levels at once, from the top down: below a promise too large another': {
      tenants: [tenant('p', null, { cards: 3 }), tenant('p/1', 'p', { cards: 4 }), tenant('p/1/x', 'p/1', { cards: 6 })],
      want: [{ tenantId: 'p', cards: 3, promised: 6 }, { tenantId: 'p/1', cards: 4, promised: 6 }],
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, want }) => expect(overPromised(tenants)).toEqual(want));
});
