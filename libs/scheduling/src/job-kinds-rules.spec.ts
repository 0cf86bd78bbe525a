import { JobKinds } from './job-kinds.js';
import { Fleet } from './fleet.js';
import type { QueuedJob } from './model.js';
import { aGroup, aJob, anAscendGroup, anAttempt, aSnapshot } from './testing/builders.js';

const fleetOf = (): Fleet => new Fleet(aSnapshot({ groups: [aGroup('g'), anAscendGroup('h')] }));
const input = (siteId: string, sizeGiB: number) => ({ siteId, sizeGiB });

describe('two jobs are of one kind', () => {
  const pairs: Record<string, readonly [Partial<QueuedJob>, Partial<QueuedJob>, boolean]> = {
    'not of two architectures': [{ architecture: 'x86_64' }, { architecture: 'aarch64' }, false],
    'not of two stacks': [{ stack: 'cuda' }, { stack: 'cann' }, false],
    'not of two least memories': [{ minAcceleratorMemoryGiB: 40 }, { minAcceleratorMemoryGiB: 80 }, false],
    'of two districts, where latency does not count': [{ fromDistrict: 'd' }, { fromDistrict: 'e' }, true],
    'not where latency counts for one alone': [{ fromDistrict: 'd' }, { fromDistrict: 'd', maxLatencyMs: 5 }, false],
    'not where latency counts and one tells no district': [{ maxLatencyMs: 5 }, { maxLatencyMs: 5, fromDistrict: 'd' }, false],
    'not where one avoids what the other lists': [{ pools: ['a'] }, { avoidPools: ['a'] }, false],
    'not where one lists models with the names of the other’s pools': [{ acceleratorModels: ['a'] }, { pools: ['a'] }, false],
    'not with an empty list, which may mean nothing, and none': [{ pools: [] }, {}, false],
    'not of two models': [{ acceleratorModels: ['a'] }, { acceleratorModels: ['b'] }, false],
    'not where their data lie in two sites': [{ dataSite: 's' }, { dataSite: 't' }, false],
    'where their data lie in one': [{ dataSite: 's' }, { dataSite: 's' }, true],
    'where they bring the same, in whatever order': [{ inputs: [input('s', 1), input('t', 2)] }, { inputs: [input('t', 2), input('s', 1)] }, true],
    'where they bring as much from a site in all': [{ inputs: [input('s', 1), input('s', 2)] }, { inputs: [input('s', 3)] }, true],
    'not where they bring more': [{ inputs: [input('s', 1)] }, { inputs: [input('s', 2)] }, false],
    'not where they bring it from elsewhere': [{ inputs: [input('s', 1)] }, { inputs: [input('t', 1)] }, false],
    'not where one has its data there and the other brings them': [{ dataSite: 's' }, { inputs: [input('s', 1)] }, false],
    'not where they bring the same and one has data at a site': [{ inputs: [input('s', 1)] }, { inputs: [input('s', 1)], dataSite: 't' }, false],
  }; // prettier-ignore
  it.each(Object.entries(pairs))('%s', (_sentence, [one, other, want]) => {
    const kinds = new JobKinds(fleetOf());
    const kind = kinds.join(aJob('a', one));
    expect(kinds.join(aJob('b', other)) === kind).toBe(want);
  });

  it('not of two tenants to whom other closed pools are open, and of two with the same', () => {
    const reaches = new Map([['a', 'p'], ['b', 'p'], ['c', 'q']]); // prettier-ignore
    const kinds = new JobKinds({ candidates: [], version: 0, reachOf: (tenantId) => reaches.get(tenantId)! });
    const [a, b, c] = ['a', 'b', 'c'].map((tenantId) => kinds.join(aJob(tenantId, { tenantId })));
    expect([b === a, c === a]).toEqual([true, false]);
  });
});

describe('what a kind asks for', () => {
  it('has one number for each shape, its cards alone another, and attempts like it the same', () => {
    const kinds = new JobKinds(fleetOf());
    const perNode = { cards: 4, cores: 8, memoryGiB: 32 };
    const [one, wide] = [kinds.join(aJob('a', { perNode })), kinds.join(aJob('b', { perNode, nodes: 2 }))];
    const other = kinds.join(aJob('c', { perNode: { ...perNode, cores: 9 } }));
    expect([one, wide, other].map(({ ask, cardsAsk }) => [ask.nodes, ask.shape, cardsAsk.shape])).toEqual([
      [1, 0, 1],
      [2, 0, 1],
      [1, 2, 1],
    ]);
    expect(one.cardsAsk.perNode).not.toEqual(one.ask.perNode);
    expect(kinds.join(aJob('d', { perNode: { cards: 4, cores: 0, memoryGiB: 0 } })).ask).toEqual(one.cardsAsk);
    expect(kinds.askLike(anAttempt('r', 'g', { perNode, nodeCount: 3 }))).toEqual({ ...one.ask, nodes: 3 });
  });
});

describe('kinds that nobody waits for', () => {
  it('are kept and found again, but not looked at when things change', () => {
    const fleet = fleetOf();
    const kinds = new JobKinds(fleet);
    const kind = kinds.join(aJob('a', { stack: 'cuda' }));
    kinds.join(aJob('b', { stack: 'cuda' }));
    kinds.leave(kind);
    kinds.refresh();
    expect([kind.waiting, kind.eligible]).toEqual([1, [0]]);
    kinds.leave(kind);
    fleet.setReachable('g', false);
    kinds.refresh();
    expect([kind.waiting, kind.eligible, kinds.setCount]).toEqual([0, [0], 0]);
    expect(kinds.join(aJob('c', { stack: 'cuda' }))).toBe(kind);
    kinds.refresh();
    expect([kind.waiting, kind.eligible, kind.set]).toEqual([1, [], -1]);
  });

  /** One kind waits; so many others were there and have gone. */
  function gone(count: number) {
    const kinds = new JobKinds({ candidates: [], version: 0 });
    const stays = kinds.join(aJob('stays', { perNode: { cards: 1, cores: 1, memoryGiB: 1 } }));
    const perNode = { cards: 2, cores: 2, memoryGiB: 2 };
    const others = Array.from({ length: count }, (_none, i) => kinds.join(aJob(`j${i}`, { nodes: i + 1, perNode })));
    for (const kind of others) kinds.leave(kind);
    return { kinds, stays, others, again: kinds.join(aJob('again', { nodes: 1, perNode })) };
  }

  it('are forgotten when they are more than 1024 beside two for each that waits', () => {
    const [kept, swept] = [gone(1025), gone(1026)];
    expect(kept.again).toBe(kept.others[0]);
    expect(swept.again).not.toBe(swept.others[0]);
  });

  it('leave their numbers to the next, and those that wait keep theirs', () => {
    const { kinds, stays, again } = gone(1026);
    expect(kinds.byIndex[stays.index]).toBe(stays);
    expect([stays.index, again.index, kinds.byIndex.length]).toEqual([0, 1026, 1027]);
    expect(kinds.join(aJob('like it', { perNode: { cards: 1, cores: 1, memoryGiB: 1 } }))).toBe(stays);
    expect([stays.ask.shape, stays.cardsAsk.shape]).toEqual([0, 1]);
    // The two shapes of those that went are to be had again.
    expect(new Set([again.ask.shape, again.cardsAsk.shape])).toEqual(new Set([2, 3]));
  });
});

describe('the groups open to a kind', () => {
  it('are but of its sort: jobs without cards do not go where cards are', () => {
    const kinds = new JobKinds(fleetOf());
    const kind = kinds.join(aJob('a', { perNode: { cards: 0, cores: 1, memoryGiB: 1 } }));
    expect([kind.conceivable, kind.eligible, kind.set, kind.capacity]).toEqual([[], [], -1, 0]);
  });

  it('could carry two runs a node of a job that takes half of one', () => {
    const kinds = new JobKinds(fleetOf());
    const kind = kinds.join(aJob('a', { stack: 'cuda', perNode: { cards: 4, cores: 1, memoryGiB: 1 } }));
    kinds.refresh();
    expect(kind.capacity).toBe(8);
  });

  it('are the same list when nothing that concerns it has changed, another when something has', () => {
    const fleet = fleetOf();
    const kinds = new JobKinds(fleet);
    const kind = kinds.join(aJob('a'));
    kinds.refresh();
    const before = kind.eligible;
    fleet.setNodeState('g', 0, 'down');
    kinds.refresh();
    expect(kind.eligible).toBe(before);
    fleet.setReachable('g', false);
    kinds.refresh();
    expect([kind.eligible, kinds.setGroups()]).toEqual([[1], [[1]]]);
    fleet.setReachable('g', true);
    fleet.setReachable('h', false);
    kinds.refresh();
    expect([kind.eligible, kinds.setGroups()]).toEqual([[0], [[0]]]);
  });
});
