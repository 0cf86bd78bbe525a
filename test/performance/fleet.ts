import type { GroupModel, PoolModel, QueuedJob, RunningJob, Snapshot } from '#libs/scheduling';

/** A made-up fleet for the envelope of RELIABILITY.md 3.2; the same seed gives the same fleet. */
export interface FleetSize {
  readonly pools: number;
  readonly nodes: number;
  readonly queued: number;
  readonly running: number;
}
const models = ['ascend-910b', 'ascend-910', 'nvidia-a800', 'nvidia-h20'] as const;
const classes = ['training', 'finetune', 'inference', 'interactive'] as const;
const now = 1_795_000_000;

export function fleet(size: FleetSize, seed = 1): Snapshot {
  const random = lcg(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const perPool = Math.floor(size.nodes / size.pools);
  const pools = Array.from({ length: size.pools }, (_, index): PoolModel => ({
    id: `pool-${pad(index)}`,
    siteId: `pool-${pad(index)}`,
    reachable: true,
    latencyMs: { a: 0.2 + index / 50, b: 1 + index / 50 },
    dataLevels: index % 3 === 0 ? ['general', 'important'] : ['general'],
  }));
  const groups = pools.map((pool, index): GroupModel => {
    const model = models[index % models.length]!;
    const ascend = model.startsWith('ascend');
    return {
      id: `${pool.id}-g`,
      poolId: pool.id,
      acceleratorModel: model,
      acceleratorMemoryGiB: 64,
      architecture: ascend ? 'aarch64' : 'x86_64',
      stack: ascend ? 'cann' : 'cuda',
      shape: { cards: 8, cores: 192, memoryGiB: 1024 },
      nodes: Array.from({ length: perPool }, (_node, node) => `${pool.id}-${pad(node)}`),
    };
  });
  const running = occupy(groups, size.running, random);
  const queued = Array.from({ length: size.queued }, (_, index): QueuedJob => {
    const cards = pick([1, 2, 4, 8, 8]);
    const nodes = cards === 8 ? pick([1, 1, 2, 4, 8, 16]) : 1;
    return {
      id: `job-${index}`,
      sequence: index + 1,
      tenantId: `tenant-${Math.floor(random() * 500)}`,
      class: pick(classes),
      priority: Math.floor(random() * 4),
      submittedAt: now - Math.floor(random() * 86_400),
      nodes,
      perNode: { cards, cores: cards * 4, memoryGiB: cards * 16 },
      limit: pick([1800, 3600, 7200, 14_400, 43_200, 86_400, 172_800]),
      predicted: 1800,
      acceleratorModels: random() < 0.5 ? [pick(models)] : undefined,
      maxLatencyMs: random() < 0.2 ? 1 : undefined,
      fromDistrict: 'a',
      dataLevel: random() < 0.1 ? 'important' : 'general',
    };
  });
  const tenants = Array.from({ length: 500 }, (_, index) => ({
    id: `tenant-${index}`,
    parentId: null,
    weight: 1,
    usage: random() * 1e6,
  }));
  return { now, pools, groups, nodeStates: [], windows: [], tenants, running, queued, outlooks: [] };
}

/** Gives cards out node by node until `count` attempts run; at most full nodes. */
function occupy(groups: readonly GroupModel[], count: number, random: () => number): RunningJob[] {
  const running: RunningJob[] = [];
  const free = new Map(
    groups.map((group) => [group.id, new Uint8Array((group.nodes as readonly string[]).length).fill(8)]),
  );
  for (let tries = 0; running.length < count && tries < count * 4; tries += 1) {
    const group = groups[Math.floor(random() * groups.length)]!;
    const nodes = free.get(group.id)!;
    const index = Math.floor(random() * nodes.length);
    const cards = [1, 2, 4, 8][Math.floor(random() * 4)]!;
    if ((nodes[index] ?? 0) < cards) continue;
    nodes[index] = (nodes[index] ?? 0) - cards;
    running.push({
      attemptId: `attempt-${running.length}`,
      jobId: `running-${running.length}`,
      tenantId: `tenant-${Math.floor(random() * 500)}`,
      groupId: group.id,
      nodeIndices: [index],
      nodeCount: 1,
      perNode: { cards, cores: cards * 4, memoryGiB: cards * 16 },
      startedAt: now - 3600,
      endsBy: now + 60 + Math.floor(random() * 86_400),
    });
  }
  return running;
}

const pad = (index: number): string => String(index).padStart(4, '0');

/** Numerical Recipes' linear congruential generator: enough to scatter jobs, the same on every machine. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
