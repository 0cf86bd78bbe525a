import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';
import { isAlive } from './postmaster.js';

// A space in the path: people keep checkouts in "My Documents".
let home: string;
let dataDir: string;
const running: EmbeddedPostgres[] = [];
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'chu suan '));
  chmodSync(home, 0o755);
  dataDir = join(home, 'pg');
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function start(named: { onExit?: (how: string) => void } = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, fast: true, ...named });
  running.push(server);
  return server;
}
async function answer(url: string, sql = 'select 1 as v'): Promise<unknown> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<{ v: unknown }>(sql)).rows[0]?.v;
  } finally {
    await client.end().catch(() => {});
  }
}

it('starts on loopback, asks for its password and keeps that to its owner', async () => {
  const server = await start();
  expect([server.started, server.joined, await answer(server.url)]).toEqual([true, false, 1]);
  expect(await answer(server.url, `select current_setting('listen_addresses') as v`)).toBe('127.0.0.1');
  const open = new URL(server.url);
  open.password = '';
  await expect(answer(open.toString())).rejects.toThrow(/password/i);
  expect(statSync(join(home, 'postgres.password')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(dataDir, 'pg_hba.conf'), 'utf8')).not.toMatch(/^[^#].*\btrust\b/m);
  expect(existsSync(join(home, 'postgres.password.initdb'))).toBe(false);
});

it('is joined by who comes next, and stopped by the last one out, whoever that is', async () => {
  const first = await start();
  const second = await start();
  expect([second.joined, second.url]).toEqual([true, first.url]);
  expect(await first.stop()).toBe(false);
  expect(await answer(second.url)).toBe(1);
  expect(await second.stop()).toBe(true);
  expect(isAlive(first.pid)).toBe(false);
});

it('is left alone while anybody else is connected', async () => {
  const server = await start();
  const guest = new Client({ connectionString: server.url });
  await guest.connect();
  expect(await server.stop()).toBe(false);
  await guest.end();
  const again = await start();
  expect([again.joined, await again.stop()]).toEqual([true, true]);
});

it('comes back on its port with its data', async () => {
  const before = await start();
  await answer(before.url, 'create table if not exists kept (v int)');
  await before.stop();
  const after = await start();
  expect([after.started, after.url]).toEqual([true, before.url]);
  expect(await answer(after.url, 'select count(*)::int as v from kept')).toBe(0);
});

it('starts once when many start it together', async () => {
  const servers = await Promise.all([start(), start(), start()]);
  expect(servers.filter(({ started }) => started)).toHaveLength(1);
  expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1);
});

it('tells when it ends unasked, and starts again over what a kill -9 left behind', async () => {
  const told = Promise.withResolvers<string>();
  const server = await start({ onExit: told.resolve });
  process.kill(server.pid, 'SIGKILL');
  await expect(told.promise).resolves.toMatch(/PostgreSQL has ended/);
  const again = await start();
  expect([again.started, await answer(again.url)]).toEqual([true, 1]);
});

it('of which a backend is killed is found again by one connection a holder, and is not taken for ended', async () => {
  const told: string[] = [];
  const first = await start({ onExit: (how) => told.push(how) });
  await start({ onExit: (how) => told.push(how) });
  const victim = new Client({ connectionString: first.url });
  victim.on('error', () => {});
  await victim.connect();
  const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
  process.kill(rows[0]?.pid ?? 0, 'SIGKILL'); // PostgreSQL ends every other backend too, and recovers
  const present = `select count(*)::int as v from pg_stat_activity where application_name = 'chusuan-presence'`;
  const seen = new Set<unknown>();
  const until = Date.now() + 5_000;
  while (Date.now() < until) {
    seen.add(await answer(first.url, present).catch(() => 'recovering'));
    await new Promise((done) => setTimeout(done, 100));
  }
  expect(await answer(first.url, present)).toBe(2);
  expect([...seen].filter((count) => typeof count === 'number' && count > 2)).toEqual([]);
  expect([told, isAlive(first.pid)]).toEqual([[], true]);
}, 30_000);

it('says nothing when it was asked to end', async () => {
  const told: string[] = [];
  const server = await start({ onExit: (how) => told.push(how) });
  await server.stop();
  await new Promise((done) => setTimeout(done, 300));
  expect(told).toEqual([]);
});

it('does not mistake another program for the server that a left-over file names', async () => {
  const server = await start();
  const file = join(dataDir, 'postmaster.pid');
  const lines = readFileSync(file, 'utf8').split('\n');
  await server.stop();
  const { uid, gid } = statSync(dataDir);
  const other = spawn('sleep', ['30'], { uid, gid, stdio: 'ignore' });
  try {
    writeFileSync(file, [other.pid, ...lines.slice(1)].join('\n'));
    chownSync(file, uid, gid);
    const again = await start();
    expect([again.started, await answer(again.url)]).toEqual([true, 1]);
  } finally {
    other.kill();
  }
});

it('runs in a session of its own, so that Ctrl-C in the terminal does not reach it', async () => {
  const server = await start();
  const groupOf = (pid: number): string =>
    execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  expect(groupOf(server.pid)).not.toBe(groupOf(process.pid));
});

it('says what to do when the password file is gone', async () => {
  const server = await start();
  await server.stop();
  const file = join(home, 'postgres.password');
  const secret = readFileSync(file, 'utf8');
  rmSync(file);
  await expect(start()).rejects.toThrow(/postgres\.password.*\n.*restore|restore the file/s);
  writeFileSync(file, secret, { mode: 0o600 });
  const again = await start();
  expect(await again.stop()).toBe(true);
});
