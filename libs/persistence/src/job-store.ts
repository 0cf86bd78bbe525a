import type { IdempotencyClaim, JobFilter, JobStore, JobView, NewJob, Principal, Stored } from '#libs/application';
import type { JobEventView } from '#libs/application';
import type { JobState } from '#libs/domain';
import type { EndedRun } from '#libs/scheduling';
import { cardColumnsOf } from './card-parts.js';
import { ownerOf, statement, timestamptz, type Database, type Session } from './database.js';
import { listQuery, type ListPage } from './job-list.js';
import { jobViewOf, selectJobView, type JobRow } from './job-view.js';

// One statement for all rows of a submission: it costs one round trip, and a lost race for the idempotency key inserts nothing.
const submitSql = (claimed: string, guard: string): string => `
  with ${claimed} job_row as (
    insert into job (id, tenant_id, name, class, priority, request, nodes, cards, cores, memory_gib, limit_seconds,
                     predicted_seconds, submitted_at, channel, sample, card_milli)
    select $1::uuid, $2::text, $3::text, $4::text, $5::int, $6::jsonb, $7::int, $8::int, $9::int, $10::int, $11::int,
           $12::int, $13::timestamptz, $14::text, $15::boolean, $16::int
    ${guard}
    returning id, tenant_id, submitted_at, channel
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select id, tenant_id, submitted_at, 'submitted', jsonb_build_object('channel', channel) from job_row
  ), changed as (
    insert into change (kind, subject) select 'job', id::text from job_row
  ), audited as (
    insert into audit_record (at, actor, action, subject, tenant_id, detail)
    select submitted_at, $17::text, 'job.submit', id::text, tenant_id, jsonb_build_object('channel', channel) from job_row
  )
  select count(*) as stored from job_row`;

const submitWithKey = statement(
  'job-submit-with-key',
  submitSql(
    `claim as (
      insert into idempotency_key (owner, key, fingerprint, job_id, status, body)
      values ($18::text, $19::text, $20::bytea, $1::uuid, $21::int, $22::jsonb) on conflict do nothing returning 1
    ),`,
    'where exists (select from claim)',
  ),
);
const submitFreely = statement('job-submit', submitSql('', ''));
const findClaim = statement(
  'job-find-claim',
  'select fingerprint, status, body from idempotency_key where owner = $1 and key = $2',
);

const getJob = statement('job-get', `${selectJobView} where j.id = $1`);

const lockJob = statement('job-lock', 'select state from job where id = $1 for no key update');
const cancelWaiting = statement(
  'job-cancel-waiting',
  `with gone as (
    update job set state = 'cancelled', ended_at = $2::timestamptz where id = $1::uuid and state = 'queued'
    returning id, tenant_id
  ), verdict as (delete from job_verdict where job_id in (select id from gone)),
  told as (
    insert into job_event (job_id, tenant_id, at, kind) select id, tenant_id, $2::timestamptz, 'cancelled' from gone
  ), changed as (insert into change (kind, subject) select 'job', id::text from gone)
  insert into audit_record (at, actor, action, subject, tenant_id)
  select $2::timestamptz, $3::text, 'job.cancel', id::text, tenant_id from gone`,
);
const cancelPlaced = statement(
  'job-cancel-placed',
  `with going as (
    update job set state = 'cancelling' where id = $1::uuid and state in ('placed', 'starting', 'running')
    returning id, tenant_id
  ), stopped as (
    update attempt a set cancel_at = $2::timestamptz from going
    where a.job_id = going.id and a.cancel_at is null and a.state in ('placed', 'prepared', 'released', 'running')
    returning a.id, a.pool_id
  ), sent as (insert into outbox (kind, attempt_id, pool_id) select 'cancel', id, pool_id from stopped),
  told as (
    insert into job_event (job_id, tenant_id, at, kind) select id, tenant_id, $2::timestamptz, 'cancelling' from going
  ), changed as (insert into change (kind, subject) select 'attempt', id::text from stopped)
  insert into audit_record (at, actor, action, subject, tenant_id)
  select $2::timestamptz, $3::text, 'job.cancel', id::text, tenant_id from going`,
);

const jobExists = statement('job-exists', 'select 1 from job where id = $1');
const eventsAfter = statement(
  'job-events',
  'select id, at, kind, detail from job_event where job_id = $1 and id > $2 order by id limit 1000',
);
const lastRuns = statement(
  'job-last-runs',
  `select ceil(extract(epoch from ended_at - started_at))::float8 as "runSeconds", limit_seconds::float8 as "limitSeconds" from job
   where tenant_id = $1 and class = $2 and started_at is not null and state in ('completed', 'failed', 'timeout')
   order by ended_at desc limit 2`,
);

export type Cancelled = Awaited<ReturnType<JobStore['cancel']>>;

/**
 * Jobs as their tenants see them. Takes a database opened as chusuan_app: forced row-level security decides what a principal
 * may see and change, so that no statement here needs to filter by tenant to be safe.
 */
export class PostgresJobStore implements JobStore {
  constructor(private readonly database: Database) {}

  /** Throws when the principal does not cover the job's tenant (row-level security refuses the insert). */
  async submit(principal: Principal, job: NewJob, claim: IdempotencyClaim | null): Promise<Stored> {
    const values = [...jobValues(job), actorOf(principal)];
    return this.database.asPrincipal(principal, async (session) => {
      if (claim === null) {
        await session.query(submitFreely, values);
        return { kind: 'stored' };
      }
      const claimValues = [
        claim.owner,
        claim.key,
        Buffer.from(claim.fingerprint),
        claim.status,
        JSON.stringify(claim.body),
      ];
      const { rows } = await session.query<{ stored: number }>(submitWithKey, [...values, ...claimValues]);
      if (rows[0]?.stored === 1) return { kind: 'stored' };
      // The insert of the key waited for the transaction that holds it; a new statement sees what that one committed.
      const earlier = await earlierAnswer(session, claim);
      if (earlier) return earlier;
      throw new Error(
        `Idempotency key "${claim.key}" of ${claim.owner} was removed while it was being claimed: send the request again`,
      );
    });
  }

  /** What the principal's key was answered with before, without claiming it; null when it was never used. */
  async replayOf(
    principal: Principal,
    claim: Pick<IdempotencyClaim, 'key' | 'fingerprint'>,
  ): Promise<EarlierAnswer | null> {
    const owned = { owner: ownerOf(principal), ...claim };
    return this.database.asPrincipal(principal, (session) => earlierAnswer(session, owned));
  }

  async get(principal: Principal, id: string): Promise<JobView | null> {
    const { rows } = await this.database.asPrincipal(principal, (session) => session.query<JobRow>(getJob, [id]));
    return rows[0] ? jobViewOf(rows[0]) : null;
  }

  async list(principal: Principal, filter: JobFilter, page: ListPage): Promise<readonly JobView[]> {
    const tenants = principal.tenants.filter((id) => filter.tenant === undefined || id === filter.tenant);
    if (tenants.length === 0) return [];
    const { statement: list, values } = listQuery(tenants, filter, page);
    const { rows } = await this.database.asPrincipal(principal, (session) => session.query<JobRow>(list, values));
    return rows.map(jobViewOf);
  }

  async cancel(principal: Principal, id: string, at: number): Promise<Cancelled> {
    return this.database.asPrincipal(principal, async (session) => {
      const { rows } = await session.query<{ state: JobState }>(lockJob, [id]);
      const state = rows[0]?.state;
      const values = [id, timestamptz(at), actorOf(principal)];
      switch (state) {
        case undefined:
          return { kind: 'unknown' };
        case 'queued':
          await session.query(cancelWaiting, values);
          return { kind: 'cancelled', state: 'cancelled' };
        case 'placed':
        case 'starting':
        case 'running':
          await session.query(cancelPlaced, values);
          return { kind: 'cancelling', state: 'cancelling' };
        case 'cancelling':
          return { kind: 'cancelling', state };
        case 'cancelled':
        case 'completed':
        case 'failed':
        case 'timeout':
        case 'refused':
          return { kind: 'over', state };
      }
    });
  }

  /** At most 1,000 at a time; null when the principal may see no such job. */
  async events(principal: Principal, id: string, afterEvent: number): Promise<readonly JobEventView[] | null> {
    return this.database.asPrincipal(principal, async (session) => {
      const events = await session.query<{ id: number; at: number; kind: string; detail: unknown }>(eventsAfter, [
        id,
        afterEvent,
      ]);
      if (events.rowCount === 0 && (await session.query(jobExists, [id])).rowCount === 0) return null;
      return events.rows;
    });
  }

  async lastRuns(tenantId: string, jobClass: string): Promise<readonly EndedRun[]> {
    const itself: Principal = { keyId: 'predictor', role: 'tenant', tenantId, tenants: [tenantId] };
    const { rows } = await this.database.asPrincipal(itself, (session) =>
      session.query<EndedRun>(lastRuns, [tenantId, jobClass]),
    );
    return rows;
  }
}

const actorOf = (principal: Principal): string => `${principal.role}:${principal.keyId}`;

function jobValues(job: NewJob): unknown[] {
  const { cores, memoryGiB } = job.perNode;
  const { cards, card_milli: cardMilli } = cardColumnsOf(job.perNode.cards);
  return [
    job.id, job.tenantId, job.name, job.class, job.priority, JSON.stringify(job.request), job.nodes, cards, cores, memoryGiB,
    job.limitSeconds, job.predictedSeconds, timestamptz(job.submittedAt), job.channel, job.sample, cardMilli,
  ]; // prettier-ignore
}

type EarlierAnswer = Extract<Stored, { kind: 'replayed' | 'key-reused' }>;

async function earlierAnswer(
  session: Session,
  claim: Pick<IdempotencyClaim, 'owner' | 'key' | 'fingerprint'>,
): Promise<EarlierAnswer | null> {
  const { rows } = await session.query<{ fingerprint: Uint8Array; status: number; body: unknown }>(findClaim, [
    claim.owner,
    claim.key,
  ]);
  const earlier = rows[0];
  if (!earlier) return null;
  if (!Buffer.from(claim.fingerprint).equals(earlier.fingerprint)) return { kind: 'key-reused' };
  return { kind: 'replayed', status: earlier.status, body: earlier.body };
}
