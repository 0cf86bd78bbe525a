import { Migration } from '@mikro-orm/migrations';

/** What bounds where and when work is placed beside the nodes themselves: power caps of sites, and measured latencies. */
export class Placement20261124210600 extends Migration {
  override up(): void {
    for (const statement of [...tables, ...rights]) this.addSql(statement);
  }
}

const tables = [
  `create table power_cap (
    id uuid primary key, site_id text not null references site, starts_at timestamptz not null, ends_at timestamptz not null,
    watts bigint not null check (watts >= 0), reason text, created_at timestamptz not null, created_by text not null,
    -- lifted before its time; its row stays, because plans were made under it
    lifted_at timestamptz, check (ends_at > starts_at)
  )`,
  `create index power_cap_standing on power_cap (ends_at) where lifted_at is null`,
  `create table latency_probe (
    id bigint generated always as identity primary key, from_district text not null, pool_id text not null references pool,
    one_way_ms double precision not null check (one_way_ms > 0), method text not null, measured_at timestamptz not null,
    reported_by text not null
  )`,
  `create index latency_probe_newest on latency_probe (pool_id, from_district, measured_at desc)`,
];

const rights = ['power_cap', 'latency_probe'].flatMap((table) => [
  `grant select on ${table} to chusuan_app, chusuan_auditor`,
  `grant select, insert, update, delete on ${table} to chusuan_system`,
]);
