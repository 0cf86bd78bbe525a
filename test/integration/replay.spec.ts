import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  ReplayCycle,
  type VersionedPolicy,
  defaultPolicy,
  defaultServicePolicy,
  packDeltas,
  packKeyframe,
  versioned,
} from '#libs/application';
import { type Database, PostgresCycleLog, openDatabase } from '#libs/persistence';
import {
  type CyclePlan,
  type Delta,
  type GroupModel,
  type PlanningPolicy,
  type QueuedJob,
  type Snapshot,
  createPlanner,
  decisionOf,
  encodeCanonical,
} from '#libs/scheduling';
import { type FreshDatabase, freshDatabase } from '#libs/testing';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const policyOf = (planning: Partial<PlanningPolicy>): VersionedPolicy =>
  versioned({ ...defaultServicePolicy, planning: { ...defaultPolicy, ...planning } }, sha256);
const NODES = 4;
const begun = 1_795_000_000;

const group: GroupModel = {
  id: 'g',
  poolId: 'p',
  acceleratorModel: 'a100',
  acceleratorMemoryGiB: 80,
  architecture: 'x86_64',
  stack: 'cuda',
  shape: { cards: 8, cores: 64, memoryGiB: 512 },
  nodes: Array.from({ length: NODES }, (_, index) => `n${index}`),
};
const aJob = (sequence: number, nodes: number, limit: number): QueuedJob => ({
  id: `job-${sequence}`,
  sequence,
  tenantId: sequence % 2 === 0 ? 'even' : 'odd',
  class: 'training',
  priority: 2,
  submittedAt: begun - 600 + sequence,
  nodes,
  perNode: { cards: 8, cores: 8, memoryGiB: 64 },
  limit,
  predicted: limit,
  dataLevel: 'general',
});
const aState = (queued: readonly QueuedJob[] = []): Snapshot => ({
  now: begun,
  pools: [{ id: 'p', siteId: 's', reachable: true, latencyMs: {}, dataLevels: ['general'] }],
  groups: [group],
  nodeStates: [],
  windows: [],
  tenants: ['even', 'odd'].map((id) => ({ id, parentId: null, weight: 1, usage: 0 })),
  running: [],
  queued,
  outlooks: [{ siteId: 's', from: begun, greenShare: [0.25], gramsPerKwh: [500], yuanPerKwh: [0.5] }],
});

let fresh: FreshDatabase;
let system: Database;
let log: PostgresCycleLog;
let replay: ReplayCycle;
beforeAll(async () => {
  fresh = await freshDatabase();
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 4 });
});
beforeEach(async () => {
  await system.query('delete from cycle_record; delete from cycle_keyframe');
  log = new PostgresCycleLog(system);
  replay = new ReplayCycle(log, sha256);
});
afterAll(async () => {
  await system?.close();
  await fresh?.drop();
});

/** What happens between two cycles, made up. */
type Happening =
  | { readonly kind: 'queue'; readonly nodes: number; readonly limit: number }
  | { readonly kind: 'end' | 'withdraw'; readonly which: number }
  | { readonly kind: 'node'; readonly index: number; readonly isUp: boolean };
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('queue' as const),
      nodes: fc.integer({ min: 1, max: 4 }),
      limit: fc.integer({ min: 60, max: 7200 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'withdraw' as const), which: fc.nat(9) }) },
  fc.record({ kind: fc.constant('node' as const), index: fc.nat(NODES - 1), isUp: fc.boolean() }),
);

/** A scheduler's run: cycle after cycle planned on one planner and recorded, a keyframe each `keyframeEvery`. */
class Run {
  private readonly planner;
  private readonly running: string[] = [];
  private queued: string[] = [];
  private pending: Delta[] = [];
  private sequence = 0;
  private cycle = 0;

  constructor(
    private readonly policy: VersionedPolicy,
    private readonly keyframeEvery: number,
  ) {
    this.planner = createPlanner(aState(), policy.planning);
  }

  async turn(happenings: readonly Happening[]): Promise<void> {
    this.tell(happenings.flatMap((it) => this.deltaOf(it)));
    this.cycle += 1;
    const now = begun + this.cycle * 60;
    const plan = this.planner.plan(now, { verdicts: 'none' });
    const isKeyframe = (this.cycle - 1) % this.keyframeEvery === 0;
    await log.record({
      cycle: this.cycle,
      epoch: 1,
      nowSeconds: now,
      policy: this.policy,
      state: isKeyframe
        ? { kind: 'keyframe', chunks: packKeyframe(this.planner.snapshot(now)) }
        : {
            kind: 'deltas',
            keyframeCycle: this.cycle - ((this.cycle - 1) % this.keyframeEvery),
            step: (this.cycle - 1) % this.keyframeEvery,
            packed: packDeltas(this.pending),
          },
      planSha256: sha256(encodeCanonical(decisionOf(plan))),
      starts: plan.starts.length,
      preemptions: plan.preemptions.length,
      considered: plan.counts.considered,
    });
    this.pending = [];
    this.tell(plan.starts.flatMap((start) => this.placed(start, now)));
  }

  private tell(deltas: readonly Delta[]): void {
    this.planner.advance(deltas);
    this.pending.push(...deltas);
  }

  private placed(start: CyclePlan['starts'][number], now: number): Delta[] {
    const { jobId, tenantId, groupId, nodeIndices, nodes: nodeCount, perNode, endsBy } = start;
    this.queued = this.queued.filter((id) => id !== jobId);
    this.running.push(`of ${jobId}`);
    const attempt = { attemptId: `of ${jobId}`, jobId, tenantId, groupId, nodeIndices, nodeCount, perNode, startedAt: now, endsBy }; // prettier-ignore
    return [
      { kind: 'job-withdrawn', jobId },
      { kind: 'attempt-placed', attempt },
    ];
  }

  private deltaOf(it: Happening): Delta[] {
    if (it.kind === 'node') {
      return [{ kind: 'node-state', groupId: 'g', index: it.index, state: it.isUp ? 'up' : 'drained' }];
    }
    if (it.kind === 'queue') {
      this.sequence += 1;
      this.queued.push(`job-${this.sequence}`);
      return [{ kind: 'job-queued', job: aJob(this.sequence, it.nodes, it.limit) }];
    }
    const [gone] = (it.kind === 'end' ? this.running : this.queued).splice(it.which, 1);
    if (gone === undefined) return [];
    return it.kind === 'end' ? [{ kind: 'attempt-ended', attemptId: gone }] : [{ kind: 'job-withdrawn', jobId: gone }];
  }
}

it('every cycle of any run is replayed to the same plan, byte for byte', async () => {
  const turns = fc.array(fc.array(happening, { maxLength: 4 }), { minLength: 2, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(
      turns,
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('fair', 'fcfs', 'sjf'),
      async (run, every, order) => {
        await system.query('delete from cycle_record; delete from cycle_keyframe');
        const recorded = new Run(policyOf({ order: order as PlanningPolicy['order'] }), every);
        for (const happenings of run) await recorded.turn(happenings);
        for (let cycle = 1; cycle <= run.length; cycle += 1) expect((await replay.execute(cycle)).kind).toBe('same');
      },
    ),
    { numRuns: 25 },
  );
});

it('what was pruned is not kept, what is left is the same as before', async () => {
  const run = new Run(policyOf({}), 3);
  for (let turn = 0; turn < 10; turn += 1) await run.turn([{ kind: 'queue', nodes: 2, limit: 600 }]);
  await system.query(`update cycle_keyframe set newest_wall = newest_wall - interval '2 days' where cycle <= 4`);
  expect(await log.prune({ days: 1, bytes: 1e9 })).toBe(7);
  expect(await replay.execute(6)).toEqual({ kind: 'not-kept', cycle: 6, why: 'pruned' });
  expect((await replay.execute(7)).kind).toBe('same');
  expect((await replay.execute(10)).kind).toBe('same');
});

it('a record that was tampered with gives a different plan and is told so', async () => {
  const run = new Run(policyOf({}), 3);
  await run.turn([{ kind: 'queue', nodes: 2, limit: 600 }]);
  await system.query(`update cycle_record set now_s = now_s + 1`);
  expect(await replay.execute(1)).toMatchObject({ kind: 'different', starts: 1 });
});

describe('a state of four free nodes with jobs of 3, 2 and 1 nodes, in this order', () => {
  const own = policyOf({ order: 'fcfs', backfill: 'none' });
  const queued = [aJob(1, 3, 3600), aJob(2, 2, 600), aJob(3, 1, 60)];
  beforeEach(async () => {
    const plan = createPlanner(aState(queued), own.planning).plan(begun, { verdicts: 'none' });
    await log.record({
      cycle: 1,
      epoch: 1,
      nowSeconds: begun,
      policy: own,
      state: { kind: 'keyframe', chunks: packKeyframe(aState(queued)) },
      planSha256: sha256(encodeCanonical(decisionOf(plan))),
      starts: plan.starts.length,
      preemptions: plan.preemptions.length,
      considered: plan.counts.considered,
    });
  });

  it('first come first served without backfill starts the first alone: the decision is what the hash is of', async () => {
    const replayed = await replay.execute(1);
    if (replayed.kind === 'not-kept') throw new Error('not kept');
    expect(replayed).toMatchObject({ kind: 'same', starts: 1, considered: 3, policySha256: own.sha256 });
    expect(sha256(replayed.decision)).toBe(replayed.recordedSha256);
    expect(JSON.parse(replayed.decision)).toMatchObject({ starts: [{ jobId: 'job-1', nodes: 3 }] });
  });

  it('shortest first would start the other two, and keep the first waiting', async () => {
    const told = await replay.under(
      1,
      policyOf({ order: 'sjf', backfill: 'conservative', reservationDepth: 5 }).planning,
    );
    if (told.kind === 'not-kept') throw new Error('not kept');
    const { figures, ...difference } = told.difference;
    expect(difference).toEqual({
      startsOnlyInOne: ['job-1'],
      startsOnlyInOther: ['job-3', 'job-2'],
      startsElsewhere: [],
      // Three nodes are free when job 3's minute is over and job 2 has ended: at 600 s.
      reservations: [{ jobId: 'job-1', one: null, other: { poolId: 'p', groupId: 'g', start: begun + 600 } }],
    });
    // Submitted 599, 598 and 597 s before.
    expect(figures.one).toMatchObject({ starts: 1, startedNodes: 3, reservations: 0, meanWaitSeconds: 599, meanReservedWaitSeconds: null }); // prettier-ignore
    expect(figures.other).toMatchObject({ starts: 2, startedNodes: 3, reservations: 1, meanWaitSeconds: 597.5, meanReservedWaitSeconds: 1199, meanYuanPerKwh: 0.5, meanGreenShare: 0.25 }); // prettier-ignore
  });

  it('the same policy makes no difference', async () => {
    expect(await replay.under(1, own.planning)).toMatchObject({
      difference: { startsOnlyInOne: [], startsOnlyInOther: [], startsElsewhere: [], reservations: [] },
    });
  });

  it('a job that waited is explained as things stood; one that started has nothing to be explained', async () => {
    expect(await replay.explain(1, 'job-2')).toMatchObject({ kind: 'explained', verdict: { jobId: 'job-2' } });
    expect(await replay.explain(1, 'job-1')).toEqual({ kind: 'explained', verdict: null });
    expect(await replay.explain(9, 'job-1')).toEqual({ kind: 'not-kept', cycle: 9, why: 'not-yet' });
    expect(await replay.under(9, own.planning)).toEqual({ kind: 'not-kept', cycle: 9, why: 'not-yet' });
  });
});
