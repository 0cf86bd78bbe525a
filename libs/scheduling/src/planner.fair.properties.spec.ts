import fc from 'fast-check';
import type { Delta, PlanningPolicy, QueuedJob, RunningJob, Seconds, TenantModel } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, aPolicy, aSnapshot, nodesNamed } from './testing/builders.js';
import { attemptsFrom } from './testing/rich-states.js';
import { runs } from './testing/runs.js';

const NODES = 3;
const SHORTEST = 10;
const LONGEST = 50;
const HALF_LIFE = 3600;
const perNode = { cards: 1, cores: 1, memoryGiB: 1 };

interface Stream {
  readonly weight: number;
  readonly usage: number;
  /** Asked for again and again, three at a time: the tenant has always jobs waiting. */
  readonly works: readonly { readonly nodes: number; readonly limit: number; readonly ran: number }[];
}
const anyStreams: fc.Arbitrary<Stream[]> = fc.array(
  fc.record({
    weight: fc.integer({ min: 1, max: 4 }),
    usage: fc.integer({ min: 0, max: 200 }),
    works: fc.array(
      fc.record({
        nodes: fc.integer({ min: 1, max: NODES }),
        limit: fc.integer({ min: SHORTEST, max: LONGEST }),
        ran: fc.constantFrom(0.5, 1),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);
const anyNewcomer = fc.record({
  weight: fc.integer({ min: 1, max: 4 }),
  usage: fc.constantFrom(0, 0, 5, 20, 60),
  nodes: fc.integer({ min: 1, max: NODES }),
  limit: fc.integer({ min: SHORTEST, max: LONGEST }),
  at: fc.integer({ min: 0, max: 300 }),
});
type Newcomer = Readonly<Record<'weight' | 'usage' | 'nodes' | 'limit' | 'at', number>>;
const anyFairShare = fc.record({
  halfLifeSeconds: fc.constant(HALF_LIFE),
  accrualSeconds: fc.constantFrom(1, 20, 60),
  entryPenaltySeconds: fc.constantFrom(0, 30, 600),
});

/** Plays streams second by second beside one job of a newcomer, and tells its wait and the use of all when it came. */
class Machine {
  private readonly planner;
  private readonly use = new Map<string, number>();
  private running: RunningJob[] = [];
  private readonly jobs = new Map<string, QueuedJob>();
  private readonly ends = new Map<string, Seconds>();
  private readonly made = new Map<string, number>();
  private serial = 0;

  constructor(
    private readonly streams: readonly Stream[],
    private readonly newcomer: Newcomer,
    policy: PlanningPolicy,
  ) {
    streams.forEach(({ usage }, n) => this.use.set(`t${n}`, usage));
    this.use.set('newcomer', newcomer.usage);
    const group = aGroup('g', { nodes: nodesNamed(NODES), shape: perNode });
    this.planner = createPlanner(aSnapshot({ now: 0, groups: [group], tenants: this.tenants(0) }), policy);
  }

  /** @returns seconds until the newcomer's job starts, and the use over weight of each tenant when it came; null when it has not by then */
  waitOf(most: (use: ReadonlyMap<string, number>) => Seconds): { wait: Seconds; most: Seconds } {
    let bound = Infinity;
    for (let now = 0; now <= this.newcomer.at + bound; now++) {
      if (now === this.newcomer.at) bound = most(this.use);
      this.planner.advance([...this.end(now), ...this.ask(now)]);
      const begun = attemptsFrom(this.planner.plan(now, { verdicts: 'none' }), [...this.jobs.values()]);
      this.planner.advance(begun.map((attempt) => ({ kind: 'attempt-placed', attempt })));
      this.running.push(...begun);
      for (const { jobId } of begun) this.jobs.delete(jobId);
      for (const { jobId } of begun) if (jobId === 'new') return { wait: now - this.newcomer.at, most: bound };
    }
    return { wait: Infinity, most: bound };
  }

  private tenants(now: Seconds): TenantModel[] {
    const weights = [
      ...this.streams.map(({ weight }, n) => [`t${n}`, weight] as const),
      ['newcomer', this.newcomer.weight] as const,
    ];
    return weights.map(([id, weight]) => ({ id, parentId: null, weight, usage: this.use.get(id)!, usageAsOf: now }));
  }

  /** What ends, with the use that it comes to; all that was used before counts half after a half-life. */
  private end(now: Seconds): Delta[] {
    for (const [id, used] of this.use) this.use.set(id, used * 0.5 ** (1 / HALF_LIFE));
    const ended = this.running.filter(({ jobId }) => this.ends.get(jobId)! <= now - this.startOf(jobId));
    if (ended.length === 0) return [];
    this.running = this.running.filter((attempt) => !ended.includes(attempt));
    for (const { tenantId, nodeCount, startedAt } of ended)
      this.use.set(tenantId, this.use.get(tenantId)! + nodeCount * (now - startedAt));
    return [
      ...ended.map(({ attemptId }) => ({ kind: 'attempt-ended' as const, attemptId })),
      { kind: 'usage', tenants: this.tenants(now) },
    ];
  }

  private startOf(jobId: string): Seconds {
    return this.running.find((attempt) => attempt.jobId === jobId)!.startedAt;
  }

  private ask(now: Seconds): Delta[] {
    const asked: QueuedJob[] = [];
    this.streams.forEach(({ works }, n) => {
      const waiting = [...this.jobs.values()].filter(({ tenantId }) => tenantId === `t${n}`).length;
      for (let i = waiting; i < 3; i++) {
        const nth = this.made.get(`t${n}`) ?? 0;
        this.made.set(`t${n}`, nth + 1);
        const { nodes, limit, ran } = works[nth % works.length]!;
        const id = `j${++this.serial}`;
        this.ends.set(id, Math.ceil(limit * ran));
        asked.push(aJob(id, { tenantId: `t${n}`, nodes, limit, perNode, sequence: this.serial, submittedAt: now }));
      }
    });
    const { nodes, limit, at } = this.newcomer;
    if (now === at)
      asked.push(
        aJob('new', { tenantId: 'newcomer', nodes, limit, perNode, sequence: ++this.serial, submittedAt: now }),
      );
    for (const job of asked) this.jobs.set(job.id, job);
    return asked.map((job) => ({ kind: 'job-queued', job }));
  }
}

/**
 * Use decays for all alike, so a tenant goes before the newcomer only until what it has used over its weight passes the newcomer's:
 * each run adds half the shortest limit at least. Who is first has a reservation and starts within the longest limit; then its
 * tenant is charged at the next tick. So much for each of these runs, for one more of each tenant (equals go by submission), and
 * for the newcomer itself.
 */
function mostWait(
  streams: readonly Stream[],
  newcomer: Newcomer,
  policy: PlanningPolicy,
  use: ReadonlyMap<string, number>,
): Seconds {
  const ratio = use.get('newcomer')! / newcomer.weight;
  const ahead = streams.map(({ weight }, n) =>
    Math.max(0, Math.ceil((ratio * weight - use.get(`t${n}`)!) / (SHORTEST / 2))),
  );
  const turns = ahead.reduce((sum, runsAhead) => sum + runsAhead + 1, 1);
  return turns * (LONGEST + 2 * policy.fairShare!.accrualSeconds!);
}

describe('fair: nobody starves', () => {
  it.each(['easy', 'conservative'] as const)(
    '%s: who has used less than the others starts within a bound, though they always have jobs of all sizes waiting',
    (backfill) => {
      fc.assert(
        fc.property(anyStreams, anyNewcomer, anyFairShare, (streams, newcomer, fairShare) => {
          const policy = aPolicy({ order: 'fair', backfill, fairShare });
          const { wait, most } = new Machine(streams, newcomer, policy).waitOf((use) =>
            mostWait(streams, newcomer, policy, use),
          );
          expect(wait).toBeLessThanOrEqual(most);
        }),
        { numRuns: runs(60) },
      );
    },
  );
});

describe('what is promised', () => {
  const anyStream = fc.array(
    fc.record({
      nodes: fc.integer({ min: 1, max: 4 }),
      limit: fc.integer({ min: 1, max: 50 }),
      gap: fc.integer({ min: 0, max: 20 }),
    }),
    { minLength: 2, maxLength: 30, size: 'max' },
  );

  /**
   * Where jobs run to their limits and nodes are only counted. With names a later plan may put the same jobs on other nodes; and
   * who ends early makes room in which those ahead move up, into the place of those behind.
   */
  it('conservative: the first reservation of each job is the second at which it starts, whatever is backfilled later', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const group = aGroup('g', { nodes: 4 });
        const planner = createPlanner(aSnapshot({ now: 0, groups: [group] }), aPolicy({ reservationDepth: 100 }));
        let at = 0;
        const jobs = stream.map(({ nodes, limit, gap }, sequence) =>
          aJob(`j${sequence}`, { nodes, limit, sequence, submittedAt: (at += gap) }),
        );
        const promised = new Map<string, Seconds>();
        const starts = new Map<string, Seconds>();
        let running: RunningJob[] = [];
        for (let now = 0; starts.size < jobs.length && now < 3000; now++) {
          const ended = running.filter(({ endsBy }) => endsBy <= now);
          running = running.filter(({ endsBy }) => endsBy > now);
          planner.advance([
            ...ended.map(({ attemptId }) => ({ kind: 'attempt-ended' as const, attemptId })),
            ...jobs
              .filter(({ submittedAt }) => submittedAt === now)
              .map((job) => ({ kind: 'job-queued' as const, job })),
          ]);
          const plan = planner.plan(now, { verdicts: 'none' });
          for (const { jobId, start } of plan.reservations) if (!promised.has(jobId)) promised.set(jobId, start);
          const begun = attemptsFrom(plan, jobs);
          planner.advance(begun.map((attempt) => ({ kind: 'attempt-placed', attempt })));
          running.push(...begun);
          for (const { jobId } of begun) starts.set(jobId, now);
        }
        expect(starts.size).toBe(jobs.length);
        for (const [jobId, start] of promised) expect([jobId, starts.get(jobId)]).toEqual([jobId, start]);
      }),
      { numRuns: runs(60) },
    );
  });
});
