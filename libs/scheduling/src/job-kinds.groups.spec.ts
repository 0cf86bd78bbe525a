import type { NodeShape } from '#libs/domain';
import fc from 'fast-check';
import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type { PoolModel, QueuedJob } from './model.js';
import { orderOf } from './order.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, aPool, aSnapshot } from './testing/builders.js';
import { runs } from './testing/runs.js';
import { WaitingQueue } from './waiting-queue.js';

// 0: CUDA, 4 nodes; 1: Ascend, 4 nodes; 2: CUDA, 2 nodes; 3: plain.
const groups = [aGroup('g'), anAscendGroup('h'), aGroup('k', { nodes: ['one', 'two'] }), aCpuGroup('p')];
const pools = groups.map(({ poolId }) => aPool(poolId, { latencyMs: { d: 5 } }));
const fleetOf = (): Fleet => new Fleet(aSnapshot({ groups, pools }));
const stood = (fleet: Fleet, over: Partial<QueuedJob>) => {
  const kinds = new JobKinds(fleet);
  const kind = kinds.join(aJob('j', over));
  kinds.refresh();
  return kind;
};
const perNode = (cards: number, cores = 1, memoryGiB = 1): NodeShape => ({ cards, cores, memoryGiB });

describe('groups conceivable for a kind', () => {
  const cases: Record<string, { over: Partial<QueuedJob>; want: number[] }> = {
    'with cards are all with cards': { over: {}, want: [0, 1, 2] },
    'without cards are the plain ones': { over: { perNode: perNode(0) }, want: [3] },
    'of a stack are those with it': { over: { stack: 'cann' }, want: [1] },
    'of an architecture are those of it': { over: { architecture: 'x86_64' }, want: [0, 2] },
    'of a model are those with it': { over: { acceleratorModels: ['ascend-910b', 'other'] }, want: [1] },
    'with just the memory there is are those with as much': { over: { minAcceleratorMemoryGiB: 80 }, want: [0, 2] },
    'with less memory are all with as much': { over: { minAcceleratorMemoryGiB: 64 }, want: [0, 1, 2] },
    'with more memory than there is are none': { over: { minAcceleratorMemoryGiB: 81 }, want: [] },
    'of two nodes are those with two': { over: { nodes: 2 }, want: [0, 1, 2] },
    'of three nodes are those with more than two': { over: { nodes: 3 }, want: [0, 1] },
    'of five nodes are none': { over: { nodes: 5 }, want: [] },
    'with more cores than a CUDA node has are the others': { over: { perNode: perNode(1, 65) }, want: [1] },
    'in listed pools are those': { over: { pools: ['k', 'h'] }, want: [1, 2] },
    'but for avoided pools are the others': { over: { avoidPools: ['g'] }, want: [1, 2] },
    'by data at a site are those there': { over: { dataSite: 'k-site' }, want: [2] },
    'with just the latency there is are all': { over: { maxLatencyMs: 5, fromDistrict: 'd' }, want: [0, 1, 2] },
    'with less latency than there is are none': { over: { maxLatencyMs: 4.9, fromDistrict: 'd' }, want: [] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { over, want }) => {
    const kind = stood(fleetOf(), over);
    expect([kind.conceivable, kind.eligible]).toEqual([want, want]);
  });
});

describe('runs that the groups open to a kind carry at a time', () => {
  const cases: Record<string, { over: Partial<QueuedJob>; want: number }> = {
    'are the nodes, of a job that takes one': { over: { stack: 'cuda' }, want: 6 },
    'are half of them, of a job that takes two': { over: { stack: 'cuda', nodes: 2 }, want: 3 },
    'are eight for a node, of a job of a card': { over: { pools: ['k'], perNode: perNode(1) }, want: 16 },
    'go by the cores where these are short': { over: { pools: ['k'], perNode: perNode(1, 32) }, want: 4 },
    'go by the memory where that is short': { over: { pools: ['k'], perNode: perNode(1, 1, 256) }, want: 4 },
    'count parts of runs': { over: { pools: ['g'], nodes: 3 }, want: 4 / 3 },
    'count each group by its own nodes': { over: { pools: ['h', 'g'], perNode: perNode(1, 64) }, want: 4 + 12 },
    'are none where no group is open': { over: { pools: ['nowhere'] }, want: 0 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { over, want }) => {
    expect(stood(fleetOf(), over).capacity).toBeCloseTo(want, 9);
  });

  it('are fewer by each node that is out, until as many are up as the job takes', () => {
    const fleet = fleetOf();
    const kinds = new JobKinds(fleet);
    const kind = kinds.join(aJob('j', { pools: ['g'], nodes: 2 }));
    const seen = [0, 1, 2].map((node) => {
      kinds.refresh();
      const { capacity, eligible } = kind;
      fleet.setNodeState('g', node, 'down');
      return [capacity, eligible];
    });
    kinds.refresh();
    expect([...seen, [kind.capacity, kind.eligible]]).toEqual([[2, [0]], [1.5, [0]], [1, [0]], [0, []]]); // prettier-ignore
    fleet.setNodeState('g', 1, 'up');
    kinds.refresh();
    expect([kind.capacity, kind.eligible, kind.conceivable]).toEqual([1, [0], [0]]);
  });
});

describe('sets of eligible groups', () => {
  it('are numbered as kinds come to them, one number for all kinds with one', () => {
    const kinds = new JobKinds(fleetOf());
    const drafts: Partial<QueuedJob>[] = [{ pools: ['g'] }, {}, { pools: ['g'], nodes: 2 }, { nodes: 5 }, { nodes: 2 }];
    const joined = drafts.map((draft, index) => kinds.join(aJob(`${index}`, draft)));
    kinds.refresh();
    expect(joined.map(({ set }) => set)).toEqual([0, 1, 0, -1, 1]);
    expect([kinds.setCount, kinds.setGroups()]).toEqual([2, [[0], [0, 1, 2]]]);
    expect([joined[2]!.eligible, joined[4]!.eligible]).toEqual([joined[0]!.eligible, joined[1]!.eligible]);
  });

  it('are forgotten with the last kind, but only when something changes', () => {
    const fleet = fleetOf();
    const kinds = new JobKinds(fleet);
    const narrow = kinds.join(aJob('narrow', { pools: ['g'] }));
    kinds.join(aJob('wide'));
    kinds.refresh();
    kinds.leave(narrow);
    kinds.refresh();
    expect(kinds.setCount).toBe(2);
    fleet.setNodeState('p', 0, 'down');
    kinds.refresh();
    expect(kinds.setGroups()).toEqual([[0, 1, 2]]);
  });

  it('come to a kind that joins between changes', () => {
    const kinds = new JobKinds(fleetOf());
    kinds.join(aJob('wide'));
    kinds.refresh();
    const late = kinds.join(aJob('late', { pools: ['k'] }));
    expect([late.eligible, late.set]).toEqual([[], -1]);
    kinds.refresh();
    expect([late.eligible, late.set, kinds.setCount]).toEqual([[2], 1, 2]);
  });
});

describe('kinds that have seen many changes', () => {
  const anyPool: fc.Arbitrary<PoolModel> = fc
    .record({
      id: fc.constantFrom('g', 'h', 'k'),
      reachable: fc.boolean(),
      onlyIfListed: fc.boolean(),
      classes: fc.option(fc.constant(['inference' as const])),
      tenants: fc.option(fc.subarray(['a', 'b', 'c'])),
    })
    .map(({ id, reachable, onlyIfListed, classes, tenants }) =>
      aPool(id, { reachable, onlyIfListed, ...(classes && { classes }), ...(tenants && { tenants }) }),
    );
  const anyDraft: fc.Arbitrary<Partial<QueuedJob>> = fc.record({
    tenantId: fc.constantFrom('a', 'b', 'c'),
    nodes: fc.integer({ min: 1, max: 3 }),
    class: fc.constantFrom('training', 'inference'),
  });
  type Change = (fleet: Fleet, queue: WaitingQueue) => void;
  const id = fc.nat({ max: 9 }).map((number) => `job-${number}`);
  const anyChange: fc.Arbitrary<Change> = fc.oneof(
    fc.tuple(id, anyDraft).map(([name, draft]): Change => (_fleet, queue) => void queue.add(aJob(name, draft))),
    id.map((name): Change => (_fleet, queue) => queue.remove(name)),
    anyPool.map((pool): Change => (fleet, queue) => {
      fleet.setPool(pool);
      queue.rejoin();
    }),
    fc.tuple(fc.constantFrom('g', 'h'), fc.nat({ max: 3 }), fc.constantFrom('up', 'down')).map(
      ([group, node, state]): Change => (fleet) => fleet.setNodeState(group, node, state),
    ),
    fc.tuple(fc.constantFrom('g', 'h', 'k'), fc.boolean()).map(
      ([pool, reachable]): Change => (fleet) => fleet.setReachable(pool, reachable),
    ),
  ); // prettier-ignore

  it('stand as those of a table that is made now, at each look', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 50 }), fc.integer({ min: 1, max: 9 }), (changes, every) => {
        const fleet = fleetOf();
        const kinds = new JobKinds(fleet);
        const queue = new WaitingQueue(kinds, orderOf('fcfs'));
        for (const [index, change] of changes.entries()) {
          change(fleet, queue);
          if (index % every === 0) kinds.refresh();
        }
        kinds.refresh();
        const fresh = new JobKinds(fleet);
        const pairs = queue.all().map((job) => ({ kind: queue.kind(queue.slot(job.id)!), like: fresh.join(job) }));
        fresh.refresh();
        const standing = (kind: (typeof pairs)[number]['kind']) => {
          const { key, waiting, conceivable, eligible, capacity, ask } = kind;
          return { key, waiting, conceivable, eligible, capacity, nodes: ask.nodes, isNowhere: kind.set < 0 };
        };
        expect(pairs.map(({ kind }) => standing(kind))).toEqual(pairs.map(({ like }) => standing(like)));
        const placed = pairs.filter(({ kind }) => kind.set >= 0);
        expect(placed.map(({ kind }) => kinds.setGroups()[kind.set])).toEqual(placed.map(({ kind }) => kind.eligible));
      }),
      { numRuns: runs(150) },
    );
  });
});
