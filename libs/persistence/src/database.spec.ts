import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { Client } from 'pg';
import { isConnectionLoss, isLockTimeout } from './database-errors.js';
import { type Database, type DatabaseRole, openDatabase, statement, timestamptz } from './database.js';
import { databaseReady, migrate, schemaState } from './migrate.js';
import { migrations } from './migrations/index.js';

const blue = { keyId: 'k1', role: 'tenant', tenantId: 'blue', tenants: ['blue', 'blue-team'] } as const;

let fresh: FreshDatabase;
const opened: Database[] = [];
const open = (role: DatabaseRole = 'owner', max = 3): Database => {
  const database = openDatabase(fresh.url, { role, max });
  opened.push(database);
  return database;
};
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await fresh.drop();
});

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('It succeeded, and was to fail');
    },
    (error: unknown) => error,
  );
}

describe('values', () => {
  const cases: Record<string, { sql: string; want: unknown }> = {
    'int8 is a number': { sql: 'select 9007199254740991::int8 as v', want: 9_007_199_254_740_991 },
    'a sum of int8 is a bigint': {
      sql: 'select sum(x) as v from (values (9007199254740993::int8), (1)) t(x)',
      want: 9_007_199_254_740_994n,
    },
    'a broken numeric is a number': { sql: 'select 1.5::numeric as v', want: 1.5 },
    'timestamptz is epoch milliseconds': {
      sql: `select '2026-11-22 08:00:00.25+08'::timestamptz as v`,
      want: Date.UTC(2026, 10, 22, 0, 0, 0, 250),
    },
    'the end of time is infinite': { sql: `select '-infinity'::timestamptz as v`, want: -Infinity },
    'arrays follow their items': { sql: `select array[1::int8, null] as v`, want: [1, null] },
    'uuid arrays are texts': {
      sql: `select array['0199b2a0-0000-7000-8000-000000000001'::uuid] as v`,
      want: ['0199b2a0-0000-7000-8000-000000000001'],
    },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { sql, want }) => {
    const { rows } = await open().query<{ v: unknown }>(sql);
    expect(rows[0]?.v).toEqual(want);
  });

  it('an int8 that a number cannot hold is refused, with what to do', async () => {
    await expect(open().query('select 9007199254740993::int8')).rejects.toThrow(/cast the column to numeric/);
  });

  it('an instant comes back as it went in', async () => {
    const at = Date.UTC(2026, 1, 28, 23, 59, 59, 999);
    const { rows } = await open().query(
      statement('test-echo', 'select $1::timestamptz as at, $2::timestamptz as never'),
      [timestamptz(at), timestamptz(null)],
    );
    expect(rows).toEqual([{ at, never: null }]);
  });
});

describe('roles', () => {
  it.each(['chusuan_app', 'chusuan_system', 'chusuan_auditor'] as const)('a session acts as %s', async (role) => {
    const { rows } = await open(role).query('select current_user as role');
    expect(rows).toEqual([{ role }]);
  });
});

describe('transactions of a principal', () => {
  const seen = `select coalesce(app_tenants(), '{}') as tenants, current_setting('app.owner', true) as owner`;

  it('carry its tenants and its owner', async () => {
    const { rows } = await open('chusuan_app').asPrincipal(blue, (session) => session.query(seen));
    expect(rows).toEqual([{ tenants: ['blue', 'blue-team'], owner: 'blue' }]);
  });

  it('leave nothing behind on the connection', async () => {
    const database = open('chusuan_app', 1);
    await database.asPrincipal(blue, (session) => session.query(seen));
    expect((await database.query<{ tenants: string[] }>(seen)).rows[0]?.tenants).toEqual([]);
  });

  it('of the bureau own their idempotency keys by API key', async () => {
    const operator = { keyId: 'k2', role: 'operator', tenantId: null, tenants: [] } as const;
    const { rows } = await open('chusuan_app').asPrincipal(operator, (session) => session.query(seen));
    expect(rows).toEqual([{ tenants: [], owner: 'key:k2' }]);
  });

  it('need a principal', async () => {
    await expect(open('chusuan_app').asPrincipal(undefined as never, async () => 1)).rejects.toThrow(
      /without a principal/,
    );
  });

  it.each(["blue', 'green", 'blue,green', '', "'); drop table job; --"])(
    'refuse "%s" as the id of a tenant',
    async (id) => {
      const forged = { ...blue, tenants: ['blue', id] };
      await expect(open('chusuan_app').asPrincipal(forged, async () => 1)).rejects.toThrow(/Not an id/);
    },
  );
});

describe('failures', () => {
  it('roll the transaction back and leave the connection fit for use', async () => {
    const database = open('chusuan_system', 1);
    const failing = database.transaction(async (session) => {
      await session.query(`insert into counter values ('c', '{}', 1)`);
      await session.query(`insert into counter values ('c', '{}', 1)`);
    });
    expect(await failureOf(failing)).toMatchObject({ code: '23505', constraint: 'counter_pkey' });
    expect((await database.query('select 1 from counter')).rowCount).toBe(0);
  });

  it('of a connection that is cut are told apart, and the next query has a new one', async () => {
    const database = open('owner', 1);
    const cut = database.transaction((session) => session.query('select pg_terminate_backend(pg_backend_pid())'));
    expect(isConnectionLoss(await failureOf(cut))).toBe(true);
    expect((await database.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('of an idle connection are told and do not end the process', async () => {
    const told: Error[] = [];
    const database = openDatabase(fresh.url, {
      role: 'owner',
      max: 1,
      applicationName: 'idle-one',
      onIdleError: (error) => told.push(error),
    });
    opened.push(database);
    await database.query('select 1');
    await open().query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'idle-one'`);
    expect((await database.query('select 1 as one').catch(() => database.query('select 1 as one'))).rows).toEqual([
      { one: 1 },
    ]);
  });

  it('of a server that is not there are losses of connection', async () => {
    const nowhere = openDatabase('postgres://nobody:none@127.0.0.1:1/none', { role: 'owner' });
    expect(isConnectionLoss(await failureOf(nowhere.query('select 1')))).toBe(true);
    await nowhere.close();
    expect(await databaseReady('postgres://nobody:none@127.0.0.1:1/none')).toMatchObject({ kind: 'unreachable' });
    const closed = openDatabase('postgres://nobody:none@127.0.0.1:1/none', { role: 'chusuan_app' });
    expect(await schemaState(closed)).toMatchObject({ kind: 'unreachable' });
    await closed.close();
  });

  it('of a lock that is not to be had in time are told from a statement that takes too long', () => {
    expect(['55P03', '57014', '40P01'].map((code) => isLockTimeout({ code }))).toEqual([true, false, false]);
  });
});

describe('migrate', () => {
  it('does nothing the second time, however many do it together', async () => {
    expect(await Promise.all([migrate(fresh.url), migrate(fresh.url), migrate(fresh.url)])).toEqual([[], [], []]);
    expect(await databaseReady(fresh.url)).toEqual({ kind: 'ready' });
  });

  it.each(['chusuan_app', 'chusuan_system', 'chusuan_auditor'] as const)(
    'is seen to be done by %s, on the connection it has',
    async (role) => {
      const database = open(role, 1);
      const { rows } = await database.query('select pg_backend_pid() as pid');
      expect(await schemaState(database)).toEqual({ kind: 'ready' });
      const made = await open('owner', 1).query(
        `select count(*) as connections from pg_stat_activity where datname = current_database() and application_name = 'chusuan-ready'`,
      );
      expect(made.rows).toEqual([{ connections: 0 }]);
      expect((await database.query('select pg_backend_pid() as pid')).rows).toEqual(rows);
    },
  );

  it('works for an owner that is no superuser, who may then take the roles', async () => {
    const admin = new Client({ connectionString: fresh.url });
    await admin.connect();
    const name = new URL(fresh.url).pathname.slice(1);
    const own = new URL(fresh.url);
    [own.pathname, own.username, own.password] = [`/${name}_own`, `owner_of_${name}`, 'secret'];
    try {
      await admin.query(`create role owner_of_${name} login createrole password 'secret'`);
      await admin.query(`grant chusuan_app, chusuan_system, chusuan_auditor to owner_of_${name} with admin option`);
      await admin.query(`create database ${name}_own owner owner_of_${name}`);
      await admin.query(`alter database ${name}_own owner to owner_of_${name}`);
      expect(await databaseReady(own.toString())).toMatchObject({ kind: 'not-migrated' });
      const owner = openDatabase(own.toString(), { role: 'owner' });
      expect(await schemaState(owner)).toMatchObject({ kind: 'not-migrated' });
      await owner.close();
      expect(await migrate(own.toString())).toEqual(migrations.map(({ name }) => name));
      const system = openDatabase(own.toString(), { role: 'chusuan_system' });
      expect((await system.query('select count(*) as jobs from job')).rows).toEqual([{ jobs: 0 }]);
      await system.close();
    } finally {
      await admin.query(`drop database if exists ${name}_own with (force)`);
      await admin.query(`drop role if exists owner_of_${name}`);
      await admin.end();
    }
  });
});
