import type { GroupModel, PlanningPolicy, PoolModel, QueuedJob, RunningJob, Snapshot } from '../model.js';

/** Objects for tests, built by naming only what matters. Used by specs alone. */
export const aPool = (id: string, over: Partial<PoolModel> = {}): PoolModel => ({
  id,
  siteId: `${id}-site`,
  reachable: true,
  latencyMs: {},
  dataLevels: ['general', 'important', 'core'],
  ...over,
});

export const nodesNamed = (count: number): string[] => Array.from({ length: count }, (_, index) => `node-${index}`);

/** A group of four CUDA nodes with eight cards each, in the pool of the same name. */
export const aGroup = (id: string, over: Partial<GroupModel> = {}): GroupModel => ({
  id,
  poolId: id,
  acceleratorModel: 'a100',
  acceleratorMemoryGiB: 80,
  architecture: 'x86_64',
  stack: 'cuda',
  shape: { cards: 8, cores: 64, memoryGiB: 512 },
  nodes: nodesNamed(4),
  ...over,
});

export const anAscendGroup = (id: string, over: Partial<GroupModel> = {}): GroupModel =>
  aGroup(id, {
    acceleratorModel: 'ascend-910b',
    acceleratorMemoryGiB: 64,
    architecture: 'aarch64',
    stack: 'cann',
    shape: { cards: 8, cores: 192, memoryGiB: 1024 },
    ...over,
  });

export const aCpuGroup = (id: string, over: Partial<GroupModel> = {}): GroupModel =>
  aGroup(id, {
    acceleratorModel: null,
    acceleratorMemoryGiB: 0,
    stack: 'none',
    shape: { cards: 0, cores: 64, memoryGiB: 256 },
    ...over,
  });

let submitted = 0;

/** One whole eight-card node for an hour, submitted after all that were built before it. */
export function aJob(id: string, over: Partial<QueuedJob> = {}): QueuedJob {
  submitted++;
  return {
    id,
    sequence: submitted,
    tenantId: 'institute',
    class: 'training',
    priority: 2,
    submittedAt: submitted,
    nodes: 1,
    perNode: { cards: 8, cores: 8, memoryGiB: 32 },
    limit: 3600,
    predicted: over.limit ?? 3600,
    dataLevel: 'general',
    ...over,
  };
}

/** Holds whole eight-card nodes of a group. */
export const anAttempt = (id: string, groupId: string, over: Partial<RunningJob> = {}): RunningJob => ({
  attemptId: id,
  jobId: `job of ${id}`,
  tenantId: 'institute',
  groupId,
  nodeIndices: [0],
  nodeCount: over.nodeIndices?.length ?? 1,
  perNode: { cards: 8, cores: 8, memoryGiB: 32 },
  startedAt: 0,
  endsBy: 10_000,
  ...over,
});

export const aSnapshot = (over: Partial<Snapshot> = {}): Snapshot => ({
  now: 1000,
  pools: over.pools ?? [...new Set((over.groups ?? []).map((group) => group.poolId))].map((id) => aPool(id)),
  groups: [],
  nodeStates: [],
  windows: [],
  tenants: [],
  running: [],
  queued: [],
  outlooks: [],
  ...over,
});

export const aPolicy = (over: Partial<PlanningPolicy> = {}): PlanningPolicy => ({
  order: 'fcfs',
  backfill: 'conservative',
  reservationDepth: 10,
  maxStarts: 1000,
  weights: { startDelay: 1, tightFit: 1, price: 1, green: 1, nearness: 1 },
  ...over,
});
