import { Migration } from '@mikro-orm/migrations';

/**
 * Quotas and the exchange table. A tenant's quota is what an operator set, else what the seeds say: two places, so that seeding
 * again cannot overwrite what an operator decided. Use keeps the half-life that it decays by.
 */
export class Fairness20261124210400 extends Migration {
  override up(): void {
    for (const statement of [...tables, ...rights]) this.addSql(statement);
  }
}

const tables = [
  // What the seeds say, reference cards; null: no quota, no limit.
  `alter table tenant add column quota_cards double precision check (quota_cards >= 0),
    add column quota_borrowing double precision check (quota_borrowing >= 0),
    add column quota_lending double precision check (quota_lending >= 0),
    add column used_half_life_s integer not null default 1209600 check (used_half_life_s > 0)`,
  // What operators said.
  `create table tenant_quota (
    tenant_id text primary key references tenant, cards double precision not null check (cards >= 0),
    borrowing_limit double precision check (borrowing_limit >= 0), lending_limit double precision check (lending_limit >= 0),
    version integer not null default 1, set_at timestamptz not null, set_by text not null
  )`,
  // Rows of the seeds' table as numbers. Dates begin at midnight in Asia/Shanghai.
  `create view exchange_rate with (security_invoker = true) as
    select body->>'model' as model, body->>'per' as per, body->>'precision' as precision,
      (body->>'validFrom')::timestamp at time zone 'Asia/Shanghai' as valid_from, (body->'rate'->>'value')::float8 as rate
    from reference where kind = 'exchangeRates'`,
  // In force at an instant: cards by FP16, nodes without cards by FP64; 1 where the table says nothing.
  `create function exchange_rate_at(model text, node_type text, at timestamptz) returns float8 language sql stable as
    $$ select coalesce((select e.rate from exchange_rate e
      where e.model = coalesce($1, $2) and e.precision = case when $1 is null then 'fp64' else 'fp16' end and e.valid_from <= $3
      order by e.valid_from desc limit 1), 1) $$`,
];

const rights = [
  `alter table tenant_quota enable row level security`,
  `alter table tenant_quota force row level security`,
  `create policy tenant_quota_app on tenant_quota for select to chusuan_app using (tenant_id = any (app_tenants()))`,
  `create policy tenant_quota_system on tenant_quota to chusuan_system using (true) with check (true)`,
  `create policy tenant_quota_auditor on tenant_quota for select to chusuan_auditor using (true)`,
  `grant select on tenant_quota, exchange_rate to chusuan_app, chusuan_auditor`,
  `grant select, insert, update, delete on tenant_quota to chusuan_system`,
  `grant select on exchange_rate to chusuan_system`,
];
