import fc from 'fast-check';
import {
  backfillModes,
  type CyclePlan,
  type Delta,
  type OutlookModel,
  orderNames,
  type PlanningPolicy,
  type QueuedJob,
  type RunningJob,
  type Snapshot,
  type TenantModel,
  type WindowModel,
} from '../model.js';
import { aGroup, aJob, anAttempt, aPolicy, aPool, aSnapshot } from './builders.js';

/** A little before a full hour, so that what an hour brings comes soon. */
export const RICH_NOW = 7000;

const watts = { idle: 100, peak: 500 };
export const richGroups = [
  aGroup('east', { poolId: 'east', nodes: ['e0', 'e1', 'e2', 'e3'], blocks: [0, 0, 1, 1], watts }),
  aGroup('west', { poolId: 'west', nodes: ['w0', 'w1', 'w2'], exchangeRate: 0.5 }),
  aGroup('counted', { poolId: 'east', nodes: 4, watts: { idle: 0, peak: 100 } }),
  aGroup('edge', {
    poolId: 'edge',
    nodes: ['d0', 'd1'],
    shape: { cards: 2, cores: 32, memoryGiB: 128 },
    sharing: { kind: 'mig', slices: 4 },
  }),
];
const pools = [aPool('east'), aPool('west'), aPool('edge', { siteId: 'west-site', tenants: ['b'] })];
const links = [{ fromSiteId: 'east-site', toSiteId: 'west-site', gbitPerSecond: 1 }];

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

/** Leaves out what is undefined: an absent field is not one that is undefined. */
function present<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never;
}

const tenantId = fc.constantFrom('a', 'b', 'c');
const workClass = fc.constantFrom('training' as const, 'inference' as const);

export const anyRichJob: fc.Arbitrary<Partial<QueuedJob>> = fc
  .record({
    nodes: fc.integer({ min: 1, max: 4 }),
    perNode: fc.constantFrom(
      { cards: 8, cores: 8, memoryGiB: 32 },
      { cards: 8, cores: 8, memoryGiB: 32 },
      { cards: 4, cores: 8, memoryGiB: 32 },
      { cards: 1, cores: 4, memoryGiB: 16 },
      { cards: 0.3, cores: 2, memoryGiB: 8 },
    ),
    limit: fc.integer({ min: 1, max: 2000 }),
    share: fc.constantFrom(0.2, 0.7, 1),
    priority: fc.integer({ min: 0, max: 3 }),
    tenantId,
    class: workClass,
    submittedAt: fc.integer({ min: 6000, max: RICH_NOW }),
    spare: maybe(fc.integer({ min: 1, max: 3 })),
    earliestStart: maybe(fc.integer({ min: RICH_NOW - 10, max: RICH_NOW + 400 })),
    deadline: maybe(fc.integer({ min: RICH_NOW, max: RICH_NOW + 4000 })),
    inputs: maybe(fc.constant([{ siteId: 'west-site', sizeGiB: 10 }])),
    minGreenShare: maybe(fc.constantFrom(0.2, 0.6)),
    preemptible: maybe(fc.constant(true)),
    checkpointInterval: maybe(fc.integer({ min: 30, max: 300 })),
  })
  .map(({ spare, share, ...job }) => ({
    ...present(job),
    predicted: Math.max(1, Math.floor(job.limit * share)),
    ...(spare !== undefined && { nodesMax: job.nodes + spare }),
  }));

interface Draft {
  readonly isHere: boolean;
  readonly isAdrift: boolean;
  readonly more: Partial<RunningJob>;
}
const anyDraft: fc.Arbitrary<Draft> = fc.record({
  isHere: fc.boolean(),
  isAdrift: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  more: fc
    .record({
      tenantId,
      class: workClass,
      startedAt: fc.integer({ min: RICH_NOW - 500, max: RICH_NOW }),
      endsBy: fc.integer({ min: RICH_NOW - 50, max: RICH_NOW + 900 }),
      predictedEnd: maybe(fc.integer({ min: RICH_NOW - 50, max: RICH_NOW + 500 })),
      priority: maybe(fc.integer({ min: 0, max: 3 })),
      preemptible: maybe(fc.constant(true)),
      checkpointInterval: maybe(fc.integer({ min: 30, max: 300 })),
      preemptions: maybe(fc.constant(1)),
      nodesMax: maybe(fc.integer({ min: 1, max: 4 })),
      leaving: maybe(fc.integer({ min: 0, max: 3 }).map((n) => n === 0)),
    })
    .map((more) => ({ ...present(more), ...(more.nodesMax !== undefined && { nodesMin: 1 }) })),
});

const places: readonly (readonly [groupId: string, node: number])[] = [
  ...[0, 1, 2, 3].map((node) => ['east', node] as const),
  ...[0, 1, 2].map((node) => ['west', node] as const),
  ...[0, 1, 2, 3].map((node) => ['counted', node] as const),
  ...[0, 1].map((node) => ['edge', node] as const),
];

/** One attempt on each node at most, so that nothing is over its capacity. */
const anyRunning: fc.Arbitrary<RunningJob[]> = fc
  .array(anyDraft, { minLength: places.length, maxLength: places.length })
  .map((drafts) =>
    drafts.flatMap(({ isHere, isAdrift, more }, i) => {
      if (!isHere) return [];
      const [groupId, node] = places[i]!;
      const nodeIndices = groupId === 'counted' || isAdrift ? [] : [node];
      const part = { perNode: { cards: 0.5, cores: 4, memoryGiB: 16 }, ...(!isAdrift && { devices: [[node]] }) };
      return [anAttempt(`r${i}`, groupId, { ...more, ...(groupId === 'edge' && part), nodeIndices, nodeCount: 1 })];
    }),
  );

export const anyWindow: fc.Arbitrary<Omit<WindowModel, 'id'>> = fc
  .record({
    groupId: fc.constantFrom('east', 'west'),
    node: fc.integer({ min: 0, max: 1 }),
    from: fc.integer({ min: RICH_NOW - 100, max: RICH_NOW + 300 }),
    seconds: fc.integer({ min: 1, max: 700 }),
    kind: fc.constantFrom('maintenance' as const, 'booking' as const, 'claim' as const),
    tenant: tenantId,
    withClass: fc.boolean(),
    job: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ groupId, node, from, seconds, kind, tenant, withClass, job }) => ({
    groupId,
    nodeIndices: [node, node + 1],
    from: kind === 'claim' ? Math.min(from, RICH_NOW) : from,
    until: (kind === 'claim' ? Math.min(from, RICH_NOW) : from) + seconds,
    kind,
    ...(kind === 'booking' && {
      openTo: { tenants: [tenant], ...(withClass && { classes: ['training' as const] }) },
    }),
    ...(kind === 'claim' && { openTo: { jobs: [`j${job}`] } }),
  }));

const anyQuota = maybe(
  fc
    .record({
      cards: fc.integer({ min: 0, max: 40 }),
      borrowingLimit: maybe(fc.integer({ min: 0, max: 16 })),
      lendingLimit: maybe(fc.integer({ min: 0, max: 16 })),
    })
    .map(present),
);
export const anyTenants: fc.Arbitrary<TenantModel[]> = fc
  .array(fc.record({ usage: fc.integer({ min: 0, max: 9000 }), quota: anyQuota }), { minLength: 3, maxLength: 3 })
  .map((drafts) =>
    drafts.map(({ usage, quota }, i) => ({
      id: 'abc'[i]!,
      parentId: i === 2 ? 'b' : null,
      weight: 1 + i,
      usage,
      usageAsOf: 6000,
      ...(quota && { quota }),
    })),
  );

export const anyCap = fc
  .record({
    from: fc.integer({ min: RICH_NOW - 100, max: RICH_NOW + 400 }),
    seconds: fc.integer({ min: 1, max: 600 }),
    watts: fc.integer({ min: 400, max: 2400 }),
  })
  .map(({ from, seconds, watts: most }) => ({ siteId: 'east-site', from, until: from + seconds, watts: most }));

export const anyOutlook: fc.Arbitrary<OutlookModel> = fc
  .record({
    siteId: fc.constantFrom('east-site', 'west-site'),
    greenShare: fc.array(fc.constantFrom(0, 0.3, 0.7, 1), { minLength: 3, maxLength: 3 }),
  })
  .map(({ siteId, greenShare }) => ({
    siteId,
    from: 3600,
    greenShare,
    gramsPerKwh: [500, 400, 300],
    yuanPerKwh: [0.5, 0.9, 0.2],
  }));

const named = <T extends object>(kind: string, list: readonly T[]): (T & { id: string })[] =>
  list.map((each, i) => ({ ...each, id: `${kind}${i}` }));

export const anyRichSnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    jobs: fc.array(anyRichJob, { maxLength: 9, size: 'max' }),
    running: anyRunning,
    windows: fc.array(anyWindow, { maxLength: 3 }),
    tenants: anyTenants,
    caps: fc.array(anyCap, { maxLength: 2 }),
    outlooks: fc.uniqueArray(anyOutlook, { selector: ({ siteId }) => siteId, maxLength: 2 }),
    down: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 1 }),
  })
  .map(({ jobs, running, windows, tenants, caps, outlooks, down }) =>
    aSnapshot({
      now: RICH_NOW,
      pools,
      groups: richGroups,
      links,
      running,
      tenants,
      outlooks,
      queued: jobs.map((job, sequence) => aJob(`j${sequence}`, { ...job, sequence })),
      windows: named('w', windows),
      powerCaps: named('cap', caps),
      nodeStates: down.map((index) => ({ groupId: 'west', index, state: 'drained' as const })),
    }),
  );

export const anyRichPolicy: fc.Arbitrary<PlanningPolicy> = fc
  .record({
    order: fc.constantFrom(...orderNames, 'fair' as const, 'fair' as const, 'fcfs' as const),
    backfill: fc.constantFrom(...backfillModes),
    backfillOrder: maybe(fc.constant('shortest-first' as const)),
    reservationDepth: fc.integer({ min: 0, max: 6 }),
    runTimes: fc.constantFrom('limit' as const, 'predicted' as const),
    preemption: maybe(
      fc
        .record({
          bandsBelow: maybe(fc.integer({ min: 1, max: 2 })),
          reclaim: maybe(fc.boolean()),
          minRunSeconds: fc.constantFrom(0, 100, 450),
          maxPreemptors: fc.integer({ min: 0, max: 3 }),
        })
        .map(present),
    ),
    elastic: maybe(fc.constant('off' as const)),
    quotas: maybe(fc.constant('off' as const)),
  })
  .map((policy) => aPolicy(present(policy)));

/**
 * States in which somebody is often put out: few wait, of the highest priorities, and all that run have told their nodes and may
 * be put out or are elastic.
 */
export const anyClaimingScene: fc.Arbitrary<readonly [Snapshot, PlanningPolicy]> = fc.tuple(
  anyRichSnapshot.map((snapshot): Snapshot => ({
    ...snapshot,
    queued: snapshot.queued.slice(0, 3).map((job) => ({ ...job, priority: Math.min(job.priority, 1) })),
    running: snapshot.running
      .filter(({ groupId, nodeIndices }) => groupId === 'counted' || nodeIndices.length > 0)
      .map((attempt) => ({ ...attempt, preemptible: attempt.nodesMax === undefined, leaving: false })),
  })),
  anyRichPolicy.map((policy) =>
    aPolicy({
      ...policy,
      backfill: policy.backfill === 'none' ? 'easy' : policy.backfill,
      reservationDepth: Math.max(1, policy.reservationDepth),
      preemption: { reclaim: true, bandsBelow: 1, minRunSeconds: 100, maxPreemptors: 2 },
    }),
  ),
);

/** What the committer makes of a plan's starts. */
export const attemptsFrom = (plan: CyclePlan, queued: readonly QueuedJob[]): RunningJob[] =>
  plan.starts.map((start) => {
    const job = queued.find(({ id }) => id === start.jobId)!;
    const { class: jobClass, priority, nodes, nodesMax, preemptible, checkpointInterval, preemptions } = job;
    return {
      attemptId: `attempt of ${start.jobId}`,
      jobId: start.jobId,
      tenantId: start.tenantId,
      groupId: start.groupId,
      nodeIndices: start.nodeIndices,
      nodeCount: start.nodes,
      perNode: start.perNode,
      startedAt: plan.now,
      endsBy: start.endsBy,
      class: jobClass,
      priority,
      ...present({ preemptible, checkpointInterval, preemptions, devices: start.devices }),
      ...(start.predictedEnd !== undefined && { predictedEnd: start.predictedEnd }),
      ...(nodesMax !== undefined && { nodesMin: nodes, nodesMax }),
    };
  });

/**
 * What is told when the committer has carried out a plan, or as many of its starts as are named: attempts, those put out that are
 * leaving, and windows for whom they make room.
 */
export function deltasOf(
  plan: CyclePlan,
  { queued, running }: Pick<Snapshot, 'queued' | 'running'>,
  { most = Infinity, withPreemptions = true } = {},
): Delta[] {
  const gone = new Set(withPreemptions ? plan.preemptions.map(({ attemptId }) => attemptId) : []);
  return [
    ...attemptsFrom(plan, queued)
      .slice(0, most)
      .map((attempt) => ({ kind: 'attempt-placed' as const, attempt })),
    ...running
      .filter(({ attemptId }) => gone.has(attemptId))
      .map((attempt) => ({ kind: 'attempt-changed' as const, attempt: { ...attempt, leaving: true } })),
    ...(withPreemptions ? plan.claims : []).map(({ jobId, groupId, nodeIndices }) => ({
      kind: 'window-set' as const,
      window: {
        id: `claim of ${jobId}`,
        kind: 'claim' as const,
        groupId,
        nodeIndices,
        from: plan.now,
        until: plan.now + 900,
        openTo: { jobs: [jobId] },
      },
    })),
  ];
}
