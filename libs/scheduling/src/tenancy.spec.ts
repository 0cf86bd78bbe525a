import { createPlanner } from './planner.js';
import { membersOf, parentsOf } from './tenancy.js';
import { aGroup, aJob, aPolicy, aPool, aSnapshot } from './testing/builders.js';

const tree = parentsOf(
  [
    { id: 'bureau', parentId: null },
    { id: 'hospital', parentId: 'bureau' },
    { id: 'ward', parentId: 'hospital' },
    { id: 'school', parentId: 'bureau' },
    { id: 'stray', parentId: 'gone' },
  ].map((tenant) => ({ ...tenant, weight: 1, usage: 0 })),
);

const cases: Record<string, { listed: string[]; want: string[] }> = {
  'nobody is listed': { listed: [], want: [] },
  'a tenant brings all below it, however deep': { listed: ['bureau'], want: ['bureau', 'hospital', 'school', 'ward'] },
  'a tenant brings neither those above nor those beside it': { listed: ['hospital'], want: ['hospital', 'ward'] },
  'the lowest brings itself': { listed: ['ward'], want: ['ward'] },
  'a tenant whose parent is not in the tree': { listed: ['stray', 'school'], want: ['school', 'stray'] },
  'a listed tenant that is not in the tree stands for itself and for those that name it as their parent': {
    listed: ['gone'],
    want: ['gone', 'stray'],
  },
};

describe('tenants and those below them', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { listed, want }) => {
    expect([...membersOf(listed, tree)].sort()).toEqual(want);
  });

  it('a circle of parents ends', () => {
    const circle = new Map([
      ['a', 'b'],
      ['b', 'a'],
    ]);
    expect([...membersOf(['c'], circle)]).toEqual(['c']);
    expect([...membersOf(['b'], circle)].sort()).toEqual(['a', 'b']);
  });
});

describe('a pool that is opened to others than before', () => {
  const tenants = ['a', 'b'].map((id) => ({ id, parentId: null, weight: 1, usage: 0, usageAsOf: 0 }));
  const poolOf = (open: readonly string[] | null) => aPool('east', open ? { tenants: open } : {});
  const changes: Record<string, [readonly string[] | null, readonly string[] | null, string[]]> = {
    'closed to the second of two alike, it takes the first alone': [null, ['a'], ['of a']],
    'closed to the first of two alike, it takes the second alone': [null, ['b'], ['of b']],
    'opened to the other one, it takes that one': [['b'], ['a'], ['of a']],
    'opened to all, it takes both': [['b'], null, ['of a', 'of b']],
  };
  it.each(Object.entries(changes))('%s', (_sentence, [before, after, want]) => {
    const queued = ['a', 'b'].map((tenantId) => aJob(`of ${tenantId}`, { tenantId }));
    const planner = createPlanner(
      aSnapshot({ now: 1000, pools: [poolOf(before)], groups: [aGroup('east')], queued, tenants }),
      aPolicy(),
    );
    planner.plan(1000);
    planner.advance([{ kind: 'pool-changed', pool: poolOf(after) }]);
    expect(planner.plan(1001).starts.map(({ jobId }) => jobId)).toEqual(want);
  });
});
