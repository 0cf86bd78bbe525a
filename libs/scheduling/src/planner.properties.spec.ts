import fc from 'fast-check';
import type { NodeShape } from '#libs/domain';
import { encodeCanonical } from './canonical.js';
import {
  backfillModes,
  type CyclePlan,
  type Delta,
  type GroupModel,
  orderNames,
  type QueuedJob,
  type RunningJob,
  type Snapshot,
} from './model.js';
import { decisionOf, type Planner } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, aPolicy, aPool, aSnapshot, nodesNamed } from './testing/builders.js';
import { runs } from './testing/runs.js';

const NOW = 1000;
const districts = ['echeng', 'huarong'];

const groups: readonly GroupModel[] = [
  aGroup('cuda-1', { poolId: 'mixed', nodes: nodesNamed(4) }),
  aGroup('cuda-2', { poolId: 'second', nodes: nodesNamed(2), shape: { cards: 4, cores: 32, memoryGiB: 256 } }),
  anAscendGroup('cann-1', { poolId: 'mixed', nodes: nodesNamed(3) }),
  aCpuGroup('cpu-1', { poolId: 'second', nodes: nodesNamed(3) }),
  aGroup('count-1', { poolId: 'third', nodes: 5, shape: { cards: 1, cores: 8, memoryGiB: 64 } }),
  aGroup('shared-1', {
    poolId: 'second',
    nodes: nodesNamed(3),
    shape: { cards: 2, cores: 64, memoryGiB: 512 },
    sharing: { kind: 'vnpu', slices: 4 },
  }),
];
const pools = [
  aPool('mixed', { latencyMs: { echeng: 3 } }),
  aPool('second', { latencyMs: { echeng: 20, huarong: 2 }, dataLevels: ['general'] }),
  aPool('third'),
];

const anyJob: fc.Arbitrary<Partial<QueuedJob>> = fc.record(
  {
    nodes: fc.integer({ min: 1, max: 4 }),
    perNode: fc.record({
      cards: fc.constantFrom(0, 1, 2, 4, 8, 0.25, 0.3),
      cores: fc.integer({ min: 1, max: 40 }),
      memoryGiB: fc.constantFrom(1, 16, 0.1, 200),
    }),
    limit: fc.integer({ min: 1, max: 400 }),
    priority: fc.integer({ min: 0, max: 3 }),
    tenantId: fc.constantFrom('a', 'b', 'c'),
    submittedAt: fc.integer({ min: 900, max: 1000 }),
    stack: fc.constantFrom('cuda' as const, 'cann' as const, undefined),
    architecture: fc.constantFrom('x86_64' as const, 'aarch64' as const, undefined),
    earliestStart: fc.constantFrom(undefined, NOW, NOW + 50),
    fromDistrict: fc.constantFrom(...districts),
    maxLatencyMs: fc.constantFrom(undefined, undefined, 5, 30),
    dataLevel: fc.constantFrom('general' as const, 'core' as const),
    dataSite: fc.constantFrom(undefined, undefined, undefined, 'mixed-site'),
    inputs: fc.constantFrom(
      undefined,
      undefined,
      [{ siteId: 'mixed-site', sizeGiB: 1 }],
      [{ siteId: 'third-site', sizeGiB: 100 }],
    ),
  },
  { requiredKeys: ['nodes', 'perNode', 'limit', 'tenantId', 'submittedAt', 'priority', 'dataLevel'] },
);

const anyTenants = fc
  .array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 })
  .map((uses) => uses.map((usage, i) => ({ id: 'abc'[i]!, parentId: i === 2 ? 'b' : null, weight: 1 + i, usage })));

const anyWindow = fc
  .record({
    group: fc.integer({ min: 0, max: 4 }),
    from: fc.integer({ min: 950, max: 1200 }),
    seconds: fc.integer({ min: 1, max: 200 }),
  })
  .map(({ group, from, seconds }) => ({
    groupId: groups[group]!.id,
    nodeIndices: [0, 1],
    from,
    until: from + seconds,
  }));

/** All that a plan says, without how much work it was. */
const told = (plan: CyclePlan): string => encodeCanonical({ ...plan, looked: 0 });

/** What happens to a planner between two plans; numbers choose among what is there at the time. */
type Step =
  | { readonly do: 'queue'; readonly job: Partial<QueuedJob> }
  | { readonly do: 'withdraw' | 'commit' | 'end' | 'cut adrift'; readonly pick: number }
  | { readonly do: 'node'; readonly pick: number; readonly isUp: boolean }
  | { readonly do: 'reach'; readonly pick: number; readonly isUp: boolean }
  | { readonly do: 'window'; readonly window: Omit<Snapshot['windows'][number], 'id'> }
  | { readonly do: 'window gone' }
  | { readonly do: 'pool'; readonly pick: number; readonly tenants: readonly string[] | undefined; readonly ms: number }
  | { readonly do: 'usage'; readonly tenants: Snapshot['tenants'] };

const pick = fc.nat({ max: 20 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('queue' as const), job: anyJob }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('withdraw' as const, 'end' as const, 'cut adrift' as const), pick }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('node' as const, 'reach' as const), pick, isUp: fc.boolean() }),
  },
  fc.record({ do: fc.constant('window' as const), window: anyWindow }),
  fc.record({ do: fc.constant('window gone' as const) }),
  fc.record({ do: fc.constant('usage' as const), tenants: anyTenants }),
  fc.record({
    do: fc.constant('pool' as const),
    pick,
    tenants: fc.constantFrom(undefined, ['a'], ['b'], ['b', 'a'], []),
    ms: fc.constantFrom(2, 10, 40),
  }),
);

// Long ones by preference: what goes wrong with a state goes wrong after something else happened to it.
const anySteps = fc.array(anyStep, { maxLength: 40, size: 'max' });

const anyPolicy = fc
  .record({
    order: fc.constantFrom(...orderNames),
    backfill: fc.constantFrom(...backfillModes),
    reservationDepth: fc.integer({ min: 0, max: 6 }),
  })
  .map(aPolicy);

const links = [{ fromSiteId: 'mixed-site', toSiteId: 'second-site', gbitPerSecond: 10 }];
const startSnapshot = aSnapshot({ pools, groups, links });

/** Plays steps on a planner; commits follow the planner's own proposals, so that the state stays one that can come about. */
function play(planner: Planner, steps: readonly Step[]): void {
  let made = 0;
  for (const step of steps) {
    const { queued, running } = planner.snapshot(NOW);
    planner.advance(deltasOf(step, { queued, running, planner, serial: made++ }));
  }
}

interface Scene {
  readonly queued: readonly QueuedJob[];
  readonly running: readonly RunningJob[];
  readonly planner: Planner;
  readonly serial: number;
}

function deltasOf(step: Step, { queued, running, planner, serial }: Scene): Delta[] {
  switch (step.do) {
    case 'queue':
      return [{ kind: 'job-queued', job: aJob(`job-${serial}`, { ...step.job, sequence: serial }) }];
    case 'withdraw':
      return queued.length > 0 ? [{ kind: 'job-withdrawn', jobId: queued[step.pick % queued.length]!.id }] : [];
    case 'commit':
      return attemptsOf(planner.plan(NOW))
        .slice(0, 1 + step.pick)
        .map((attempt) => ({ kind: 'attempt-placed', attempt }));
    case 'end':
      return running.length > 0
        ? [{ kind: 'attempt-ended', attemptId: running[step.pick % running.length]!.attemptId }]
        : [];
    case 'cut adrift': {
      const lost = running[step.pick % Math.max(1, running.length)]?.groupId;
      return running
        .filter((attempt) => attempt.groupId === lost)
        .reverse()
        .map((attempt) => ({ kind: 'attempt-changed', attempt: { ...attempt, nodeIndices: [] } }));
    }
    case 'node': {
      const group = groups[step.pick % groups.length]!;
      return [{ kind: 'node-state', groupId: group.id, index: step.pick % 2, state: step.isUp ? 'up' : 'drained' }];
    }
    case 'reach':
      return [{ kind: 'pool-reachable', poolId: pools[step.pick % pools.length]!.id, reachable: step.isUp }];
    case 'window':
      return [{ kind: 'window-set', window: { ...step.window, id: `window-${serial % 2}` } }];
    case 'window gone':
      return [{ kind: 'window-gone', windowId: 'window-0' }];
    case 'pool': {
      const { tenants: _before, ...pool } = planner.snapshot(NOW).pools[step.pick % pools.length]!;
      const changed = { ...pool, latencyMs: { echeng: step.ms }, ...(step.tenants && { tenants: step.tenants }) };
      return [{ kind: 'pool-changed', pool: changed }];
    }
    case 'usage':
      return [{ kind: 'usage', tenants: step.tenants }];
  }
}

const attemptsOf = (plan: CyclePlan): RunningJob[] =>
  plan.starts.map((start) => ({
    attemptId: `attempt of ${start.jobId}`,
    jobId: start.jobId,
    tenantId: start.tenantId,
    groupId: start.groupId,
    nodeIndices: start.nodeIndices,
    ...(start.devices && { devices: start.devices }),
    nodeCount: start.nodes,
    perNode: start.perNode,
    startedAt: plan.now,
    endsBy: start.endsBy,
  }));

const groupOf = (groupId: string): GroupModel => groups.find((group) => group.id === groupId)!;
const plus = (a: NodeShape, b: NodeShape): NodeShape => ({
  cards: a.cards + b.cards,
  cores: a.cores + b.cores,
  memoryGiB: a.memoryGiB + b.memoryGiB,
});

/** What is wrong with the holdings, in words; nothing when all is well. Attempts adrift are the engine's business. */
function overfull(running: readonly RunningJob[]): string[] {
  const held = new Map<string, NodeShape>();
  const counted = new Map<string, number>();
  for (const { groupId, nodeIndices, nodeCount, perNode } of running) {
    if (typeof groupOf(groupId).nodes === 'number') counted.set(groupId, (counted.get(groupId) ?? 0) + nodeCount);
    for (const index of nodeIndices) {
      const key = `${groupId}#${index}`;
      held.set(key, plus(held.get(key) ?? { cards: 0, cores: 0, memoryGiB: 0 }, perNode));
    }
  }
  const nodes = [...held].filter(([key, sum]) => {
    const { shape } = groupOf(key.split('#')[0]!);
    return sum.cards > shape.cards || sum.cores > shape.cores || sum.memoryGiB > shape.memoryGiB + 1e-9;
  });
  const counts = [...counted].filter(([groupId, count]) => count > (groupOf(groupId).nodes as number));
  return [...nodes, ...counts].map(([key]) => key);
}

const linkedTo = (siteId: string): string[] =>
  links.flatMap(({ fromSiteId, toSiteId }) =>
    fromSiteId === siteId ? [toSiteId] : toSiteId === siteId ? [fromSiteId] : [],
  );

/** Cards that are given out twice; a part of a card holds a quarter or a half of it. */
function crowdedCards(running: readonly RunningJob[]): string[] {
  const milli = new Map<string, number>();
  for (const { groupId, nodeIndices, devices, perNode } of running) {
    nodeIndices.forEach((node, place) => {
      for (const device of devices?.[place] ?? []) {
        const key = `${groupId}#${node}#${device}`;
        const held = perNode.cards >= 1 ? 1000 : perNode.cards > 0.25 ? 500 : 250;
        milli.set(key, (milli.get(key) ?? 0) + held);
      }
    });
  }
  return [...milli].filter(([, held]) => held > 1000).map(([key]) => key);
}

/** The stacks of a job and its group, as they must never be. */
const crossed = (job: QueuedJob): string[] => (job.stack === 'cuda' ? ['cuda', 'cann'] : ['cann', 'cuda']);

const withoutCutting = (steps: readonly Step[]): Step[] => steps.filter((step) => step.do !== 'cut adrift');

describe('what must never happen', () => {
  it('no node and no group is given out beyond what it has', () => {
    fc.assert(
      fc.property(anySteps, anyPolicy, (steps, policy) => {
        const planner = createPlanner(startSnapshot, policy);
        play(planner, withoutCutting(steps));
        const attempts = attemptsOf(planner.plan(NOW));
        planner.advance(attempts.map((attempt) => ({ kind: 'attempt-placed', attempt })));
        expect(overfull(planner.snapshot(NOW).running)).toEqual([]);
        expect(crowdedCards(planner.snapshot(NOW).running)).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('a start is whole, on nodes that differ and are up, in a pool that answers and that the job may use', () => {
    fc.assert(
      fc.property(anySteps, anyPolicy, (steps, policy) => {
        const planner = createPlanner(startSnapshot, policy);
        play(planner, steps);
        const { queued, nodeStates, tenants, pools: poolsNow } = planner.snapshot(NOW);
        for (const start of planner.plan(NOW).starts) {
          const job = queued.find((candidate) => candidate.id === start.jobId)!;
          const group = groupOf(start.groupId);
          expect(start.nodeIndices).toHaveLength(typeof group.nodes === 'number' ? 0 : job.nodes);
          expect(new Set(start.nodeIndices).size).toBe(start.nodeIndices.length);
          const isOut = (index: number) => nodeStates.some((node) => node.groupId === group.id && node.index === index);
          expect(start.nodeIndices.filter(isOut)).toEqual([]);
          const pool = poolsNow.find(({ id }) => id === start.poolId)!;
          expect(pool).toMatchObject({ reachable: true, siteId: job.dataSite ?? pool.siteId });
          const line = tenants.find(({ id }) => id === job.tenantId)?.parentId ?? job.tenantId;
          expect((pool.tenants ?? [line]).some((id) => id === line || id === job.tenantId)).toBe(true);
          for (const { siteId } of job.inputs ?? []) expect([pool.siteId, ...linkedTo(pool.siteId)]).toContain(siteId);
          expect([job.stack, group.stack].filter((stack) => stack === 'cuda' || stack === 'cann')).not.toEqual(
            crossed(job),
          );
          expect(group.architecture).toBe(job.architecture ?? group.architecture);
          expect(group.shape.cards > 0).toBe(job.perNode.cards > 0);
          expect(job.earliestStart ?? 0).toBeLessThanOrEqual(NOW);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('what must always hold', () => {
  it('any sequence of deltas plans as a cold start from the state it led to', () => {
    fc.assert(
      fc.property(anySteps, anyPolicy, fc.nat({ max: 900 }), (steps, policy, later) => {
        const planner = createPlanner(startSnapshot, policy);
        play(planner, steps);
        const cold = createPlanner(planner.snapshot(NOW), policy);
        planner.plan(NOW, { verdicts: 'none' });
        expect(encodeCanonical(decisionOf(planner.plan(NOW + later, { verdicts: 'none' })))).toBe(
          encodeCanonical(decisionOf(cold.plan(NOW + later))),
        );
        expect(told(planner.plan(NOW + later))).toBe(told(cold.plan(NOW + later)));
        expect(encodeCanonical(planner.snapshot(NOW))).toBe(encodeCanonical(cold.snapshot(NOW)));
      }),
      { numRuns: runs(300) },
    );
  });

  it('planning and quoting change nothing: the same plan comes twice', () => {
    fc.assert(
      fc.property(anySteps, anyPolicy, anyJob, (steps, policy, asked) => {
        const planner = createPlanner(startSnapshot, policy);
        play(planner, steps);
        const first = told(planner.plan(NOW));
        planner.quote(aJob('asked', asked), NOW);
        expect(told(planner.plan(NOW))).toBe(first);
      }),
      { numRuns: runs(200) },
    );
  });

  it('every job is either started or told why not', () => {
    fc.assert(
      fc.property(anySteps, anyPolicy, (steps, policy) => {
        const planner = createPlanner(startSnapshot, policy);
        play(planner, steps);
        const plan = planner.plan(NOW);
        const told = [...plan.starts, ...plan.waiting].map((entry) => entry.jobId).sort();
        expect(told).toEqual(
          planner
            .snapshot(NOW)
            .queued.map((job) => job.id)
            .sort(),
        );
        for (const verdict of plan.waiting) expect(verdict.estimatedStart ?? Infinity).toBeGreaterThan(NOW);
      }),
      { numRuns: runs(200) },
    );
  });

  it('conservative: no start or reservation moves because of a job behind it', () => {
    fc.assert(
      fc.property(
        fc.array(anyJob, { minLength: 1, maxLength: 14 }),
        fc.array(anyStep, { maxLength: 15 }),
        (drafts, steps) => {
          const policy = aPolicy({ order: 'fcfs', reservationDepth: 1000 });
          const base = createPlanner(startSnapshot, policy);
          play(base, steps);
          const before = { ...base.snapshot(NOW), queued: [] };
          const jobs = drafts.map((draft, sequence) =>
            aJob(`j${sequence}`, { ...draft, sequence, submittedAt: sequence }),
          );
          const placesOf = (queued: readonly QueuedJob[]): Map<string, unknown> => {
            const plan = createPlanner({ ...before, queued }, policy).plan(NOW);
            const reserved = plan.waiting.filter((verdict) => verdict.basis === 'reservation');
            return new Map<string, unknown>([
              ...plan.starts.map(({ jobId, groupId, nodeIndices }) => [jobId, [groupId, nodeIndices]] as const),
              ...reserved.map(({ jobId, estimatedStart, poolId }) => [jobId, [estimatedStart, poolId]] as const),
            ]);
          };
          const all = placesOf(jobs);
          for (let count = 1; count < jobs.length; count++) {
            for (const [jobId, place] of placesOf(jobs.slice(0, count)))
              expect([jobId, all.get(jobId)]).toEqual([jobId, place]);
          }
        },
      ),
      { numRuns: runs(100) },
    );
  });
});
