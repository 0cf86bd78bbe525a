import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { postgresUser, type PostgresUser } from './postgres-user.js';
import { holdPresence, othersConnected, type Presence } from './postgres-presence.js';
import { isAlive, postmaster, stopPostmaster, type Postmaster } from './postmaster.js';

export interface EmbeddedPostgresOptions {
  /** The cluster's directory; password, port, log and start lock lie beside it. */
  readonly dataDir: string;
  /** Gives up durability for speed: tests only. */
  readonly fast?: boolean;
  /** Told when the server ends although nobody of this process asked it to. */
  readonly onExit?: (how: string) => void;
}
export interface EmbeddedPostgres {
  readonly url: string;
  /** This call started the server (false: it ran already and was joined). */
  readonly started: boolean;
  readonly joined: boolean;
  readonly pid: number;
  /** The last one out stops the server: while others are connected it stays. Returns whether it was stopped. Close your pools first. */
  stop(): Promise<boolean>;
}

const user = 'chusuan';
const startPatienceMs = 60_000;

/**
 * Starts a private PostgreSQL on loopback, or joins the one that another process of ours has running on the same directory.
 * Throws an Error that says what failed, where, and what to do next.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const beside = dirname(dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const release = await startLock(join(beside, 'postgres.starting'));
  try {
    const running = await readyPostmaster(dataDir);
    const server = running ?? (await launch(dataDir, options.fast ?? false));
    const url = `postgres://${user}:${password(beside)}@127.0.0.1:${server.port}/${user}`;
    if (!running) await createDatabase(url);
    return await embedded({ dataDir, url, server, started: !running, onExit: options.onExit });
  } finally {
    release();
  }
}

async function embedded(run: {
  dataDir: string;
  url: string;
  server: Postmaster;
  started: boolean;
  onExit?: (how: string) => void;
}): Promise<EmbeddedPostgres> {
  const { dataDir, url, server, started } = run;
  const presence = await holdPresence(url, () => postmaster(dataDir)?.pid === server.pid, run.onExit);
  let stopping: Promise<boolean> | null = null;
  return {
    url,
    started,
    joined: !started,
    pid: server.pid,
    stop: () => (stopping ??= leave(dataDir, url, presence)),
  };
}

async function leave(dataDir: string, url: string, presence: Presence): Promise<boolean> {
  await presence.end();
  const server = postmaster(dataDir);
  if (!server) return true;
  if (await othersConnected(url)) return false;
  await stopPostmaster(server, dataDir);
  return true;
}

// A postmaster of ours that is starting up or shutting down is waited for; what only looks like one was left by a crash.
async function readyPostmaster(dataDir: string): Promise<Postmaster | null> {
  const until = Date.now() + startPatienceMs;
  for (;;) {
    const server = postmaster(dataDir);
    if (!server) return null;
    if (server.status === 'ready') return server;
    if (Date.now() > until) {
      throw new Error(
        `PostgreSQL (process ${server.pid}) on ${dataDir} has been "${server.status}" for ${startPatienceMs / 1000} s.\n` +
          `- look into ${join(dirname(dataDir), 'postgres.log')}, or\n- end that process and start again`,
      );
    }
    await delay(20);
  }
}

async function launch(dataDir: string, fast: boolean): Promise<Postmaster> {
  const binaries = findPostgresBinaries();
  const runAs = postgresUser(binaries, dataDir);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) initialise(binaries, runAs, { dataDir, fast });
  disownLeftOver(dataDir);
  const until = Date.now() + startPatienceMs;
  for (;;) {
    const port = await keptPort(join(dirname(dataDir), 'postgres.port'));
    const failure = await start(binaries, runAs, { dataDir, port, fast });
    if (!failure) return startedPostmaster(dataDir);
    // After a kill -9 of the postmaster its backends live on for a moment and hold the shared memory; another program may
    // have taken the port between our look and the start.
    const passes = /shared memory block|could not bind|could not create any TCP/.test(failure);
    if (!passes || Date.now() > until) {
      throw new Error(
        `PostgreSQL did not start on ${dataDir}:\n${failure}\n` +
          `- the whole log is ${join(dirname(dataDir), 'postgres.log')}\n- CHUSUAN_DATABASE_URL makes the service use another server`,
      );
    }
    await delay(200);
  }
}

// PostgreSQL refuses to start while the number in a left-over file is that of any program of its user. It makes an exception for
// its parent, so we put our own number there. Removing the file would be simpler, but the rest of it is how PostgreSQL finds
// out that backends of the server that crashed are still at its data.
function disownLeftOver(dataDir: string): void {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file) || postmaster(dataDir)) return;
  const [, ...rest] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [process.pid, ...rest].join('\n'));
}

function startedPostmaster(dataDir: string): Postmaster {
  const server = postmaster(dataDir);
  if (!server)
    throw new Error(`PostgreSQL on ${dataDir} ended as soon as it was up: see postgres.log beside it, and start again`);
  return server;
}

function initialise(binaries: PostgresBinaries, runAs: PostgresUser, at: { dataDir: string; fast: boolean }): void {
  const secret = randomBytes(24).toString('base64url');
  const passwordFile = join(dirname(at.dataDir), 'postgres.password');
  writeFileSync(passwordFile, secret, { mode: 0o600 });
  chmodSync(passwordFile, 0o600);
  // initdb may run as another user than we do, who cannot read that file: it gets a copy for as long as it runs.
  const copy = `${passwordFile}.initdb`;
  writeFileSync(copy, secret, { mode: 0o600 });
  if (runAs.ids) chownSync(copy, runAs.ids.uid, runAs.ids.gid);
  const initdb = runAs.wrap(binaries.initdb, [
    '-D',
    at.dataDir,
    `--username=${user}`,
    '--auth=scram-sha-256',
    `--pwfile=${copy}`,
    '--encoding=UTF8',
    '--locale=C',
    ...(at.fast ? ['--no-sync'] : []),
  ]);
  const made = spawnSync(initdb.command, initdb.args, {
    ...runAs.ids,
    env: serverEnvironment(),
    cwd: '/',
    encoding: 'utf8',
  });
  rmSync(copy, { force: true });
  if (made.status === 0) return;
  rmSync(passwordFile, { force: true });
  throw new Error(
    `initdb could not make a database in ${at.dataDir}: ${made.error?.message ?? ''}${made.stderr ?? ''}${made.stdout ?? ''}\n` +
      '- the directory must be empty, and writable by the user that runs PostgreSQL; CHUSUAN_DATA_DIR chooses another',
  );
}

// Paths to the libraries and the like; nothing that would let libpq or the server take other settings than ours.
function serverEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('CHUSUAN_'));
  return { ...Object.fromEntries(own), LC_ALL: 'C', TZ: 'UTC' };
}

/** Resolves to null when it is up, else to what the server said. */
async function start(
  binaries: PostgresBinaries,
  runAs: PostgresUser,
  at: { dataDir: string; port: number; fast: boolean },
): Promise<string | null> {
  const logFile = join(dirname(at.dataDir), 'postgres.log');
  const log = openSync(logFile, 'w', 0o600);
  const { command, args } = runAs.wrap(binaries.postgres, serverFlags(at));
  // Detached, with a log file and no pipe: the server must outlive a Ctrl-C in our terminal until we have closed cleanly,
  // and outlive us when another process has joined it.
  const child = spawn(command, args, {
    ...runAs.ids,
    env: serverEnvironment(),
    cwd: '/',
    stdio: ['ignore', log, log],
    detached: true,
    windowsHide: true,
  });
  closeSync(log);
  child.unref();
  let tellEnd = (_failure: string): void => {};
  const onEnd = (): void => tellEnd(readFileSync(logFile, 'utf8').slice(-2000));
  const ended = new Promise<string>((tell) => (tellEnd = tell));
  child.once('error', (error) => tellEnd(error.message));
  child.once('exit', onEnd);
  const up = new AbortController();
  const failure = await Promise.race([ended, untilReady(at.dataDir, child.pid, up.signal)]);
  up.abort();
  child.off('exit', onEnd); // from here on the presence tells
  return failure;
}

async function untilReady(dataDir: string, pid: number | undefined, given: AbortSignal): Promise<string | null> {
  const until = Date.now() + startPatienceMs;
  while (!given.aborted && Date.now() < until) {
    const server = postmaster(dataDir);
    if (server?.pid === pid && server?.status === 'ready') return null;
    await delay(10);
  }
  return `it was not ready after ${startPatienceMs / 1000} s`;
}

function serverFlags(at: { dataDir: string; port: number; fast: boolean }): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    max_connections: '200',
    // Errors go to whoever asked; statements can hold what tenants sent, so they stay out of the log.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    ...(at.fast && { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', autovacuum: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', at.dataDir, '-p', String(at.port), ...flags];
}

function password(beside: string): string {
  const file = join(beside, 'postgres.password');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(
      `The password of the embedded database cannot be read from ${file} (${(error as NodeJS.ErrnoException).code}).\n` +
        '- it is written once, when the database is made, and readable by its owner alone: start as that user, or\n' +
        '- restore the file from where you keep backups, or\n- set CHUSUAN_DATABASE_URL to a server that runs elsewhere',
    );
  }
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const client = new Client({ connectionString: maintenance.toString() });
  client.on('error', () => {}); // told again by the query that fails
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [user]);
    if (rowCount === 0) await client.query(`create database ${user}`);
  } finally {
    await client.end();
  }
}

/** The port of last time while it is free, so that an address written down somewhere goes on working. */
async function keptPort(file: string): Promise<number> {
  const kept = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const port = (kept > 0 && (await bindable(kept))) || (await bindable(0));
  if (port === null)
    throw new Error('No free TCP port on 127.0.0.1 for PostgreSQL: free one, or set CHUSUAN_DATABASE_URL');
  writeFileSync(file, String(port));
  return port;
}
const bindable = (port: number): Promise<number | null> =>
  new Promise((tell) => {
    const probe = createServer().unref();
    probe.once('error', () => tell(null));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => tell(typeof address === 'object' && address ? address.port : null));
    });
  });

// Two processes that start together must not both run initdb. The lock names its holder, so that one left by a crash is seen.
async function startLock(file: string): Promise<() => void> {
  const until = Date.now() + 2 * startPatienceMs;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!isAlive(lockHolder(file))) rmSync(file, { force: true });
    else if (Date.now() > until) {
      throw new Error(
        `Another process has been starting PostgreSQL for too long: end it, or remove ${file}, and start again`,
      );
    } else await delay(50);
  }
}
// Empty for the moment between creation and writing: then somebody alive is at it.
function lockHolder(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || process.pid;
  } catch {
    return process.pid;
  }
}
