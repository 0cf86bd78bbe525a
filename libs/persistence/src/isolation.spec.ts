import type { Principal } from '#libs/application';
import { type FreshDatabase, freshDatabase, operatorKey, runWork, seedMinimal, tenantKey } from '#libs/testing';
import { Client } from 'pg';
import { type Database, openDatabase } from './database.js';

let fresh: FreshDatabase;
let system: Database;
let app: Database;
/** Secured tables that name a tenant, with the column that names it. */
let tables: { name: string; column: string }[];
/** Those of them that the app role may read at all. */
let shown: { name: string; column: string }[];

beforeAll(async () => {
  fresh = await freshDatabase();
  await seedMinimal(fresh.url);
  system = openDatabase(fresh.url, { role: 'chusuan_system', max: 2 });
  app = openDatabase(fresh.url, { role: 'chusuan_app', max: 2 });
  const found = await system.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'api_key' order by 1`,
  );
  tables = [...found.rows.map(({ name }) => ({ name, column: 'tenant_id' })), { name: 'tenant', column: 'id' }];
  for (const tenant of ['blue', 'green']) await fill(tenant);
  const readability = await Promise.all(tables.map(({ name }) => readable(name)));
  shown = tables.filter((_table, index) => readability[index]);
});
afterAll(async () => {
  await system.close();
  await app.close();
  await fresh.drop();
});

/** At least one row of the tenant in every secured table. */
async function fill(tenantId: string): Promise<void> {
  const { jobId } = await runWork(system, { tenantId, nodeIndices: [tenantId === 'blue' ? 0 : 1] });
  await system.query(
    `insert into job_verdict (job_id, tenant_id, refusal, basis, evidence, cycle, decided_at) values ($1, $2, 'no-free-nodes', 'none', '{}', 1, now())`,
    [jobId, tenantId],
  );
  await system.query(
    `insert into audit_record (at, actor, action, subject, tenant_id) values (now(), 'test', 'test', 'test', $1)`,
    [tenantId],
  );
  await system.query(
    `insert into settlement_site_hour (site_id, hour, it_j, facility_j, direct_j, storage_j, contract_j, grid_j, green_available_j, green_matched_j,
       green_curtailed_j, grid_green_j, location_mg, market_mg, cost_micro_yuan, pue, grams_per_kwh, yuan_per_kwh, grid_green_share, estimated)
     values ('pinned-site', '2026-11-22 00:00Z', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, true) on conflict do nothing`,
  );
  await system.query(
    `insert into settlement_pool_hour (pool_id, hour, site_id, it_j, facility_j, direct_j, storage_j, contract_j, grid_j, green_available_j, green_matched_j,
       green_curtailed_j, grid_green_j, location_mg, market_mg, cost_micro_yuan, estimated)
     values ('pinned', '2026-11-22 00:00Z', 'pinned-site', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, true) on conflict do nothing`,
  );
  await system.query(
    `insert into settlement_hour (site_id, pool_id, hour, subject_kind, subject_id, tenant_id, it_j, overhead_j, direct_j, storage_j, contract_j, grid_j,
       green_matched_j, location_mg, market_mg, cost_micro_yuan, milli_card_ms, core_ms)
     values ('pinned-site', 'pinned', '2026-11-22 00:00Z', 'attempt', $1, $1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
    [tenantId],
  );
  await system.query(
    `with made as (
       insert into reservation (id, kind, name, tenant_id, starts_at, ends_at, parts, booked_until, created_at, created_by)
       values (gen_random_uuid(), 'booking', 'course', $1, '2026-12-01Z', '2026-12-02Z', '[]', '2026-12-02Z', now(), 'test') returning *
     ), once as (
       insert into reservation_occurrence (reservation_id, starts_at, ends_at, tenant_id)
       select id, starts_at, ends_at, tenant_id from made returning *
     )
     insert into reservation_node (reservation_id, starts_at, node_id, group_id, tenant_id, window_id, during)
     select reservation_id, starts_at, tenant_id || '-node', 'pinned-a', tenant_id, reservation_id::text, tstzrange(starts_at, ends_at) from once`,
    [tenantId],
  );
  await system.query(
    `insert into claim (job_id, tenant_id, pool_id, group_id, node_indices, made_at, until, cycle)
     select id, tenant_id, 'pinned', 'pinned-a', '{0}', now(), now() + interval '1 minute', 1 from job where tenant_id = $1 limit 1`,
    [tenantId],
  );
  await system.query(
    `with promised as (
       insert into promise (job_id, number, tenant_id, class, made_at, point, basis, ahead)
       select id, 1, tenant_id, class, now(), now(), 'backlog', 0 from job where tenant_id = $1 limit 1 returning job_id, tenant_id, class)
     insert into promise_outcome (job_id, kind, tenant_id, class, number, started_at)
     select job_id, 'first', tenant_id, class, 1, now() from promised`,
    [tenantId],
  );
  await system.query(`insert into tenant_quota (tenant_id, cards, set_at, set_by) values ($1, 4, now(), 'test')`, [
    tenantId,
  ]);
  await system.query(`insert into settled_tenant_total values ($1, 'pinned', 'card-a', 'training', 0, 0, 0)`, [
    tenantId,
  ]);
}

const readable = async (table: string): Promise<boolean> => {
  const { rows } = await system.query<{ may: boolean }>(
    `select has_table_privilege('chusuan_app', $1, 'select') as may`,
    [table],
  );
  return rows[0]?.may ?? false;
};
const seenBy = (principal: Principal, { name, column }: { name: string; column: string }): Promise<string[]> =>
  app.asPrincipal(principal, async (session) => {
    const { rows } = await session.query<{ tenant: string }>(
      `select distinct ${column} as tenant from ${name} order by 1`,
    );
    return rows.map((row) => row.tenant);
  });

describe('rows of tenants', () => {
  it('can be read by the app role in the tables that screens show', () => {
    expect(shown.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['job', 'attempt', 'placement_node', 'settlement_hour', 'tenant']),
    );
  });

  it('were made for both tenants in every secured table, so that the tests below see something', async () => {
    for (const { name, column } of tables) {
      const { rows } = await system.query<{ tenant: string }>(
        `select distinct ${column} as tenant from ${name} where ${column} is not null order by 1`,
      );
      expect([name, rows.map((row) => row.tenant)]).toEqual([name, ['blue', 'green']]);
    }
  });

  it('are not there for the app role outside a transaction of a principal', async () => {
    for (const { name } of shown) {
      expect([name, (await app.query(`select 1 from ${name}`)).rowCount]).toEqual([name, 0]);
    }
  });

  it.each([
    ['a tenant sees its own', tenantKey('blue'), ['blue']],
    ['another sees its own', tenantKey('green'), ['green']],
    ['the bureau sees all', operatorKey(['blue', 'green']), ['blue', 'green']],
    ['a principal without tenants sees none', operatorKey([]), []],
  ])('%s', async (_sentence, principal, want) => {
    const seen: [string, string[]][] = [];
    for (const table of shown) seen.push([table.name, await seenBy(principal, table)]);
    expect(seen).toEqual(shown.map(({ name }) => [name, want]));
  });

  it('cannot be changed, moved or deleted by another tenant', async () => {
    const green = tenantKey('green');
    const touched = await app.asPrincipal(green, async (session) => [
      (await session.query(`update job set state = 'cancelled' where tenant_id = 'blue'`)).rowCount,
      (await session.query(`update attempt set cancel_at = now() where tenant_id = 'blue'`)).rowCount,
      (await session.query(`delete from job_verdict where tenant_id = 'blue'`)).rowCount,
    ]);
    expect(touched).toEqual([0, 0, 0]);
  });

  it('cannot be made in the name of another tenant', async () => {
    const forged = app.asPrincipal(tenantKey('green'), (session) =>
      session.query(
        `insert into audit_record (at, actor, action, subject, tenant_id) values (now(), 'x', 'x', 'x', 'blue')`,
      ),
    );
    await expect(forged).rejects.toThrow(/row-level security/);
  });
});

describe('rights', () => {
  const denied: Record<string, string> = {
    'the app role changes no capacity': 'update node set used_cards = 0',
    'the app role changes no state of a node': `update node set state = 'up'`,
    'the app role changes no capacity of groups': 'update node_group set allocated_cards = 0',
    'the app role moves no attempt': `update attempt set state = 'completed'`,
    'the app role rewrites no request': `update job set request = '{}'`,
    'the app role gives a job to no other tenant': `update job set tenant_id = 'green'`,
    'the app role deletes no job': 'delete from job',
    'the app role takes no lease': `update lease set holder = 'me'`,
    'the app role reads no keys': 'select * from api_key',
    'the app role reads no audit': 'select * from audit_record',
    'the app role settles nothing': 'delete from settlement_hour',
    'the app role makes no keys': `insert into api_key (id, sha256, role, label) values (gen_random_uuid(), 'x', 'operator', 'x')`,
  };
  it.each(Object.entries(denied))('%s', async (_sentence, sql) => {
    await expect(app.asPrincipal(operatorKey(['blue', 'green']), (session) => session.query(sql))).rejects.toThrow(
      /permission denied/,
    );
  });

  it.each([
    'update audit_record set actor = $$nobody$$',
    'delete from audit_record',
    'update settlement_hour set it_j = 0',
    'delete from settlement_site_hour',
    'delete from mikro_orm_migrations',
  ])('even the system role may not: %s', async (sql) => {
    await expect(system.query(sql)).rejects.toThrow(/permission denied/);
  });

  it('the auditor reads everything but keys, and writes nothing', async () => {
    const auditor = openDatabase(fresh.url, { role: 'chusuan_auditor', max: 1 });
    try {
      for (const { name } of tables) expect((await auditor.query(`select 1 from ${name}`)).rowCount).toBeGreaterThan(0);
      await expect(auditor.query('select 1 from api_key')).rejects.toThrow(/permission denied/);
      await expect(auditor.query('delete from audit_record')).rejects.toThrow(/permission denied/);
    } finally {
      await auditor.close();
    }
  });

  it('an owner that is no superuser sees no rows of tenants either', async () => {
    const client = new Client({ connectionString: fresh.url });
    await client.connect();
    try {
      // As the owner of a table, without the power to pass its policies.
      await client.query(
        'begin; create role plain_owner; alter table job owner to plain_owner; grant usage on schema public to plain_owner; set local role plain_owner',
      );
      expect((await client.query('select 1 from job')).rowCount).toBe(0);
    } finally {
      await client.query('rollback');
      await client.end();
    }
  });
});
