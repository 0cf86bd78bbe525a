import { setTimeout as delay } from 'node:timers/promises';
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import type { Session } from './database.js';
import { migrations } from './migrations/index.js';
import { ormOptions } from './orm.js';

const oldestServer = 15;
const migrationLock = 7_002_002;
const answerPatienceMs = 3_000;

/**
 * Brings the schema up to date and gives the login user the service's roles. One at a time, however many replicas start
 * together; says nothing and takes milliseconds when there is nothing to do. Returns the names of the migrations it ran.
 * Throws an Error that tells what to do when the server is too old or the login user lacks a right.
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const client = new Client({
    connectionString: url,
    application_name: 'chusuan-migrate',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => {}); // told again by the query that fails
  await client.connect();
  try {
    const version = await requireVersion(client);
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const missing = await missingMigrations((sql) => client.query(sql));
    if (missing.length > 0) await runMigrations(url);
    await grantRoles(client, version);
    return missing;
  } finally {
    await client.end(); // gives the lock back
  }
}

export type DatabaseState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'not-migrated'; readonly missing: readonly string[] };

/** Whether the server answers within three seconds and has our schema. */
export async function databaseReady(url: string): Promise<DatabaseState> {
  const client = new Client({
    connectionString: url,
    application_name: 'chusuan-ready',
    connectionTimeoutMillis: answerPatienceMs,
    query_timeout: answerPatienceMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const missing = await missingMigrations((sql) => client.query(sql));
    return missing.length === 0 ? { kind: 'ready' } : { kind: 'not-migrated', missing };
  } catch (error) {
    return { kind: 'unreachable', why: error instanceof Error ? error.message : String(error) };
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * The same question over sessions that are open already, of any role: no connection is made for it. For probes that come every
 * few seconds; `databaseReady` is for start-up, before there is a pool.
 */
export async function schemaState(session: Session): Promise<DatabaseState> {
  const patience = new AbortController();
  const late = delay(answerPatienceMs, 'late' as const, { signal: patience.signal, ref: false }).catch(
    () => 'late' as const,
  );
  try {
    const missing = await Promise.race([missingMigrations((sql) => session.query(sql)), late]);
    if (missing === 'late') return { kind: 'unreachable', why: `no answer within ${answerPatienceMs / 1000} s` };
    return missing.length === 0 ? { kind: 'ready' } : { kind: 'not-migrated', missing };
  } catch (error) {
    return { kind: 'unreachable', why: error instanceof Error ? error.message : String(error) };
  } finally {
    patience.abort();
  }
}

async function requireVersion(client: Client): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  const version = Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  if (version < oldestServer) {
    throw new Error(
      `The database server is PostgreSQL ${version}, and ${oldestServer} is the oldest that works.\n` +
        '- point CHUSUAN_DATABASE_URL at a newer server, or\n- leave it unset to use the embedded one',
    );
  }
  return version;
}

type Ask = (sql: string) => Promise<{ readonly rows: readonly { readonly name?: unknown }[] }>;

async function missingMigrations(ask: Ask): Promise<string[]> {
  const { rows } = await ask(`select to_regclass('public.mikro_orm_migrations')::text as name`);
  const done = rows[0]?.name ? await ask('select name from public.mikro_orm_migrations') : { rows: [] };
  const names = new Set(done.rows.map((row) => row.name));
  return migrations.map((migration) => migration.name).filter((name) => !names.has(name));
}

async function runMigrations(url: string): Promise<void> {
  const orm = await MikroORM.init({
    ...ormOptions(url, 'owner'),
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, transactional: true, allOrNothing: true },
  });
  try {
    await orm.migrator.up();
  } finally {
    await orm.close(true);
  }
}

// A superuser may take any role; another owner must be a member, and from PostgreSQL 16 on be allowed to SET it.
async function grantRoles(client: Client, version: number): Promise<void> {
  const right = version >= 16 ? 'SET' : 'MEMBER';
  const { rows } = await client.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname in ('chusuan_app', 'chusuan_system', 'chusuan_auditor')
       and not pg_has_role(session_user, oid, $1) order by rolname`,
    [right],
  );
  for (const { rolname } of rows) {
    try {
      await client.query(`grant ${rolname} to session_user`);
    } catch (error) {
      throw new Error(
        `The login user of CHUSUAN_DATABASE_URL may not take the role ${rolname}: ${(error as Error).message}.\n` +
          `- as an administrator: grant chusuan_app, chusuan_system, chusuan_auditor to <login user>`,
        { cause: error },
      );
    }
  }
}
