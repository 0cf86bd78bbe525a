/**
 * The smoke test of `.ci/run`: a fresh clone in a path with a space, `npm start`, the README's walk-throughs command by
 * command, what a first start must show within two minutes, Ctrl-C, a second start, a taken port. Run by Node itself (no build),
 * so that it stands on nothing it tests.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { walkThroughs } from './walk-throughs.ts';

const api = 'http://127.0.0.1:3000';
const exporter = 'http://127.0.0.1:9464';
const root = join(import.meta.dirname, '..', '..');
const say = (text: string): void => void process.stdout.write(`smoke: ${text}\n`);

function check(isTrue: boolean, fact: string): void {
  if (!isTrue) throw new Error(`not so: ${fact}`);
  say(`ok  ${fact}`);
}

class Service {
  private readonly child: ChildProcess;
  readonly lines: string[] = [];
  private constructor(child: ChildProcess) {
    this.child = child;
    child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.lines.push(...text.split('\n').filter(Boolean)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => process.stderr.write(text));
  }

  static start(cwd: string, args: readonly string[] = []): Service {
    // A group of its own, so that the interrupt reaches npm and all below it, as Ctrl-C in a terminal does.
    return new Service(
      spawn('npm', ['start', ...(args.length > 0 ? ['--', ...args] : [])], {
        cwd,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  async ready(seconds: number): Promise<void> {
    for (let waited = 0; waited < seconds * 4; waited += 1) {
      if (this.child.exitCode !== null)
        throw new Error(`npm start ended with ${this.child.exitCode} before it was ready`);
      if (
        await fetch(`${api}/readyz`).then(
          (response) => response.ok,
          () => false,
        )
      )
        return;
      await sleep(250);
    }
    throw new Error(`/readyz was not ready within ${seconds} s`);
  }

  async interrupt(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    if (this.child.pid) process.kill(-this.child.pid, 'SIGINT');
    return Promise.race([
      ended,
      sleep(30_000).then(() => {
        throw new Error('npm start did not end within 30 s of Ctrl-C');
      }),
    ]);
  }

  kill(): void {
    if (this.child.exitCode === null && this.child.pid) process.kill(-this.child.pid, 'SIGKILL');
  }
}

interface SeenPool {
  readonly enabled: boolean;
  readonly live: { readonly runningAttempts: number };
  readonly lastHour: unknown;
}
interface SeenJob {
  readonly waiting: { readonly text: { readonly zh: string; readonly en: string } } | null;
}
interface SeenHour {
  readonly greenShare: { readonly hourMatched: number };
}

async function list<T>(path: string, key: string): Promise<readonly T[]> {
  const response = await fetch(api + path, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { items: readonly T[] }).items;
}
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${exporter}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

const operatorKey = (clone: string): string =>
  (JSON.parse(readFileSync(join(clone, '.chusuan', 'credentials.json'), 'utf8')) as { operator: string }).operator;

async function firstTwoMinutes(clone: string, since: number): Promise<void> {
  const key = operatorKey(clone);
  let seen = { placed: 0, pools: 0, waiting: 0, refusals: 0, hours: 0 };
  while (Date.now() - since < 120_000) {
    const pools = (await list<SeenPool>('/v1/pools', key)).filter((pool) => pool.enabled);
    const waiting = await list<SeenJob>('/v1/jobs?state=queued&limit=200', key);
    seen = {
      placed: (await metric('chusuan_jobs_finished_total')) + (await metric('chusuan_jobs{')) - waiting.length,
      pools: pools.filter((pool) => pool.live.runningAttempts > 0).length,
      waiting: waiting.length,
      refusals: waiting.filter((job) => job.waiting?.text.zh && job.waiting.text.en).length,
      hours: pools.filter((pool) => pool.lastHour).length,
    };
    if (seen.placed >= 200 && seen.pools >= 8 && seen.refusals > 0 && seen.hours >= 8) break;
    await sleep(2_000);
  }
  say(`after ${Math.round((Date.now() - since) / 1000)} s: ${JSON.stringify(seen)}`);
  check(seen.placed >= 200, 'hundreds of jobs were placed');
  check(seen.pools >= 8, 'at least eight pools run jobs');
  check(seen.refusals > 0, 'jobs wait, each with a reason in Chinese and English');
  check(seen.hours >= 8, 'an hour is settled');
}

async function greenShares(clone: string): Promise<void> {
  const key = operatorKey(clone);
  for (let tries = 0; tries < 60; tries += 1) {
    const hours = await list<SeenHour>('/v1/energy/settlements?pool=ezhou-yueke&limit=200', key);
    const shares = hours.map((hour) => hour.greenShare.hourMatched);
    if (shares.length >= 2) {
      check(
        shares.every((share) => share >= 0 && share <= 1),
        'green shares lie between 0 and 1',
      );
      if (new Set(shares.map((share) => share.toFixed(6))).size > 1)
        return check(true, 'the green share differs by hour');
    }
    await sleep(1_000);
  }
  throw new Error('the green share did not differ between settled hours within a minute');
}

/** Processes of the embedded PostgreSQL of this clone that still run. */
const postgresOf = (clone: string): string =>
  spawnSync('pgrep', ['-f', join(clone, '.chusuan', 'postgres')], { encoding: 'utf8' }).stdout.trim();

async function main(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'chusuan-smoke-'));
  const clone = join(home, 'a fresh clone');
  let service: Service | null = null;
  try {
    execFileSync('git', ['clone', '--quiet', root, clone]);
    say(`cloned ${execFileSync('git', ['-C', clone, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()}`);
    service = Service.start(clone);
    await service.ready(600);
    const readyAt = Date.now();
    check(true, 'npm start on a fresh clone becomes ready');
    await sleep(500);
    const printed = service.lines.filter((line) => !line.startsWith('>'));
    check(printed.length > 0 && printed.length <= 20, `it prints at most 20 lines (${printed.length})`);
    const before = await metric('chusuan_jobs_submitted_total');
    for (const walk of walkThroughs(join(clone, 'README.md'))) {
      say(`walk-through of the ${walk.name}: ${walk.commands} commands`);
      check(walk.commands <= 10, `the walk-through of the ${walk.name} has at most ten commands`);
      const result = spawnSync('bash', ['-euo', 'pipefail', '-c', walk.script], {
        cwd: clone,
        encoding: 'utf8',
        timeout: 180_000,
      });
      // It blocked this process: what the service closed meanwhile must be seen as closed before it is used again.
      await sleep(1_000);
      process.stdout.write(result.stdout.replace(/^/gm, '    ').slice(0, 6_000));
      if (result.status !== 0)
        throw new Error(`the walk-through of the ${walk.name} failed (${result.status}):\n${result.stderr}`);
      for (const wanted of walk.wants) check(result.stdout.includes(wanted), `the ${walk.name} sees "${wanted}"`);
    }
    await firstTwoMinutes(clone, readyAt);
    await greenShares(clone);
    check((await metric('chusuan_jobs_submitted_total')) > before, 'the metrics move');
    const docs = await (await fetch(`${api}/docs`)).text();
    check(!/https?:\/\/(?!127\.0\.0\.1|localhost)/.test(docs), 'the documentation page loads nothing from elsewhere');
    const jobs = await metric('chusuan_jobs_submitted_total');
    const taken = spawnSync('npm', ['start'], { cwd: clone, encoding: 'utf8', timeout: 120_000 });
    await sleep(1_000);
    check(
      taken.status !== 0 && taken.stderr.includes('CHUSUAN_HTTP_PORT'),
      'a second npm start says that the port is taken and what to set',
    );
    await service.interrupt();
    await sleep(500);
    check(postgresOf(clone) === '', 'Ctrl-C stops PostgreSQL too');
    service = Service.start(clone, ['--empty']);
    await service.ready(120);
    for (let tries = 0; tries < 30 && (await metric('chusuan_jobs_submitted_total')) < jobs; tries += 1)
      await sleep(500);
    check((await metric('chusuan_jobs_submitted_total')) >= jobs, 'a second start keeps the data');
    await service.interrupt();
    service = null;
    await second(clone);
  } finally {
    service?.kill();
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
  say('all passed');
}

/** A port held by somebody else. */
async function second(clone: string): Promise<void> {
  const holder = createServer().listen(9464, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const result = spawnSync('npm', ['start'], { cwd: clone, encoding: 'utf8', timeout: 120_000 });
  holder.close();
  check(
    result.status !== 0 && result.stderr.includes('CHUSUAN_METRICS_PORT'),
    'a taken metrics port is named with its setting',
  );
  check(!existsSync(join(clone, '.chusuan', 'postgres', 'postmaster.pid')), 'and nothing was left running');
}

main().catch((error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  process.stderr.write(`smoke: ${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exit(1);
});
