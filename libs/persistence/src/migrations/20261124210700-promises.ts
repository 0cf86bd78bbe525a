import { Migration } from '@mikro-orm/migrations';

/** Start promises, what became of them, and the residuals that the next ones are made from. */
export class Promises20261124210700 extends Migration {
  override up(): void {
    for (const statement of [...tables, ...starts, ...rights]) this.addSql(statement);
  }
}

const tables = [
  // One row each time a job was told something new. p50 and p90 are null while too few outcomes are known.
  `create table promise (
    job_id uuid not null references job on delete cascade, number integer not null check (number > 0), tenant_id text not null, class text not null,
    made_at timestamptz not null, point timestamptz not null, basis text not null check (basis in ('reservation','backlog')),
    ahead integer not null check (ahead >= 0), p50 timestamptz, p90 timestamptz, source text,
    -- of the first: its job waits and its P90 has not passed
    open boolean not null default true, primary key (job_id, number),
    check (p50 >= made_at and p90 >= p50), check ((p50 is null) = (p90 is null) and (p50 is null) = (source is null))
  )`,
  `create index promise_open on promise (p90) where number = 1 and open`,
  // Jobs that started and were promised something: work for the keeper of promises, who takes the row away.
  `create table promise_due (job_id uuid primary key references job on delete cascade, started_at timestamptz not null)`,
  // kept, within_p50 and error_seconds are null for a promise that named no interval.
  `create table promise_outcome (
    job_id uuid not null references job on delete cascade, kind text not null check (kind in ('first','last-hour')), tenant_id text not null, class text not null,
    number integer not null, started_at timestamptz not null, kept boolean, within_p50 boolean, error_seconds double precision,
    primary key (job_id, kind)
  )`,
  `create index promise_outcome_by_start on promise_outcome (started_at)`,
  `create table residual_window (key text primary key, residuals jsonb not null, alpha double precision not null check (alpha < 1))`,
];

// In the transaction that says a job runs, whoever writes it: no outcome is missed and, with the key above, none is told twice.
const starts = [
  `create function job_started() returns trigger language plpgsql as $$ begin
    insert into promise_due (job_id, started_at)
    select new.id, new.started_at where exists (select from promise where job_id = new.id)
      and not exists (select from promise_outcome where job_id = new.id)
    on conflict do nothing;
    return null;
  end $$`,
  `create trigger job_started after update of started_at on job for each row
    when (old.started_at is null and new.started_at is not null) execute function job_started()`,
];

const rights = [
  ...['promise', 'promise_outcome'].flatMap((table) => [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy ${table}_app on ${table} for select to chusuan_app using (tenant_id = any (app_tenants()))`,
    `create policy ${table}_system on ${table} to chusuan_system using (true) with check (true)`,
    `create policy ${table}_auditor on ${table} for select to chusuan_auditor using (true)`,
    `grant select on ${table} to chusuan_app, chusuan_auditor`,
    `grant select, insert, update, delete on ${table} to chusuan_system`,
  ]),
  `grant select, insert, update, delete on promise_due, residual_window to chusuan_system`,
  `grant select on promise_due, residual_window to chusuan_auditor`,
];
