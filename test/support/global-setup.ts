import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/**
 * One PostgreSQL for the whole run: the server that CHUSUAN_TEST_DATABASE_URL names, else an embedded one in a directory that
 * this run makes and removes. It is started by the first test file that asks for a database, so that a run of pure tests
 * pays nothing. Jest loads this file outside its module system: it can import no file of ours.
 */
async function globalSetup(): Promise<void> {
  const run = `${process.pid}_${Date.now().toString(36)}`;
  process.env['CHUSUAN_TEST_RUN'] = run;
  const external = process.env['CHUSUAN_TEST_DATABASE_URL'];
  endings.run = external ? () => dropDatabases(external, run) : embeddedRun();
}

/** How the teardown finds what the setup made: jest runs both in one process, each with modules of its own. */
export interface RunEndings {
  run?: () => Promise<void>;
}
const endings = ((globalThis as { chusuanTestRun?: RunEndings }).chusuanTestRun ??= {});

function embeddedRun(): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'chusuan-test-'));
  chmodSync(directory, 0o755); // PostgreSQL may run as another user
  process.env['CHUSUAN_TEST_DATA_DIR'] = join(directory, 'pg');
  const watcher = watchOver(directory);
  const endAtOnce = (): void => {
    watcher?.kill('SIGKILL');
    signalServer(directory, 'SIGQUIT');
    remove(directory);
  };
  const endBySignal = (signal: NodeJS.Signals): void => {
    endAtOnce();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('exit', endAtOnce);
  process.once('SIGINT', endBySignal);
  process.once('SIGTERM', endBySignal);
  return async () => {
    process.off('exit', endAtOnce);
    process.off('SIGINT', endBySignal);
    process.off('SIGTERM', endBySignal);
    // Immediate shutdown: nothing in there is to be kept.
    signalServer(directory, 'SIGQUIT');
    for (let look = 0; look < 500 && serverPid(directory) !== null; look++) await delay(10);
    remove(directory);
    watcher?.kill('SIGKILL');
  };
}

// A run that is killed outright (kill -9, out of memory) runs no handler; a shell that waits for our end cleans up then.
function watchOver(directory: string): ChildProcess | null {
  if (process.platform === 'win32') return null;
  const script =
    'while kill -0 "$1" 2>/dev/null; do sleep 1; done; kill -QUIT "$(head -n 1 "$2/pg/postmaster.pid")" 2>/dev/null; sleep 1; rm -rf "$2"';
  const watcher = spawn('sh', ['-c', script, 'sh', String(process.pid), directory], {
    detached: true,
    stdio: 'ignore',
  });
  watcher.unref();
  return watcher;
}

function serverPid(directory: string): number | null {
  try {
    const pid = Number(readFileSync(join(directory, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 0);
    return pid;
  } catch {
    return null; // never started, or gone
  }
}

function signalServer(directory: string, signal: NodeJS.Signals): void {
  const pid = serverPid(directory);
  if (pid !== null) process.kill(pid, signal);
}

const remove = (directory: string): void =>
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });

async function dropDatabases(url: string, run: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string; datistemplate: boolean }>(
      `select datname, datistemplate from pg_database where starts_with(datname, $1)`,
      [`chusuan_t_${run}`],
    );
    for (const { datname, datistemplate } of rows) {
      if (datistemplate) await client.query(`alter database ${datname} is_template false`);
      await client.query(`drop database if exists ${datname} with (force)`);
    }
  } finally {
    await client.end();
  }
}

// oxlint-disable-next-line import/no-default-export -- the one form jest takes
export default globalSetup;
