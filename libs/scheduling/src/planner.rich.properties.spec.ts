import fc from 'fast-check';
import { refusals, wokenBy } from '#libs/domain';
import { encodeCanonical } from './canonical.js';
import type { CyclePlan, PlanningPolicy, Snapshot } from './model.js';
import { decisionOf } from './planner-face.js';
import { createPlanner } from './planner.js';
import {
  admits,
  brokenQuota,
  groupIn,
  heldBy,
  holdOf,
  holdsAfter,
  jobIn,
  overCap,
  overfull,
} from './testing/plan-checks.js';
import { anyRichPolicy, anyRichSnapshot, RICH_NOW } from './testing/rich-states.js';
import { expectJudged, runs } from './testing/runs.js';

const NOW = RICH_NOW;
const planOf = (snapshot: Snapshot, policy: PlanningPolicy): CyclePlan => createPlanner(snapshot, policy).plan(NOW);

/** Holds a statement about a plan against so many states with bookings, claims, quotas, caps, data, shared cards and elastic jobs. */
function always(
  count: number,
  holds: (snapshot: Snapshot, plan: CyclePlan, policy: PlanningPolicy) => void,
  more: Partial<PlanningPolicy> = {},
): void {
  fc.assert(
    fc.property(anyRichSnapshot, anyRichPolicy, (snapshot, drafted) => {
      const policy = { ...drafted, ...more };
      holds(snapshot, planOf(snapshot, policy), policy);
    }),
    { numRuns: runs(count) },
  );
}

const anyOrderOf = <T>(list: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length });

const anyShuffleOf = (snapshot: Snapshot): fc.Arbitrary<Snapshot> =>
  fc
    .record({
      pools: anyOrderOf(snapshot.pools),
      groups: anyOrderOf(snapshot.groups),
      nodeStates: anyOrderOf(snapshot.nodeStates),
      windows: anyOrderOf(snapshot.windows),
      tenants: anyOrderOf(snapshot.tenants),
      running: anyOrderOf(snapshot.running),
      queued: anyOrderOf(snapshot.queued),
      outlooks: anyOrderOf(snapshot.outlooks),
      links: anyOrderOf(snapshot.links ?? []),
      powerCaps: anyOrderOf(snapshot.powerCaps ?? []),
    })
    .map((lists) => ({ ...snapshot, ...lists }));

describe('what a plan gives out', () => {
  it('is there: no node, card or group is over what it has, now or later', () => {
    always(600, (snapshot, plan, { runTimes }) => {
      expect(overfull(snapshot, holdsAfter(snapshot, plan, runTimes), NOW)).toEqual([]);
    });
  });

  it('is a whole gang: as many nodes as asked for, all up, all in one group, and as many cards on each', () => {
    always(400, (snapshot, { starts }, policy) => {
      for (const start of starts) {
        const job = jobIn(snapshot, start.jobId);
        const group = groupIn(snapshot, start.groupId);
        expect(start.nodes).toBeGreaterThanOrEqual(job.nodes);
        expect(start.nodes).toBeLessThanOrEqual(Math.max(job.nodes, job.nodesMax ?? job.nodes));
        expect(start.poolId).toBe(group.poolId);
        const indices = new Set(start.nodeIndices);
        expect(indices.size).toBe(typeof group.nodes === 'number' ? 0 : start.nodes);
        const isOut = snapshot.nodeStates.some(({ groupId, index }) => groupId === group.id && indices.has(index));
        expect(isOut).toBe(false);
        const cards = group.sharing && start.nodeIndices.map(() => Math.ceil(job.perNode.cards));
        expect(start.devices?.map((each) => each.length)).toEqual(cards);
        expect(job.earliestStart ?? NOW).toBeLessThanOrEqual(NOW);
        expect([policy.runTimes, start.predictedEnd === undefined]).toContain(policy.runTimes);
      }
    });
  });

  it('is no node of a window that is not open to the job, however long before it begins', () => {
    let judged = 0;
    always(600, (snapshot, { starts }) => {
      for (const { jobId, groupId, nodeIndices, endsBy } of starts) {
        const job = jobIn(snapshot, jobId);
        const meanwhile = snapshot.windows.filter(
          (window) => window.groupId === groupId && window.from < endsBy && window.until > NOW,
        );
        judged += meanwhile.length;
        const inTheWay = meanwhile.filter(
          (window) =>
            window.nodeIndices.some((index) => nodeIndices.includes(index)) && !admits(window, job, snapshot.tenants),
        );
        expect(inTheWay).toEqual([]);
      }
    });
    expectJudged(judged, 10);
  });

  it('keeps the power caps: where a site is over one at any time, no start adds to it', () => {
    let judged = 0;
    always(600, (snapshot, plan, policy) => {
      // To the limit, since a cap must hold also when the prediction does not.
      if (snapshot.powerCaps!.length > 0 && plan.starts.some(({ poolId }) => poolId === 'east')) judged++;
      const toTheLimit = plan.starts.map(({ predictedEnd: _predicted, ...start }) => start);
      const alone = { ...snapshot, running: [] };
      const starts = holdsAfter(alone, { ...plan, starts: toTheLimit, claims: [] }, policy.runTimes);
      const running = snapshot.running.map((attempt) => holdOf(attempt, NOW, 'limit'));
      expect(overCap(snapshot, starts, [...running, ...starts])).toEqual([]);
    });
    expectJudged(judged, 20);
  });

  it('keeps the quotas: own, borrowed and lent, with what is claimed and what is kept for claims', () => {
    let judged = 0;
    always(600, (snapshot, plan, { quotas }) => {
      const { before, after } = cardHolds(snapshot, plan);
      const isAsked = quotas !== 'off' && brokenQuota(snapshot.tenants, heldBy(snapshot, before)) === null;
      if (isAsked && plan.starts.length > 0 && snapshot.tenants.some(({ quota }) => quota)) judged++;
      expect(isAsked ? brokenQuota(snapshot.tenants, heldBy(snapshot, after)) : null).toBeNull();
    });
    expectJudged(judged, 15);
  });
});

/** Who holds what of the quotas before a plan and after it. */
function cardHolds(snapshot: Snapshot, { starts, claims, preemptions }: CyclePlan) {
  const queuedOf = (jobId: string) => snapshot.queued.find(({ id }) => id === jobId);
  const gone = new Set(preemptions.map(({ attemptId }) => attemptId));
  const started = new Set(starts.map(({ jobId }) => jobId));
  const held = (attempts: Snapshot['running']) =>
    attempts.map((attempt) => ({ ...attempt, count: attempt.nodeIndices.length || attempt.nodeCount }));
  const kept = snapshot.windows.flatMap(({ kind, groupId, openTo, until }) =>
    kind === 'claim' && until > NOW ? (openTo?.jobs ?? []).map((jobId) => [jobId, groupId] as const) : [],
  );
  const keeps = [...new Map(kept)].flatMap(([jobId, groupId]) => {
    const job = queuedOf(jobId);
    return job ? [{ ...job, jobId, groupId, count: job.nodes }] : [];
  });
  const after = [
    ...held(snapshot.running.filter(({ attemptId }) => !gone.has(attemptId))),
    ...keeps.filter(({ jobId }) => !started.has(jobId)),
    ...starts.map((start) => ({ ...start, count: start.nodes })),
    ...claims.map(({ jobId, groupId, nodeIndices }) => {
      const job = queuedOf(jobId) ?? snapshot.running.find((attempt) => attempt.jobId === jobId)!;
      return { ...job, groupId, count: nodeIndices.length };
    }),
  ];
  return { before: [...held(snapshot.running), ...keeps], after };
}

describe('what a plan says', () => {
  it('is said of every job once: it starts, or it waits for a reason of the list with an event that ends it', () => {
    always(400, (snapshot, { starts, waiting, reservations, now }) => {
      const started = starts.map(({ jobId }) => jobId);
      const told = waiting.map(({ jobId }) => jobId);
      expect([...started, ...told].sort()).toEqual(snapshot.queued.map(({ id }) => id).sort());
      for (const { refusal, estimatedStart, basis } of waiting) {
        expect(refusals).toContain(refusal);
        expect(wokenBy[refusal]).toEqual(expect.any(String));
        expect(estimatedStart === null).toBe(basis === 'none');
        expect(estimatedStart ?? Infinity).toBeGreaterThan(now);
      }
      const reserved = waiting.filter(({ basis }) => basis === 'reservation');
      expect(reserved.map(({ jobId }) => jobId).sort()).toEqual(reservations.map(({ jobId }) => jobId).sort());
    });
  });

  it('is the same to the byte, whatever the order of the lists of the state', () => {
    fc.assert(
      fc.property(
        anyRichSnapshot.chain((snapshot) => fc.tuple(fc.constant(snapshot), anyShuffleOf(snapshot))),
        anyRichPolicy,
        ([snapshot, shuffled], policy) => {
          const [one, other] = [planOf(snapshot, policy), planOf(shuffled, policy)];
          expect(encodeCanonical(decisionOf(other))).toBe(encodeCanonical(decisionOf(one)));
          expect(encodeCanonical(other.waiting)).toBe(encodeCanonical(one.waiting));
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
