import { isFinal, type Refusal, refusals, type WakeEvent, wokenBy } from '#libs/domain';
import type {
  CyclePlan,
  Delta,
  Evidence,
  PlanningPolicy,
  QueuedJob,
  Seconds,
  Snapshot,
  WaitingVerdict,
} from './model.js';
import type { Planner } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aCpuGroup, aGroup, aJob, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';

const NOW = 7200;
const HOUR = 3600;

interface Case {
  readonly state?: Partial<Snapshot>;
  readonly job?: Partial<QueuedJob>;
  readonly policy?: Partial<PlanningPolicy>;
  readonly want: Pick<WaitingVerdict, 'estimatedStart' | 'basis' | 'poolId'>;
  readonly evidence: Evidence;
  /** The event after which it starts: deltas, or time that passes, or another request in its place. */
  readonly wake: readonly Delta[] | Seconds | Partial<QueuedJob>;
  /** What happens elsewhere and may well concern it. */
  readonly alsoLookedAtWhen?: readonly (keyof typeof elsewhere)[];
}

/** Which events the deltas of a wake are; number: time has passed; object: the request was amended. */
const eventsOf: Record<string, readonly WakeEvent[]> = {
  'attempt-ended': ['node-freed'],
  'job-withdrawn': ['queue-moved', 'node-freed'],
  'window-gone': ['window-ended'],
  'pool-reachable': ['engine-returned'],
  'node-state': ['node-returned'],
  usage: ['quota-changed'],
  'power-cap-gone': ['hour-turned'],
  number: ['hour-turned'],
  object: ['request-amended'],
};

const never = { estimatedStart: null, basis: 'none', poolId: null } as const;
const reserved = (estimatedStart: Seconds) => ({ estimatedStart, basis: 'reservation', poolId: 'g' }) as const;
const behindWork = (estimatedStart: Seconds) => ({ estimatedStart, basis: 'backlog', poolId: 'g' }) as const;
const free = (freeNodes: number, askedNodes = 1, groupId = 'g') => ({ groupId, freeNodes, askedNodes });
const evidence = (over: Partial<Evidence> = {}): Evidence => ({
  nodesConsidered: 4,
  filteredBy: {},
  best: null,
  ahead: 0,
  ...over,
});
const busy = (...nodes: number[]) => anAttempt('r', 'g', { nodeIndices: nodes, endsBy: 9000 });
const pool = (over: Parameters<typeof aPool>[1]) => ({ pools: [aPool('g', over), aPool('far')] });
const barred = (
  refusal: Refusal,
  job: Partial<QueuedJob>,
  wake: Partial<QueuedJob>,
  state: Partial<Snapshot> = {},
): Case => ({
  state,
  job,
  wake,
  want: never,
  evidence: evidence({ filteredBy: { [refusal]: 4 } }),
});

const cases: Record<Refusal, Case> = {
  'no-free-accelerators': {
    state: { running: [busy(0, 1, 2)] },
    job: { nodes: 2 },
    want: reserved(9000),
    evidence: evidence({ best: free(1, 2) }),
    wake: [{ kind: 'attempt-ended', attemptId: 'r' }],
  },
  'no-free-nodes': {
    state: { running: [{ ...busy(0, 1, 2), perNode: { cards: 1, cores: 64, memoryGiB: 1 } }] },
    job: { nodes: 2, perNode: { cards: 1, cores: 1, memoryGiB: 1 } },
    want: reserved(9000),
    evidence: evidence({ best: free(1, 2) }),
    wake: [{ kind: 'attempt-ended', attemptId: 'r' }],
  },
  'behind-reservation': {
    state: { running: [busy(0, 1, 2)], queued: [aJob('ahead', { nodes: 4 })] },
    job: { limit: 1801 },
    want: reserved(12_600),
    evidence: evidence({ best: free(1), ahead: 1 }),
    wake: [{ kind: 'job-withdrawn', jobId: 'ahead' }],
  },
  'behind-in-queue': {
    state: { running: [busy(0, 1, 2)], queued: [aJob('ahead', { nodes: 4 })] },
    policy: { backfill: 'none' },
    want: behindWork(12_150),
    evidence: evidence({ best: free(1), ahead: 1 }),
    wake: [{ kind: 'job-withdrawn', jobId: 'ahead' }],
  },
  'before-earliest-start': {
    job: { earliestStart: NOW + 60 },
    want: behindWork(NOW + 60),
    evidence: evidence({ best: free(4) }),
    wake: NOW + 60,
  },
  'would-overrun-window': {
    state: { windows: [{ id: 'w', groupId: 'g', nodeIndices: [0, 1, 2, 3], from: 9000, until: 9600 }] },
    job: { limit: 1801 },
    want: reserved(9600),
    evidence: evidence({ best: free(4) }),
    wake: [{ kind: 'window-gone', windowId: 'w' }],
  },
  'accelerator-model-absent': barred(
    'accelerator-model-absent',
    { acceleratorModels: ['h100'] },
    { acceleratorModels: ['h100', 'a100'] },
  ),
  'accelerator-memory-too-small': barred(
    'accelerator-memory-too-small',
    { minAcceleratorMemoryGiB: 81 },
    { minAcceleratorMemoryGiB: 80 },
  ),
  'architecture-mismatch': barred('architecture-mismatch', { architecture: 'aarch64' }, { architecture: 'x86_64' }),
  'stack-mismatch': barred('stack-mismatch', { stack: 'cann' }, { stack: 'cuda' }),
  'latency-above-limit': barred(
    'latency-above-limit',
    { fromDistrict: 'echeng', maxLatencyMs: 4.9 },
    { fromDistrict: 'echeng', maxLatencyMs: 5 },
    pool({ latencyMs: { echeng: 5 } }),
  ),
  'data-level-not-allowed': barred(
    'data-level-not-allowed',
    { dataLevel: 'core' },
    { dataLevel: 'general' },
    pool({ dataLevels: ['general', 'important'] }),
  ),
  'pool-not-listed': barred('pool-not-listed', { pools: ['far'] }, { pools: ['far', 'g'] }),
  'class-not-served': barred(
    'class-not-served',
    { class: 'training' },
    { class: 'inference' },
    pool({ classes: ['inference'] }),
  ),
  'engine-unreachable': {
    state: pool({ reachable: false }),
    want: never,
    evidence: evidence({ filteredBy: { 'engine-unreachable': 4 } }),
    wake: [{ kind: 'pool-reachable', poolId: 'g', reachable: true }],
  },
  'nodes-out-of-service': {
    state: { nodeStates: [{ groupId: 'g', index: 3, state: 'drained' }] },
    job: { nodes: 4 },
    want: never,
    evidence: evidence({ filteredBy: { 'nodes-out-of-service': 4 } }),
    wake: [{ kind: 'node-state', groupId: 'g', index: 3, state: 'up' }],
  },
  'larger-than-any-pool': barred('larger-than-any-pool', { nodes: 5 }, { nodes: 4 }),
  'rejected-by-engines': barred('rejected-by-engines', { avoidPools: ['g'] }, {}),
  'quota-spent': {
    state: {
      tenants: [{ id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 16 } }],
      running: [busy(0)],
    },
    job: { nodes: 2 },
    want: never,
    evidence: evidence({ best: free(3, 2) }),
    wake: [
      { kind: 'usage', tenants: [{ id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 24 } }] },
    ],
    // Gates that read watts, and windows that are open to somebody, are known as a whole and not site by site.
    alsoLookedAtWhen: ['its power is capped'],
  },
  'pool-not-open-to-tenant': barred(
    'pool-not-open-to-tenant',
    {},
    { tenantId: 'hospital' },
    pool({ tenants: ['hospital'] }),
  ),
  'data-site-elsewhere': barred('data-site-elsewhere', { dataSite: 'far-site' }, { dataSite: 'g-site' }),
  'no-link-to-inputs': barred(
    'no-link-to-inputs',
    { inputs: [{ siteId: 'far-site', sizeGiB: 1 }] },
    { inputs: [{ siteId: 'g-site', sizeGiB: 1 }] },
  ),
  'fraction-not-offered': barred(
    'fraction-not-offered',
    { perNode: { cards: 0.5, cores: 1, memoryGiB: 1 } },
    { perNode: { cards: 1, cores: 1, memoryGiB: 1 } },
  ),
  'power-cap-reached': {
    state: {
      groups: [aGroup('g', { watts: { idle: 100, peak: 500 } }), aCpuGroup('far')],
      powerCaps: [{ id: 'c', siteId: 'g-site', from: 0, until: 9600, watts: 799 }],
    },
    want: reserved(9600),
    evidence: evidence({ best: free(4) }),
    wake: [{ kind: 'power-cap-gone', capId: 'c' }],
    // Under a cap the load of all sites is counted anew whenever work begins or ends.
    alsoLookedAtWhen: ['work ends there', 'work begins there', 'its power is capped'],
  },
  'green-share-too-low': {
    state: { outlooks: [{ siteId: 'g-site', from: NOW, greenShare: [0.1, 0.5], gramsPerKwh: [], yuanPerKwh: [] }] },
    job: { minGreenShare: 0.5, submittedAt: NOW },
    want: reserved(NOW + HOUR),
    evidence: evidence({ best: free(4) }),
    wake: NOW + HOUR,
    alsoLookedAtWhen: ['an outlook comes', 'its power is capped'],
  },
  'waiting-for-preemption': {
    state: {
      running: [busy(0, 1, 2, 3)],
      windows: [
        {
          id: 'c',
          groupId: 'g',
          nodeIndices: [0],
          from: NOW,
          until: NOW + 900,
          kind: 'claim',
          openTo: { jobs: ['j'] },
        },
      ],
    },
    want: reserved(9000),
    evidence: evidence({ best: free(0) }),
    wake: [{ kind: 'attempt-ended', attemptId: 'r' }],
    alsoLookedAtWhen: ['a maintenance is set there', 'its power is capped'],
  },
};

const farJob = { id: 'far', perNode: { cards: 0, cores: 65, memoryGiB: 1 } };
/** What happens to a site that the job has nothing to do with. */
const elsewhere: Record<string, readonly Delta[]> = {
  'work ends there': [{ kind: 'attempt-ended', attemptId: 'work' }],
  'work begins there': [
    {
      kind: 'attempt-placed',
      attempt: anAttempt('more', 'far', { tenantId: 'hospital', perNode: { cards: 0, cores: 1, memoryGiB: 1 } }),
    },
  ],
  'a node breaks there': [{ kind: 'node-state', groupId: 'far', index: 0, state: 'down' }],
  'a node comes back there': [{ kind: 'node-state', groupId: 'far', index: 1, state: 'up' }],
  'its engine falls silent': [{ kind: 'pool-reachable', poolId: 'far', reachable: false }],
  'a maintenance is set there': [
    { kind: 'window-set', window: { id: 'there', groupId: 'far', nodeIndices: [0], from: NOW, until: NOW + 9 } },
  ],
  'a job that is for nobody comes': [{ kind: 'job-queued', job: aJob('stranger', { ...farJob, submittedAt: 99_999 }) }],
  'an outlook comes': [
    { kind: 'outlook', outlook: { siteId: 'far-site', from: NOW, greenShare: [1], gramsPerKwh: [1], yuanPerKwh: [1] } },
  ],
  'its power is capped': [
    { kind: 'power-cap-set', cap: { id: 'there', siteId: 'far-site', from: NOW, until: NOW + 9, watts: 1 } },
  ],
};

function plannerOf({ state, job, policy }: Case): Planner {
  const work = anAttempt('work', 'far', {
    tenantId: 'hospital',
    nodeIndices: [3],
    perNode: { cards: 0, cores: 64, memoryGiB: 1 },
    endsBy: 99_999,
  });
  const snapshot = aSnapshot({
    now: NOW,
    groups: [aGroup('g'), aCpuGroup('far')],
    pools: [aPool('g'), aPool('far')],
    ...state,
    nodeStates: [...(state?.nodeStates ?? []), { groupId: 'far', index: 1, state: 'down' }],
    running: [...(state?.running ?? []), work],
    queued: [...(state?.queued ?? []), aJob('j', job)],
  });
  return createPlanner(snapshot, aPolicy(policy));
}

const verdictOf = (planner: Planner, now = NOW) => planner.plan(now).waiting.find(({ jobId }) => jobId === 'j');

/** Lets the event happen and tells what is planned then. */
function wake(planner: Planner, { wake: event }: Case): CyclePlan {
  if (typeof event === 'number') return planner.plan(event);
  planner.advance(
    isDeltas(event)
      ? event
      : [
          { kind: 'job-withdrawn', jobId: 'j' },
          { kind: 'job-queued', job: aJob('j', event) },
        ],
  );
  return planner.plan(NOW);
}
const isDeltas = (event: Case['wake']): event is readonly Delta[] => Array.isArray(event);

describe('a job that waits', () => {
  it.each(Object.entries(cases))('hears %s, with the numbers that say so', (refusal, one) => {
    const planner = plannerOf(one);
    const verdict = { jobId: 'j', refusal, ...one.want, evidence: one.evidence };
    expect(verdictOf(planner)).toEqual(verdict);
    expect(planner.explain('j', NOW)).toEqual(verdict);
  });

  it.each(Object.entries(cases))('%s: is not looked at while nothing happens', (_refusal, one) => {
    const planner = plannerOf(one);
    planner.plan(NOW);
    expect([planner.plan(NOW).looked, planner.plan(NOW, { verdicts: 'news' }).looked]).toEqual([0, 0]);
  });

  it.each(Object.entries(cases))(
    '%s: is not looked at for what happens elsewhere, and hears the same',
    (_refusal, one) => {
      const planner = plannerOf(one);
      const before = verdictOf(planner);
      const looks: Record<string, number> = {};
      for (const [event, deltas] of Object.entries(elsewhere)) {
        planner.advance(deltas);
        const { looked } = planner.plan(NOW);
        if (looked > 0) looks[event] = looked;
      }
      expect(looks).toEqual(Object.fromEntries((one.alsoLookedAtWhen ?? []).map((event) => [event, 1])));
      expect(verdictOf(planner)).toEqual(before);
    },
  );

  it.each(Object.entries(cases))('%s: is looked at when its event happens, and starts', (_refusal, one) => {
    const planner = plannerOf(one);
    planner.plan(NOW);
    const plan = wake(planner, one);
    expect(plan.starts.map(({ jobId }) => jobId)).toEqual(['j']);
    expect(plan.looked).toBe(1);
  });

  it.each(Object.entries(cases))('%s: waits for the kind of event that its word names', (refusal, one) => {
    const event = wokenBy[refusal as Refusal];
    const kinds = isDeltas(one.wake) ? one.wake.map(({ kind }) => kind) : [typeof one.wake];
    expect(kinds.map((kind) => eventsOf[kind])).toEqual(kinds.map(() => expect.arrayContaining([event])));
    expect(isFinal(refusal as Refusal)).toBe(kinds[0] === 'object');
  });
});

it('every refusal of the closed list has its case here, and every event wakes somebody', () => {
  expect(Object.keys(cases).sort()).toEqual([...refusals].sort());
  const events = new Set(Object.values(eventsOf).flat());
  expect(new Set(Object.values(wokenBy))).toEqual(events);
});
