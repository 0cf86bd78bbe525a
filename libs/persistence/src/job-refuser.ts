import type { JobRefuser } from '#libs/application';
import type { Instant, Refusal } from '#libs/domain';
import { statement, timestamptz, type Database } from './database.js';
import { epochInForce } from './epoch-fence.js';

const refuse = statement(
  'job-refuse',
  `with waiting as (
    select id from job where id = any($1::uuid[]) and state = 'queued' order by id for no key update
  ), refused as (
    update job j set state = 'refused', ended_at = $2, detail = coalesce(j.detail, $3)
    from waiting w where j.id = w.id returning j.id, j.tenant_id, j.detail
  ), forgotten as (
    delete from job_verdict where job_id in (select id from refused)
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select id, tenant_id, $2, 'refused', jsonb_strip_nulls(jsonb_build_object('refusal', $3::text, 'why', detail)) from refused
  ), audited as (
    insert into audit_record (at, actor, action, subject, tenant_id, detail)
    select $2, 'system:scheduler', 'job.refused', id::text, tenant_id, jsonb_build_object('refusal', $3::text) from refused
  )
  insert into change (kind, subject) select 'job', id::text from refused`,
);

/** Ends jobs that wait for nothing that can come. Takes a database opened as chusuan_system. */
export class PostgresJobRefuser implements JobRefuser {
  constructor(private readonly database: Database) {}

  async refuse(epoch: number, jobIds: readonly string[], refusal: Refusal, at: Instant): Promise<'written' | 'fenced'> {
    return this.database.transaction(async (session) => {
      if ((await epochInForce(session)) !== epoch) return 'fenced';
      await session.query(refuse, [jobIds, timestamptz(at), refusal]);
      return 'written';
    });
  }
}
