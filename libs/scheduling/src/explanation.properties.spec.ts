import fc from 'fast-check';
import type { Refusal } from '#libs/domain';
import type { CyclePlan, Evidence, GroupModel, PlannedStart, QueuedJob, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { anyRichPolicy, anyRichSnapshot } from './testing/rich-states.js';
import { expectJudged, runs } from './testing/runs.js';

/** Attempts whose nodes are told, so that anybody can count who is where. */
const anySettledSnapshot = anyRichSnapshot.map((snapshot) => ({
  ...snapshot,
  running: snapshot.running.filter(({ groupId, nodeIndices }) => groupId === 'counted' || nodeIndices.length > 0),
}));

const countOf = ({ nodes }: GroupModel): number => (typeof nodes === 'number' ? nodes : nodes.length);
const downIn = ({ nodeStates }: Snapshot, { id }: GroupModel): number[] =>
  nodeStates.filter(({ groupId }) => groupId === id).map(({ index }) => index);

/** Nodes of the group on which one node of the job would fit this very second, counted one by one. */
function freeNodes(snapshot: Snapshot, starts: readonly PlannedStart[], group: GroupModel, job: QueuedJob): number {
  const running = snapshot.running.filter(({ groupId }) => groupId === group.id);
  const started = starts.filter(({ groupId }) => groupId === group.id);
  if (typeof group.nodes === 'number') {
    const held = running.reduce((sum, { nodeCount }) => sum + nodeCount, 0);
    return Math.max(0, group.nodes - held - started.reduce((sum, { nodes }) => sum + nodes, 0));
  }
  const closed = snapshot.windows
    .filter(({ groupId, from, until }) => groupId === group.id && from <= snapshot.now && snapshot.now < until)
    .flatMap(({ nodeIndices }) => nodeIndices);
  const out = [...closed, ...downIn(snapshot, group)];
  const fits = (node: number): boolean => {
    const held = [...running, ...started].flatMap(({ nodeIndices, perNode, devices }) =>
      nodeIndices.includes(node) ? [{ cards: perNode.cards, devices: devices?.[nodeIndices.indexOf(node)] ?? [] }] : [],
    );
    if (!group.sharing) return held.reduce((sum, { cards }) => sum + cards, job.perNode.cards) <= group.shape.cards;
    const isFree = (card: number): boolean =>
      held.reduce(
        (sum, one) => sum + (one.devices.includes(card) ? sliced(one.cards) : 0),
        sliced(job.perNode.cards),
      ) <= 1;
    return Array.from({ length: group.shape.cards }, (_none, card) => card).filter(isFree).length >= job.perNode.cards;
  };
  return group.nodes.filter((_node, index) => !out.includes(index) && fits(index)).length;
}

/** What a job takes of each of its cards, where a card is cut in four. */
const sliced = (cards: number): number => Math.min(1, Math.ceil(cards * 4) / 4);

/** What stands in the way of a job in a group, in these states. */
function failsOf(snapshot: Snapshot, group: GroupModel, job: QueuedJob): Refusal[] {
  const { tenants } = snapshot.pools.find(({ id }) => id === group.poolId)!;
  const line = [job.tenantId, snapshot.tenants.find(({ id }) => id === job.tenantId)!.parentId];
  const isTooLarge =
    job.nodes > countOf(group) ||
    job.perNode.cards > group.shape.cards ||
    job.perNode.cores > group.shape.cores ||
    job.perNode.memoryGiB > group.shape.memoryGiB;
  const isOut = job.nodes <= countOf(group) && job.nodes > countOf(group) - downIn(snapshot, group).length;
  return [
    ...(tenants && !tenants.some((id) => line.includes(id)) ? ['pool-not-open-to-tenant' as const] : []),
    ...(job.perNode.cards < 1 && !group.sharing ? ['fraction-not-offered' as const] : []),
    ...(isTooLarge ? ['larger-than-any-pool' as const] : []),
    ...(isOut ? ['nodes-out-of-service' as const] : []),
  ];
}

function naiveEvidence(snapshot: Snapshot, plan: CyclePlan, job: QueuedJob): Omit<Evidence, 'ahead'> {
  const groups = snapshot.groups.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const filteredBy: Partial<Record<Refusal, number>> = {};
  const count = (refusal: Refusal, nodes: number): void => {
    if (nodes > 0) filteredBy[refusal] = (filteredBy[refusal] ?? 0) + nodes;
  };
  let best: Evidence['best'] = null;
  for (const group of groups) {
    const fails = failsOf(snapshot, group, job);
    for (const refusal of fails) count(refusal, countOf(group));
    if (fails.length > 0) continue;
    count('nodes-out-of-service', downIn(snapshot, group).length);
    const free = freeNodes(snapshot, plan.starts, group, job);
    if (free > (best?.freeNodes ?? -1)) best = { groupId: group.id, freeNodes: free, askedNodes: job.nodes };
  }
  return { nodesConsidered: groups.reduce((sum, group) => sum + countOf(group), 0), filteredBy, best };
}

/** What some job or other hears among a few hundred states. */
const usual: readonly Refusal[] = [
  'before-earliest-start',
  'fraction-not-offered',
  'no-free-accelerators',
  'behind-in-queue',
  'power-cap-reached',
  'quota-spent',
  'larger-than-any-pool',
  'green-share-too-low',
  'would-overrun-window',
];

describe('every job that waits', () => {
  it('gets evidence that anybody can count in the snapshot', () => {
    fc.assert(
      fc.property(anySettledSnapshot, anyRichPolicy, (snapshot, policy) => {
        const plan = createPlanner(snapshot, policy).plan(snapshot.now);
        const wanted = plan.waiting.map(({ jobId }, ahead) => {
          const job = snapshot.queued.find(({ id }) => id === jobId)!;
          return { jobId, evidence: { ...naiveEvidence(snapshot, plan, job), ahead } };
        });
        expect(plan.waiting.map(({ jobId, evidence }) => ({ jobId, evidence }))).toEqual(wanted);
      }),
      { numRuns: runs(300) },
    );
  });

  it('hears a word that its numbers bear out', () => {
    const heard: Partial<Record<Refusal, number>> = {};
    fc.assert(
      fc.property(anySettledSnapshot, anyRichPolicy, (snapshot, policy) => {
        const plan = createPlanner(snapshot, policy).plan(snapshot.now);
        for (const { refusal } of plan.waiting) heard[refusal] = (heard[refusal] ?? 0) + 1;
        const bornOut = plan.waiting.map(({ jobId, refusal, estimatedStart, basis, poolId, evidence }) => {
          const job = snapshot.queued.find(({ id }) => id === jobId)!;
          const lacks = evidence.best !== null && evidence.best.freeNodes < evidence.best.askedNodes;
          const reserved = plan.reservations.find((reservation) => reservation.jobId === jobId);
          const isTold =
            basis === 'none'
              ? estimatedStart === null && poolId === null
              : estimatedStart! > snapshot.now && estimatedStart! >= (job.earliestStart ?? 0) && poolId !== null;
          const isReserved = reserved
            ? basis === 'reservation' && estimatedStart === reserved.start
            : basis !== 'reservation';
          const isFair: Partial<Record<Refusal, boolean>> = {
            'no-free-accelerators': lacks,
            'no-free-nodes': lacks,
            'behind-in-queue': !lacks && evidence.best !== null,
            'behind-reservation': !lacks && evidence.best !== null && policy.backfill !== 'none',
            'before-earliest-start': (job.earliestStart ?? 0) > snapshot.now,
            'larger-than-any-pool': evidence.best === null,
            'nodes-out-of-service': evidence.best === null,
            'fraction-not-offered': evidence.best === null && job.perNode.cards < 1,
            'pool-not-open-to-tenant': evidence.best === null && job.tenantId === 'a',
            'would-overrun-window': snapshot.windows.length > 0,
            'quota-spent': policy.quotas !== 'off' && snapshot.tenants.some(({ quota }) => quota),
            'power-cap-reached': (snapshot.powerCaps ?? []).length > 0,
            'green-share-too-low': job.minGreenShare !== undefined,
            'waiting-for-preemption': snapshot.windows.some(({ openTo }) => openTo?.jobs?.includes(jobId)),
          };
          return [jobId, refusal, isFair[refusal], isTold, isReserved];
        });
        expect(bornOut).toEqual(plan.waiting.map(({ jobId, refusal }) => [jobId, refusal, true, true, true]));
      }),
      { numRuns: runs(300) },
    );
    for (const word of usual) expectJudged(heard[word] ?? 0, 1);
  });
});
