import fc from 'fast-check';
import type { CyclePlan, GroupModel, PlannedStart, PlanningPolicy, QueuedJob, Seconds, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { nodesNamed } from './testing/builders.js';
import { admits, groupIn, type Hold, holdOf, holdsAfter, jobIn, overCap, overfull } from './testing/plan-checks.js';
import { anyClaimingScene, anyRichPolicy, anyRichSnapshot, attemptsFrom, RICH_NOW } from './testing/rich-states.js';
import { expectJudged, runs } from './testing/runs.js';

const NOW = RICH_NOW;
const planOf = (snapshot: Snapshot, policy: PlanningPolicy): CyclePlan => createPlanner(snapshot, policy).plan(NOW);
type Scene = readonly [snapshot: Snapshot, policy: PlanningPolicy];

/** Where all that runs has told its nodes: what is adrift is held on nodes that the plan does not name. */
const anyToldSnapshot = anyRichSnapshot.map((snapshot): Snapshot => ({
  ...snapshot,
  running: snapshot.running.filter(
    ({ groupId, nodeIndices }) => nodeIndices.length > 0 || typeof groupIn(snapshot, groupId).nodes === 'number',
  ),
}));

function stagingOf({ pools, links }: Snapshot, { inputs = [] }: QueuedJob, { poolId }: GroupModel): Seconds {
  const { siteId } = pools.find(({ id }) => id === poolId)!;
  const gbit = inputs.reduce((sum, from) => sum + (from.siteId === siteId ? 0 : from.sizeGiB * 8 * 1.073741824), 0);
  return Math.ceil(gbit / links![0]!.gbitPerSecond);
}

/** For how long a plan counts on a job: where a window is ahead, and for power caps, to its limit. */
function secondsOf(
  snapshot: Snapshot,
  job: QueuedJob,
  group: GroupModel,
  runTimes: PlanningPolicy['runTimes'],
): Seconds {
  const isBounded = snapshot.windows.some(({ groupId, until }) => groupId === group.id && until > NOW);
  const run = runTimes === 'predicted' && !isBounded ? job.predicted : job.limit;
  return run + stagingOf(snapshot, job, group);
}

function subsets(list: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return list.flatMap((first, i) => subsets(list.slice(i + 1), size - 1).map((rest) => [first, ...rest]));
}
const product = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((each) => [...head, each])), [[]]);

/** Whether the node is up, and in no window meanwhile that is not open to the job. */
function isOpen(
  snapshot: Snapshot,
  job: QueuedJob,
  at: Pick<Hold, 'groupId' | 'from' | 'until'>,
  node: number,
): boolean {
  const isOut = snapshot.nodeStates.some(({ groupId, index }) => groupId === at.groupId && index === node);
  return !isOut && !snapshot.windows.some(
    (window) =>
      window.groupId === at.groupId &&
      window.from < at.until &&
      window.until > at.from &&
      window.nodeIndices.includes(node) &&
      !admits(window, job, snapshot.tenants),
  ); // prettier-ignore
}

/** Every way in which a job could lie in its group from then on. */
function waysOf(snapshot: Snapshot, job: QueuedJob, group: GroupModel, hold: Hold): Hold[] {
  if (typeof group.nodes === 'number') return [hold];
  const open = [...group.nodes.keys()].filter((node) => isOpen(snapshot, job, hold, node));
  return subsets(open, job.nodes).flatMap((nodeIndices) => {
    if (!group.sharing) return [{ ...hold, nodeIndices }];
    const cards = subsets([...Array(group.shape.cards).keys()], Math.ceil(job.perNode.cards));
    return product(nodeIndices.map(() => cards)).map((devices) => ({ ...hold, nodeIndices, devices }));
  });
}

/** False when the waiting jobs could not lie in the group at the times reserved for them, however they are put; 2,000 tries. */
function haveRoom(group: GroupModel, standing: readonly Hold[], ways: readonly (readonly Hold[])[]): boolean {
  let tries = 0;
  const put = (holds: readonly Hold[], next: number): boolean => {
    if (next === ways.length || tries++ > 2000) return true;
    return ways[next]!.some((way) => {
      const more = [...holds, way];
      return overfull({ groups: [group] }, more, NOW).length === 0 && put(more, next + 1);
    });
  };
  return put(standing, 0);
}

function reservedHolds(snapshot: Snapshot, plan: CyclePlan, runTimes: PlanningPolicy['runTimes']): Hold[] {
  return plan.reservations.map(({ jobId, groupId, start }) => {
    const job = jobIn(snapshot, jobId);
    const seconds = secondsOf(snapshot, job, groupIn(snapshot, groupId), runTimes);
    const { nodes: count, perNode } = job;
    return { what: jobId, groupId, nodeIndices: [], count, perNode, from: start, until: start + seconds };
  });
}

describe('places that are reserved', () => {
  it('are there: nodes, cards and counts of the group hold all that runs, starts and is reserved, at every instant', () => {
    fc.assert(
      fc.property(anyToldSnapshot, anyRichPolicy, (snapshot, policy) => {
        const plan = planOf(snapshot, policy);
        const standing = holdsAfter(snapshot, { ...plan, preemptions: [], claims: [] }, policy.runTimes);
        const reserved = reservedHolds(snapshot, plan, policy.runTimes);
        const full = snapshot.groups.filter((group) => {
          const ways = reserved
            .filter(({ groupId }) => groupId === group.id)
            .map((hold) => waysOf(snapshot, jobIn(snapshot, hold.what), group, hold));
          return !haveRoom(group, standing.filter(({ groupId }) => groupId === group.id), ways); // prettier-ignore
        });
        expect(full.map(({ id }) => id)).toEqual([]);
      }),
      { numRuns: runs(400) },
    );
  });

  it('keep the power caps to the limit of each job: where a site is over one at any time, no reservation adds to it', () => {
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, (snapshot, policy) => {
        const plan = planOf(snapshot, policy);
        const starts = plan.starts.map(({ predictedEnd: _predicted, ...start }) => start);
        const others = holdsAfter({ ...snapshot, running: [] }, { ...plan, starts, claims: [] }, 'limit');
        const running = snapshot.running.map((attempt) => holdOf(attempt, NOW, 'limit'));
        const reserved = reservedHolds(snapshot, plan, 'limit');
        expect(overCap(snapshot, reserved, [...running, ...others, ...reserved])).toEqual([]);
      }),
      { numRuns: runs(400) },
    );
  });

  // Without shared cards: which of these a job gets goes by the mix of all that wait, so that jobs behind have a say in it. And
  // those for whom nodes are being vacated stay: they have their quota already, wherever they stand.
  it('and starts before them are what they would be if nobody stood behind', () => {
    let judged = 0;
    let startsJudged = 0;
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, fc.nat(), (rich, policy, pick) => {
        const snapshot = { ...rich, groups: rich.groups.filter(({ sharing }) => !sharing), ...outside(rich, 'edge') };
        const plan = planOf(snapshot, policy);
        if (plan.reservations.length === 0) return;
        judged++;
        const k = pick % plan.reservations.length;
        const nobodyStarts = snapshot.pools.map((pool) => ({ ...pool, reachable: false }));
        const inLine: PlanningPolicy = { ...policy, backfillOrder: 'queue' };
        const order = planOf({ ...snapshot, pools: nobodyStarts }, inLine).waiting.map(({ jobId }) => jobId);
        const ahead = order.slice(0, order.indexOf(plan.reservations[k]!.jobId) + 1);
        const without = planOf(
          { ...snapshot, queued: snapshot.queued.filter(({ id }) => ahead.includes(id) || hasClaim(snapshot, id)) },
          policy,
        );
        expect(without.reservations.slice(0, k + 1)).toEqual(plan.reservations.slice(0, k + 1));
        // The shortest of all that have no reservation goes first of these, wherever it stands.
        if (policy.backfillOrder === 'shortest-first') return;
        const starts = plan.starts.filter(({ jobId }) => ahead.includes(jobId));
        startsJudged += starts.length;
        expect(without.starts.filter(({ jobId }) => ahead.includes(jobId))).toEqual(starts);
      }),
      { numRuns: runs(400) },
    );
    expectJudged(judged, 40);
    expectJudged(startsJudged, 1);
  });
});

const hasClaim = ({ windows }: Snapshot, jobId: string): boolean =>
  windows.some(({ kind, openTo }) => kind === 'claim' && openTo?.jobs?.includes(jobId));
const outside = ({ running }: Snapshot, groupId: string): Pick<Snapshot, 'running'> => ({
  running: running.filter((attempt) => attempt.groupId !== groupId),
});

/** Nodes that could take one more such task until then, beside what runs and has been started before. */
function ableNodes(snapshot: Snapshot, start: PlannedStart, before: readonly Hold[], until: Seconds): number[] {
  const job = jobIn(snapshot, start.jobId);
  const group = groupIn(snapshot, start.groupId);
  const hold = { what: 'one more', groupId: group.id, count: 1, perNode: job.perNode, from: NOW, until };
  return [...(group.nodes as readonly string[]).keys()].filter(
    (node) =>
      isOpen(snapshot, job, hold, node) &&
      overfull({ groups: [group] }, [...before, { ...hold, nodeIndices: [node] }], NOW).length === 0,
  );
}

describe('a gang', () => {
  const blocks = [1, 0, 1, 0, 2, 2, 2];
  const anyInBlocks = anyToldSnapshot.map((snapshot): Snapshot => ({
    ...snapshot,
    groups: snapshot.groups.map((group) => (group.id === 'east' ? { ...group, nodes: nodesNamed(7), blocks } : group)),
  }));

  // One that passes others is not judged: their reservations name no nodes, and it may have to go round them.
  it('lies in one block whenever one has room for it, beside what runs and was started before', () => {
    let judged = 0;
    fc.assert(
      fc.property(anyInBlocks, anyRichPolicy, (snapshot, policy) => {
        const { starts, ...plan } = planOf(snapshot, policy);
        const scattered = starts.filter((start, i) => {
          if (start.groupId !== 'east' || start.backfilled) return false;
          const group = groupIn(snapshot, 'east');
          const until = NOW + secondsOf(snapshot, jobIn(snapshot, start.jobId), group, policy.runTimes);
          const ahead = {
            ...plan,
            starts: starts.slice(0, i).map((each) => heldOf(snapshot, policy, each)),
            claims: [],
            preemptions: [],
          };
          const able = ableNodes(snapshot, start, holdsAfter(snapshot, ahead, policy.runTimes), until);
          const room = Map.groupBy(able, (node) => blocks[node]!);
          const hasRoom = [...room.values()].some((nodes) => nodes.length >= start.nodes);
          if (hasRoom && start.nodes > 1) judged++;
          return hasRoom && new Set(start.nodeIndices.map((node) => blocks[node])).size > 1;
        });
        expect(scattered).toEqual([]);
      }),
      { numRuns: runs(600) },
    );
    expectJudged(judged, 8);
  });

  it('has a claim on as many nodes as it asks for, or, elastic, on a number within its range', () => {
    let judged = 0;
    fc.assert(
      fc.property(anyClaimingScene, ([snapshot, policy]) => {
        for (const { jobId, nodeIndices } of planOf(snapshot, policy).claims) {
          judged++;
          const job = snapshot.queued.find(({ id }) => id === jobId);
          const attempt = snapshot.running.find((each) => each.jobId === jobId);
          expect(nodeIndices.length).toBeGreaterThanOrEqual(job?.nodes ?? attempt!.nodesMin!);
          expect(nodeIndices.length).toBeLessThanOrEqual(job?.nodes ?? attempt!.nodesMax!);
          expect(new Set(nodeIndices).size).toBe(nodeIndices.length);
        }
      }),
      { numRuns: runs(400) },
    );
    expectJudged(judged, 5);
  });
});

/** A start as the pass counts on it. */
function heldOf(snapshot: Snapshot, { runTimes }: PlanningPolicy, start: PlannedStart): PlannedStart {
  const { predictedEnd: _predicted, ...rest } = start;
  const seconds = secondsOf(snapshot, jobIn(snapshot, start.jobId), groupIn(snapshot, start.groupId), runTimes);
  return { ...rest, endsBy: NOW + seconds };
}

/** The state in which a job that others are put out for stands alone, with all of them gone but the one that is spared. */
function sparing(snapshot: Snapshot, plan: CyclePlan, jobId: string, spared: string | null): Snapshot {
  const gone = new Set(plan.preemptions.map(({ attemptId }) => attemptId).filter((id) => id !== spared));
  const staying = snapshot.running.filter(({ attemptId }) => !gone.has(attemptId));
  const running = [...staying, ...attemptsFrom(plan, snapshot.queued)];
  return { ...snapshot, running, queued: [jobIn(snapshot, jobId)] };
}

describe('who is put out', () => {
  const anyPreemptive = anyClaimingScene.map(([snapshot, policy]): Scene => [
    snapshot,
    { ...policy, preemption: { reclaim: true, bandsBelow: 1, minRunSeconds: 0, maxPreemptors: 1 } },
  ]);

  // Of the first only that waits for nodes: what those before him are promised is not to be had, and not named by the plan.
  it('is needed: with any one of them spared the job would not start in that group, and with all of them gone it does', () => {
    let judged = 0;
    fc.assert(
      fc.property(anyPreemptive, ([snapshot, policy]) => {
        const plan = planOf(snapshot, policy);
        const first = plan.waiting.find(
          ({ jobId }) =>
            plan.reservations.some((each) => each.jobId === jobId) || plan.claims.some((each) => each.jobId === jobId),
        );
        const victims = plan.preemptions.filter(
          ({ forJobId, reason }) => forJobId === first?.jobId && (reason === 'priority' || reason === 'reclaim'),
        );
        if (victims.length === 0 || plan.preemptions.length > victims.length) return;
        judged++;
        const { preemption: _preemption, ...peaceful } = policy;
        const { groupId } = plan.claims.find(({ jobId }) => jobId === first!.jobId)!;
        const startsWithout = (spared: string | null): string[] =>
          planOf(sparing(snapshot, plan, first!.jobId, spared), { ...peaceful, elastic: 'off' }).starts.map(
            (start) => start.groupId,
          );
        expect(victims.filter(({ attemptId }) => startsWithout(attemptId).includes(groupId))).toEqual([]);
        expect(startsWithout(null)).toHaveLength(1);
      }),
      { numRuns: runs(600) },
    );
    expectJudged(judged, 5);
  });
});
