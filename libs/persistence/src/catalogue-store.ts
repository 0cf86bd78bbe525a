import type { CatalogueStore } from '#libs/application';
import { type Catalogue, type NodeGroup, type Pool, type Site, type Tenant, nodeIdsOf } from '#libs/domain';
import type { EntityManager, EntitySchema, FilterQuery, MikroORM, RequiredEntityData } from '@mikro-orm/postgresql';
import { recomputeUsable } from './capacity-sql.js';
import {
  NodeGroupSchema,
  NodeSchema,
  PoolSchema,
  ReferenceSchema,
  SiteSchema,
  TenantSchema,
} from './catalogue-entities.js';
import { type CatalogueRows, catalogueRows, referenceKinds } from './catalogue-rows.js';
import { followSharing } from './device-sql.js';
import { serviceNow } from './service-time-sql.js';
import { strandedWork } from './stranded-work.js';

type StoreAnswer = Awaited<ReturnType<CatalogueStore['store']>>;
interface Tally {
  added: number;
  changed: number;
  unchanged: number;
}

const seedLock = 7_002_003;

// Without a clock it stays null: service time has not begun, and the clock notes its first instant when it does.
const noteSwitchedOn = `
  update pool set enabled_since = (select ${serviceNow} from service_clock c)
  where enabled and id not in (select json_array_elements_text(?::json))`;

/** The catalogue in its tables. Takes an ORM opened as chusuan_system. */
export class PostgresCatalogueStore implements CatalogueStore {
  constructor(private readonly orm: MikroORM) {}

  /**
   * All or nothing. Rows that say what the seeds say (by content hash) are not written; what the seeds no longer name is
   * switched off and kept, because jobs, attempts and settlements refer to it; jobs are never touched.
   */
  async store(catalogue: Catalogue, options: { readonly enable: readonly string[] }): Promise<StoreAnswer> {
    const wanted = catalogueRows(catalogue, options.enable);
    return this.orm.em.fork().transactional(async (em): Promise<StoreAnswer> => {
      await em.execute(`select pg_advisory_xact_lock(${seedLock})`);
      const problems = await strandedWork(em, wanted);
      if (problems.length > 0) return { kind: 'conflict', problems };
      const before: { id: string }[] = await em.execute('select id from pool where enabled');
      const tally = await writeRows(em, wanted);
      await em.execute(noteSwitchedOn, [JSON.stringify(before.map((pool) => pool.id))]);
      if (tally.added + tally.changed > 0) await followUp(em, wanted);
      return { kind: 'stored', ...tally };
    });
  }

  /** What the last seeds said, with pools enabled as they were then asked to be. */
  async load(): Promise<Catalogue> {
    const em = this.orm.em.fork();
    const inOrder = { orderBy: { position: 'asc' } } as const;
    const references = await em.find(ReferenceSchema, {}, inOrder);
    const [sites, pools, groups, tenants] = [
      await em.find(SiteSchema, { listed: true }, inOrder),
      await em.find(PoolSchema, { listed: true }, inOrder),
      await em.find(NodeGroupSchema, { listed: true }, inOrder),
      await em.find(TenantSchema, { listed: true }, inOrder),
    ];
    const byKind = Map.groupBy(references, (row) => row.kind);
    const parts = referenceKinds.map((kind) => [kind, (byKind.get(kind) ?? []).map((row) => row.body)] as const);
    return {
      ...(Object.fromEntries(parts) as unknown as Pick<Catalogue, (typeof referenceKinds)[number]>),
      sites: sites.map((row) => row.facts as Site),
      pools: pools.map((row) => ({ ...(row.facts as Pool), enabled: row.enabled })),
      nodeGroups: groups.map((row) => row.facts as NodeGroup),
      tenants: tenants.map((row) => row.facts as Tenant),
    };
  }
}

async function writeRows(em: EntityManager, wanted: CatalogueRows): Promise<Tally> {
  const tally: Tally = { added: 0, changed: 0, unchanged: 0 };
  // Flushed table by table: the entities carry ids, not relations, so the order that foreign keys need is this one.
  await reconcile(em, ReferenceSchema, { rows: wanted.references, tally, keyOf: byKindAndId });
  await reconcile(em, SiteSchema, { rows: wanted.sites, tally, gone: { listed: false } });
  await reconcile(em, PoolSchema, { rows: wanted.pools, tally, gone: { listed: false, enabled: false } });
  const added = { usableCards: 0, usableCores: 0, usableMemoryGib: 0, usableNodes: 0 };
  await reconcile(em, NodeGroupSchema, { rows: wanted.groups, tally, added, gone: { listed: false, nodeCount: 0 } });
  await reconcile(em, TenantSchema, { rows: wanted.tenants, tally, gone: { listed: false } });
  return tally;
}

interface Keyed {
  readonly kind?: string;
  readonly id: string;
}
interface Stored extends Keyed {
  readonly seedHash: string;
  readonly listed?: boolean;
}
const byId = ({ id }: Keyed): string => id;
const byKindAndId = ({ kind, id }: Keyed): string => `${kind}/${id}`;
interface Wanted<Row> {
  readonly rows: readonly Row[];
  readonly tally: Tally;
  readonly keyOf?: (row: Keyed) => string;
  /** Columns that a new row needs and the seeds do not tell. */
  readonly added?: object;
  /** What a row becomes that the seeds no longer name; without it, it is deleted. */
  readonly gone?: object;
}

async function reconcile<Entity extends Stored, Row extends Keyed & { readonly seedHash: string }>(
  em: EntityManager,
  schema: EntitySchema<Entity>,
  wanted: Wanted<Row>,
): Promise<void> {
  const { rows, tally, gone, keyOf = byId } = wanted;
  const stored = new Map((await em.find(schema, {} as FilterQuery<Entity>)).map((entity) => [keyOf(entity), entity]));
  for (const row of rows) {
    const entity = stored.get(keyOf(row));
    stored.delete(keyOf(row));
    if (!entity) {
      em.persist(
        em.create(schema, {
          ...row,
          ...wanted.added,
          ...(gone && { listed: true }),
        } as unknown as RequiredEntityData<Entity>),
      );
      tally.added += 1;
    } else if (entity.seedHash !== row.seedHash || entity.listed === false) {
      Object.assign(entity, row, gone && { listed: true });
      tally.changed += 1;
    } else tally.unchanged += 1;
  }
  for (const entity of stored.values()) {
    if (entity.listed === false) continue;
    if (gone) Object.assign(entity, gone);
    else em.remove(entity);
    tally.changed += 1;
  }
  await em.flush();
}

// A new tenant has used nothing, so there is nothing to decay to an instant: its half-life is simply that of the policy in force.
const halfLifeOfPolicy = `
  update tenant set used_half_life_s = (p.body -> 'planning' -> 'fairShare' ->> 'halfLifeSeconds')::int
  from policy_active a join policy p on p.sha256 = a.policy_sha256
  where a.sequence = (select max(sequence) from policy_active) and tenant.used_as_of is null
    and tenant.used_half_life_s <> (p.body -> 'planning' -> 'fairShare' ->> 'halfLifeSeconds')::int`;

/** Nodes follow their groups, capacity follows the nodes, and whoever follows the catalogue is told to start afresh. */
async function followUp(em: EntityManager, wanted: CatalogueRows): Promise<void> {
  await em.execute('delete from node n using node_group g where g.id = n.group_id and n.index >= g.node_count');
  await em.execute(
    `update node n set installed_cards = g.cards, installed_cores = g.cores, installed_memory_gib = g.memory_gib
     from node_group g where g.id = n.group_id
       and (n.installed_cards, n.installed_cores, n.installed_memory_gib) is distinct from (g.cards, g.cores, g.memory_gib)`,
  );
  await addNodes(em, wanted);
  for (const statement of followSharing) await em.execute(statement);
  await em.execute(recomputeUsable('true'));
  await em.execute(halfLifeOfPolicy);
  await em.execute(`insert into change (kind, subject) values ('catalogue', 'seeds')`);
}

const nodesAtOnce = 2_000;
async function addNodes(em: EntityManager, wanted: CatalogueRows): Promise<void> {
  const counts: { group_id: string; nodes: number }[] = await em.execute(
    'select group_id, count(*)::int as nodes from node group by group_id',
  );
  const present = new Map(counts.map((row) => [row.group_id, row.nodes]));
  const missing = wanted.groups.flatMap((group) =>
    nodeIdsOf({ id: group.id, nodes: { value: group.nodeCount } })
      .map((id, index) => ({
        id,
        groupId: group.id,
        index,
        installedCards: group.cards,
        installedCores: group.cores,
        installedMemoryGib: group.memoryGib,
      }))
      .slice(present.get(group.id) ?? 0),
  );
  for (let from = 0; from < missing.length; from += nodesAtOnce) {
    await em.insertMany(NodeSchema, missing.slice(from, from + nodesAtOnce));
  }
}
