import {
  type Architecture,
  type DataLevel,
  type JobClass,
  type NodeShape,
  type PlacementMode,
  type SharingKind,
  type Stack,
  nodeIdsOf,
} from '#libs/domain';
import { openDatabase, type Session } from '#libs/persistence';

export interface TenantRow {
  readonly id: string;
  readonly parentId: string | null;
  readonly priority: number;
  readonly weight: number;
  readonly maxDataLevel: DataLevel;
  readonly homeDistrict: string;
}
export interface GroupRow {
  readonly id: string;
  readonly nodes: number;
  readonly shape: NodeShape;
  readonly acceleratorModel: string | null;
  readonly acceleratorMemoryGiB: number;
  readonly architecture: Architecture;
  readonly stack: Stack;
  readonly sharing?: { readonly kind: SharingKind; readonly slices: number };
}
export interface PoolRow {
  readonly id: string;
  readonly siteId: string;
  readonly placement: PlacementMode;
  readonly engine: 'simulated' | 'local';
  readonly enabled: boolean;
  readonly reachable: boolean;
  readonly dataLevels: readonly DataLevel[];
  readonly classes: readonly JobClass[] | null;
  readonly latencyMs: Readonly<Record<string, number>>;
  readonly groups: readonly GroupRow[];
}

/** A tenant of which only what matters to the test is named. */
export const aTenant = (id: string, named: Partial<TenantRow> = {}): TenantRow => ({
  id,
  parentId: null,
  priority: 2,
  weight: 1,
  maxDataLevel: 'important',
  homeDistrict: 'echeng',
  ...named,
});

/** Four nodes of eight cards, 64 cores and 512 GiB. */
export const aGroup = (id: string, named: Partial<GroupRow> = {}): GroupRow => ({
  id,
  nodes: 4,
  shape: { cards: 8, cores: 64, memoryGiB: 512 },
  acceleratorModel: 'card-a',
  acceleratorMemoryGiB: 64,
  architecture: 'x86_64',
  stack: 'cuda',
  ...named,
});

/** An enabled, reachable, pinned pool of one group on a site of its own. */
export const aPool = (id: string, named: Partial<PoolRow> = {}): PoolRow => ({
  id,
  siteId: `${id}-site`,
  placement: 'pinned',
  engine: 'simulated',
  enabled: true,
  reachable: true,
  dataLevels: ['general', 'important'],
  classes: null,
  latencyMs: { echeng: 2 },
  groups: [aGroup(`${id}-a`)],
  ...named,
});

/** Writes rows straight into the tables, as the catalogue store would leave them. The session needs the rights of the system role. */
export async function insertRows(
  session: Session,
  rows: { readonly tenants?: readonly TenantRow[]; readonly pools?: readonly PoolRow[] },
): Promise<void> {
  for (const tenant of rows.tenants ?? []) await insertTenant(session, tenant);
  for (const pool of rows.pools ?? []) await insertPool(session, pool);
}

async function insertTenant(session: Session, tenant: TenantRow): Promise<void> {
  await session.query(
    `insert into tenant (id, parent_id, name_zh, name_en, kind, home_district, priority, max_data_level, weight, sample, facts, position, seed_hash)
     values ($1, $2, $1, $1, 'institute', $3, $4, $5, $6, false, '{}', 0, '')`,
    [tenant.id, tenant.parentId, tenant.homeDistrict, tenant.priority, tenant.maxDataLevel, tenant.weight],
  );
}

async function insertPool(session: Session, pool: PoolRow): Promise<void> {
  await session.query(
    `insert into site (id, name_zh, name_en, district_id, latitude, longitude, tariff_plan, facts, assumed, position, seed_hash)
     values ($1, $1, $1, 'echeng', 30.39, 114.89, 'two-part-35kv', '{}', true, 0, '') on conflict do nothing`,
    [pool.siteId],
  );
  await session.query(
    `insert into pool (id, site_id, name_zh, name_en, tier, scope, enabled, engine, planned_engine, placement, data_levels, classes,
       latency_ms, facts, assumed, position, seed_hash, reachable)
     values ($1, $2, $1, $1, 'main', 'managed', $3, $4, 'slurm', $5, $6, $7, $8, '{}', true, 0, '', $9)`,
    [
      pool.id,
      pool.siteId,
      pool.enabled,
      pool.engine,
      pool.placement,
      pool.dataLevels,
      pool.classes,
      pool.latencyMs,
      pool.reachable,
    ],
  );
  for (const group of pool.groups) await insertGroup(session, pool.id, group);
}

async function insertGroup(session: Session, poolId: string, group: GroupRow): Promise<void> {
  const { cards, cores, memoryGiB } = group.shape;
  await session.query(
    `insert into node_group (id, pool_id, node_type_id, accelerator_model, accelerator_memory_gib, architecture, stack, node_count,
       cards, cores, memory_gib, idle_watts, peak_watts, power_exponent, fp16_tflops_per_card, fp64_tflops_per_node, facts, assumed, position, seed_hash,
       usable_cards, usable_cores, usable_memory_gib, usable_nodes, sharing_kind, sharing_slices)
     values ($1, $2, 'type-a', $3, $4, $5, $6, $7::int, $8::int, $9::int, $10::int, 1000, 5000, 1, 300, 10, '{}', true, 0, '',
       $7::int * $8::int, $7::int * $9::int, $7::int * $10::int, $7::int, $11, $12)`,
    [
      group.id,
      poolId,
      group.acceleratorModel,
      group.acceleratorMemoryGiB,
      group.architecture,
      group.stack,
      group.nodes,
      cards,
      cores,
      memoryGiB,
      group.sharing?.kind ?? null,
      group.sharing?.slices ?? null,
    ],
  );
  await session.query(
    `insert into node (id, group_id, index, installed_cards, installed_cores, installed_memory_gib)
     select id, $2, ordinality - 1, $3, $4, $5 from unnest($1::text[]) with ordinality as t (id)`,
    [nodeIdsOf({ id: group.id, nodes: { value: group.nodes } }), group.id, cards, cores, memoryGiB],
  );
  if (!group.sharing) return;
  await session.query(
    'insert into device (node_id, index) select n.id, i from node n, generate_series(0, $2::int - 1) i where n.group_id = $1',
    [group.id, cards],
  );
}

export interface MinimalSeed {
  readonly tenants: readonly TenantRow[];
  readonly pools: readonly PoolRow[];
}
/**
 * Two pools, `pinned` and `delegated`, of four nodes each (groups `pinned-a`, `delegated-a`; nodes `pinned-a-0001` …), and two
 * tenants, `blue` and `green`; or what the test names instead. Returns what was inserted.
 */
export async function seedMinimal(url: string, named: Partial<MinimalSeed> = {}): Promise<MinimalSeed> {
  const rows: MinimalSeed = {
    tenants: [aTenant('blue'), aTenant('green')],
    pools: [aPool('pinned'), aPool('delegated', { placement: 'delegated' })],
    ...named,
  };
  const database = openDatabase(url, { role: 'chusuan_system', max: 1, applicationName: 'chusuan-seed-rows' });
  try {
    await database.transaction((session) => insertRows(session, rows));
  } finally {
    await database.close();
  }
  return rows;
}
