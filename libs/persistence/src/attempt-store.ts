import type { AttemptStore, EndedAttempt, EndedJob } from '#libs/application';
import type { Instant } from '#libs/domain';
import { endAttempts } from './attempt-endings.js';
import { statement, timestamptz, type Database, type Session } from './database.js';

const alive = `('placed', 'prepared', 'released', 'running')`;

// Whoever changes an attempt holds its job's row first, in the order of job ids: the order of locks of this lib.
const lockJobs = statement(
  'attempt-lock-jobs',
  `select 1 from job where id in (select job_id from attempt where id = any($1::uuid[])) order by id for no key update`,
);

const prepare = statement(
  'attempt-prepared',
  `with moved as (
    update attempt set state = 'prepared', engine_ref = $2::text where id = $1::uuid and state = 'placed' returning id
  ) insert into change (kind, subject) select 'attempt', id::text from moved`,
);

// What a retry says again is known; what was cancelled meanwhile stages nothing that anybody waits for.
const stage = statement(
  'attempt-staging',
  `with moved as (
    update attempt set staging_until = $3::timestamptz
    where id = $1::uuid and staging_until is null and cancel_at is null and state in ('placed', 'prepared')
    returning id, job_id, tenant_id, pool_id, staging_seconds
  )
  insert into job_event (job_id, tenant_id, at, kind, detail)
  select m.job_id, m.tenant_id, $2::timestamptz, 'staging', jsonb_build_object('attemptId', m.id, 'poolId', m.pool_id,
    'seconds', m.staging_seconds, 'until', to_json($3::timestamptz), 'inputs', coalesce(j.request->'inputs', '[]'))
  from moved m join job j on j.id = m.job_id`,
);

// A release that is said again, after a reply that was lost, is as good as the first: what counts is that nobody has cancelled.
const release = statement(
  'attempt-released',
  `with wanted as (
    select id, job_id, tenant_id, state from attempt
    where id = $1::uuid and cancel_at is null and state in ('placed', 'prepared', 'released', 'running')
  ), moved as (
    update attempt a set state = 'released', released_at = $2::timestamptz from wanted w
    where a.id = w.id and w.state in ('placed', 'prepared') returning a.id, a.job_id, a.tenant_id, a.pool_id
  ), starting as (
    update job j set state = 'starting' from moved m where j.id = m.job_id and j.state = 'placed' returning j.id
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select job_id, tenant_id, $2::timestamptz, 'released', jsonb_build_object('attemptId', id, 'poolId', pool_id) from moved
  ) select count(*) as wanted from wanted`,
);

// An engine's word that it runs implies the steps before it, whose replies may have been lost. A job that is being cancelled
// stays so. Nodes are filled in where the engine chose them; those of a pinned pool are known since the placement.
const start = statement(
  'attempt-started',
  `with word as (
    select distinct on (attempt_id) * from json_to_recordset($1::json) as w(attempt_id uuid, started_at timestamptz, node_ids text[])
    order by attempt_id, started_at
  ), moved as (
    update attempt a set state = 'running', started_at = w.started_at, released_at = coalesce(a.released_at, w.started_at),
      ends_by = w.started_at + a.limit_seconds * interval '1 second'
    from word w where a.id = w.attempt_id and a.state in ('placed', 'prepared', 'released')
    returning a.id, a.job_id, a.tenant_id, a.pool_id, a.started_at
  ), running as (
    update job j set state = case when j.state in ('placed', 'starting') then 'running' else j.state end, started_at = m.started_at
    from moved m where j.id = m.job_id returning j.id
  ), places as (
    insert into placement_node (attempt_id, node_id, tenant_id, cards, cores, memory_gib)
    select a.id, n.id, a.tenant_id, a.cards, a.cores, a.memory_gib
    from word w join attempt a on a.id = w.attempt_id join node n on n.group_id = a.group_id and n.id = any(w.node_ids)
    where a.placement = 'delegated' and a.state in ${alive}
    on conflict do nothing returning attempt_id
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select job_id, tenant_id, started_at, 'started', jsonb_build_object('attemptId', id, 'poolId', pool_id) from moved
  )
  insert into change (kind, subject) select 'attempt', id::text from (select id from moved union select attempt_id from places) as news`,
);

const listHolding = statement(
  'attempt-holding',
  `select a.id, a.job_id, a.class, j.submitted_at, a.state, a.placed_at, a.started_at, a.released_at, a.cancel_at,
     array(select p.node_id from placement_node p where p.attempt_id = a.id order by p.node_id) as node_ids
   from attempt a join job j on j.id = a.job_id where a.pool_id = $1 and a.state in ${alive} order by a.id`,
);
interface HoldingRow {
  readonly id: string;
  readonly job_id: string;
  readonly class: string;
  readonly submitted_at: Instant;
  readonly state: string;
  readonly placed_at: Instant;
  readonly started_at: Instant | null;
  readonly released_at: Instant | null;
  readonly cancel_at: Instant | null;
  readonly node_ids: readonly string[];
}
type Holding = Awaited<ReturnType<AttemptStore['holding']>>;
type Started = Parameters<AttemptStore['started']>[0];

/** Takes a database opened as chusuan_system. */
export class PostgresAttemptStore implements AttemptStore {
  constructor(private readonly database: Database) {}

  async prepared(attemptId: string, ref: string): Promise<void> {
    await this.database.transaction(async (session) => {
      await lock(session, [attemptId]);
      await session.query(prepare, [attemptId, ref]);
    });
  }

  async staging(attemptId: string, at: Instant, until: Instant): Promise<void> {
    await this.database.transaction(async (session) => {
      await lock(session, [attemptId]);
      await session.query(stage, [attemptId, timestamptz(at), timestamptz(until)]);
    });
  }

  async released(attemptId: string, at: Instant): Promise<boolean> {
    return this.database.transaction(async (session) => {
      await lock(session, [attemptId]);
      const { rows } = await session.query<{ wanted: number }>(release, [attemptId, timestamptz(at)]);
      return rows[0]?.wanted === 1;
    });
  }

  async started(changes: Started): Promise<void> {
    if (changes.length === 0) return;
    const words = changes.map((change) => ({
      attempt_id: change.attemptId,
      started_at: timestamptz(change.startedAt),
      node_ids: change.nodeIds,
    }));
    await this.database.transaction(async (session) => {
      await lock(session, changes.map((change) => change.attemptId)); // prettier-ignore
      await session.query(start, [JSON.stringify(words)]);
    });
  }

  async ended(changes: readonly EndedAttempt[]): Promise<readonly EndedJob[]> {
    if (changes.length === 0) return [];
    return this.database.transaction(async (session) => {
      await lock(session, changes.map((change) => change.attemptId)); // prettier-ignore
      return endAttempts(session, changes);
    });
  }

  async holding(poolId: string): Promise<Holding> {
    const { rows } = await this.database.query<HoldingRow>(listHolding, [poolId]);
    return rows.map((row) => ({
      attemptId: row.id,
      jobId: row.job_id,
      class: row.class,
      submittedAt: row.submitted_at,
      state: row.state,
      placedAt: row.placed_at,
      startedAt: row.started_at,
      releasedAt: row.released_at,
      cancelAt: row.cancel_at,
      nodeIds: row.node_ids,
    }));
  }
}

async function lock(session: Session, attemptIds: readonly string[]): Promise<void> {
  await session.query(lockJobs, [attemptIds]);
}
