import type { DispatchOrder, Outbox, OutboxMessage } from '#libs/application';
import type { JobInput, JobRun, SharingKind } from '#libs/domain';
import { cardsOf } from './card-parts.js';
import { statement, type Database, type Session } from './database.js';

// The lease is the due time itself: a message that is claimed and never ticked off becomes due again by itself.
const claimDue = statement(
  'outbox-claim',
  `with due as (
    select id from outbox where done_wall is null and due_wall <= clock_timestamp()
    order by due_wall, id limit $1::int for update skip locked
  ), claimed as (
    update outbox o set due_wall = clock_timestamp() + $2::float8 * interval '1 millisecond', tries = o.tries + 1
    from due where o.id = due.id returning o.id, o.kind, o.attempt_id, o.pool_id, o.tries
  )
  select c.id, c.kind, c.attempt_id, c.pool_id, c.tries, a.state, a.engine_ref, a.job_id, a.tenant_id, a.group_id, a.nodes,
    a.cards, a.cores, a.memory_gib, a.limit_seconds, j.name, coalesce(j.request->'run', '{}') as run, j.progress_seconds,
    a.staging_seconds, j.request->'inputs' as inputs,
    case when a.placement = 'pinned' then array(
      select p.node_id from placement_node p where p.attempt_id = a.id order by p.node_id) else '{}' end as node_ids,
    (select json_agg(p.devices order by p.node_id) from placement_node p where p.attempt_id = a.id and p.devices is not null) as devices,
    g.sharing_kind, a.held_milli, j.card_milli
  from claimed c join attempt a on a.id = c.attempt_id join job j on j.id = a.job_id
    join node_group g on g.id = a.group_id order by c.id`,
);
const finish = statement(
  'outbox-done',
  'update outbox set done_wall = clock_timestamp() where id = any($1::bigint[]) and done_wall is null',
);
const postpone = statement(
  'outbox-retry',
  `update outbox set due_wall = clock_timestamp() + $2::float8 * interval '1 millisecond', last_error = left($3::text, 2000)
   where id = $1::bigint and done_wall is null`,
);
const countPending = statement(
  'outbox-pending',
  'select kind, count(*) as messages from outbox where done_wall is null group by kind',
);
// In a sub-select, or the planner takes the clock for another value at each row, and reads every row for it.
const deleteDone = `delete from outbox where done_wall < (select clock_timestamp() - $1::float8 * interval '1 millisecond')`;

interface ClaimedRow {
  readonly id: number;
  readonly kind: 'dispatch' | 'cancel';
  readonly attempt_id: string;
  readonly pool_id: string;
  readonly tries: number;
  readonly state: string;
  readonly engine_ref: string | null;
  readonly job_id: string;
  readonly tenant_id: string;
  readonly group_id: string;
  readonly nodes: number;
  readonly cards: number;
  readonly cores: number;
  readonly memory_gib: number;
  readonly limit_seconds: number;
  readonly name: string;
  readonly run: JobRun;
  readonly progress_seconds: number;
  readonly staging_seconds: number;
  readonly inputs: readonly JobInput[] | null;
  readonly node_ids: readonly string[];
  readonly devices: readonly (readonly number[])[] | null;
  readonly sharing_kind: SharingKind | null;
  readonly held_milli: number;
  readonly card_milli: number;
}

/** What is still to be said to engines, written in the transaction that decided it. Takes a database opened as chusuan_system. */
export class PostgresOutbox implements Outbox {
  constructor(private readonly database: Database) {}

  /** Oldest first; `tries` counts this claim. */
  async claim(limit: number, leaseMs: number): Promise<readonly OutboxMessage[]> {
    const { rows } = await this.database.query<ClaimedRow>(claimDue, [limit, leaseMs]);
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      attemptId: row.attempt_id,
      poolId: row.pool_id,
      tries: row.tries,
      order: holding.has(row.state) ? orderOf(row) : null,
      attemptState: row.state,
      engineRef: row.engine_ref,
    }));
  }

  async done(ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await this.database.query(finish, [ids]);
  }

  async retryLater(id: number, error: string, delayMs: number): Promise<void> {
    await this.database.query(postpone, [id, delayMs, error]);
  }

  pending(): Promise<PendingMessages> {
    return pendingMessages(this.database);
  }

  /** Forgets messages that were ticked off longer ago than that, in wall time. Returns how many. */
  async prune(olderThanMs: number): Promise<number> {
    return (await this.database.query(deleteDone, [olderThanMs])).rowCount;
  }
}

export type PendingMessages = Readonly<Record<'dispatch' | 'cancel', number>>;

/** What is still to be said, by kind. Reads no more rows than it counts. */
export async function pendingMessages(session: Session): Promise<PendingMessages> {
  const { rows } = await session.query<{ kind: 'dispatch' | 'cancel'; messages: number }>(countPending);
  return { dispatch: 0, cancel: 0, ...Object.fromEntries(rows.map((row) => [row.kind, row.messages])) };
}

const holding: ReadonlySet<string> = new Set(['placed', 'prepared', 'released', 'running']);

const orderOf = (row: ClaimedRow): DispatchOrder => ({
  attemptId: row.attempt_id,
  jobId: row.job_id,
  tenantId: row.tenant_id,
  poolId: row.pool_id,
  groupId: row.group_id,
  nodeIds: row.node_ids,
  nodes: row.nodes,
  perNode: { cards: cardsOf(row), cores: row.cores, memoryGiB: row.memory_gib },
  ...(row.devices &&
    row.sharing_kind && { sharing: { kind: row.sharing_kind, milli: row.held_milli, devices: row.devices } }),
  limitSeconds: row.limit_seconds,
  run: row.run,
  ...(row.inputs && row.inputs.length > 0 && { inputs: row.inputs }),
  ...(row.staging_seconds > 0 && { stagingSeconds: row.staging_seconds }),
  ...(row.progress_seconds > 0 && { resumeFromSeconds: row.progress_seconds }),
  name: row.name,
});
