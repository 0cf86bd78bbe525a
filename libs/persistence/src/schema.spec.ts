import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { Client } from 'pg';
import { describeSchema } from './schema-description.js';

const file = join(__dirname, '..', 'schema.txt');
const regenerate = 'CHUSUAN_WRITE_SCHEMA=1 npm run jest -- libs/persistence/src/schema.spec.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());

async function rows<Row extends object>(sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: fresh.url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

it('the migrations lead to the schema that is written down', async () => {
  const actual = await describeSchema(fresh.url);
  if (process.env['CHUSUAN_WRITE_SCHEMA']) writeFileSync(file, actual);
  const recorded = readFileSync(file, 'utf8');
  const missing = recorded.split('\n').filter((line) => !actual.split('\n').includes(line));
  const extra = actual.split('\n').filter((line) => !recorded.split('\n').includes(line));
  // Said here, because a reader of the failure needs it there: how to write the file anew after a wanted change.
  expect({ missing, extra, regenerate }).toEqual({ missing: [], extra: [], regenerate });
  expect(actual).toBe(recorded);
});

describe('row-level security', () => {
  it('is enabled and forced on every table that names a tenant, and on those that hold keys', async () => {
    const open = await rows(
      `select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
         and (c.relname in ('tenant', 'api_key', 'idempotency_key') or exists (
           select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
         and not (c.relrowsecurity and c.relforcerowsecurity)`,
    );
    expect(open).toEqual([]);
  });

  it('has a policy for each of the three roles on every secured table', async () => {
    const lacking = await rows(
      `select c.relname, r.role from pg_class c cross join unnest(array['chusuan_app', 'chusuan_system', 'chusuan_auditor']) r(role)
       where c.relnamespace = 'public'::regnamespace and c.relrowsecurity and not exists (
         select from pg_policies p where p.tablename = c.relname and r.role = any (p.roles))`,
    );
    expect(lacking).toEqual([]);
  });

  it('cannot be passed by a role of ours: none is superuser, bypasses it or may log in', async () => {
    const strong = await rows(
      `select rolname from pg_roles where rolname in ('chusuan_app', 'chusuan_system', 'chusuan_auditor') and (rolsuper or rolbypassrls or rolcanlogin or rolcreaterole)`,
    );
    expect(strong).toEqual([]);
  });
});
