import { Migration } from '@mikro-orm/migrations';

/**
 * The spine: catalogue, tenants, jobs and attempts, capacity truth, outbox, change feed, settlement, and the four roles with
 * forced row-level security. Frozen: later changes are later migrations.
 */
export class Spine20261122020000 extends Migration {
  override up(): void {
    for (const statement of [
      ...roles,
      ...catalogue,
      ...tenants,
      ...jobs,
      ...running,
      ...lifeCycles,
      ...counts,
      ...energy,
      ...loop,
      ...rights,
    ]) {
      this.addSql(statement);
    }
  }
}

// Roles belong to the cluster, not to the database: several databases (tests) may make them at the same time.
const roles = ['chusuan_app', 'chusuan_system', 'chusuan_auditor'].map(
  (role) => `do $$ begin
  if not exists (select 1 from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
exception when duplicate_object or unique_violation then null; end $$`,
);

// facts: the item as the seeds say it, whole; the columns beside it are what SQL filters, joins and sums by.
// listed: false once the seeds no longer name it; the row stays because history refers to it.
const catalogue = [
  `create table reference (
    kind text not null, id text not null, position integer not null, body jsonb not null, seed_hash text not null, primary key (kind, id)
  )`,
  `create table site (
    id text primary key, name_zh text not null, name_en text not null, district_id text not null,
    latitude double precision not null, longitude double precision not null,
    tariff_plan text not null, facts jsonb not null, assumed boolean not null,
    position integer not null, seed_hash text not null, listed boolean not null default true
  )`,
  `create table pool (
    id text primary key, site_id text not null references site, name_zh text not null, name_en text not null,
    tier text not null check (tier in ('main','operator','edge','ai-centre','supercomputing','university','provincial')),
    scope text not null check (scope in ('managed','federated')), enabled boolean not null,
    engine text not null check (engine in ('simulated','local')), planned_engine text not null,
    placement text not null check (placement in ('pinned','delegated')),
    data_levels text[] not null, classes text[], latency_ms jsonb not null, facts jsonb not null, assumed boolean not null,
    position integer not null, seed_hash text not null, listed boolean not null default true,
    reachable boolean not null default true, observed_at timestamptz, observed_wall timestamptz,
    -- service time at which it was last switched on; null: since before service time began
    enabled_since timestamptz
  )`,
  `create table node_group (
    id text primary key, pool_id text not null references pool, node_type_id text not null,
    accelerator_model text, accelerator_memory_gib integer not null, architecture text not null check (architecture in ('x86_64','aarch64')),
    stack text not null check (stack in ('cuda','cann','none')),
    node_count integer not null check (node_count >= 0),
    cards integer not null check (cards >= 0), cores integer not null check (cores >= 0), memory_gib integer not null check (memory_gib >= 0),
    idle_watts double precision not null, peak_watts double precision not null, power_exponent double precision not null,
    fp16_tflops_per_card double precision not null, fp64_tflops_per_node double precision not null, facts jsonb not null, assumed boolean not null,
    position integer not null, seed_hash text not null, listed boolean not null default true,
    -- the truth of delegated pools, where the engine chooses the nodes
    usable_cards integer not null, usable_cores integer not null, usable_memory_gib integer not null, usable_nodes integer not null,
    allocated_cards integer not null default 0 check (allocated_cards between 0 and node_count * cards),
    allocated_cores integer not null default 0 check (allocated_cores between 0 and node_count * cores),
    allocated_memory_gib integer not null default 0 check (allocated_memory_gib between 0 and node_count * memory_gib)
  )`,
  // Half-filled pages leave room for the next version of a row: capacity changes all the time and touches no index (HOT).
  `create table node (
    id text primary key, group_id text not null references node_group, index integer not null, unique (group_id, index),
    state text not null default 'up' check (state in ('up','drained','down','maintenance')), state_reason text, state_since timestamptz,
    installed_cards integer not null, installed_cores integer not null, installed_memory_gib integer not null,
    -- the truth of pinned pools, where we choose the nodes
    used_cards integer not null default 0 check (used_cards between 0 and installed_cards),
    used_cores integer not null default 0 check (used_cores between 0 and installed_cores),
    used_memory_gib integer not null default 0 check (used_memory_gib between 0 and installed_memory_gib)
  ) with (fillfactor = 50)`,
];

const tenants = [
  `create table tenant (
    id text primary key, parent_id text references tenant, name_zh text not null, name_en text not null, kind text not null,
    home_district text not null, priority integer not null, max_data_level text not null, weight double precision not null check (weight > 0),
    sample boolean not null, facts jsonb not null, position integer not null, seed_hash text not null, listed boolean not null default true,
    used_card_seconds double precision not null default 0, used_as_of timestamptz
  )`,
  `create table api_key (
    id uuid primary key, sha256 bytea not null unique, role text not null check (role in ('operator','planner','auditor','tenant')),
    tenant_id text references tenant, label text not null, created_wall timestamptz not null default clock_timestamp(),
    expires_wall timestamptz, revoked_wall timestamptz, check ((role = 'tenant') = (tenant_id is not null))
  )`,
];

const jobs = [
  `create table job (
    id uuid primary key, sequence bigint generated always as identity unique, tenant_id text not null references tenant,
    name text not null, class text not null, priority integer not null, request jsonb not null,
    state text not null default 'queued'
      check (state in ('queued','placed','starting','running','cancelling','completed','failed','timeout','cancelled','refused')),
    nodes integer not null check (nodes > 0), cards integer not null check (cards >= 0), cores integer not null check (cores >= 0),
    memory_gib integer not null check (memory_gib >= 0), limit_seconds integer not null check (limit_seconds > 0),
    predicted_seconds integer not null check (predicted_seconds > 0 and predicted_seconds <= limit_seconds),
    submitted_at timestamptz not null, started_at timestamptz, ended_at timestamptz, exit_code integer, detail text,
    attempts integer not null default 0, tries_left integer not null default 3, avoid_pools text[] not null default '{}',
    channel text not null check (channel in ('api','cli','replay','sample')), sample boolean not null,
    created_wall timestamptz not null default clock_timestamp()
  )`,
  `create index job_waiting on job (sequence) where state = 'queued'`,
  `create index job_by_tenant on job (tenant_id, id desc)`,
  `create index job_by_submission on job (tenant_id, submitted_at)`,
  `create index job_by_tenant_state on job (tenant_id, state, id desc)`,
  `create index job_last_runs on job (tenant_id, class, ended_at desc)
    where started_at is not null and state in ('completed','failed','timeout')`,
  `create index job_by_state on job (state, id desc)`,
  `create table idempotency_key (
    owner text not null, key text not null, fingerprint bytea not null, job_id uuid not null, status integer not null, body jsonb not null,
    created_wall timestamptz not null default clock_timestamp(), primary key (owner, key)
  )`,
  `create index idempotency_key_by_age on idempotency_key (created_wall)`,
  `create table job_verdict (
    job_id uuid primary key references job on delete cascade, tenant_id text not null, refusal text not null,
    estimated_start timestamptz, basis text not null, pool_id text, evidence jsonb not null, cycle bigint not null, decided_at timestamptz not null
  )`,
  `create table job_event (
    id bigint generated always as identity primary key, job_id uuid not null, tenant_id text not null, at timestamptz not null,
    kind text not null, detail jsonb not null default '{}'
  )`,
  `create index job_event_by_job on job_event (job_id, id)`,
  `create table audit_record (
    id bigint generated always as identity primary key, at_wall timestamptz not null default clock_timestamp(), at timestamptz not null,
    actor text not null, action text not null, subject text not null, tenant_id text, detail jsonb not null default '{}'
  )`,
];

const running = [
  `create table attempt (
    id uuid primary key, job_id uuid not null references job, number integer not null, unique (job_id, number), tenant_id text not null,
    class text not null, pool_id text not null references pool, group_id text not null references node_group,
    placement text not null check (placement in ('pinned','delegated')),
    state text not null default 'placed'
      check (state in ('placed','prepared','released','running','completed','failed','timeout','cancelled','rejected','lost')),
    nodes integer not null check (nodes > 0), cards integer not null, cores integer not null, memory_gib integer not null,
    limit_seconds integer not null, placed_at timestamptz not null, released_at timestamptz, started_at timestamptz, ended_at timestamptz,
    ends_by timestamptz not null, engine_ref text, exit_code integer, detail text, backfilled boolean not null,
    epoch bigint not null, cycle bigint not null, cancel_at timestamptz
  )`,
  // A job has at most one attempt that holds nodes, whoever believes to be the leader.
  `create unique index attempt_one_alive on attempt (job_id) where state in ('placed','prepared','released','running')`,
  `create index attempt_alive on attempt (pool_id) where state in ('placed','prepared','released','running')`,
  `create index attempt_by_tenant_pool on attempt (tenant_id, pool_id, job_id desc)`,
  `create index attempt_by_end on attempt (ended_at)`,
  `create index attempt_by_cycle on attempt (cycle)`,
  `create table placement_node (
    attempt_id uuid not null references attempt,
    node_id text not null, -- no foreign key: the history of a node outlives it
    tenant_id text not null,
    cards integer not null, cores integer not null, memory_gib integer not null, primary key (attempt_id, node_id)
  )`,
  `create index placement_by_node on placement_node (node_id)`,
  `create table outbox (
    id bigint generated always as identity primary key, kind text not null check (kind in ('dispatch','cancel')), attempt_id uuid not null,
    pool_id text not null, created_wall timestamptz not null default clock_timestamp(), due_wall timestamptz not null default clock_timestamp(),
    tries integer not null default 0, last_error text, done_wall timestamptz
  )`,
  `create index outbox_due on outbox (due_wall, id) where done_wall is null`,
  `create index outbox_done on outbox (done_wall) where done_wall is not null`,
  `create table simulated_engine_job (
    attempt_id uuid primary key, pool_id text not null, ref text not null unique, state text not null check (state in ('held','running','ended')),
    run_seconds double precision not null, limit_seconds integer not null, ending text not null check (ending in ('completed','failed')),
    node_ids text[] not null, prepared_at timestamptz not null, started_at timestamptz, ended_at timestamptz, outcome text, exit_code integer
  )`,
  `create index simulated_engine_ended on simulated_engine_job (pool_id, ended_at) where state = 'ended'`,
  `create index simulated_engine_by_end on simulated_engine_job (ended_at) where state = 'ended'`,
  `create index simulated_engine_alive on simulated_engine_job (pool_id) where state <> 'ended'`,
];

// What was submitted and how it ended, counted as it happens, by whichever statement: a scrape must not read every job there was.
// News are rows that nobody else touches, so that submitters never wait for each other; upkeep adds them up (job-totals.ts).
// word: the channel of a submission, the outcome of an end. The news have no key and no index: a submission pays for them.
const countColumns = `kind text not null, pool_id text not null, class text not null, word text not null,
    accelerator_model text not null, jobs bigint not null, card_ms bigint not null`;
const counts = [
  `create table job_total (
    ${countColumns}, primary key (kind, pool_id, class, word, accelerator_model), check (kind in ('submitted','finished'))
  )`,
  `create table job_total_news (
    ${countColumns}
  )`,
  `create function job_submitted() returns trigger language plpgsql as $$ begin
    insert into job_total_news (kind, pool_id, class, word, accelerator_model, jobs, card_ms)
    select 'submitted', '', class, channel, '', count(*), 0 from submitted group by class, channel;
    return null;
  end $$`,
  `create trigger job_submitted after insert on job referencing new table as submitted for each statement execute function job_submitted()`,
  // A job that ends without an attempt; with one, its last attempt tells.
  `create function job_ended() returns trigger language plpgsql as $$ begin
    insert into job_total_news (kind, pool_id, class, word, accelerator_model, jobs, card_ms)
    values ('finished', '', new.class, new.state, '', 1, 0);
    return null;
  end $$`,
  `create trigger job_ended after update on job for each row
    when (old.ended_at is null and new.ended_at is not null and (new.attempts = 0 or new.state = 'refused')) execute function job_ended()`,
  `create function attempt_ended() returns trigger language plpgsql as $$ begin
    insert into job_total_news (kind, pool_id, class, word, accelerator_model, jobs, card_ms)
    select 'finished', new.pool_id, new.class, new.state, coalesce(g.accelerator_model, 'none'), 1,
      coalesce(new.nodes * new.cards * greatest(0, round(extract(epoch from new.ended_at - new.started_at) * 1000)), 0)::bigint
    from node_group g where g.id = new.group_id;
    return null;
  end $$`,
  `create trigger attempt_ended after update on attempt for each row
    when (old.ended_at is null and new.ended_at is not null and new.state <> 'rejected') execute function attempt_ended()`,
];

// The moves of libs/domain's life-cycle.ts, as they stood: whoever writes a state, no job and no attempt makes another move.
const moves: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  job: {
    queued: 'placed cancelled refused',
    placed: 'starting running queued cancelling cancelled completed failed timeout',
    starting: 'running queued cancelling cancelled completed failed timeout',
    running: 'queued cancelling cancelled completed failed timeout',
    cancelling: 'cancelled completed failed timeout',
  },
  attempt: {
    placed: 'prepared released running completed failed timeout cancelled rejected lost',
    prepared: 'released running completed failed timeout cancelled rejected lost',
    released: 'running completed failed timeout cancelled rejected lost',
    running: 'completed failed timeout cancelled lost',
  },
};
const lifeCycles = [
  `create table life_cycle_move (subject text not null, from_state text not null, to_state text not null, primary key (subject, from_state, to_state))`,
  ...Object.entries(moves).flatMap(([subject, from]) =>
    Object.entries(from).map(
      ([state, to]) =>
        `insert into life_cycle_move select '${subject}', '${state}', unnest(string_to_array('${to}', ' '))`,
    ),
  ),
  // As owner of the table: who may update a job need not be able to read the moves.
  `create function keep_life_cycle() returns trigger language plpgsql security definer set search_path = public as $$ begin
    if not exists (select 1 from life_cycle_move where subject = tg_table_name and from_state = old.state and to_state = new.state) then
      raise exception '% % may not move from % to %', tg_table_name, new.id, old.state, new.state using errcode = 'check_violation';
    end if;
    return new;
  end $$`,
  ...Object.keys(moves).map(
    (subject) => `create trigger keep_life_cycle before update of state on ${subject} for each row
      when (old.state is distinct from new.state) execute function keep_life_cycle()`,
  ),
];

const energy = [
  `create table settlement_site_hour (
    site_id text not null references site, hour timestamptz not null, revision integer not null default 0,
    it_j bigint not null, facility_j bigint not null, direct_j bigint not null, storage_j bigint not null, contract_j bigint not null, grid_j bigint not null,
    green_available_j bigint not null, green_matched_j bigint not null, green_curtailed_j bigint not null, grid_green_j bigint not null,
    location_mg bigint not null, market_mg bigint not null, cost_micro_yuan bigint not null,
    pue double precision not null, grams_per_kwh double precision not null, yuan_per_kwh double precision not null, grid_green_share double precision not null,
    estimated boolean not null, settled_wall timestamptz not null default clock_timestamp(), primary key (site_id, hour, revision),
    check (direct_j + storage_j + contract_j + grid_j = facility_j), check (green_matched_j between 0 and facility_j)
  )`,
  `create table settlement_pool_hour (
    pool_id text not null references pool, hour timestamptz not null, revision integer not null default 0, site_id text not null,
    it_j bigint not null, facility_j bigint not null, direct_j bigint not null, storage_j bigint not null, contract_j bigint not null, grid_j bigint not null,
    green_available_j bigint not null, green_matched_j bigint not null, green_curtailed_j bigint not null, grid_green_j bigint not null,
    location_mg bigint not null, market_mg bigint not null, cost_micro_yuan bigint not null, estimated boolean not null,
    primary key (pool_id, hour, revision), foreign key (site_id, hour, revision) references settlement_site_hour,
    check (direct_j + storage_j + contract_j + grid_j = facility_j), check (green_matched_j between 0 and facility_j)
  )`,
  `create index settlement_pool_by_hour on settlement_pool_hour (hour, pool_id)`,
  `create table settlement_hour (
    site_id text not null, pool_id text not null, hour timestamptz not null, subject_kind text not null check (subject_kind in ('attempt','idle')),
    subject_id text not null, revision integer not null default 0, tenant_id text, job_id uuid, class text,
    it_j bigint not null, overhead_j bigint not null, direct_j bigint not null, storage_j bigint not null, contract_j bigint not null, grid_j bigint not null,
    green_matched_j bigint not null, location_mg bigint not null, market_mg bigint not null, cost_micro_yuan bigint not null,
    milli_card_ms bigint not null, core_ms bigint not null,
    primary key (pool_id, hour, subject_kind, subject_id, revision), foreign key (pool_id, hour, revision) references settlement_pool_hour,
    check (direct_j + storage_j + contract_j + grid_j = it_j + overhead_j), check ((subject_kind = 'attempt') = (tenant_id is not null))
  )`,
  `create index settlement_by_tenant on settlement_hour (tenant_id, hour) where tenant_id is not null`,
  `create index settlement_by_job on settlement_hour (job_id) where job_id is not null`,
  // Running sums of the settlements, moved in their transaction: a scrape must not read the whole ledger.
  `create table settled_pool_total (
    pool_id text primary key references pool, it_j numeric not null, facility_j numeric not null,
    direct_j numeric not null, storage_j numeric not null, contract_j numeric not null, grid_j numeric not null,
    green_available_j numeric not null, green_matched_j numeric not null, green_curtailed_j numeric not null, grid_green_j numeric not null,
    location_mg numeric not null, market_mg numeric not null, cost_micro_yuan numeric not null
  )`,
  `create table settled_tenant_total (
    tenant_id text not null, pool_id text not null, accelerator_model text not null, class text not null,
    milli_card_ms numeric not null, facility_j numeric not null, market_mg numeric not null, primary key (tenant_id, pool_id, accelerator_model, class)
  )`,
];

const loop = [
  // xact lets a follower wait for older transactions: identity values alone may become visible out of order.
  `create table change (
    seq bigint generated always as identity primary key, xact xid8 not null default pg_current_xact_id(), kind text not null, subject text not null
  )`,
  `create index change_by_xact on change (xact)`,
  // Rows of transactions below it were dropped: a follower whose cursor is older has missed some.
  `create table change_horizon (id integer primary key check (id = 1), pruned_below xid8 not null)`,
  `insert into change_horizon values (1, '0')`,
  `create table lease (
    name text primary key, holder text not null, epoch bigint not null, expires_wall timestamptz not null,
    -- when the holder last ended a cycle, also one that had nothing to write down
    cycled_wall timestamptz
  )`,
  `insert into lease values ('scheduler', '', 0, '-infinity')`,
  `create table service_clock (
    id integer primary key check (id = 1), origin timestamptz not null, wall_origin timestamptz not null, rate double precision not null check (rate > 0),
    seen_at timestamptz not null
  )`,
  `create table cycle_record (
    cycle bigint primary key, epoch bigint not null, now_s bigint not null, policy jsonb not null, keyframe bytea, deltas bytea not null,
    plan_sha256 text not null, starts integer not null, considered integer not null, at_wall timestamptz not null default clock_timestamp()
  )`,
  `create table demand_run (
    id text primary key, kind text not null check (kind in ('sample','trace')), spec jsonb not null, origin timestamptz not null,
    cursor bigint not null default 0, done boolean not null default false
  )`,
  `create table counter (name text not null, labels text not null, value double precision not null, primary key (name, labels))`,
];

const tenantScoped = [
  'job',
  'job_verdict',
  'job_event',
  'attempt',
  'placement_node',
  'settlement_hour',
  'settled_tenant_total',
  'audit_record',
];
const rights = [
  `create function app_tenants() returns text[] language sql stable as
    $$ select string_to_array(nullif(current_setting('app.tenants', true), ''), ',') $$`,
  ...tenantScoped.map((table) => secured(table, 'tenant_id = any (app_tenants())')).flat(),
  ...secured('tenant', 'id = any (app_tenants())'),
  ...secured('idempotency_key', `owner = current_setting('app.owner', true)`),
  ...secured('api_key', 'false'),
  `grant usage on schema public to chusuan_app, chusuan_system, chusuan_auditor`,
  `grant select on reference, site, pool, node_group, node, tenant, service_clock, lease, job, job_verdict, job_event, attempt, placement_node, settlement_hour, settlement_pool_hour, settlement_site_hour, settled_pool_total, idempotency_key to chusuan_app`,
  `grant insert on job, job_event, idempotency_key, audit_record, change, outbox, job_total_news to chusuan_app`,
  `grant update (state, ended_at, detail) on job to chusuan_app`,
  `grant update (cancel_at) on attempt to chusuan_app`,
  `grant delete on job_verdict to chusuan_app`,
  `grant select, insert, update, delete on all tables in schema public to chusuan_system`,
  `grant select on all tables in schema public to chusuan_auditor`,
  `revoke select on api_key from chusuan_auditor`,
  // What was settled or audited is corrected by a later row, never by a change.
  `revoke update, delete on audit_record, settlement_hour, settlement_pool_hour, settlement_site_hour from chusuan_system`,
  `do $$ begin
    if to_regclass('mikro_orm_migrations') is not null then
      revoke all on mikro_orm_migrations from chusuan_system;
      grant select on mikro_orm_migrations to chusuan_app, chusuan_system;
    end if;
  end $$`,
];

function secured(table: string, own: string): string[] {
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy ${table}_app on ${table} to chusuan_app using (${own}) with check (${own})`,
    `create policy ${table}_system on ${table} to chusuan_system using (true) with check (true)`,
    `create policy ${table}_auditor on ${table} for select to chusuan_auditor using (true)`,
  ];
}
