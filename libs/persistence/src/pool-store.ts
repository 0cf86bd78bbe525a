import type { PoolStore } from '#libs/application';
import type { Instant, NodeState } from '#libs/domain';
import { holdingStates, recomputeUsable } from './capacity-sql.js';
import { statement, timestamptz, type Database } from './database.js';

type EnginePool = Awaited<ReturnType<PoolStore['engines']>>[number];

// A pool that was switched off while a plan was on its way to it may hold one more attempt: it is watched until that has ended.
const enginePools = statement(
  'pool-engines',
  `select p.id, p.engine, p.placement from pool p
   where p.enabled or exists (select from attempt a where a.pool_id = p.id and a.state in ${holdingStates}) order by p.id`,
);

// Observed time never goes back, and stays where it was while the engine cannot be reached: settlement waits for it.
const noteObserved = statement(
  'pool-observed',
  `with before as (select id, reachable from pool where id = $1 for no key update),
   noted as (
     update pool p set reachable = $2::boolean,
       observed_at = case when $2::boolean then greatest(p.observed_at, $3::timestamptz) else p.observed_at end,
       observed_wall = case when $2::boolean then clock_timestamp() else p.observed_wall end
     from before b where p.id = b.id returning p.id, b.reachable <> p.reachable as turned
   )
   insert into change (kind, subject) select 'pool', id from noted where turned`,
);

const lockNode = 'select group_id, state from node where id = $1 for no key update';
const setState = `
  with moved as (
    update node set state = $2, state_reason = $3, state_by = null, state_since = case when state = $2 then state_since else $4::timestamptz end
    where id = $1 returning id
  ), told as (
    insert into change (kind, subject) select 'node', id from moved
  )
  insert into audit_record (at, actor, action, subject, detail)
  select $4::timestamptz, $5::text, 'node.set-state', id,
    jsonb_build_object('from', $6::text, 'to', $2::text, 'reason', $3::text) from moved`;

const onDownNodes = `
  select distinct a.id from attempt a join placement_node l on l.attempt_id = a.id join node n on n.id = l.node_id
  where a.state in ${holdingStates} and n.state = 'down' order by a.id`;

/** Takes a database opened as chusuan_system. */
export class PostgresPoolStore implements PoolStore {
  constructor(private readonly database: Database) {}

  async engines(): Promise<readonly EnginePool[]> {
    const { rows } = await this.database.query<{ id: string } & Omit<EnginePool, 'poolId'>>(enginePools);
    return rows.map(({ id, engine, placement }) => ({ poolId: id, engine, placement }));
  }

  async observed(poolId: string, reachable: boolean, at: Instant): Promise<void> {
    await this.database.query(noteObserved, [poolId, reachable, timestamptz(at)]);
  }

  async setNodeState(change: Parameters<PoolStore['setNodeState']>[0]): Promise<{ readonly from: NodeState } | null> {
    const { nodeId, state, reason, at, actor } = change;
    return this.database.transaction(async (session) => {
      const { rows } = await session.query<{ group_id: string; state: NodeState }>(lockNode, [nodeId]);
      const node = rows[0];
      if (!node) return null;
      await session.query(setState, [nodeId, state, reason, timestamptz(at), actor, node.state]);
      await session.query(recomputeUsable('g.id = $1'), [node.group_id]);
      return { from: node.state };
    });
  }

  async attemptsOnDownNodes(): Promise<readonly string[]> {
    const { rows } = await this.database.query<{ id: string }>(onDownNodes);
    return rows.map((row) => row.id);
  }
}
