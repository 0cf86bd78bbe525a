import type { Committed, PlanCommitter } from '#libs/application';
import type { Instant } from '#libs/domain';
import { statement, timestamptz, type Session } from './database.js';

type Plan = Parameters<PlanCommitter['commit']>[0];
type Preempted = Extract<Committed, { kind: 'committed' }>['preempted'];

/** A claim outlives its victims by far; one that is never used, because the job cannot start there after all, must not last. */
const CLAIM_MS = 15 * 60_000;

// What has ended meanwhile, or is being stopped already, needs no word; and nobody is put out for a job that waits no more. Who
// makes room for itself, to go on elsewhere, runs.
const writePreemptions = statement(
  'plan-write-preemptions',
  `with word as (
    select * from json_to_recordset($1::json) as w(attempt_id uuid, reason text, for_job uuid)
  ), told as (
    update attempt a set preempt_at = $3::timestamptz, preempt_reason = w.reason, preempt_for = w.for_job
    from word w where a.id = w.attempt_id and a.state in ('placed', 'prepared', 'released', 'running')
      and a.preempt_at is null and a.cancel_at is null
      and (w.for_job = a.job_id or exists (select from job j where j.id = w.for_job and j.state = 'queued'))
    returning a.id, a.job_id, a.tenant_id, a.pool_id, w.reason
  ), sent as (
    insert into outbox (kind, attempt_id, pool_id) select 'cancel', id, pool_id from told order by id
  ), noted as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select job_id, tenant_id, $3::timestamptz, 'preempting', jsonb_build_object('attemptId', id, 'reason', reason, 'cycle', $5::bigint)
    from told order by id
  ), audited as (
    insert into audit_record (at, actor, action, subject, tenant_id, detail)
    select $3::timestamptz, 'system:planner', 'attempt.preempt', id::text, tenant_id,
      jsonb_build_object('jobId', job_id, 'reason', reason, 'cycle', $5::bigint) from told order by id
  ), claimed as (
    insert into claim (job_id, tenant_id, pool_id, group_id, node_indices, made_at, until, cycle)
    select j.id, j.tenant_id, c.pool_id, c.group_id, c.node_indices, $3::timestamptz, $4::timestamptz, $5::bigint
    from json_to_recordset($2::json) as c(job_id uuid, pool_id text, group_id text, node_indices int[]) join job j on j.id = c.job_id
    where j.state = 'queued' or j.id in (select job_id from told)
    on conflict (job_id) do update set pool_id = excluded.pool_id, group_id = excluded.group_id, node_indices = excluded.node_indices,
      made_at = excluded.made_at, until = excluded.until, cycle = excluded.cycle
    returning job_id
  ), counted as (
    update job set claims = claims + 1 where id in (select job_id from claimed)
  ), changed as (
    insert into change (kind, subject)
    select 'attempt', id::text from told union all select 'window', 'claim:' || job_id from claimed
    union all select 'job', job_id::text from claimed
  )
  select id as "attemptId", pool_id as "poolId", reason from told order by id`,
);

/**
 * Tells victims to stop and keeps their nodes for those they make room for: one statement, of the transaction that commits the
 * plan. The caller holds the jobs of all of them.
 */
export async function preempt(session: Session, plan: Plan): Promise<Preempted> {
  const victims = (plan.preemptions ?? []).map(({ attemptId, reason, forJobId }) => ({
    attempt_id: attemptId,
    reason,
    for_job: forJobId,
  }));
  const claims = (plan.claims ?? []).map(({ jobId, poolId, groupId, nodeIndices }) => ({
    job_id: jobId,
    pool_id: poolId,
    group_id: groupId,
    node_indices: nodeIndices,
  }));
  const { rows } = await session.query<Preempted[number] & Record<string, unknown>>(writePreemptions, [
    JSON.stringify(victims), JSON.stringify(claims), timestamptz(plan.now), timestamptz(plan.now + CLAIM_MS), plan.cycle,
  ]); // prettier-ignore
  return rows;
}

const dropUnused = statement(
  'plan-drop-claims',
  `with gone as (delete from claim where until <= $1::timestamptz returning job_id)
   insert into change (kind, subject) select 'window', 'claim:' || job_id from gone`,
);

/** Frees the nodes of claims whose job has not started there in time. */
export async function dropClaims(session: Session, now: Instant): Promise<void> {
  await session.query(dropUnused, [timestamptz(now)]);
}
