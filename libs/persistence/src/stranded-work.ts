import type { EntityManager } from '@mikro-orm/postgresql';
import { holdingStates } from './capacity-sql.js';
import type { CatalogueRows } from './catalogue-rows.js';

// What the catalogue wants, beside what is stored: every group whose size, shape or pool is to change. `?` twice: groups, pools.
const comparison = `
  wanted_group as (
    select * from json_to_recordset(?::json) as w(id text, pool_id text, node_count int, cards int, cores int, memory_gib int,
      slices int)
  ), wanted_pool as (
    select * from json_to_recordset(?::json) as w(id text, site_id text, enabled boolean, engine text, placement text)
  ), affected as (
    select g.id, p.id as pool_id,
      coalesce(w.node_count, 0) as nodes, coalesce(w.cards, 0) as cards, coalesce(w.cores, 0) as cores,
      coalesce(w.memory_gib, 0) as memory_gib,
      case
        when q.id is null then 'pool ' || p.id || ' is no longer in the seeds'
        when w.id is null then 'node group ' || g.id || ' is no longer in the seeds'
        when w.pool_id <> g.pool_id then 'node group ' || g.id || ' moves to pool ' || w.pool_id
        when p.enabled and not q.enabled then 'pool ' || p.id || ' is to be disabled'
        when (q.site_id, q.engine, q.placement) is distinct from (p.site_id, p.engine, p.placement)
          then 'pool ' || p.id || ' changes its site, engine or way of placement'
        -- cards that begin to be told apart are given to the work on them; afterwards each part has its place on one of them
        when g.sharing_slices is not null and (w.slices, w.cards) is distinct from (g.sharing_slices, g.cards)
          then 'node group ' || g.id || ' changes how its cards are shared'
      end as uprooted
    from node_group g join pool p on p.id = g.pool_id
    left join wanted_group w on w.id = g.id left join wanted_pool q on q.id = p.id
    where (w.pool_id, w.node_count, w.cards, w.cores, w.memory_gib, w.slices) is distinct from
        (g.pool_id, g.node_count, g.cards, g.cores, g.memory_gib, g.sharing_slices)
      or (q.site_id, q.enabled, q.engine, q.placement) is distinct from (p.site_id, p.enabled, p.engine, p.placement)
  )`;

const affectedGroups = `with ${comparison} select id from affected order by id`;
const lockNodes =
  'select id from node where group_id in (select json_array_elements_text(?::json)) order by id for update';
const lockGroups =
  'select id from node_group where id in (select json_array_elements_text(?::json)) order by id for update';

const problems = `
  with ${comparison}, alive as (
    select id, group_id from attempt where state in ${holdingStates}
  )
  select a.uprooted || ', and ' || count(*) || ' attempts hold nodes there: drain it, wait or cancel them, then seed again' as problem
  from affected a join alive on alive.group_id = a.id where a.uprooted is not null group by a.uprooted
  union all
  select 'node group ' || a.id || ' shrinks to ' || a.nodes || ' nodes, and work holds ' || count(*) ||
    ' of those to go (' || min(n.id) || ' first): drain them, wait or cancel the work, then seed again'
  from affected a join node n on n.group_id = a.id and n.index >= a.nodes
  where a.uprooted is null and (n.used_cards + n.used_cores + n.used_memory_gib > 0
    or exists (select from placement_node l join alive on alive.id = l.attempt_id where l.node_id = n.id))
  group by a.id, a.nodes
  union all
  select 'node group ' || a.id || ' gets smaller nodes, and ' || count(*) || ' of them hold more than that (' || min(n.id) ||
    ' first): drain them, wait or cancel the work, then seed again'
  from affected a join node n on n.group_id = a.id and n.index < a.nodes
  where a.uprooted is null and (n.used_cards > a.cards or n.used_cores > a.cores or n.used_memory_gib > a.memory_gib)
  group by a.id
  union all
  select 'node group ' || a.id || ' shrinks below what its engine was given (' || g.allocated_cards || ' cards, ' ||
    g.allocated_cores || ' cores, ' || g.allocated_memory_gib || ' GiB): wait or cancel the work, then seed again'
  from affected a join node_group g on g.id = a.id
  where a.uprooted is null and (g.allocated_cards > a.nodes * a.cards or g.allocated_cores > a.nodes * a.cores
    or g.allocated_memory_gib > a.nodes * a.memory_gib)
  order by 1`;

/**
 * What the wanted catalogue would strand: running work in a pool or group that goes, moves or shrinks below it. Locks the
 * nodes and then the groups concerned, in id order as every writer here does, so that the answer holds until the commit.
 */
export async function strandedWork(em: EntityManager, wanted: CatalogueRows): Promise<string[]> {
  const parameters = [
    JSON.stringify(
      wanted.groups.map((group) => ({
        id: group.id,
        pool_id: group.poolId,
        node_count: group.nodeCount,
        cards: group.cards,
        cores: group.cores,
        memory_gib: group.memoryGib,
        slices: group.sharingSlices,
      })),
    ),
    JSON.stringify(
      wanted.pools.map(({ id, siteId, enabled, engine, placement }) => ({
        id,
        site_id: siteId,
        enabled,
        engine,
        placement,
      })),
    ),
  ];
  const affected: { id: string }[] = await em.execute(affectedGroups, parameters);
  if (affected.length === 0) return [];
  const ids = JSON.stringify(affected.map((group) => group.id));
  await em.execute(lockNodes, [ids]);
  await em.execute(lockGroups, [ids]);
  const found: { problem: string }[] = await em.execute(problems, parameters);
  return found.map((row) => row.problem);
}
