import { randomBytes } from 'node:crypto';
import { migrate, startEmbeddedPostgres } from '#libs/persistence';
import { Client } from 'pg';

export interface FreshDatabase {
  readonly url: string;
  /** Connections still open are cut. */
  drop(): Promise<void>;
}

/**
 * A database of its own for one test file: real schema, empty tables. Copied from a template that is migrated once a run, on
 * the server that test/support/global-setup.ts chose.
 */
export async function freshDatabase(): Promise<FreshDatabase> {
  const run = setting('CHUSUAN_TEST_RUN');
  const server = await serverUrl();
  const template = `chusuan_t_${run}_template`;
  const name = `chusuan_t_${run}_${randomBytes(5).toString('hex')}`;
  await onServer(server, async (client) => {
    await client.query(`select pg_advisory_lock(hashtext('chusuan-test-template'))`);
    await makeTemplate(client, server, template);
    await client.query(`create database ${name} template ${template}`);
  });
  return {
    url: at(server, name),
    drop: () =>
      onServer(server, async (client) => void (await client.query(`drop database if exists ${name} with (force)`))),
  };
}

async function makeTemplate(client: Client, server: string, template: string): Promise<void> {
  const { rows } = await client.query<{ datistemplate: boolean }>(
    'select datistemplate from pg_database where datname = $1',
    [template],
  );
  if (rows[0]?.datistemplate) return;
  await client.query(`drop database if exists ${template} with (force)`); // left half made by a test that died here
  await client.query(`create database ${template}`);
  await migrate(at(server, template));
  await client.query(`alter database ${template} is_template true`);
}

let joined: Promise<string> | null = null;
async function serverUrl(): Promise<string> {
  const external = process.env['CHUSUAN_TEST_DATABASE_URL'];
  if (external) return external;
  joined ??= startEmbeddedPostgres({ dataDir: setting('CHUSUAN_TEST_DATA_DIR'), fast: true }).then(({ url }) => url);
  return joined;
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(
      `${name} is not set: run tests through npm (npm run jest -- <path>), which sets the run up in test/support/global-setup.ts`,
    );
  }
  return value;
}

function at(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}

async function onServer<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
