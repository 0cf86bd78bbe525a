import { Migration } from '@mikro-orm/migrations';

/**
 * Work that makes room for other work: an attempt that is told to stop ends as preempted and its job waits again, with what its
 * checkpoints have kept; the nodes are claimed for the job that it makes room for until that starts.
 */
export class Preemption20261124210900 extends Migration {
  override up(): void {
    for (const statement of [...attempts, ...claims, ...counts]) this.addSql(statement);
  }
}

const attempts = [
  `alter table attempt add column preempt_at timestamptz, add column preempt_reason text
     check (preempt_reason in ('priority','reclaim','shrink','grow')), add column preempt_for uuid,
     add constraint attempt_preempt_check check ((preempt_at is null) = (preempt_reason is null) and (preempt_at is null) = (preempt_for is null))`,
  `alter table attempt drop constraint attempt_state_check`,
  `alter table attempt add constraint attempt_state_check
     check (state in ('placed','prepared','released','running','completed','failed','timeout','cancelled','preempted','rejected','lost'))`,
  // progress: seconds of its run that checkpoints have kept; the next attempt has so much less before it.
  `alter table job add column progress_seconds integer not null default 0 check (progress_seconds between 0 and limit_seconds - 1),
     add column preemptions integer not null default 0, add column claims integer not null default 0`,
  `insert into life_cycle_move select 'attempt', unnest(array['placed','prepared','released','running']), 'preempted'`,
];

const claims = [
  `create table claim (
    job_id uuid primary key references job, tenant_id text not null, pool_id text not null references pool, group_id text not null references node_group,
    node_indices integer[] not null, made_at timestamptz not null, until timestamptz not null, cycle bigint not null, check (until > made_at)
  )`,
  `alter table claim enable row level security`,
  `alter table claim force row level security`,
  `create policy claim_app on claim to chusuan_app using (tenant_id = any (app_tenants())) with check (tenant_id = any (app_tenants()))`,
  `create policy claim_system on claim to chusuan_system using (true) with check (true)`,
  `create policy claim_auditor on claim for select to chusuan_auditor using (true)`,
  `grant select on claim to chusuan_app, chusuan_auditor`,
  `grant select, insert, update, delete on claim to chusuan_system`,
  // Whoever moves the job: what it claimed is free again, or is what it now runs on. As owner, since tenants cancel too.
  `create function drop_claim() returns trigger language plpgsql security definer set search_path = public as $$ begin
    delete from claim where job_id = new.id;
    if found then insert into change (kind, subject) values ('window', 'claim:' || new.id); end if;
    return null;
  end $$`,
  `create trigger drop_claim after update of state on job for each row
    when (old.state = 'queued' and new.state <> 'queued') execute function drop_claim()`,
];

// What a preempted attempt threw away: the part of its run that no checkpoint has kept.
const counts = [
  `create or replace function attempt_ended() returns trigger language plpgsql as $$ begin
    insert into job_total_news (kind, pool_id, class, word, accelerator_model, jobs, card_ms)
    select 'finished', new.pool_id, new.class, new.state, coalesce(g.accelerator_model, 'none'), 1,
      coalesce(new.nodes * new.cards * case
        when new.state = 'preempted' and c.seconds > 0 then mod(r.ms, (c.seconds * 1000)::numeric) else r.ms end, 0)::bigint
    from node_group g, job j,
      lateral (select (j.request->'flexibility'->>'checkpointIntervalSeconds')::int as seconds) c,
      lateral (select greatest(0, round(extract(epoch from new.ended_at - new.started_at) * 1000)) as ms) r
    where g.id = new.group_id and j.id = new.job_id;
    return null;
  end $$`,
];
