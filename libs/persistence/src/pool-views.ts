import type { GroupView, PoolHour, PoolView } from '#libs/application';
import type { Figure, Instant, SharingKind } from '#libs/domain';
import { holdingStates } from './capacity-sql.js';
import { figuresOf } from './catalogue-figures.js';
import { timestamptz, type Session } from './database.js';
import { effectiveLatency, freshSinceInForce, probesOf, type Probes } from './latency-sql.js';
import { serviceNow } from './service-time-sql.js';

export const cardStates = ['free', 'allocated', 'reserved', 'drained', 'down', 'maintenance'] as const;
export type Partition = Record<(typeof cardStates)[number], number>;

// Materialized: from what lives now to where it is. The other way round leads through everything a node ever ran.
const alive = `alive as materialized (select id, tenant_id, placement, held_milli from attempt where state in ${holdingStates})`;

/**
 * What is held of each node: in a pinned pool the node's own count, which commits guard; in a delegated one what the engine said
 * it placed there, advisory and therefore cut at what the node has.
 */
export const heldByNode = `
  ${alive}, held as (
    select l.node_id, sum(l.cards)::int as cards, sum(l.cores)::int as cores, sum(l.memory_gib)::int as memory_gib
    from alive a join placement_node l on l.attempt_id = a.id where a.placement = 'delegated' group by l.node_id
  ), node_use as (
    select n.id, n.group_id, n.index, n.state, n.state_reason, n.state_since, n.installed_cards, n.installed_cores, n.installed_memory_gib,
      p.id as pool_id, p.placement,
      case when p.placement = 'pinned' then n.used_cards else least(n.installed_cards, coalesce(h.cards, 0)) end as cards,
      case when p.placement = 'pinned' then n.used_cores else least(n.installed_cores, coalesce(h.cores, 0)) end as cores,
      case when p.placement = 'pinned' then n.used_memory_gib else least(n.installed_memory_gib, coalesce(h.memory_gib, 0)) end as memory_gib,
      -- a slice is left on one of its cards
      g.sharing_slices is not null and exists (
        select from device d where d.node_id = n.id and d.used_milli + 1000 / g.sharing_slices <= 1000) as has_slices
    from node n join node_group g on g.id = n.group_id join pool p on p.id = g.pool_id left join held h on h.node_id = n.id
  )`;

const outOf = (state: string, what: string): string => `sum(installed_${what}) filter (where state = '${state}')`;
const freeOn = (state: string, what: string): string =>
  `sum(installed_${what} - ${what}) filter (where state = '${state}')`;
// Pinned: nodes that are not up still count as allocated what runs on them. Delegated: the group's own count is the truth, and
// what nodes out of service hold is not known node by node.
const leftOn = (what: string): string =>
  ['up', 'drained', 'down', 'maintenance']
    .map(
      (state) =>
        `coalesce(case when placement = 'pinned' then ${freeOn(state, what)} else ${outOf(state, what)} end, 0)::int as ${what}_${state}`,
    )
    .join(', ');

// Of nodes that are up, what nobody holds yet while a booking has them; a maintenance shows as what it is, by the nodes' state.
const reservedOn = ['cards', 'cores', 'memory_gib']
  .map(
    (what) =>
      `coalesce(sum(installed_${what} - ${what}) filter (where state = 'up' and id in (select node_id from booked)), 0)::int as ${what}_reserved`,
  )
  .join(', ');

const full = `case when installed_cards > 0 then cards >= installed_cards and not has_slices else cores >= installed_cores end`;
const untouched = 'cards = 0 and cores = 0 and memory_gib = 0';
const groupCounts = `
  with ${heldByNode}, booked as materialized (
    select w.node_id from reservation_node w
    join reservation_occurrence o on o.reservation_id = w.reservation_id and o.starts_at = w.starts_at and o.state = 'booked'
    join reservation r on r.id = w.reservation_id and r.kind = 'booking'
    where w.during @> coalesce($2::timestamptz, (select ${serviceNow} from service_clock c))
  ), counted as (
    select group_id, placement, count(*)::int as nodes,
      count(*) filter (where state = 'up' and ${untouched})::int as nodes_idle,
      count(*) filter (where state = 'up' and not (${untouched}) and ${full})::int as nodes_allocated,
      count(*) filter (where state = 'up' and not (${untouched}) and not (${full}))::int as nodes_mixed,
      count(*) filter (where state = 'drained')::int as nodes_drained,
      count(*) filter (where state = 'down')::int as nodes_down,
      count(*) filter (where state = 'maintenance')::int as nodes_maintenance,
      sum(cards)::int as cards_used, sum(cores)::int as cores_used, sum(memory_gib)::int as memory_gib_used,
      ${leftOn('cards')}, ${leftOn('cores')}, ${leftOn('memory_gib')}, ${reservedOn}
    from node_use group by group_id, placement
  )
  select g.id, g.pool_id, g.node_type_id, g.accelerator_model, g.accelerator_memory_gib, g.architecture, g.stack, g.node_count,
    g.cards, g.cores, g.memory_gib, g.fp16_tflops_per_card, g.fp64_tflops_per_node, g.facts, g.sharing_kind, g.sharing_slices,
    (select coalesce(sum(d.used_milli), 0)::int from device d join node n on n.id = d.node_id where n.group_id = g.id) as held_milli,
    g.allocated_cards, g.allocated_cores, g.allocated_memory_gib, to_json(c) as counted
  from node_group g left join counted c on c.group_id = g.id
  where g.listed and ($1::text is null or g.pool_id = $1) order by g.position, g.id`;

interface GroupRow {
  readonly id: string;
  readonly pool_id: string;
  readonly node_type_id: string;
  readonly accelerator_model: string | null;
  readonly accelerator_memory_gib: number;
  readonly architecture: string;
  readonly stack: string;
  readonly node_count: number;
  readonly cards: number;
  readonly cores: number;
  readonly memory_gib: number;
  readonly fp16_tflops_per_card: number;
  readonly fp64_tflops_per_node: number;
  readonly facts: unknown;
  readonly sharing_kind: SharingKind | null;
  readonly sharing_slices: number | null;
  readonly held_milli: number;
  readonly allocated_cards: number;
  readonly allocated_cores: number;
  readonly allocated_memory_gib: number;
  readonly counted: (Readonly<Record<string, number>> & { readonly placement: never }) | null;
}

/**
 * A partition of what is installed: the states sum to it, whatever is drained, lost or allocated beyond what is usable. Where the
 * engine chooses the nodes, work may be on what is booked: reserved is then at most what is left.
 */
export function partition(
  installed: number,
  allocated: number,
  left: Omit<Partition, 'free' | 'allocated'>,
): Partition {
  const parts: Partition = { free: 0, allocated, ...left };
  // Where the engine has filled more than is in service, the rest runs on nodes that are on their way out.
  let beyond = Math.max(0, allocated + left.drained + left.down + left.maintenance - installed);
  for (const state of ['drained', 'maintenance', 'down'] as const) {
    const taken = Math.min(beyond, parts[state]);
    parts[state] -= taken;
    beyond -= taken;
  }
  const rest = installed - parts.allocated - parts.drained - parts.down - parts.maintenance;
  parts.reserved = Math.min(parts.reserved, rest);
  parts.free = rest - parts.reserved;
  return parts;
}

const dimensions = ['cards', 'cores', 'memory_gib'] as const;
function partitionOf(row: GroupRow, what: (typeof dimensions)[number]): Partition {
  const counted = row.counted;
  const count = (name: string): number => counted?.[name] ?? 0;
  const pinned = (counted as { placement?: string } | null)?.placement !== 'delegated';
  return partition(row.node_count * row[what], pinned ? count(`${what}_used`) : row[`allocated_${what}`], {
    reserved: count(`${what}_reserved`),
    drained: count(`${what}_drained`),
    down: count(`${what}_down`),
    maintenance: count(`${what}_maintenance`),
  });
}

function groupView(row: GroupRow): GroupView {
  const nodes = (state: string): number => row.counted?.[`nodes_${state}`] ?? 0;
  return {
    id: row.id,
    nodeTypeId: row.node_type_id,
    acceleratorModel: row.accelerator_model,
    acceleratorMemoryGiB: row.accelerator_memory_gib,
    architecture: row.architecture,
    stack: row.stack,
    nodeCount: row.node_count,
    perNode: { cards: row.cards, cores: row.cores, memoryGiB: row.memory_gib },
    fp16PflopsTotal: (row.node_count * row.cards * row.fp16_tflops_per_card) / 1000,
    fp64PflopsTotal: (row.node_count * row.fp64_tflops_per_node) / 1000,
    nodesByState: {
      idle: nodes('idle'),
      allocated: nodes('allocated'),
      mixed: nodes('mixed'),
      drained: nodes('drained'),
      down: nodes('down'),
      maintenance: nodes('maintenance'),
    },
    cards: partitionOf(row, 'cards'),
    cores: partitionOf(row, 'cores'),
    memoryGiB: partitionOf(row, 'memory_gib'),
    sharing:
      row.sharing_kind && row.sharing_slices
        ? { kind: row.sharing_kind, slices: row.sharing_slices, cardsHeld: row.held_milli / 1000 }
        : null,
  };
}

const poolRows = `
  select p.id, p.site_id, p.name_zh, p.name_en, p.tier, p.scope, p.enabled, p.engine, p.planned_engine, p.placement, p.reachable,
    p.observed_at, p.latency_ms, ${probesOf(freshSinceInForce('$2::timestamptz'))} as probes, p.data_levels, p.assumed or s.assumed as assumed, p.facts, s.facts as site_facts,
    s.latitude, s.longitude, s.district_id,
    (select count(*) from attempt a where a.pool_id = p.id and a.state in ${holdingStates} and a.state = 'running') as running,
    h.hour, h.it_j::numeric, h.facility_j::numeric, h.green_matched_j::numeric, h.estimated, y.grid_green_share,
    t.green_available_j::float8 as total_green, t.facility_j::float8 as total_facility
  from pool p join site s on s.id = p.site_id
  left join lateral (select * from settlement_pool_hour x where x.pool_id = p.id order by x.hour desc, x.revision desc limit 1) h on true
  left join settlement_site_hour y on y.site_id = p.site_id and y.hour = h.hour and y.revision = h.revision
  left join settled_pool_total t on t.pool_id = p.id
  where p.listed and ($1::text is null or p.id = $1) order by p.position, p.id`;

interface PoolRow {
  readonly id: string;
  readonly site_id: string;
  readonly name_zh: string;
  readonly name_en: string;
  readonly tier: string;
  readonly scope: 'managed' | 'federated';
  readonly enabled: boolean;
  readonly engine: string;
  readonly planned_engine: string;
  readonly placement: 'pinned' | 'delegated';
  readonly reachable: boolean;
  readonly observed_at: Instant | null;
  readonly latency_ms: Readonly<Record<string, number>>;
  readonly probes: Probes;
  readonly data_levels: readonly string[];
  readonly assumed: boolean;
  readonly facts: unknown;
  readonly site_facts: unknown;
  readonly latitude: number;
  readonly longitude: number;
  readonly district_id: string;
  readonly running: number;
  readonly hour: Instant | null;
  readonly it_j: bigint;
  readonly facility_j: bigint;
  readonly green_matched_j: bigint;
  readonly estimated: boolean;
  readonly grid_green_share: number;
  readonly total_green: number;
  readonly total_facility: number;
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

const lastHour = (row: PoolRow): PoolHour | null =>
  row.hour === null
    ? null
    : {
        hour: row.hour,
        itJoules: row.it_j,
        facilityJoules: row.facility_j,
        greenShareHourMatched: share(Number(row.green_matched_j), Number(row.facility_j)),
        greenShareVolumetric: Math.min(1, share(row.total_green, row.total_facility)),
        greenShareGridAverage: row.grid_green_share,
        estimated: row.estimated,
      };

const prefixed = (prefix: string, figures: Record<string, Figure>): Record<string, Figure> =>
  Object.fromEntries(Object.entries(figures).map(([path, figure]) => [`${prefix}.${path}`, figure]));

function poolView(row: PoolRow, rows: readonly GroupRow[]): PoolView {
  const groups = rows.map(groupView);
  const sum = (read: (group: GroupView) => number): number => groups.reduce((total, group) => total + read(group), 0);
  return {
    id: row.id,
    siteId: row.site_id,
    name: { zh: row.name_zh, en: row.name_en },
    tier: row.tier,
    scope: row.scope,
    enabled: row.enabled,
    engine: row.engine,
    plannedEngine: row.planned_engine,
    placement: row.placement,
    reachable: row.reachable,
    observedAt: row.observed_at,
    location: { latitude: row.latitude, longitude: row.longitude, districtId: row.district_id },
    latencyBasis: {},
    ...effectiveLatency(row.latency_ms, row.probes),
    dataLevels: row.data_levels,
    assumed: row.assumed,
    figures: {
      ...figuresOf(row.facts),
      ...prefixed('site', figuresOf(row.site_facts)),
      ...Object.assign({}, ...rows.map((group) => prefixed(`groups.${group.id}`, figuresOf(group.facts)))),
    },
    groups,
    live: {
      nodes: sum((group) => group.nodeCount),
      cards: sum((group) => group.nodeCount * group.perNode.cards),
      cardsAllocated: sum((group) => group.cards.allocated),
      coresAllocated: sum((group) => group.cores.allocated),
      runningAttempts: row.running,
    },
    lastHour: lastHour(row),
  };
}

/** All pools of the seeds in their order, or the one that is named; without a time, now by the clock of the service. Needs the rights of the system role. */
export async function readPools(session: Session, poolId: string | null, now?: Instant): Promise<PoolView[]> {
  const at = now === undefined ? null : timestamptz(now);
  const pools = await session.query<PoolRow>(poolRows, [poolId, at]);
  const groups = await session.query<GroupRow>(groupCounts, [poolId, at]);
  const byPool = Map.groupBy(groups.rows, (row) => row.pool_id);
  return pools.rows.map((row) => poolView(row, byPool.get(row.id) ?? []));
}
