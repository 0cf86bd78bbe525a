import fc from 'fast-check';
import { rankTenants } from './fair-share.js';
import type { TenantModel } from './model.js';
import { runs } from './testing/runs.js';

const tenant = (id: string, parentId: string | null, usage: number, weight = 1): TenantModel => ({
  id,
  parentId,
  usage,
  weight,
});
/** Names by rank, each group with the rank that it has. */
function rankedOf(tenants: readonly TenantModel[]): Record<number, string> {
  const byRank = Map.groupBy(rankTenants(tenants), ([, rank]) => rank);
  const named = [...byRank].map(([rank, group]) => [rank, group.map(([id]) => id).toSorted().join(' ')]); // prettier-ignore
  return Object.fromEntries(named);
}

const cases: Record<string, { tenants: TenantModel[]; want: Record<number, string> }> = {
  'who has used least of its weight goes first': {
    tenants: [tenant('heavy', null, 90), tenant('light', null, 10), tenant('weighty', null, 90, 100)],
    want: { 0: 'weighty', 1: 'light', 2: 'heavy' },
  },
  'tenants that have used nothing rank the same, whatever they are called and weigh': {
    tenants: [tenant('a', null, 0), tenant('b', null, 0, 5), tenant('c', null, 1)],
    want: { 0: 'a b', 2: 'c' },
  },
  'use in proportion to weight ranks the same; a unit more does not': {
    tenants: [tenant('a', null, 10, 1), tenant('b', null, 30, 3), tenant('c', null, 31, 3)],
    want: { 0: 'a b', 2: 'c' },
  },
  'the institute decides before the project: an idle project of a busy institute comes after a busy one of an idle institute':
    {
      tenants: [
        tenant('busy', null, 0), tenant('busy/idle', 'busy', 0), tenant('busy/hot', 'busy', 1000),
        tenant('calm', null, 0), tenant('calm/hot', 'calm', 10),
      ], // prettier-ignore
      want: { 0: 'calm', 1: 'calm/hot', 2: 'busy busy/idle', 4: 'busy/hot' },
    },
  'a whole institute counts, however deep its use is': {
    tenants: [
      tenant('p', null, 1), tenant('p/1', 'p', 2), tenant('p/1/x', 'p/1', 4), tenant('p/1/x/y', 'p/1/x', 8),
      tenant('q', null, 15), tenant('r', null, 14), tenant('s', null, 16),
    ], // prettier-ignore
    want: { 0: 'r', 1: 'p q', 3: 'p/1', 4: 'p/1/x', 5: 'p/1/x/y', 6: 's' },
  },
  'what a tenant with children uses itself stands beside them, at their mean weight: less than its share': {
    tenants: [tenant('p', null, 59), tenant('p/1', 'p', 10, 1), tenant('p/2', 'p', 90, 3)],
    want: { 0: 'p/1', 1: 'p', 2: 'p/2' }, // 10/1, 59/2, 90/3
  },
  'and more than its share': {
    tenants: [tenant('p', null, 61), tenant('p/1', 'p', 10, 1), tenant('p/2', 'p', 90, 3)],
    want: { 0: 'p/1', 1: 'p/2', 2: 'p' }, // 10/1, 90/3, 61/2
  },
  'a tenant whose parent is not told stands at the top': {
    tenants: [tenant('orphan', 'nobody', 1), tenant('root', null, 2)],
    want: { 0: 'orphan', 1: 'root' },
  },
  'tenants that are each the ancestor of the other stand at the top, and those below them below': {
    tenants: [
      tenant('a', 'b', 5),
      tenant('b', 'a', 1),
      tenant('b/1', 'b', 1),
      tenant('c', null, 3),
      tenant('d', 'd', 4),
    ],
    want: { 0: 'b b/1', 2: 'c', 3: 'd', 4: 'a' },
  },
  'nobody ranks nobody': { tenants: [], want: {} },
};

// Slurm's manual, "Fair Tree Fairshare Algorithm", section "Ties", rule by rule.
const ties: Record<string, { tenants: TenantModel[]; want: Record<number, string> }> = {
  'sibling users with the same level fairshare receive the same rank': {
    tenants: [tenant('a', null, 0), tenant('a/1', 'a', 20, 2), tenant('a/2', 'a', 10), tenant('a/3', 'a', 11)],
    want: { 0: 'a', 1: 'a/1 a/2', 3: 'a/3' },
  },
  'a user with the same level fairshare as a sibling account receives the rank of its highest ranked user': {
    tenants: [
      tenant('user', null, 30), tenant('account', null, 5), tenant('account/1', 'account', 10), tenant('account/2', 'account', 15),
      tenant('later', null, 31),
    ], // prettier-ignore
    want: { 0: 'account user', 2: 'account/1', 3: 'account/2', 4: 'later' },
  },
  'sibling accounts with the same level fairshare have their children lists merged before descending': {
    tenants: [
      tenant('p', null, 0), tenant('p/1', 'p', 30), tenant('p/2', 'p', 10),
      tenant('q', null, 0), tenant('q/1', 'q', 20), tenant('q/2', 'q', 20),
    ], // prettier-ignore
    want: { 0: 'p q', 2: 'p/2', 3: 'q/1 q/2', 5: 'p/1' },
  },
  'all three at once, before anybody has used anything: nobody is first by his place in the tree': {
    tenants: [tenant('p', null, 0), tenant('p/1', 'p', 0), tenant('p/1/x', 'p/1', 0), tenant('q', null, 0, 9)],
    want: { 0: 'p p/1 p/1/x q' },
  },
};

describe('fair tree', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, want }) => expect(rankedOf(tenants)).toEqual(want));
  it.each(Object.entries(ties))('ties: %s', (_sentence, { tenants, want }) => expect(rankedOf(tenants)).toEqual(want));

  it('the example of the manual: below the first common ancestor, the accounts decide between two users', () => {
    // root => Acct1 => Acct12 => UserA and root => Acct1 => Acct16 => UserB. Level FS = S / U with S and U each normalised
    // over the siblings: Acct12 (1/4) / (60/100) = 0.42, Acct16 (3/4) / (40/100) = 1.875, though UserA alone used less than UserB.
    const tree = (ofB: number): TenantModel[] => [
      tenant('Acct1', null, 0), tenant('Acct12', 'Acct1', 0, 1), tenant('Acct16', 'Acct1', 0, 3),
      tenant('UserA', 'Acct12', 20), tenant('another', 'Acct12', 40), tenant('UserB', 'Acct16', ofB),
    ]; // prettier-ignore
    const isBefore = (tenants: TenantModel[]): boolean =>
      rankTenants(tenants).get('UserB')! < rankTenants(tenants).get('UserA')!;
    expect(isBefore(tree(40))).toBe(true);
    expect(isBefore(tree(179))).toBe(true); // 179/3 is below 60/1
    expect(isBefore(tree(181))).toBe(false);
  });

  it('a published table of sshare: users of one account, by the level fairshare that it prints', () => {
    // SCITAS (EPFL), account scitas-ge, each of 23 shares: raw use 344, 351 and 681 of 1376, level FS 0.173913, 0.170455, 0.087848;
    // all others have used nothing (level FS inf) and have one and the same FairShare, 0.29 = 87/300, then 76, 75 and 74 of 300.
    const idle = Array.from({ length: 11 }, (_, n) => tenant(`idle-${n}`, 'scitas-ge', 0));
    const ranks = rankTenants([
      tenant('scitas-ge', null, 0),
      tenant('rezzonic', 'scitas-ge', 681),
      tenant('eroche', 'scitas-ge', 344),
      tenant('qubit', 'scitas-ge', 351),
      ...idle,
    ]);
    const below = (id: string): number => ranks.get(id)! - ranks.get('idle-0')!;
    expect(new Set(idle.map(({ id }) => ranks.get(id)))).toEqual(new Set([0]));
    // The account itself is one more of the idle here.
    expect(['eroche', 'qubit', 'rezzonic'].map((id) => 87 - (below(id) - 1))).toEqual([76, 75, 74]);
  });
});

describe('what must always hold of the fair tree', () => {
  const ids = ['a', 'b', 'c', 'a/1', 'a/2', 'b/1', 'a/1/x', 'a/1/y'];
  const anyTree = fc
    .array(fc.record({ usage: fc.nat(6), weight: fc.integer({ min: 1, max: 4 }) }), {
      minLength: ids.length,
      maxLength: ids.length,
    })
    .map((figures) =>
      ids.map((id, index) => ({ id, parentId: id.includes('/') ? id.slice(0, -2) : null, ...figures[index]! })),
    );

  it('the order of the list makes no difference, and everybody has a rank: the number of those before it', () => {
    const shuffled = anyTree.chain((tree) =>
      fc.tuple(fc.constant(tree), fc.shuffledSubarray(tree, { minLength: tree.length })),
    );
    fc.assert(
      fc.property(shuffled, ([tree, other]) => {
        const ranks = rankTenants(tree);
        expect(rankTenants(other)).toEqual(ranks);
        expect([...ranks.keys()].toSorted()).toEqual(ids.toSorted());
        for (const rank of ranks.values()) {
          expect([...ranks.values()].filter((one) => one < rank)).toHaveLength(rank);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  it('nor do weights that come out a bit apart when they are summed in another order', () => {
    // 0.1 + 0.2 + 0.3 is a bit more than 0.3 + 0.2 + 0.1: p's own jobs would stand before p/1 or beside it.
    const family = [tenant('p/1', 'p', 1, 0.1), tenant('p/2', 'p', 9, 0.2), tenant('p/3', 'p', 9, 0.3)];
    const own = tenant('p', null, 2);
    expect(rankTenants([own, ...family.toReversed()])).toEqual(rankTenants([own, ...family]));
  });

  it('whoever uses more never ranks better for it', () => {
    fc.assert(
      fc.property(anyTree, fc.constantFrom(...ids), fc.integer({ min: 1, max: 9 }), (tree, id, more) => {
        const after = rankTenants(tree.map((one) => (one.id === id ? { ...one, usage: one.usage + more } : one)));
        expect(after.get(id)!).toBeGreaterThanOrEqual(rankTenants(tree).get(id)!);
      }),
      { numRuns: runs(500) },
    );
  });

  it('eight times the use of everybody, or eight times the weight, changes nothing', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const ranks = rankTenants(tree);
        expect(rankTenants(tree.map((one) => ({ ...one, usage: one.usage * 8 })))).toEqual(ranks);
        expect(rankTenants(tree.map((one) => ({ ...one, weight: one.weight * 8 })))).toEqual(ranks);
      }),
      { numRuns: runs(200) },
    );
  });
});
