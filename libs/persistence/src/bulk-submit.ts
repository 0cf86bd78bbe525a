import type { BulkSubmit, NewJob } from '#libs/application';
import { cardColumnsOf } from './card-parts.js';
import { timestamptz, type Session } from './database.js';

// The order of the array is the order of submission: identity values are drawn above the sort. Ids that are there already are
// left alone, so that a generator that died before it wrote down how far it came may say the same again.
const insertJobs = `
  with said as (
    select * from json_to_recordset($1::json) as j(
      position int, id uuid, tenant_id text, name text, class text, priority int, request jsonb, nodes int, cards int, card_milli int,
      cores int, memory_gib int, limit_seconds int, predicted_seconds int, submitted_at timestamptz, channel text,
      sample boolean)
  ), job_row as (
    insert into job (id, tenant_id, name, class, priority, request, nodes, cards, cores, memory_gib, limit_seconds,
                     predicted_seconds, submitted_at, channel, sample, card_milli)
    select id, tenant_id, name, class, priority, request, nodes, cards, cores, memory_gib, limit_seconds,
           predicted_seconds, submitted_at, channel, sample, card_milli from said order by position
    on conflict (id) do nothing
    returning id, tenant_id, submitted_at, channel, sequence
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select id, tenant_id, submitted_at, 'submitted', jsonb_build_object('channel', channel) from job_row order by sequence
  ), changed as (
    insert into change (kind, subject) select 'job', id::text from job_row order by sequence
  )
  insert into audit_record (at, actor, action, subject, tenant_id, detail)
  select max(submitted_at), 'system:' || channel, 'job.submit-many', tenant_id, tenant_id, jsonb_build_object('jobs', count(*))
  from job_row group by tenant_id, channel`;

/** Takes a database opened as chusuan_system, or a transaction in it: it submits for many tenants at once. */
export class PostgresBulkSubmit implements BulkSubmit {
  constructor(private readonly session: Session) {}

  /** All or none, in one statement; about 1 KB of message a job, so give it thousands, not millions. */
  async submitAll(jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.session.query(insertJobs, [JSON.stringify(jobs.map(recordOf))]);
  }
}

function recordOf(job: NewJob, position: number): Record<string, unknown> {
  return {
    position,
    id: job.id,
    tenant_id: job.tenantId,
    name: job.name,
    class: job.class,
    priority: job.priority,
    request: job.request,
    nodes: job.nodes,
    ...cardColumnsOf(job.perNode.cards),
    cores: job.perNode.cores,
    memory_gib: job.perNode.memoryGiB,
    limit_seconds: job.limitSeconds,
    predicted_seconds: job.predictedSeconds,
    submitted_at: timestamptz(job.submittedAt),
    channel: job.channel,
    sample: job.sample,
  };
}
