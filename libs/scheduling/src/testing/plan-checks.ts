import type { NodeShape } from '#libs/domain';
import { holdEnd } from '../holdings.js';
import type {
  CyclePlan,
  GroupModel,
  PlanningPolicy,
  QueuedJob,
  RunningJob,
  Seconds,
  Snapshot,
  TenantModel,
  WindowModel,
} from '../model.js';
import { referenceMilli } from '../reference-cards.js';

/** What a plan must keep, counted from its words alone: second by second, node by node, without a profile or a book. */
export interface Hold {
  readonly what: string;
  readonly groupId: string;
  /** Empty where nodes are only counted, or not known. */
  readonly nodeIndices: readonly number[];
  readonly count: number;
  readonly perNode: NodeShape;
  readonly devices?: readonly (readonly number[])[];
  readonly from: Seconds;
  readonly until: Seconds;
}

export const jobIn = (snapshot: Pick<Snapshot, 'queued'>, jobId: string): QueuedJob =>
  snapshot.queued.find(({ id }) => id === jobId)!;
export const groupIn = (snapshot: Pick<Snapshot, 'groups'>, groupId: string): GroupModel =>
  snapshot.groups.find(({ id }) => id === groupId)!;

/** What is running, but for those that are put out, and what starts or claims nodes. */
export function holdsAfter(snapshot: Snapshot, plan: CyclePlan, runTimes: PlanningPolicy['runTimes']): Hold[] {
  const gone = new Set(plan.preemptions.map(({ attemptId }) => attemptId));
  const staying = snapshot.running.filter(({ attemptId }) => !gone.has(attemptId));
  return [
    ...staying.map((attempt) => holdOf(attempt, plan.now, runTimes)),
    ...plan.starts.map((start) => ({
      what: `start of ${start.jobId}`,
      ...start,
      count: start.nodes,
      from: plan.now,
      until: start.predictedEnd ?? start.endsBy,
    })),
    ...plan.claims.map(({ jobId, groupId, nodeIndices }) => ({
      what: `claim of ${jobId}`,
      groupId,
      nodeIndices,
      count: nodeIndices.length,
      perNode: shapeOf(snapshot, jobId),
      from: plan.now,
      until: plan.now + 1,
    })),
  ];
}

export const holdOf = (attempt: RunningJob, now: Seconds, runTimes: PlanningPolicy['runTimes']): Hold => ({
  what: `attempt ${attempt.attemptId}`,
  ...attempt,
  count: attempt.nodeIndices.length || attempt.nodeCount,
  from: -Infinity,
  until: holdEnd(attempt, now, runTimes),
});

/** A claim is made by a job that waits, or by one that goes on with other nodes. */
const shapeOf = ({ queued, running }: Snapshot, jobId: string): NodeShape =>
  (queued.find(({ id }) => id === jobId) ?? running.find((attempt) => attempt.jobId === jobId))!.perNode;

const instantsOf = (holds: readonly Hold[], now: Seconds): Seconds[] => [
  ...new Set([now, ...holds.flatMap(({ from, until }) => [from, until]).filter((at) => at > now && at < Infinity)]),
];

/** Nodes, cards and groups that hold more than they have at some time from now on, in words. */
export function overfull(snapshot: Pick<Snapshot, 'groups'>, holds: readonly Hold[], now: Seconds): string[] {
  const found = new Set<string>();
  for (const at of instantsOf(holds, now)) {
    const standing = holds.filter(({ from, until }) => from <= at && at < until);
    for (const group of snapshot.groups) {
      const inGroup = standing.filter(({ groupId }) => groupId === group.id);
      for (const place of crowded(group, inGroup)) found.add(`${place} at ${at}`);
    }
  }
  return [...found];
}

const HAIR = 1e-6;

function crowded(group: GroupModel, holds: readonly Hold[]): string[] {
  const count = holds.reduce((sum, hold) => sum + hold.count, 0);
  if (typeof group.nodes === 'number') return count > group.nodes ? [group.id] : [];
  const sums = new Map<string, number>();
  const add = (key: string, amount: number): void => void sums.set(key, (sums.get(key) ?? 0) + amount);
  for (const { nodeIndices, perNode, devices } of holds) {
    nodeIndices.forEach((node, i) => {
      add(`${node} cards`, perNode.cards);
      add(`${node} cores`, perNode.cores);
      add(`${node} memoryGiB`, perNode.memoryGiB);
      const slices = group.sharing?.slices ?? 1;
      const held = Math.min(1, Math.ceil(perNode.cards * slices) / slices);
      for (const device of devices?.[i] ?? []) add(`${node} card ${device}`, held);
    });
  }
  return [...sums].flatMap(([key, sum]) => {
    const resource = key.slice(key.indexOf(' ') + 1);
    const most = resource in group.shape ? group.shape[resource as keyof NodeShape] : 1;
    return sum > most + HAIR ? [`${group.id} ${key}`] : [];
  });
}

/** Whether the window lets the job in, read from the window alone. */
export function admits({ openTo }: WindowModel, job: QueuedJob, tenants: readonly TenantModel[]): boolean {
  if (!openTo) return false;
  if (openTo.jobs) return openTo.jobs.includes(job.id);
  const line = [job.tenantId, tenants.find(({ id }) => id === job.tenantId)?.parentId];
  const isOfTenants = !openTo.tenants || line.some((id) => openTo.tenants!.includes(id!));
  return isOfTenants && (!openTo.classes || openTo.classes.includes(job.class));
}

/** Everything that limits, from the words of the quotas alone: null when kept, else the tenant whose limit is broken. */
export function brokenQuota(tenants: readonly TenantModel[], held: ReadonlyMap<string, number>): string | null {
  let culprit: string | null = null;
  const visit = (id: string | null): { nominal: number; pool: number; draws: number } => {
    const own = tenants.find((one) => one.id === id)?.quota;
    const below = tenants.filter(({ parentId }) => parentId === id).map((child) => visit(child.id));
    const sum = (key: 'nominal' | 'pool' | 'draws'): number => below.reduce((acc, child) => acc + child[key], 0);
    const draws = sum('draws') + (id === null ? 0 : (held.get(id) ?? 0));
    if (id === null) {
      if (draws > sum('pool')) culprit ??= 'the root';
      return { nominal: 0, pool: 0, draws: 0 };
    }
    // Without a quota of its own a tenant draws on those above, and at the top on nobody.
    if (!own) return { nominal: sum('nominal'), pool: sum('pool'), draws: isLimited(tenants, id) ? draws : 0 };
    const nominal = Math.max(own.cards * 1000, sum('nominal'));
    const pool = nominal - sum('nominal') + sum('pool');
    const lends = Math.min(pool, (own.lendingLimit ?? Infinity) * 1000);
    if (draws > pool + (own.borrowingLimit ?? Infinity) * 1000) culprit ??= id;
    return { nominal, pool: lends, draws: Math.max(0, draws - (pool - lends)) };
  };
  visit(null);
  return culprit;
}

function isLimited(tenants: readonly TenantModel[], id: string | null): boolean {
  const tenant = tenants.find((one) => one.id === id);
  return tenant !== undefined && (tenant.quota !== undefined || isLimited(tenants, tenant.parentId));
}

/** Milli reference cards that tenants hold. */
export function heldBy(
  snapshot: Pick<Snapshot, 'groups'>,
  holds: readonly (Pick<Hold, 'groupId' | 'count' | 'perNode'> & { readonly tenantId: string })[],
): Map<string, number> {
  const held = new Map<string, number>();
  for (const { tenantId, groupId, count, perNode } of holds) {
    const milli = referenceMilli(groupIn(snapshot, groupId), perNode, count);
    held.set(tenantId, (held.get(tenantId) ?? 0) + milli);
  }
  return held;
}

/** Watts of a site at an instant: the idle draw of all its nodes and what each hold adds, a node at a time, rounded up. */
export function wattsAt(snapshot: Snapshot, siteId: string, holds: readonly Hold[], at: Seconds): number {
  const sites = new Map(snapshot.pools.map((pool) => [pool.id, pool.siteId]));
  const groups = snapshot.groups.filter(({ poolId, watts }) => watts && sites.get(poolId) === siteId);
  return groups.reduce((sum, group) => {
    const installed = typeof group.nodes === 'number' ? group.nodes : group.nodes.length;
    const standing = holds.filter(({ groupId, from, until }) => groupId === group.id && from <= at && at < until);
    const added = standing.map(({ count, perNode }) => count * addedWatts(group, perNode));
    return added.reduce((all, watts) => all + watts, sum + installed * group.watts!.idle);
  }, 0);
}

function addedWatts({ shape, watts }: GroupModel, perNode: NodeShape): number {
  const part = Math.max(perNode.cards / shape.cards, perNode.cores / shape.cores, perNode.memoryGiB / shape.memoryGiB);
  return Math.ceil(Math.min(1, part) * (watts!.peak - watts!.idle) - HAIR);
}

/** Instants from now on at which a site is over its cap while one of the holds adds to its load. */
export function overCap(snapshot: Snapshot, adding: readonly Hold[], all: readonly Hold[]): string[] {
  const { now, powerCaps = [] } = snapshot;
  const edges = [...all.flatMap(({ from, until }) => [from, until]), ...powerCaps.map(({ from }) => from)];
  const instants = [...new Set([now, ...edges])].filter((at) => at >= now && at < Infinity);
  return powerCaps.flatMap((cap) =>
    instants.flatMap((at) => {
      if (at < cap.from || at >= cap.until || wattsAt(snapshot, cap.siteId, all, at) <= cap.watts) return [];
      const without = all.filter((hold) => !adding.includes(hold));
      const isMore = wattsAt(snapshot, cap.siteId, all, at) > wattsAt(snapshot, cap.siteId, without, at);
      return isMore ? [`${cap.siteId} at ${at}`] : [];
    }),
  );
}
