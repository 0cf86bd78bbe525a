import { membersOf, parentsOf } from './tenancy.js';

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
