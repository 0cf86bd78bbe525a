import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import type { PlannedPreemption, PlanningPolicy, QueuedJob, RunningJob, Seconds, Snapshot } from './model.js';
import { decisionOf } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, aPolicy, aSnapshot, nodesNamed } from './testing/builders.js';
import {
  anyClaimingScene,
  anyRichPolicy,
  anyRichSnapshot,
  attemptsFrom,
  deltasOf,
  RICH_NOW,
} from './testing/rich-states.js';
import { expectJudged, runs } from './testing/runs.js';

const anyScene = fc.oneof(fc.tuple(anyRichSnapshot, anyRichPolicy), anyClaimingScene);

/** What is against putting out the victim, in words. */
function objections(
  { attemptId, reason, forJobId, jobId }: PlannedPreemption,
  { running, queued }: Snapshot,
  { preemption, elastic }: PlanningPolicy,
): string[] {
  const victim = running.find((attempt) => attempt.attemptId === attemptId)!;
  const isResize = reason === 'shrink' || reason === 'grow';
  const claimant = queued.find(({ id }) => id === forJobId);
  const ran = RICH_NOW - victim.startedAt;
  const rules: Record<string, boolean> = {
    'is leaving': victim.leaving === true,
    'names no nodes': victim.nodeIndices.length === 0,
    'is not elastic': isResize && (elastic === 'off' || victim.nodesMax === undefined),
    'is not at a checkpoint': isResize && (ran < victim.checkpointInterval! || ran % victim.checkpointInterval! >= 60),
    'grows for another': reason === 'grow' && forJobId !== jobId,
    'is not preemptible': !isResize && victim.preemptible !== true,
    'is protected': !isResize && (victim.preemptions ?? 0) > 0 && ran < preemption!.minRunSeconds,
    'is not outranked':
      reason === 'priority' && !((victim.priority ?? 2) - claimant!.priority >= (preemption!.bandsBelow ?? Infinity)),
    'is not to be reclaimed':
      reason === 'reclaim' && (preemption!.reclaim !== true || claimant!.tenantId === victim.tenantId),
  };
  return Object.entries(rules).flatMap(([rule, isBroken]) => (isBroken ? [`${attemptId} ${rule}`] : []));
}

describe('who is put out', () => {
  it('is put out by right, and for a job that has a claim on his nodes', () => {
    const judged: Partial<Record<PlannedPreemption['reason'], number>> = {};
    fc.assert(
      fc.property(anyScene, ([snapshot, policy]) => {
        const { preemptions, claims, starts } = createPlanner(snapshot, policy).plan(RICH_NOW);
        for (const { reason } of preemptions) judged[reason] = (judged[reason] ?? 0) + 1;
        expect(preemptions.flatMap((each) => objections(each, snapshot, policy))).toEqual([]);
        expect(new Set(preemptions.map(({ attemptId }) => attemptId)).size).toBe(preemptions.length);
        const claimants = claims.map(({ jobId }) => jobId);
        expect(new Set(claimants).size).toBe(claimants.length);
        const resized = preemptions.filter(({ reason }) => reason === 'shrink' || reason === 'grow');
        const wanted = [...preemptions.map(({ forJobId }) => forJobId), ...resized.map(({ jobId }) => jobId)];
        expect([...new Set(wanted)].sort()).toEqual(claimants.toSorted());
        expect(starts.filter(({ jobId }) => claimants.includes(jobId))).toEqual([]);
        const most = policy.preemption?.maxPreemptors ?? 0;
        const preemptors = preemptions.filter(({ reason }) => reason === 'priority' || reason === 'reclaim');
        expect(new Set(preemptors.map(({ forJobId }) => forJobId)).size).toBeLessThanOrEqual(most);
      }),
      { numRuns: runs(800) },
    );
    for (const reason of ['priority', 'grow'] as const) expectJudged(judged[reason] ?? 0, 1);
  });

  it('leaves no trace: committed or not, what follows is planned as from a cold start', () => {
    let judged = 0;
    fc.assert(
      fc.property(anyScene, fc.nat({ max: 400 }), ([snapshot, policy], later) => {
        const planner = createPlanner(snapshot, policy);
        const plan = planner.plan(RICH_NOW);
        if (plan.preemptions.length > 0) judged++;
        planner.advance(deltasOf(plan, snapshot));
        const now = RICH_NOW + later;
        const cold = createPlanner(planner.snapshot(RICH_NOW), policy);
        const decided = encodeCanonical(decisionOf(cold.plan(now)));
        expect(encodeCanonical(decisionOf(planner.plan(now)))).toBe(decided);
        expect(encodeCanonical(decisionOf(planner.plan(now)))).toBe(decided);
      }),
      { numRuns: runs(600) },
    );
    expectJudged(judged, 8);
  });
});

const NODES = 4;
const anyStream = fc.array(
  fc.record({
    nodes: fc.integer({ min: 1, max: NODES }),
    limit: fc.integer({ min: 1, max: 50 }),
    ran: fc.constantFrom(0.3, 1),
    gap: fc.integer({ min: 0, max: 40 }),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
);

/** When each job of a stream starts, second by second with the real planner; every job ends at its limit or before. */
function startsOf(
  stream: readonly { nodes: number; limit: number; ran: number; gap: number }[],
  policy: PlanningPolicy,
) {
  const planner = createPlanner(aSnapshot({ now: 0, groups: [aGroup('g', { nodes: nodesNamed(NODES) })] }), policy);
  let at = 0;
  const jobs = stream.map(({ gap, nodes, limit }, sequence) => {
    at += gap;
    return aJob(`j${sequence}`, { nodes, limit, sequence, submittedAt: at });
  });
  const starts = new Map<string, Seconds>();
  let running: RunningJob[] = [];
  for (let now = 0; starts.size < jobs.length && now < at + 50 * (jobs.length + 1); now++) {
    const isOver = ({ jobId, startedAt, endsBy }: RunningJob): boolean =>
      now >= startedAt + Math.ceil((endsBy - startedAt) * stream[Number(jobId.slice(1))]!.ran);
    const ended = running.filter(isOver);
    running = running.filter((attempt) => !ended.includes(attempt));
    planner.advance([
      ...ended.map(({ attemptId }) => ({ kind: 'attempt-ended' as const, attemptId })),
      ...jobs.filter(({ submittedAt }) => submittedAt === now).map((job) => ({ kind: 'job-queued' as const, job })),
    ]);
    const begun = attemptsFrom(planner.plan(now, { verdicts: 'none' }), jobs);
    planner.advance(begun.map((attempt) => ({ kind: 'attempt-placed', attempt })));
    for (const { jobId } of begun) starts.set(jobId, now);
    running.push(...begun);
  }
  return { jobs, starts };
}

describe('nobody starves', () => {
  it.each(['easy', 'conservative'] as const)(
    '%s: who has become the first of the queue starts within the longest limit, whatever comes behind him',
    (backfill) => {
      fc.assert(
        fc.property(anyStream, fc.integer({ min: 1, max: 5 }), (stream, reservationDepth) => {
          const { jobs, starts } = startsOf(stream, aPolicy({ backfill, reservationDepth }));
          let firstAt = 0;
          const late = jobs.filter(({ id, submittedAt }: QueuedJob) => {
            firstAt = Math.max(firstAt, submittedAt);
            const start = starts.get(id) ?? Infinity;
            const isLate = start > firstAt + 50;
            firstAt = Math.max(firstAt, start);
            return isLate;
          });
          expect(late.map(({ id }) => id)).toEqual([]);
        }),
        { numRuns: runs(60) },
      );
    },
  );
});
