import type {
  CatalogueReader,
  NodeView,
  Page,
  PoolView,
  Principal,
  SettlementView,
  TenantView,
  UsageView,
} from '#libs/application';
import type { Instant, NodeState } from '#libs/domain';
import { figuresOf } from './catalogue-figures.js';
import type { Database } from './database.js';
import { heldByNode, readPools } from './pool-views.js';
import { readSettlements } from './settlement-views.js';
import { readUsage } from './usage-view.js';

// Who may not see a tenant still sees that its attempt holds the node, not whose it is.
const nodesOf = `
  with ${heldByNode}, told as (
    select l.node_id, json_agg(json_build_object('attemptId', a.id, 'cards', l.cards * a.held_milli / 1e3, 'devices', l.devices,
      'tenantId', case when a.tenant_id = any ($2::text[]) then a.tenant_id end) order by a.id) as attempts
    from alive a join placement_node l on l.attempt_id = a.id group by l.node_id
  )
  select u.*, coalesce(t.attempts, '[]') as attempts from node_use u left join told t on t.node_id = u.id`;
const nodesOfPool = `${nodesOf} where u.pool_id = $1 and ($3::text is null or u.id > $3) order by u.id limit $4`;
const oneNode = `${nodesOf} where u.id = $1`;

interface NodeRow {
  readonly id: string;
  readonly pool_id: string;
  readonly group_id: string;
  readonly index: number;
  readonly state: NodeState;
  readonly state_reason: string | null;
  readonly state_since: Instant | null;
  readonly installed_cards: number;
  readonly installed_cores: number;
  readonly installed_memory_gib: number;
  readonly cards: number;
  readonly cores: number;
  readonly memory_gib: number;
  readonly attempts: NodeView['attempts'];
}

const nodeView = (row: NodeRow): NodeView => ({
  id: row.id,
  poolId: row.pool_id,
  groupId: row.group_id,
  index: row.index,
  state: row.state,
  stateReason: row.state_reason,
  stateSince: row.state_since,
  installed: { cards: row.installed_cards, cores: row.installed_cores, memoryGiB: row.installed_memory_gib },
  used: { cards: row.cards, cores: row.cores, memoryGiB: row.memory_gib },
  attempts: row.attempts,
});

interface TenantRow {
  readonly id: string;
  readonly parent_id: string | null;
  readonly name_zh: string;
  readonly name_en: string;
  readonly kind: string;
  readonly home_district: string;
  readonly priority: number;
  readonly max_data_level: string;
  readonly weight: number;
  readonly sample: boolean;
  readonly facts: unknown;
}

const tenantView = (row: TenantRow): TenantView => ({
  id: row.id,
  parentId: row.parent_id,
  name: { zh: row.name_zh, en: row.name_en },
  kind: row.kind,
  homeDistrict: row.home_district,
  priority: row.priority,
  maxDataLevel: row.max_data_level,
  weight: row.weight,
  sample: row.sample,
  figures: figuresOf(row.facts),
});

/**
 * What screens and the API read of pools, nodes, tenants and settled hours. Takes two databases: `app` (chusuan_app), which
 * shows a principal its own tenants and no others, and `system` (chusuan_system) for counts over all tenants, of which nothing
 * leaves here that names one.
 */
export class PostgresCatalogueReader implements CatalogueReader {
  constructor(
    private readonly app: Database,
    private readonly system: Database,
  ) {}

  async pools(now?: Instant): Promise<readonly PoolView[]> {
    return readPools(this.system, null, now);
  }

  async pool(id: string, now?: Instant): Promise<PoolView | null> {
    return (await readPools(this.system, id, now))[0] ?? null;
  }

  async nodes(
    principal: Principal,
    poolId: string,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<Page<NodeView> | null> {
    const known = await this.system.query('select 1 from pool where id = $1 and listed', [poolId]);
    if (known.rowCount === 0) return null;
    const values = [poolId, principal.tenants, page.after, page.limit + 1];
    const { rows } = await this.system.query<NodeRow>(nodesOfPool, values);
    const items = rows.slice(0, page.limit).map(nodeView);
    return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null };
  }

  async node(principal: Principal, id: string): Promise<NodeView | null> {
    const { rows } = await this.system.query<NodeRow>(oneNode, [id, principal.tenants]);
    return rows[0] ? nodeView(rows[0]) : null;
  }

  async tenants(principal: Principal): Promise<readonly TenantView[]> {
    return this.app.asPrincipal(principal, async (session) => {
      const { rows } = await session.query<TenantRow>('select * from tenant where listed order by position, id');
      return rows.map(tenantView);
    });
  }

  async usage(principal: Principal, tenantId: string, from: Instant, until: Instant): Promise<UsageView | null> {
    return this.app.asPrincipal(principal, (session) => readUsage(session, { tenantId, from, until }));
  }

  async settlements(filter: Parameters<CatalogueReader['settlements']>[0]): Promise<Page<SettlementView>> {
    return readSettlements(this.system, filter);
  }
}
