import type { Refusal } from '#libs/domain';
import type { GroupModel, QueuedJob, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';
import { type Change, changed, changeKinds, changesFor } from './what-if.js';

const NOW = 1000;
const HOUR = 3600;
const bound: Partial<QueuedJob> = {
  pools: ['early'],
  acceleratorModels: ['a100'],
  maxLatencyMs: 5,
  fromDistrict: 'd',
  nodes: 4,
  limit: HOUR,
  predicted: 600,
  deadline: 50_000,
  minGreenShare: 0.4,
  earliestStart: 2000,
  preemptible: false,
};

describe('a job with one thing changed', () => {
  const cases: Record<string, { change: Change; want: Partial<QueuedJob> }> = {
    'may go to any pool': { change: { kind: 'any-pool' }, want: { pools: undefined } },
    'takes the models that are named, and its own no more': {
      change: { kind: 'other-model', models: ['h20', 'h800'] },
      want: { acceleratorModels: ['h20', 'h800'] },
    },
    'may be as far as it likes, and keeps the place that it is asked from': {
      change: { kind: 'any-latency' },
      want: { maxLatencyMs: undefined },
    },
    'takes fewer nodes, each as it was, for as long': { change: { kind: 'fewer-nodes', nodes: 3 }, want: { nodes: 3 } },
    'with a shorter limit is predicted as before': {
      change: { kind: 'shorter-limit', limit: 601 },
      want: { limit: 601 },
    },
    'with a limit below what is predicted is predicted to reach it': {
      change: { kind: 'shorter-limit', limit: 599 },
      want: { limit: 599, predicted: 599 },
    },
    'has a later deadline': { change: { kind: 'later-deadline', deadline: 60_000 }, want: { deadline: 60_000 } },
    'does not wait for green hours': { change: { kind: 'no-green-floor' }, want: { minGreenShare: undefined } },
    'starts as soon as can be': { change: { kind: 'no-earliest-start' }, want: { earliestStart: undefined } },
    'may be preempted': { change: { kind: 'preemptible' }, want: { preemptible: true } },
    'that borrows is as it was': { change: { kind: 'borrow' }, want: {} },
  };
  it.each(Object.entries(cases))('%s; all else stays', (_sentence, { change, want }) => {
    const job = Object.freeze(aJob('j', bound));
    expect(changed(job, change)).toStrictEqual({ ...job, ...want });
  });

  it('is tried with every kind of change that there is', () => {
    expect(new Set(Object.values(cases).map(({ change }) => change.kind))).toEqual(new Set(changeKinds));
  });
});

const ofModels = (...models: string[]): GroupModel[] =>
  models.map((acceleratorModel, i) => aGroup(`g${i}`, { acceleratorModel }));
const otherModels: Record<string, { job?: Partial<QueuedJob>; groups: GroupModel[]; want: string[] }> = {
  'a model that several groups have is asked about once': { groups: ofModels('h20', 'a100', 'h20'), want: ['h20'] },
  'they come by name, whatever the order of the groups': {
    groups: ofModels('m3', 'm1', 'a100', 'm2'),
    want: ['m1', 'm2', 'm3'],
  },
  'four are tried': { groups: ofModels('m1', 'm2', 'm3', 'm4'), want: ['m1', 'm2', 'm3', 'm4'] },
  'and no more than four': { groups: ofModels('m5', 'm4', 'm3', 'm2', 'm1'), want: ['m1', 'm2', 'm3', 'm4'] },
  'one that would not take the job is none of the four': {
    job: { stack: 'cuda' },
    groups: [...ofModels('m2', 'm3', 'm4', 'm5'), aGroup('closed', { acceleratorModel: 'm1', stack: 'cann' })],
    want: ['m2', 'm3', 'm4', 'm5'],
  },
  'one that only a pool has that is not listed would not take it': {
    job: { pools: ['g1'] },
    groups: ofModels('m1', 'm2'),
    want: ['m2'],
  },
  'nor one that is beyond the ring': {
    job: { maxLatencyMs: 4, fromDistrict: 'd' },
    groups: ofModels('m1', 'm2'),
    want: [],
  },
  'one whose cards have just enough memory is asked about, one with less is not': {
    job: { minAcceleratorMemoryGiB: 80 },
    groups: [
      aGroup('less', { acceleratorModel: 'm1', acceleratorMemoryGiB: 79 }),
      aGroup('enough', { acceleratorModel: 'm2', acceleratorMemoryGiB: 80 }),
    ],
    want: ['m2'],
  },
  'none where it takes several models and they are all there are': {
    job: { acceleratorModels: ['m1', 'm2'] },
    groups: ofModels('m2', 'm1'),
    want: [],
  },
  'the ones beside several that it takes': {
    job: { acceleratorModels: ['m1', 'm2'] },
    groups: ofModels('m2', 'm3', 'm1'),
    want: ['m3'],
  },
  'none where it takes any': { job: { acceleratorModels: [] }, groups: ofModels('m1'), want: [] },
  'none for a job without cards': {
    job: { perNode: { cards: 0, cores: 8, memoryGiB: 32 } },
    groups: [aCpuGroup('cpu'), ...ofModels('m1')],
    want: [],
  },
  'nodes without cards have none': { groups: [aCpuGroup('cpu')], want: [] },
};

describe('which changes are worth asking about', () => {
  const candidatesOf = (groups: readonly GroupModel[]) =>
    groups.map((group) => ({ group, pool: aPool(group.poolId, { latencyMs: { d: 5 } }), installed: 4, up: 4 }));
  const mixed = candidatesOf([aGroup('g1', { poolId: 'early' }), anAscendGroup('g2', { poolId: 'early' })]);
  const kindsOf = (job: Partial<QueuedJob>): string[] => changesFor(aJob('j', job), mixed, NOW).map(({ kind }) => kind);

  it('all of them, each once, in their order, where everything binds', () => {
    expect(kindsOf({ ...bound, predicted: HOUR })).toEqual([...changeKinds]);
  });

  it.each(Object.entries(otherModels))('of models: %s', (_sentence, { job, groups, want }) => {
    const changes = changesFor(aJob('j', { acceleratorModels: ['a100'], ...job }), candidatesOf(groups), NOW);
    expect(changes.flatMap((change) => (change.kind === 'other-model' ? change.models : []))).toEqual(want);
  });

  const limits: Record<string, { limit: number; predicted: number; want: number[] }> = {
    'half, and what is predicted below it': { limit: 100, predicted: 49, want: [50, 49] },
    'half alone, where that is what is predicted': { limit: 100, predicted: 50, want: [50] },
    'what is predicted above half comes first': { limit: 100, predicted: 51, want: [51, 50] },
    'a second less than the limit is shorter': { limit: 100, predicted: 99, want: [99, 50] },
    'the limit itself is not': { limit: 100, predicted: 100, want: [50] },
    'nor is more': { limit: 100, predicted: 101, want: [50] },
    'nothing is not a limit': { limit: 100, predicted: 0, want: [50] },
    'of two seconds one': { limit: 2, predicted: 2, want: [1] },
  };
  it.each(Object.entries(limits))('of limits: %s', (_sentence, { want, ...job }) => {
    const changes = changesFor(aJob('j', job), [], NOW);
    expect(changes.flatMap((change) => (change.kind === 'shorter-limit' ? change.limit : []))).toEqual(want);
  });

  it.each([
    [1, []],
    [2, [1]],
    [5, [2]],
    [64, [32]],
  ])('of %d nodes, %j', (nodes, want) => {
    const changes = changesFor(aJob('j', { nodes }), [], NOW);
    expect(changes.flatMap((change) => (change.kind === 'fewer-nodes' ? change.nodes : []))).toEqual(want);
  });

  it.each([
    [0, true],
    [5, true],
    [undefined, false],
  ])('a latency of %d ms is worth dropping: %s', (maxLatencyMs, want) => {
    expect(kindsOf({ maxLatencyMs }).includes('any-latency')).toBe(want);
  });

  it('a deadline is asked for a day more, were it past', () => {
    const [later] = changesFor(aJob('j', { limit: 1, deadline: 0 }), [], NOW);
    expect(later).toEqual({ kind: 'later-deadline', deadline: 86_400 });
  });
});

interface Case {
  readonly job: Partial<QueuedJob>;
  readonly state?: Partial<Snapshot>;
  readonly change: Change;
  /** As it is, and with the change; null: there is a place. */
  readonly want: readonly [Refusal | null, Refusal | null];
}
const tenant = (cards: number): Snapshot['tenants'][number] => ({
  id: 'institute',
  parentId: null,
  weight: 1,
  usage: 0,
  quota: { cards, borrowingLimit: 0, lendingLimit: 0 },
});
const refused: Record<string, Case> = {
  'more nodes than any pool has': {
    job: { nodes: 5 },
    change: { kind: 'fewer-nodes', nodes: 4 },
    want: ['larger-than-any-pool', null],
  },
  'a quota that half the nodes keep within': {
    job: { nodes: 2 },
    state: { tenants: [tenant(8)] },
    change: { kind: 'fewer-nodes', nodes: 1 },
    want: ['quota-spent', null],
  },
  'a quota that half the nodes are a card beyond': {
    job: { nodes: 2 },
    state: { tenants: [tenant(7)] },
    change: { kind: 'fewer-nodes', nodes: 1 },
    want: ['quota-spent', 'quota-spent'],
  },
  'a pool that is open counts, not one that is not': {
    job: { stack: 'cuda' },
    state: { groups: [anAscendGroup('ascend'), aGroup('early')], tenants: [tenant(0)] },
    change: { kind: 'borrow' },
    want: ['quota-spent', null],
  },
  'nobody lends what is not there': {
    job: { nodes: 5 },
    state: { tenants: [tenant(0)] },
    change: { kind: 'borrow' },
    want: ['larger-than-any-pool', 'larger-than-any-pool'],
  },
  'a ring that no pool is in': {
    job: { maxLatencyMs: 5, fromDistrict: 'd' },
    state: { pools: [aPool('early', { latencyMs: { d: 6 } })] },
    change: { kind: 'any-latency' },
    want: ['latency-above-limit', null],
  },
  'a pool that is not there': {
    job: { pools: ['gone'] },
    change: { kind: 'any-pool' },
    want: ['pool-not-listed', null],
  },
  'a model that is not there': {
    job: { acceleratorModels: ['tpu'] },
    change: { kind: 'other-model', models: ['a100'] },
    want: ['accelerator-model-absent', null],
  },
  'cards that are held without an end': {
    job: {},
    state: { running: [anAttempt('r', 'early', { nodeIndices: [0, 1, 2, 3], endsBy: Infinity })] },
    change: { kind: 'preemptible' },
    want: ['no-free-accelerators', 'no-free-accelerators'],
  },
};

describe('why there is no place', () => {
  it.each(Object.entries(refused))('%s', (_sentence, { job, state, change, want }) => {
    const planner = createPlanner(aSnapshot({ groups: [aGroup('early')], ...state }), aPolicy());
    const { base, changes } = planner.whatIf(aJob('j', job), NOW, [change])!;
    expect([base.refusal, changes[0]!.refusal]).toEqual(want);
    expect([base.option === null, changes[0]!.option === null]).toEqual(want.map((refusal) => refusal !== null));
  });

  it('without a change there is still the job as it is', () => {
    const planner = createPlanner(aSnapshot({ groups: [aGroup('early')] }), aPolicy());
    expect(planner.whatIf(aJob('j'), NOW, [])).toMatchObject({
      base: { change: null, option: { poolId: 'early', estimatedStart: NOW }, refusal: null },
      changes: [],
    });
  });
});
