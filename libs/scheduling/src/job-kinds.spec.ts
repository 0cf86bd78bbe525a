import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type { QueuedJob } from './model.js';
import { aGroup, aJob, anAscendGroup, aPool, aSnapshot } from './testing/builders.js';

const fleetOf = (): Fleet => new Fleet(aSnapshot({ groups: [aGroup('g'), anAscendGroup('h')] }));
const base: Partial<QueuedJob> = { stack: 'cuda', maxLatencyMs: 5, fromDistrict: 'd', pools: ['a', 'b'] };

describe('jobs are of one kind', () => {
  const alike: Record<string, { over: Partial<QueuedJob>; want: boolean }> = {
    'whatever their limit': { over: { limit: 1 }, want: true },
    'whoever their tenant, where no pool is closed': { over: { tenantId: 'other' }, want: true },
    'whatever their priority': { over: { priority: 0 }, want: true },
    'lists count as sets': { over: { pools: ['b', 'a'] }, want: true },
    'not of other pools': { over: { pools: ['a'] }, want: false },
    'not of more nodes': { over: { nodes: 2 }, want: false },
    'not of another shape': { over: { perNode: { cards: 4, cores: 8, memoryGiB: 32 } }, want: false },
    'not of another class': { over: { class: 'inference' }, want: false },
    'not of another data level': { over: { dataLevel: 'core' }, want: false },
    'not of another stack': { over: { stack: 'cann' }, want: false },
    'not of an architecture of their own': { over: { architecture: 'x86_64' }, want: false },
    'not of another latency': { over: { maxLatencyMs: 6 }, want: false },
    'not of another district, where latency counts': { over: { fromDistrict: 'e' }, want: false },
    'not of another memory': { over: { minAcceleratorMemoryGiB: 40 }, want: false },
    'not of a site': { over: { dataSite: 's' }, want: false },
    'not with data to bring': { over: { inputs: [{ siteId: 's', sizeGiB: 1 }] }, want: false },
    'with no data as without': { over: { inputs: [] }, want: true },
    'not where an engine has refused them': { over: { avoidPools: ['a'] }, want: false },
  };
  it.each(Object.entries(alike))('%s', (_sentence, { over, want }) => {
    const kinds = new JobKinds(fleetOf());
    const kind = kinds.join(aJob('one', base));
    expect(kinds.join(aJob('other', { ...base, ...over })) === kind).toBe(want);
    expect(kind.waiting).toBe(want ? 2 : 1);
  });
});

describe('the groups open to a kind', () => {
  it('are those that could hold it, as nodes and pools stand, and so many runs fit in them at a time', () => {
    const fleet = fleetOf();
    const kinds = new JobKinds(fleet);
    const any = kinds.join(aJob('any', { nodes: 2 }));
    const cuda = kinds.join(aJob('cuda', { nodes: 4, stack: 'cuda' }));
    kinds.refresh();
    expect([any.eligible, any.capacity, cuda.eligible, cuda.capacity]).toEqual([[0, 1], 4, [0], 1]);
    expect([kinds.setCount, kinds.setGroups()]).toEqual([2, [[0, 1], [0]]]);
    fleet.setNodeState('g', 0, 'down');
    kinds.refresh();
    expect([any.eligible, any.capacity, cuda.eligible, cuda.capacity, cuda.set]).toEqual([[0, 1], 3.5, [], 0, -1]);
    fleet.setReachable('h', false);
    kinds.refresh();
    expect([any.eligible, any.capacity]).toEqual([[0], 1.5]);
  });

  it('are thought of anew when a pool has become another', () => {
    const fleet = fleetOf();
    const kinds = new JobKinds(fleet);
    const kind = kinds.join(aJob('j', { stack: 'cuda' }));
    kinds.refresh();
    fleet.setPool(aPool('g', { classes: ['inference'] }));
    kinds.refresh();
    expect([kind.conceivable, kind.eligible]).toEqual([[], []]);
  });

  it('share one list where they are the same', () => {
    const kinds = new JobKinds(fleetOf());
    const [one, other] = [kinds.join(aJob('a')), kinds.join(aJob('b', { nodes: 2 }))];
    kinds.refresh();
    expect(other.eligible).toBe(one.eligible);
    expect(other.set).toBe(one.set);
  });
});

it('the kind of those whom a closed pool is open to is that of others when it opens to others', () => {
  const fleet = new Fleet(
    aSnapshot({ groups: [aGroup('g'), aGroup('h')], pools: [aPool('g', { tenants: ['a'] }), aPool('h')] }),
  );
  const kinds = new JobKinds(fleet);
  const [ofA, ofB] = [aJob('of a', { tenantId: 'a' }), aJob('of b', { tenantId: 'b' })];
  const [open, shut] = [kinds.join(ofA), kinds.join(ofB)];
  kinds.refresh();
  expect([open.eligible, shut.eligible]).toEqual([[0, 1], [1]]);
  fleet.setPool(aPool('g', { tenants: ['b'] }));
  expect([kinds.join(ofA), kinds.join(ofB)]).toEqual([shut, open]);
  kinds.refresh();
  expect([open.sample, open.eligible, shut.sample, shut.eligible]).toEqual([ofB, [0, 1], ofA, [1]]);
});
