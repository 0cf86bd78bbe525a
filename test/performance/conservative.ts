import { type PlanningPolicy, type QueuedJob, type RunningJob, type Snapshot, createPlanner } from '#libs/scheduling';
import { fleet, lcg } from './fleet.js';
import { round, spread, timed } from './timing.js';

const NODES = 1_000;
const REPEATS = 5;
const now = 1_795_000_000;
const policy: PlanningPolicy = {
  order: 'fcfs',
  backfill: 'conservative',
  reservationDepth: Infinity,
  maxStarts: Infinity,
  weights: { startDelay: 1, tightFit: 1, price: 0, green: 0, nearness: 0 },
};

/** A reservation for every job of a queue that nothing can start of, and a few reservations in a large fleet. */
export function conservativeBench(): unknown {
  return { everyJob: everyJob(), largeFleet: largeFleet() };
}

export function everyJob(): unknown {
  const snapshot = busyNodes(5_000);
  const planner = createPlanner(snapshot, policy);
  const runs = Array.from({ length: REPEATS }, () => timed(() => planner.plan(now)));
  const { counts, starts } = runs[0]!.value;
  return { nodes: NODES, queued: 5_000, starts: starts.length, reserved: counts.reserved, ...spread(runs) };
}

export function largeFleet(): unknown {
  const snapshot = fleet({ pools: 40, nodes: 10_000, queued: 0, running: 10_000 });
  const queued = Array.from({ length: 50 }, (_, index): QueuedJob => ({
    ...aJob(index),
    nodes: 100 + 2 * index,
    perNode: { cards: 8, cores: 32, memoryGiB: 128 },
    limit: 3600 * (1 + (index % 24)),
  }));
  const built = timed(() => createPlanner({ ...snapshot, queued }, policy));
  const planner = built.value;
  const first = timed(() => planner.plan(snapshot.now));
  const runs = Array.from({ length: REPEATS }, (_, repeat) => {
    const ended = snapshot.running.slice(repeat * 100, repeat * 100 + 100);
    planner.advance(ended.map(({ attemptId }) => ({ kind: 'attempt-ended', attemptId })));
    return timed(() => planner.plan(snapshot.now + repeat + 1));
  });
  return {
    groups: 40,
    nodes: 10_000,
    running: snapshot.running.length,
    reserved: first.value.counts.reserved,
    coldBuildMs: round(built.ms),
    firstMs: round(first.ms),
    after100Changes: spread(runs),
  };
}

/** The queue of the comparison with Slurm: 1-32 nodes, 1-32 cores, 10-240 minutes; each node busy with a run of its own. */
function busyNodes(count: number): Snapshot {
  const random = lcg(12_345);
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const running = Array.from({ length: NODES }, (_, index): RunningJob => ({
    attemptId: `attempt-${index}`,
    jobId: `running-${index}`,
    tenantId: 'tenant',
    groupId: 'group',
    nodeIndices: [index],
    nodeCount: 1,
    perNode: { cards: 0, cores: 32, memoryGiB: 1 },
    startedAt: now - 3600,
    endsBy: now + 60 + 14 * index,
  }));
  const queued = Array.from({ length: count }, (_, index): QueuedJob => ({
    ...aJob(index),
    nodes: upTo(32),
    perNode: { cards: 0, cores: upTo(32), memoryGiB: 1 },
    limit: 60 * (9 + upTo(231)),
  }));
  const pool = { id: 'pool', siteId: 'pool', reachable: true, latencyMs: {}, dataLevels: ['general'] as const };
  const group = {
    id: 'group',
    poolId: 'pool',
    acceleratorModel: null,
    acceleratorMemoryGiB: 0,
    architecture: 'x86_64',
    stack: 'none',
    shape: { cards: 0, cores: 32, memoryGiB: 128 },
    nodes: Array.from({ length: NODES }, (_, index) => `node-${index}`),
  } as const;
  const tenants = [{ id: 'tenant', parentId: null, weight: 1, usage: 0 }];
  return { now, pools: [pool], groups: [group], nodeStates: [], windows: [], tenants, running, queued, outlooks: [] };
}

const aJob = (index: number): QueuedJob => ({
  id: `job-${index}`,
  sequence: index + 1,
  tenantId: 'tenant',
  class: 'simulation',
  priority: 2,
  submittedAt: now - 5_000 + index,
  nodes: 1,
  perNode: { cards: 0, cores: 1, memoryGiB: 1 },
  limit: 3600,
  predicted: 3600,
  dataLevel: 'general',
});
