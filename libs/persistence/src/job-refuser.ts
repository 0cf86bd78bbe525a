import type { JobRefuser } from '#libs/application';
import type { Instant, Refusal } from '#libs/domain';
import { statement, timestamptz, type Database } from './database.js';

const refuse = statement(
  'job-refuse',
  `with refused as (
    update job set state = 'refused', ended_at = $2, detail = coalesce(detail, $3)
    where id = any($1::uuid[]) and state = 'queued' returning id, tenant_id, detail
  ), forgotten as (
    delete from job_verdict where job_id in (select id from refused)
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select id, tenant_id, $2, 'refused', jsonb_strip_nulls(jsonb_build_object('refusal', $3::text, 'why', detail)) from refused
  ), audited as (
    insert into audit_record (at, actor, action, subject, tenant_id, detail)
    select $2, 'system:scheduler', 'job.refused', id::text, tenant_id, jsonb_build_object('refusal', $3::text) from refused
  ), changed as (
    insert into change (kind, subject) select 'job', id::text from refused
  )
  select count(*) as refused from refused`,
);

/** Ends jobs that wait for nothing that can come. Takes a database opened as chusuan_system. */
export class PostgresJobRefuser implements JobRefuser {
  constructor(private readonly database: Database) {}

  async refuse(jobIds: readonly string[], refusal: Refusal, at: Instant): Promise<number> {
    const { rows } = await this.database.query<{ refused: number }>(refuse, [jobIds, timestamptz(at), refusal]);
    return rows[0]?.refused ?? 0;
  }
}
