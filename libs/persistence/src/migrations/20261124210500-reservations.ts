import { Migration } from '@mikro-orm/migrations';

/**
 * Booked reservations and maintenance. A reservation says what is wanted and when; an occurrence is one time of it; its nodes are
 * rows under a range exclusion, so that no two bookings hold one node at one time, whoever writes.
 */
export class Reservations20261124210500 extends Migration {
  override up(): void {
    for (const statement of [...tables, ...rights]) this.addSql(statement);
  }
}

const tables = [
  // For equality of a text beside the overlap of a range. A trusted extension: the owner of the database may make it.
  `create extension if not exists btree_gist`,
  `create table reservation (
    id uuid primary key, kind text not null check (kind in ('booking','maintenance')), name text not null,
    tenant_id text references tenant, class text check (class in ('training','finetune','inference','interactive','simulation')),
    starts_at timestamptz not null, ends_at timestamptz not null, recurrence jsonb, parts jsonb not null,
    give_back_after_seconds integer check (give_back_after_seconds > 0), drain boolean not null default false,
    state text not null default 'active' check (state in ('active','over','cancelled')),
    -- every occurrence that begins before it has its row
    booked_until timestamptz not null, created_at timestamptz not null, created_by text not null,
    check (ends_at > starts_at),
    -- a maintenance is open to nobody, a booking to somebody
    check ((kind = 'maintenance') = (tenant_id is null and class is null)),
    check (kind = 'maintenance' or not drain), check (kind = 'booking' or give_back_after_seconds is null)
  )`,
  `create index reservation_active on reservation (id) where state = 'active'`,
  `create index reservation_by_kind on reservation (kind, id desc)`,
  `create table reservation_occurrence (
    reservation_id uuid not null references reservation, starts_at timestamptz not null, ends_at timestamptz not null, tenant_id text,
    state text not null default 'booked' check (state in ('booked','unmet','given-back','cancelled','over')),
    -- its maintenance has taken its nodes out of service
    begun boolean not null default false, detail jsonb not null default '{}',
    primary key (reservation_id, starts_at), check (ends_at > starts_at)
  )`,
  `create index reservation_occurrence_booked on reservation_occurrence (ends_at) where state = 'booked'`,
  // during: until the occurrence ends, or ended before its time. No foreign key to node: history outlives it.
  `create table reservation_node (
    reservation_id uuid not null, starts_at timestamptz not null, node_id text not null, group_id text not null, tenant_id text,
    -- what the planner knows the nodes of one group in one occurrence by
    window_id text not null, during tstzrange not null check (not isempty(during)),
    primary key (reservation_id, starts_at, node_id),
    foreign key (reservation_id, starts_at) references reservation_occurrence,
    constraint reservation_node_once exclude using gist (node_id with =, during with &&)
  )`,
  `create index reservation_node_by_window on reservation_node (window_id)`,
  // Which maintenance took the node out of service; empty when somebody did by hand.
  `alter table node add column state_by uuid`,
];

// What no tenant is named in concerns everybody: maintenance, and what is booked for a class.
const own = '(tenant_id = any (app_tenants()) or (tenant_id is null and app_tenants() is not null))';
const rights = ['reservation', 'reservation_occurrence', 'reservation_node'].flatMap((table) => [
  `alter table ${table} enable row level security`,
  `alter table ${table} force row level security`,
  `create policy ${table}_app on ${table} for select to chusuan_app using (${own})`,
  `create policy ${table}_system on ${table} to chusuan_system using (true) with check (true)`,
  `create policy ${table}_auditor on ${table} for select to chusuan_auditor using (true)`,
  `grant select on ${table} to chusuan_app, chusuan_auditor`,
  `grant select, insert, update, delete on ${table} to chusuan_system`,
]);
