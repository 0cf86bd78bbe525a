import type { Architecture, DataLevel, Instant, JobClass, JobRequest, SharingKind, Stack } from '#libs/domain';
import type {
  GroupModel,
  PoolModel,
  PowerCapModel,
  QueuedJob,
  QuotaModel,
  RunningJob,
  Seconds,
  TenantModel,
  WindowModel,
} from '#libs/scheduling';
import { cardsOf, type CardColumns } from './card-parts.js';
import { effectiveLatency, type Probes } from './latency-sql.js';
import type { TenantRow } from './planner-sql.js';

/** Starts and ends both round up (DESIGN.md 5). */
export const wholeSeconds = (at: Instant): Seconds => Math.ceil(at / 1000);

interface ShapeColumns {
  readonly cards: number;
  readonly cores: number;
  readonly memory_gib: number;
}
const shapeOf = ({ cards, cores, memory_gib }: ShapeColumns) => ({ cards, cores, memoryGiB: memory_gib });
/** As it was asked for: what is held of a card that is shared follows from the slices of its group. */
const askedShapeOf = (row: ShapeColumns & CardColumns) => shapeOf({ ...row, cards: cardsOf(row) });

export interface PoolRow {
  readonly id: string;
  readonly site_id: string;
  readonly reachable: boolean;
  readonly only_if_listed: boolean;
  readonly latency_ms: Readonly<Record<string, number>>;
  readonly probes: Probes;
  readonly data_levels: readonly DataLevel[];
  readonly classes: readonly JobClass[] | null;
  readonly tenants: readonly string[] | null;
}
export const poolModelOf = (row: PoolRow): PoolModel => ({
  id: row.id,
  siteId: row.site_id,
  reachable: row.reachable,
  ...(row.only_if_listed ? { onlyIfListed: true } : {}),
  ...effectiveLatency(row.latency_ms, row.probes),
  dataLevels: row.data_levels,
  ...(row.classes && { classes: row.classes }),
  ...(row.tenants && { tenants: row.tenants }),
});

export interface PowerCapRow {
  readonly id: string;
  readonly site_id: string;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly watts: number;
}
/** Begins a moment early rather than late: the second it begins in is under it. */
export const powerCapModelOf = (row: PowerCapRow): PowerCapModel => ({
  id: row.id,
  siteId: row.site_id,
  from: Math.floor(row.starts_at / 1000),
  until: wholeSeconds(row.ends_at),
  watts: row.watts,
});

export interface GroupRow extends ShapeColumns {
  readonly id: string;
  readonly pool_id: string;
  readonly accelerator_model: string | null;
  readonly accelerator_memory_gib: number;
  readonly architecture: Architecture;
  readonly stack: Stack;
  readonly nodes: readonly string[];
  readonly exchange_rate: number;
  readonly idle_watts: number;
  readonly peak_watts: number;
  readonly nodes_per_block: number | null;
  readonly sharing_kind: SharingKind | null;
  readonly sharing_slices: number | null;
}
export const groupModelOf = (row: GroupRow): GroupModel => ({
  id: row.id,
  poolId: row.pool_id,
  acceleratorModel: row.accelerator_model,
  acceleratorMemoryGiB: row.accelerator_memory_gib,
  architecture: row.architecture,
  stack: row.stack,
  shape: shapeOf(row),
  nodes: row.nodes,
  watts: { idle: row.idle_watts, peak: row.peak_watts },
  ...(row.nodes_per_block !== null && {
    blocks: row.nodes.map((_node, index) => Math.floor(index / row.nodes_per_block!)),
  }),
  ...(row.sharing_kind !== null &&
    row.sharing_slices !== null && { sharing: { kind: row.sharing_kind, slices: row.sharing_slices } }),
  ...(row.exchange_rate !== 1 && { exchangeRate: row.exchange_rate }),
});

export const tenantModelOf = (row: TenantRow): TenantModel => ({
  id: row.id,
  parentId: row.parent_id,
  weight: row.weight,
  usage: row.usage,
  ...(row.usage_as_of !== null && { usageAsOf: wholeSeconds(row.usage_as_of) }),
  ...(row.quota_cards !== null && { quota: quotaOf(row.quota_cards, row) }),
});

const quotaOf = (cards: number, row: TenantRow): QuotaModel => ({
  cards,
  ...(row.quota_borrowing !== null && { borrowingLimit: row.quota_borrowing }),
  ...(row.quota_lending !== null && { lendingLimit: row.quota_lending }),
});

export interface QueuedRow extends ShapeColumns, CardColumns {
  readonly id: string;
  readonly sequence: number;
  readonly tenant_id: string;
  readonly class: JobClass;
  readonly priority: number;
  readonly submitted_at: Instant;
  readonly nodes: number;
  readonly limit_seconds: number;
  readonly predicted_seconds: number;
  readonly avoid_pools: readonly string[];
  readonly preemptions: number;
  readonly claims: number;
  readonly home_district: string;
  readonly resources: JobRequest['resources'] | null;
  readonly constraints: JobRequest['constraints'] | null;
  readonly flexibility: JobRequest['flexibility'] | null;
  readonly inputs: JobRequest['inputs'] | null;
}
export function queuedJobOf(row: QueuedRow): QueuedJob {
  return {
    id: row.id,
    sequence: row.sequence,
    tenantId: row.tenant_id,
    class: row.class,
    priority: row.priority,
    submittedAt: wholeSeconds(row.submitted_at),
    nodes: row.nodes,
    perNode: askedShapeOf(row),
    limit: row.limit_seconds,
    predicted: row.predicted_seconds,
    ...hardwareOf(row.resources ?? {}),
    ...boundsOf(row.constraints ?? {}),
    ...flexibilityOf(row),
    fromDistrict: row.constraints?.fromDistrict ?? row.home_district,
    dataLevel: row.constraints?.dataLevel ?? 'general',
    ...(row.avoid_pools.length > 0 && { avoidPools: row.avoid_pools }),
    ...(row.preemptions > 0 && { preemptions: row.preemptions }),
    ...(row.claims > 0 && { claims: row.claims }),
  };
}

type Hardware = Pick<QueuedJob, 'acceleratorModels' | 'minAcceleratorMemoryGiB' | 'architecture' | 'stack'>;
// Keys that are not asked for stay away, so that equal jobs have equal canonical texts.
const hardwareOf = (asked: Partial<JobRequest['resources']>): Hardware => ({
  ...(asked.acceleratorModels && { acceleratorModels: asked.acceleratorModels }),
  ...(asked.minAcceleratorMemoryGiB !== undefined && { minAcceleratorMemoryGiB: asked.minAcceleratorMemoryGiB }),
  ...(asked.architecture && { architecture: asked.architecture }),
  ...(asked.stack && { stack: asked.stack }),
});

type Bounds = Pick<QueuedJob, 'pools' | 'maxLatencyMs' | 'earliestStart' | 'deadline' | 'dataSite' | 'minGreenShare'>;
const boundsOf = (asked: NonNullable<JobRequest['constraints']>): Bounds => ({
  ...(asked.pools && { pools: asked.pools }),
  ...(asked.maxLatencyMs !== undefined && { maxLatencyMs: asked.maxLatencyMs }),
  ...(asked.earliestStartMs !== undefined && { earliestStart: wholeSeconds(asked.earliestStartMs) }),
  ...(asked.deadlineMs !== undefined && { deadline: wholeSeconds(asked.deadlineMs) }),
  ...(asked.dataSite !== undefined && { dataSite: asked.dataSite }),
  ...(asked.minGreenShare !== undefined && { minGreenShare: asked.minGreenShare }),
});

type Flexible = Pick<QueuedJob, 'nodesMax' | 'inputs' | 'preemptible' | 'checkpointInterval'>;
const flexibilityOf = ({ nodes, resources, inputs, flexibility }: QueuedRow): Flexible => ({
  ...(resources?.nodesMax !== undefined && resources.nodesMax > nodes && { nodesMax: resources.nodesMax }),
  ...(inputs && inputs.length > 0 && { inputs: inputs.map(({ site, sizeGiB }) => ({ siteId: site, sizeGiB })) }),
  ...(flexibility?.preemptible && { preemptible: true }),
  ...(flexibility?.checkpointIntervalSeconds !== undefined && {
    checkpointInterval: flexibility.checkpointIntervalSeconds,
  }),
});

export interface AttemptRow extends ShapeColumns, CardColumns {
  readonly id: string;
  readonly job_id: string;
  readonly tenant_id: string;
  readonly group_id: string;
  readonly nodes: number;
  readonly placed_at: Instant;
  readonly started_at: Instant | null;
  readonly ends_by: Instant;
  readonly staging_seconds: number;
  readonly node_indices: readonly number[];
  readonly devices: readonly (readonly number[])[] | null;
  readonly class: JobClass;
  readonly leaving: boolean;
  readonly priority: number;
  readonly preemptions: number;
  readonly predicted_seconds: number;
  readonly nodes_min: number;
  readonly nodes_max: number | null;
  readonly flexibility: JobRequest['flexibility'] | null;
}
export const runningJobOf = (row: AttemptRow): RunningJob => ({
  attemptId: row.id,
  jobId: row.job_id,
  tenantId: row.tenant_id,
  groupId: row.group_id,
  nodeIndices: row.node_indices,
  nodeCount: row.nodes,
  perNode: askedShapeOf(row),
  startedAt: wholeSeconds(row.started_at ?? row.placed_at),
  endsBy: wholeSeconds(row.ends_by),
  // Until the engine says that it runs, its inputs may still be on their way.
  predictedEnd:
    wholeSeconds(row.started_at ?? row.placed_at) +
    (row.started_at === null ? row.staging_seconds : 0) +
    row.predicted_seconds,
  class: row.class,
  priority: row.priority,
  ...(row.preemptions > 0 && { preemptions: row.preemptions }),
  ...(row.leaving && { leaving: true }),
  ...(row.flexibility?.preemptible && { preemptible: true }),
  ...(row.flexibility?.checkpointIntervalSeconds !== undefined && {
    checkpointInterval: row.flexibility.checkpointIntervalSeconds,
  }),
  ...(row.devices && { devices: row.devices }),
  ...(row.nodes_max !== null && { nodesMin: row.nodes_min, nodesMax: row.nodes_max }),
});

export interface ClaimRow {
  readonly id: string;
  readonly group_id: string;
  readonly node_indices: readonly number[];
  readonly from_at: Instant;
  readonly until_at: Instant;
  readonly job_id: string;
}
export const claimModelOf = (row: ClaimRow): WindowModel => ({
  id: row.id,
  groupId: row.group_id,
  nodeIndices: row.node_indices,
  from: Math.floor(row.from_at / 1000),
  until: wholeSeconds(row.until_at),
  kind: 'claim',
  openTo: { jobs: [row.job_id] },
});

export interface WindowRow {
  readonly id: string;
  readonly group_id: string;
  readonly node_indices: readonly number[];
  readonly from_at: Instant;
  readonly until_at: Instant;
  readonly kind: 'booking' | 'maintenance';
  readonly tenant_id: string | null;
  readonly class: JobClass | null;
}
export const windowModelOf = (row: WindowRow): WindowModel => ({
  id: row.id,
  groupId: row.group_id,
  nodeIndices: row.node_indices,
  from: wholeSeconds(row.from_at),
  until: wholeSeconds(row.until_at),
  kind: row.kind,
  ...(row.kind === 'booking' && {
    openTo: {
      ...(row.tenant_id !== null && { tenants: [row.tenant_id] }),
      ...(row.class !== null && { classes: [row.class] }),
    },
  }),
});
