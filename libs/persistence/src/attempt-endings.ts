import type { EndedAttempt, EndedJob } from '#libs/application';
import { jobStateAfter, type AttemptOutcome, type Instant, type JobState } from '#libs/domain';
import { statement, timestamptz, type Session } from './database.js';
import { accrue, cardsHeld, type Usage, type Use, type UsedShape } from './usage-accrual.js';

const findAlive = statement(
  'ending-find-alive',
  `select a.id, a.job_id, a.tenant_id, a.class, a.pool_id, a.started_at, a.limit_seconds, a.nodes, a.cards, a.held_milli, a.cores, a.memory_gib,
     g.cores as group_cores, g.memory_gib as group_memory_gib,
     exchange_rate_at(g.accelerator_model, g.node_type_id, a.placed_at) as exchange_rate, j.state as job_state, j.tries_left, j.submitted_at, a.preempt_at is not null as is_preempted,
     (j.request->'flexibility'->>'checkpointIntervalSeconds')::int as checkpoint_seconds
   from attempt a join job j on j.id = a.job_id join node_group g on g.id = a.group_id
   where a.id = any($1::uuid[]) and a.state in ('placed', 'prepared', 'released', 'running') order by a.job_id`,
);
interface AliveRow extends UsedShape {
  readonly id: string;
  readonly job_id: string;
  readonly tenant_id: string;
  readonly class: string;
  readonly pool_id: string;
  readonly started_at: Instant | null;
  readonly limit_seconds: number;
  readonly job_state: JobState;
  readonly tries_left: number;
  readonly submitted_at: Instant;
  readonly is_preempted: boolean;
  readonly checkpoint_seconds: number | null;
}

// Nodes, then groups, then tenants, each by id: the order that the committer keeps too.
const lockNodes = statement(
  'ending-lock-nodes',
  `select 1 from node where id in (
     select p.node_id from placement_node p join attempt a on a.id = p.attempt_id
     where a.id = any($1::uuid[]) and a.placement = 'pinned') order by id for no key update`,
);
const lockGroups = statement(
  'ending-lock-groups',
  `select 1 from node_group where id in (
     select group_id from attempt where id = any($1::uuid[]) and placement = 'delegated') order by id for no key update`,
);
const lockTenants = statement(
  'ending-lock-tenants',
  `select id, used_card_seconds as "cardSeconds", used_as_of as "asOf", used_half_life_s as "halfLifeSeconds"
   from tenant where id = any($1::text[])
   order by id for no key update`,
);

const writeEndings = statement(
  'ending-write',
  `with word as (
    select * from json_to_recordset($1::json) as w(
      attempt_id uuid, outcome text, ended_at timestamptz, started_at timestamptz, exit_code int, detail text, job_state text, kept_seconds int)
  ), over as (
    update attempt a set state = w.outcome, ended_at = w.ended_at, started_at = w.started_at, exit_code = w.exit_code,
      detail = w.detail
    from word w where a.id = w.attempt_id and a.state in ('placed', 'prepared', 'released', 'running')
    returning a.*, w.job_state, w.kept_seconds
  ), moved as (
    update job j set state = o.job_state, exit_code = o.exit_code, detail = o.detail,
      started_at = case when o.job_state = 'queued' then null else o.started_at end,
      ended_at = case when o.job_state = 'queued' then null else o.ended_at end,
      progress_seconds = least(j.limit_seconds - 1, j.progress_seconds + o.kept_seconds),
      preemptions = j.preemptions + (o.state = 'preempted')::int,
      -- being put out for others costs no try
      tries_left = j.tries_left + (o.state = 'preempted')::int,
      avoid_pools = case when o.state = 'rejected' and not o.pool_id = any(j.avoid_pools)
        then j.avoid_pools || o.pool_id else j.avoid_pools end
    from over o where j.id = o.job_id returning j.id
  ), part as (
    select p.node_id, d.index, sum(o.held_milli)::int as milli
    from over o join placement_node p on p.attempt_id = o.id, unnest(p.devices) as d(index)
    where o.placement = 'pinned' group by p.node_id, d.index
  ), device_freed as (
    update device d set used_milli = d.used_milli - p.milli from part p where d.node_id = p.node_id and d.index = p.index
  ), closed as (
    -- a card is free when its last part is
    select p.node_id, count(*)::int as cards from part p join device d on d.node_id = p.node_id and d.index = p.index
    where d.used_milli = p.milli group by p.node_id
  ), node_freed as (
    update node n set used_cards = n.used_cards - t.cards, used_cores = n.used_cores - t.cores,
      used_memory_gib = n.used_memory_gib - t.memory_gib
    from (
      select p.node_id, (sum(case when p.devices is null then p.cards else 0 end) + coalesce(max(c.cards), 0))::int as cards,
        sum(p.cores)::int as cores, sum(p.memory_gib)::int as memory_gib
      from over o join placement_node p on p.attempt_id = o.id left join closed c on c.node_id = p.node_id
      where o.placement = 'pinned' group by p.node_id
    ) t where n.id = t.node_id
  ), group_freed as (
    update node_group g set allocated_cards = g.allocated_cards - t.cards, allocated_cores = g.allocated_cores - t.cores,
      allocated_memory_gib = g.allocated_memory_gib - t.memory_gib
    from (
      select group_id, sum(nodes * cards)::int as cards, sum(nodes * cores)::int as cores, sum(nodes * memory_gib)::int as memory_gib
      from over where placement = 'delegated' group by group_id
    ) t where g.id = t.group_id
  ), used as (
    update tenant t set used_card_seconds = u.card_seconds, used_as_of = u.as_of
    from json_to_recordset($2::json) as u(id text, card_seconds float8, as_of timestamptz) where t.id = u.id
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select job_id, tenant_id, ended_at, case when job_state = 'queued' then 'requeued' else job_state end,
      jsonb_strip_nulls(jsonb_build_object('attemptId', id, 'poolId', pool_id, 'outcome', state, 'exitCode', exit_code, 'why', detail))
    from over order by id
  ), audited as (
    insert into audit_record (at, actor, action, subject, tenant_id, detail)
    select ended_at, 'system:reconciliation', 'attempt.lost', id::text, tenant_id,
      jsonb_strip_nulls(jsonb_build_object('jobId', job_id, 'poolId', pool_id, 'why', detail)) from over where state = 'lost'
  ), stopped as (
    -- what we gave up may still run there: without a word to the engine a node that returns would run it beside its next try
    insert into outbox (kind, attempt_id, pool_id) select 'cancel', id, pool_id from over where state = 'lost' order by id
  ), changed as (
    insert into change (kind, subject)
    select 'attempt', id::text from over
    union all select 'job', job_id::text from over where job_state = 'queued'
    union all select 'tenant', u.id from json_to_recordset($2::json) as u(id text)
  )
  select count(*) as over from over`,
);

interface Ending {
  readonly row: AliveRow;
  readonly change: EndedAttempt;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant;
  readonly jobState: JobState;
}

/** Ends those of the attempts that still hold nodes; the caller holds the rows of their jobs. */
export async function endAttempts(session: Session, changes: readonly EndedAttempt[]): Promise<readonly EndedJob[]> {
  const { rows } = await session.query<AliveRow>(findAlive, [changes.map((change) => change.attemptId)]);
  if (rows.length === 0) return [];
  const said = new Map(changes.toReversed().map((change) => [change.attemptId, change])); // the first word about each counts
  const endings = rows.flatMap((row) => {
    const change = said.get(row.id);
    return change ? [endingOf(row, change)] : [];
  });
  const ids = endings.map((ending) => ending.row.id);
  await session.query(lockNodes, [ids]);
  await session.query(lockGroups, [ids]);
  const usages = await accruedUsages(session, endings);
  const { rows: written } = await session.query<{ over: number }>(writeEndings, [
    JSON.stringify(endings.map(recordOf)),
    JSON.stringify(usages),
  ]);
  if (written[0]?.over !== endings.length) {
    throw new Error(
      `Of ${endings.length} attempts to end only ${written[0]?.over} still held nodes although their jobs were locked: ` +
        'somebody changes attempts without locking the job first. Nothing was written',
    );
  }
  return endings.map(endedJobOf);
}

function endingOf(row: AliveRow, told: EndedAttempt): Ending {
  const change =
    row.is_preempted && told.outcome === 'cancelled' && row.job_state !== 'cancelling' ? preempted(told) : told;
  const startedAt = row.started_at ?? change.startedAt;
  return {
    row,
    change,
    startedAt,
    endedAt: Math.max(change.endedAt, startedAt ?? -Infinity), // engines' clocks may disagree with what was noted before
    jobState: nextJobState(row, change.outcome),
  };
}

const preempted = (told: EndedAttempt): EndedAttempt => ({ ...told, outcome: 'preempted' });

/** Seconds of the run that its checkpoints have kept. */
function keptSeconds({ row, change, startedAt, endedAt }: Ending): number {
  if (change.outcome !== 'preempted' || !row.checkpoint_seconds || startedAt === null) return 0;
  const ran = Math.floor((endedAt - startedAt) / 1000);
  return ran - (ran % row.checkpoint_seconds);
}

// Nobody gives a cancelled job another try.
function nextJobState(row: AliveRow, outcome: AttemptOutcome): JobState {
  const state = jobStateAfter(outcome, row.tries_left);
  return row.job_state === 'cancelling' && (outcome === 'lost' || outcome === 'rejected') ? 'cancelled' : state;
}

async function accruedUsages(session: Session, endings: readonly Ending[]): Promise<unknown[]> {
  const uses = new Map<string, Use[]>();
  for (const { row, startedAt, endedAt } of endings) {
    if (startedAt === null) continue;
    const use = { cardSeconds: (cardsHeld(row) * (endedAt - startedAt)) / 1000, endedAt };
    uses.set(row.tenant_id, [...(uses.get(row.tenant_id) ?? []), use]);
  }
  if (uses.size === 0) return [];
  const { rows } = await session.query<Usage & { id: string }>(lockTenants, [[...uses.keys()]]);
  return rows.map((tenant) => {
    const { cardSeconds, asOf } = accrue(tenant, uses.get(tenant.id) ?? []);
    return { id: tenant.id, card_seconds: cardSeconds, as_of: timestamptz(asOf) };
  });
}

const recordOf = (ending: Ending): Record<string, unknown> => {
  const { row, change, startedAt, endedAt, jobState } = ending;
  return {
    attempt_id: row.id,
    outcome: change.outcome,
    ended_at: timestamptz(endedAt),
    started_at: timestamptz(startedAt),
    exit_code: change.exitCode,
    detail: change.detail ?? null,
    job_state: jobState,
    kept_seconds: keptSeconds(ending),
  };
};

const endedJobOf = ({ row, change, startedAt, endedAt, jobState }: Ending): EndedJob => ({
  jobId: row.job_id,
  attemptId: row.id,
  poolId: row.pool_id,
  class: row.class,
  outcome: change.outcome,
  jobState,
  submittedAt: row.submitted_at,
  startedAt,
  endedAt,
  limitSeconds: row.limit_seconds,
});
