import { rankTenants } from './fair-share.js';
import type { TenantModel } from './model.js';

const tenant = (id: string, parentId: string | null, usage: number, weight = 1): TenantModel => ({
  id,
  parentId,
  usage,
  weight,
});

const cases: Record<string, { tenants: TenantModel[]; wantOrder: string[][] }> = {
  'who has used least of its weight goes first': {
    tenants: [tenant('heavy', null, 90), tenant('light', null, 10), tenant('weighty', null, 90, 100)],
    wantOrder: [['weighty'], ['light'], ['heavy']],
  },
  'tenants that have used nothing rank the same, whatever they are called': {
    tenants: [tenant('a', null, 0), tenant('b', null, 0, 5), tenant('c', null, 1)],
    wantOrder: [['a', 'b'], ['c']],
  },
  'the institute decides before the project: an idle project of a busy institute comes after a busy one of an idle institute':
    {
      tenants: [
        tenant('busy', null, 0),
        tenant('busy/idle', 'busy', 0),
        tenant('busy/hot', 'busy', 1000),
        tenant('calm', null, 0),
        tenant('calm/hot', 'calm', 10),
      ],
      wantOrder: [['calm'], ['calm/hot'], ['busy', 'busy/idle'], ['busy/hot']],
    },
  'children of parents that stand equal compete as if they had one parent': {
    tenants: [
      tenant('p', null, 0),
      tenant('p/1', 'p', 30),
      tenant('p/2', 'p', 10),
      tenant('q', null, 0),
      tenant('q/1', 'q', 20),
      tenant('q/2', 'q', 20),
    ],
    wantOrder: [['p', 'q'], ['p/2'], ['q/1', 'q/2'], ['p/1']],
  },
  'a tenant whose parent is not told stands at the root': {
    tenants: [tenant('orphan', 'nobody', 1), tenant('root', null, 2)],
    wantOrder: [['orphan'], ['root']],
  },
};

describe('fair tree', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, wantOrder }) => {
    const ranks = rankTenants(tenants);
    const byRank = new Map<number, string[]>();
    for (const [id, rank] of ranks) byRank.set(rank, [...(byRank.get(rank) ?? []), id].sort());
    const order = [...byRank].sort(([a], [b]) => a - b).map(([, ids]) => ids);
    expect(order).toEqual(wantOrder);
  });
});
