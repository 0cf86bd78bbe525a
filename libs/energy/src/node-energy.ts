import { HOUR_MS, type Instant, type JobClass, type NodeShape, compareKeys } from '#libs/domain';
import { type PowerModel, nodeWatts } from './power-model.js';

/** Equal nodes that were powered in the hour. */
export interface PoweredGroup {
  readonly groupId: string;
  readonly poolId: string;
  readonly nodes: number;
  readonly shape: NodeShape;
  readonly power: PowerModel;
}

/** What an attempt held of one node in [from, to). */
export interface NodeUse {
  readonly attemptId: string;
  readonly tenantId: string;
  readonly jobClass: JobClass;
  readonly groupId: string;
  readonly nodeId: string;
  readonly cards: number;
  readonly cores: number;
  readonly from: Instant;
  readonly to: Instant;
  /** Mean load of what it held, 0..1, where telemetry measured it; 1 otherwise. */
  readonly utilisation?: number;
}

/** Modelled, before it is rounded and closed against the pool's total. */
export interface ModelledLoad {
  itJoules: number;
  milliCardMilliseconds: number;
  coreMilliseconds: number;
}
export interface AttemptLoad extends ModelledLoad {
  readonly poolId: string;
  readonly attemptId: string;
  readonly tenantId: string;
  readonly jobClass: JobClass;
}
export interface HourLoad {
  /** By attempt id, ascending, then pool id. */
  readonly attempts: readonly AttemptLoad[];
  /** By pool id. */
  readonly idle: ReadonlyMap<string, ModelledLoad>;
}

/**
 * Energy of an hour's nodes, given to those who held them. Within a stretch in which nobody comes or goes, a node draws P(u)
 * with u = Σ share × utilisation; the idle watts are carried by share of the node, the free part by `idle`, the dynamic watts
 * by share × utilisation of those who caused them. Uses may come in any order: sums are made in node and attempt order,
 * so that the same hour gives the same joules again. Throws RangeError for a use of a group that is not listed.
 */
export function attributeHour(hourFrom: Instant, groups: readonly PoweredGroup[], uses: readonly NodeUse[]): HourLoad {
  const byNode = usesByNode(hourFrom, groups, uses);
  const attempts = new Map<string, AttemptLoad>();
  const idle = new Map<string, ModelledLoad>(groups.map(({ poolId }) => [poolId, noLoad()]));
  for (const group of groups) {
    const nodes = byNode.get(group.groupId) ?? new Map<string, NodeUse[]>();
    const free = idle.get(group.poolId) ?? noLoad();
    addIdle(free, group, Math.max(0, group.nodes - nodes.size));
    for (const nodeId of [...nodes.keys()].sort(compareKeys)) {
      attributeNode({ group, hourFrom, uses: nodes.get(nodeId) ?? [], attempts, free });
    }
  }
  const ordered = [...attempts.values()].sort(
    (a, b) => compareKeys(a.attemptId, b.attemptId) || compareKeys(a.poolId, b.poolId),
  );
  return { attempts: ordered, idle };
}

const noLoad = (): ModelledLoad => ({ itJoules: 0, milliCardMilliseconds: 0, coreMilliseconds: 0 });

function addIdle(free: ModelledLoad, group: PoweredGroup, nodes: number): void {
  free.itJoules += (nodes * group.power.idleWatts * HOUR_MS) / 1000;
  free.milliCardMilliseconds += nodes * group.shape.cards * 1000 * HOUR_MS;
  free.coreMilliseconds += nodes * group.shape.cores * HOUR_MS;
}

function usesByNode(
  hourFrom: Instant,
  groups: readonly PoweredGroup[],
  uses: readonly NodeUse[],
): Map<string, Map<string, NodeUse[]>> {
  const byGroup = new Map(groups.map(({ groupId }) => [groupId, new Map<string, NodeUse[]>()]));
  for (const use of uses) {
    const from = Math.max(use.from, hourFrom);
    const to = Math.min(use.to, hourFrom + HOUR_MS);
    if (from >= to) continue;
    const nodes = byGroup.get(use.groupId);
    if (!nodes) {
      throw new RangeError(
        `attempt ${use.attemptId} used node ${use.nodeId} of group ${use.groupId}, which is not among the hour's groups: ` +
          `list every group that was powered`,
      );
    }
    const clipped = from === use.from && to === use.to ? use : { ...use, from, to };
    const sameNode = nodes.get(use.nodeId);
    if (sameNode) sameNode.push(clipped);
    else nodes.set(use.nodeId, [clipped]);
  }
  return byGroup;
}

interface NodeHour {
  readonly group: PoweredGroup;
  readonly hourFrom: Instant;
  readonly uses: NodeUse[];
  readonly attempts: Map<string, AttemptLoad>;
  readonly free: ModelledLoad;
}

function attributeNode({ group, hourFrom, uses, attempts, free }: NodeHour): void {
  uses.sort((a, b) => compareKeys(a.attemptId, b.attemptId) || a.from - b.from);
  const held = uses.map((use) => ({ use, load: loadOf(attempts, group.poolId, use) }));
  addTime(held, group, free);
  const turns = turnsOf(hourFrom, uses);
  for (let index = 1; index < turns.length; index += 1) {
    const from = turns[index - 1] ?? hourFrom;
    const to = turns[index] ?? hourFrom;
    if (from === to) continue;
    const present = held.filter(({ use }) => use.from <= from && to <= use.to);
    shareStretch({ group, present, free, seconds: (to - from) / 1000 });
  }
}

interface Held {
  readonly use: NodeUse;
  readonly load: AttemptLoad;
}

function addTime(held: readonly Held[], group: PoweredGroup, free: ModelledLoad): void {
  free.milliCardMilliseconds += group.shape.cards * 1000 * HOUR_MS;
  free.coreMilliseconds += group.shape.cores * HOUR_MS;
  for (const { use, load } of held) {
    const lasted = use.to - use.from;
    const cardTime = Math.round(use.cards * 1000) * lasted;
    load.milliCardMilliseconds += cardTime;
    load.coreMilliseconds += use.cores * lasted;
    free.milliCardMilliseconds -= cardTime;
    free.coreMilliseconds -= use.cores * lasted;
  }
}

/** When anybody comes or goes, ascending; the same moment may be there twice. */
function turnsOf(hourFrom: Instant, uses: readonly NodeUse[]): number[] {
  const turns = [hourFrom, hourFrom + HOUR_MS];
  for (const { from, to } of uses) {
    if (from > hourFrom) turns.push(from);
    if (to < hourFrom + HOUR_MS) turns.push(to);
  }
  return turns.sort((a, b) => a - b);
}

interface Stretch {
  readonly group: PoweredGroup;
  readonly present: readonly Held[];
  readonly free: ModelledLoad;
  readonly seconds: number;
}

function shareStretch({ group, present, free, seconds }: Stretch): void {
  const { idleWatts } = group.power;
  const shares = sharesOf(group.shape, present);
  let allocated = 0;
  let busy = 0;
  present.forEach(({ use }, at) => {
    allocated += shares[at] ?? 0;
    busy += (shares[at] ?? 0) * clamp(use.utilisation ?? 1);
  });
  const wattsOfBusy = busy > 0 ? (nodeWatts(group.power, busy) - idleWatts) / busy : 0;
  free.itJoules += idleWatts * Math.max(0, 1 - allocated) * seconds;
  present.forEach(({ use, load }, at) => {
    const share = shares[at] ?? 0;
    load.itJoules += share * (idleWatts + wattsOfBusy * clamp(use.utilisation ?? 1)) * seconds;
  });
}

/**
 * Part of the node that each use holds: by cards where the node has cards, by cores where it has none. A use without cards on
 * a node with cards carries its cores' part of what no card job holds; by cards alone its energy would be a gift.
 * Parts that add up to more than the node (an engine may overfill) are scaled down to it.
 */
function sharesOf(shape: NodeShape, present: readonly Held[]): number[] {
  let held = 0;
  if (shape.cards > 0) for (const { use } of present) held += use.cards / shape.cards;
  const left = Math.max(0, 1 - held);
  const shares = present.map(({ use }) => {
    if (shape.cards > 0 && use.cards > 0) return use.cards / shape.cards;
    return shape.cores > 0 ? (use.cores / shape.cores) * left : 0;
  });
  const total = shares.reduce((sum, share) => sum + share, 0);
  return total > 1 ? shares.map((share) => share / total) : shares;
}

function loadOf(attempts: Map<string, AttemptLoad>, poolId: string, use: NodeUse): AttemptLoad {
  const key = `${use.attemptId}@${poolId}`;
  const known = attempts.get(key);
  if (known) return known;
  const { attemptId, tenantId, jobClass } = use;
  const fresh = { ...noLoad(), poolId, attemptId, tenantId, jobClass };
  attempts.set(key, fresh);
  return fresh;
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));
