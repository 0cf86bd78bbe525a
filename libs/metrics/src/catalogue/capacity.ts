import { bounds, counter, gauge } from './family.js';

const { pools, modelsPerPool, classes, tenants } = bounds;
export const capacityStates = ['free', 'allocated', 'reserved', 'drained', 'down', 'maintenance'] as const;
export const nodeStateLabels = ['idle', 'allocated', 'mixed', 'drained', 'down', 'maintenance'] as const;
export const precisions = ['fp16', 'fp64'] as const;
const byState = pools * capacityStates.length;

/** A: what is installed, what is held and what was delivered. Only enabled pools. */
export const capacityFamilies = {
  poolInfo: gauge('pool_info', ['pool', 'site', 'kind', 'scope', 'city', 'engine', 'assumed'], {
    origin: 'state',
    unit: 'info',
    bound: pools,
    help: {
      zh: '资源池属性，恒为 1；assumed="true" 表示其容量含假设值，未经公布或盘点。',
      en: 'Properties of the pool, always 1; assumed="true" tells that its capacity rests on assumptions.',
    },
    formula: 'pool row; kind = tier, city = first word of the site id, assumed = any figure of it is an assumption',
  }),
  poolLatitude: gauge('pool_latitude_degrees', ['pool'], {
    origin: 'state',
    unit: 'degrees',
    bound: pools,
    help: { zh: '资源池纬度（WGS-84）。', en: 'Latitude of the pool (WGS-84).' },
    formula: 'site.latitude',
  }),
  poolLongitude: gauge('pool_longitude_degrees', ['pool'], {
    origin: 'state',
    unit: 'degrees',
    bound: pools,
    help: { zh: '资源池经度（WGS-84）。', en: 'Longitude of the pool (WGS-84).' },
    formula: 'site.longitude',
  }),
  poolNodes: gauge('pool_nodes', ['pool', 'state'], {
    origin: 'state',
    unit: 'nodes',
    bound: byState,
    help: { zh: '各状态节点数，各状态之和等于装机数。', en: 'Nodes by state; the states add up to what is installed.' },
    formula: 'count of nodes by state',
  }),
  poolAccelerators: gauge('pool_accelerators', ['pool', 'model', 'state'], {
    origin: 'state',
    unit: 'cards',
    bound: byState * modelsPerPool,
    help: {
      zh: '各状态加速卡数，各状态之和等于装机数。',
      en: 'Accelerators by state; the states add up to what is installed.',
    },
    formula: 'sum of node cards by state; allocated = held by attempts, a shared card from its first part on',
  }),
  poolSharedAcceleratorsHeld: gauge('pool_shared_accelerators_held', ['pool', 'model'], {
    origin: 'state',
    unit: 'cards',
    bound: pools * modelsPerPool,
    help: {
      zh: '可切分加速卡中实际占用的卡数（按切片计，可为小数）；只有切卡的节点组才有。',
      en: 'What is held of cards that are given out in parts, in slices; only where a group shares its cards.',
    },
    formula: 'sum of held milli-cards of the group / 1000',
  }),
  poolCpuCores: gauge('pool_cpu_cores', ['pool', 'state'], {
    origin: 'state',
    unit: 'cores',
    bound: byState,
    help: { zh: '各状态 CPU 核数，划分同上。', en: 'CPU cores by state, parted as the accelerators are.' },
    formula: 'sum of node cores by state',
  }),
  poolMemory: gauge('pool_memory_bytes', ['pool', 'state'], {
    origin: 'state',
    unit: 'bytes',
    bound: byState,
    help: { zh: '各状态内存字节数，划分同上。', en: 'Memory by state, parted as the accelerators are.' },
    formula: 'sum of node memory (GiB × 2^30) by state',
  }),
  poolCompute: gauge('pool_compute_flops', ['pool', 'precision', 'state'], {
    origin: 'state',
    unit: 'FLOP/s',
    bound: byState * precisions.length,
    help: {
      zh: '各精度算力规模（稠密，每秒浮点运算次数）；不同精度不可相加。',
      en: 'Peak compute by precision, dense, in floating-point operations a second; precisions are never added.',
    },
    formula: 'peak of the group × its cards (cores where it has none) in the state / installed',
  }),
  acceleratorSeconds: counter('accelerator_seconds_total', ['pool', 'model', 'class', 'tenant'], {
    origin: 'state',
    unit: 'card-seconds',
    bound: 3_000,
    fold: { label: 'tenant', sets: pools * modelsPerPool * classes },
    clock: 'service',
    help: {
      zh: '已交付的加速卡时间，除以 3600 为卡时。',
      en: 'Delivered accelerator time; card-hours after division by 3600.',
    },
    formula: 'sum over attempts of cards × time held',
  }),
  acceleratorLostSeconds: counter('accelerator_lost_seconds_total', ['pool', 'model', 'reason'], {
    origin: 'state',
    unit: 'card-seconds',
    bound: pools * modelsPerPool * 3,
    clock: 'service',
    help: { zh: '作废的加速卡时间，按原因。', en: 'Accelerator time whose work was thrown away, by reason.' },
    formula: 'cards × run time of attempts that failed or were lost',
  }),
  tenantQuota: gauge('tenant_quota_accelerators', ['tenant'], {
    origin: 'state',
    unit: 'reference cards',
    bound: tenants,
    help: {
      zh: '租户可随时持有的参考卡数；没有配额的租户不出现。',
      en: 'Reference cards that the tenant may always hold; tenants without a quota are not here.',
    },
    formula: 'quota in force: an operator’s, else that of the seeds',
  }),
  tenantAllocated: gauge('tenant_allocated_accelerators', ['tenant'], {
    origin: 'state',
    unit: 'reference cards',
    bound: tenants,
    help: { zh: '租户自身作业当前持有的参考卡数。', en: 'Reference cards that the tenant’s own jobs hold now.' },
    formula: 'sum over attempts that hold nodes of cards × exchange rate; without cards their part of a node',
  }),
  tenantFairShare: gauge('tenant_fair_share_ratio', ['tenant'], {
    origin: 'state',
    unit: 'ratio',
    bound: tenants,
    help: {
      zh: '使用份额与应得份额之比，在同级租户中；1 为恰好，大于 1 为多用。',
      en: 'Used share over due share among the tenant’s siblings: 1 is exactly fair, above 1 over-served.',
    },
    formula: '(effective use of the subtree / that of all siblings) / (weight / weights of all siblings)',
  }),
  poolOvercommittedNodes: gauge('pool_overcommitted_nodes', ['pool'], {
    origin: 'state',
    unit: 'nodes',
    bound: pools,
    help: { zh: '占用超过可用容量的节点数，应恒为 0。', en: 'Nodes that hold more than they have; must stay 0.' },
    formula: 'count of nodes whose placements exceed what is installed',
  }),
  poolOvercommitDetected: counter('pool_overcommit_detected_total', ['pool'], {
    origin: 'durable',
    unit: 'events',
    bound: pools,
    help: { zh: '检出超额分配的次数，应恒为 0。', en: 'Overcommitted nodes found by the exporter; must stay 0.' },
    formula: 'grows by each node that a refresh finds overcommitted and the one before did not',
  }),
} as const;
