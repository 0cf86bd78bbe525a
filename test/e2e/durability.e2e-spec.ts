import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, startEmbeddedPostgres } from '#libs/persistence';
import { Load, type ShownJob, jobsOf, longJob } from './support/load.js';
import { type PlayedJob, PlayedTrace, byNumber, overfullSql, playedJob, playedSql } from './support/played-trace.js';
import { type RunningService, ServiceHome, eventually } from './support/running-service.js';

/** A minute of the wall is an hour of service time: jobs of many hours outlive every test. */
const scale = { CHUSUAN_TIME_SCALE: '60' };
const empty = { args: ['--empty'], env: scale };
const tenant = 'lianhuashan-ai';

/** The moment of a kill is by chance; a run that fails is repeated with CHUSUAN_TEST_SEED. */
const seed = Number(process.env['CHUSUAN_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const killAfterMs = 500 + ((seed * 7919) % 2_000);

let home: ServiceHome;
beforeEach(() => {
  home = new ServiceHome();
});
afterEach(() => home.remove(), 60_000);

const running = (jobs: readonly ShownJob[]): readonly ShownJob[] => jobs.filter((job) => job.state === 'running');
const untilRunning = (service: RunningService, id: string): Promise<unknown> =>
  eventually(`job ${id} runs`, 30_000, () => service.ask<ShownJob>(`GET /v1/jobs/${id}`), {
    until: ({ body }) => body.state === 'running',
  });

async function submitted(service: RunningService, body: unknown): Promise<string> {
  const answer = await service.ask<{ id: string }>('POST /v1/jobs', { tenant, body });
  if (answer.status !== 201) throw new Error(`the job was not taken: ${JSON.stringify(answer)}`);
  return answer.body.id;
}
/** Runs on this machine, over the kill. */
const realCommand = {
  name: 'real',
  class: 'interactive',
  resources: { nodes: 1, acceleratorsPerNode: 0, cpuCoresPerNode: 1 },
  timeLimitSeconds: 7200,
  constraints: { pools: ['dev-local'] },
  run: { command: ['sh', '-c', 'echo begun; sleep 8; echo "done by $$"'] },
};

describe('kill -9 of the service under load', () => {
  it(`loses nothing acknowledged and runs nothing twice (CHUSUAN_TEST_SEED=${seed})`, async () => {
    const first = await home.start(empty);
    const real = await submitted(first, realCommand);
    await untilRunning(first, real);
    const load = new Load(first, tenant);
    await eventually('jobs run', 30_000, () => jobsOf(first), { until: (jobs) => running(jobs).length > 20 });
    await sleep(killAfterMs);
    const before = running(await jobsOf(first));
    await first.kill();
    await load.ended();
    expect(load.acknowledged.size).toBeGreaterThan(20);

    const second = await home.start(empty);
    const jobs = await jobsOf(second);
    const byId = new Map(jobs.map((job) => [job.id, job]));
    const lost = [...load.acknowledged].filter(([, id]) => !byId.has(id));
    expect(lost).toEqual([]);
    const names = jobs.map((job) => job.name).filter((name) => name.startsWith('load-'));
    expect(names.length - new Set(names).size).toBe(0);
    // What ran when the service died still runs: the same attempt, on the same nodes, since the same moment.
    expect(before.length).toBeGreaterThan(20);
    for (const { id, state, attempts, placement, startedAt } of before) {
      if (id === real) continue;
      const { attemptId, nodes } = placement!;
      expect(byId.get(id)).toMatchObject({ state, attempts, startedAt, placement: { attemptId, nodes } });
    }
    // Who heard no answer asks again and gets one job, whether the first request had arrived or not.
    await load.repeatUnanswered(second);
    const after = (await jobsOf(second)).filter((job) => job.name.startsWith('load-'));
    expect(after.map((job) => job.name).toSorted()).toEqual([...load.asked].toSorted());
    await untilRunning(second, await submitted(second, longJob('fresh')));
    const ended = await eventually(
      'the real command is over',
      40_000,
      () => second.ask<ShownJob>(`GET /v1/jobs/${real}`),
      {
        until: ({ body }) => body.endedAt !== null,
      },
    );
    expect(ended.body).toMatchObject({ state: 'completed', exitCode: 0, attempts: 1 });
    const logs = await second.ask<{ stdout: string }>(`GET /v1/jobs/${real}/logs`, { tenant });
    expect(logs.body.stdout).toMatch(/^begun\ndone by \d+\n$/);
    const stopped = await second.stop();
    expect(stopped.code).toBe(0);
  }, 120_000);
});

describe('kill -9 of the embedded PostgreSQL', () => {
  it('ends the service with a message that says what to do, and the next start has everything', async () => {
    const first = await home.start(empty);
    const load = new Load(first, tenant);
    await eventually('jobs run', 30_000, () => jobsOf(first), { until: (jobs) => running(jobs).length > 10 });
    const before = running(await jobsOf(first));
    process.kill(home.postgresPid!, 'SIGKILL');
    const ended = await first.end();
    await load.ended();
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toMatch(/the embedded PostgreSQL ended .*start again with `npm start`/);
    expect(ended.stderr).not.toMatch(/^ +at /m); // a message, no stack

    const second = await home.start(empty);
    const byId = new Map((await jobsOf(second)).map((job) => [job.id, job]));
    expect([...load.acknowledged].filter(([, id]) => !byId.has(id))).toEqual([]);
    for (const { id, attempts } of before) expect(byId.get(id)).toMatchObject({ state: 'running', attempts });
    await untilRunning(second, await submitted(second, longJob('fresh')));
    await second.stop();
  }, 120_000);
});

describe('kill -9 of the service and its PostgreSQL at once, in a replay', () => {
  it('goes on where it was: each job of the log is submitted once, and runs once', async () => {
    const file = 'test/fixtures/small.swf';
    const trace = await PlayedTrace.read(file, 0);
    const span = trace.jobs.at(-1)!.at / 1000;
    // The whole log in a quarter of a minute.
    const launch = { args: ['--trace', file], env: { CHUSUAN_TIME_SCALE: String(Math.ceil(span / 15)) } };
    const first = await home.start(launch);
    const seen = first.database();
    await eventually('a third of the log is submitted', 30_000, () => submittedIn(seen), {
      until: (count) => count > trace.jobs.length / 3,
    });
    process.kill(home.postgresPid!, 'SIGKILL');
    await first.kill();
    await seen.close();

    const second = await home.start(launch);
    const database = second.database();
    await eventually('the whole log is submitted', 60_000, () => submittedIn(database), {
      until: (count) => count >= trace.jobs.length,
    });
    const { rows } = await database.query<PlayedJob & Record<string, unknown>>(playedSql);
    expect(byNumber(rows)).toEqual(byNumber(trace.jobs.map(playedJob)));
    expect((await database.query(overfullSql)).rows).toEqual([]);
    const again = await database.query(
      `select job_id from attempt where state <> 'lost' group by 1 having count(*) > 1`,
    );
    expect(again.rows).toEqual([]);
    await database.close();
    expect((await second.stop()).code).toBe(0);
  }, 120_000);

  const submittedIn = async (database: Database): Promise<number> =>
    (await database.query<{ jobs: number }>('select count(*)::int as jobs from job')).rows[0]?.jobs ?? 0;
});

describe('a PostgreSQL of its own', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chusuan-e2e-db-'));
    chmodSync(folder, 0o755); // PostgreSQL may run as another user
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));

  it('that stops is told as such, and the service goes on by itself when it is back', async () => {
    const dataDir = join(folder, 'postgres');
    let postgres = await startEmbeddedPostgres({ dataDir });
    try {
      const service = await home.start({ args: ['--empty'], env: { ...scale, CHUSUAN_DATABASE_URL: postgres.url } });
      const before = await submitted(service, longJob('before'));
      await untilRunning(service, before);
      process.kill(postgres.pid, 'SIGINT');
      await postgres.stop();
      const refused = await eventually(
        'requests are refused',
        20_000,
        () => service.ask('POST /v1/jobs', { tenant, body: longJob('while'), idempotencyKey: 'while' }),
        {
          until: ({ status }) => status === 503,
        },
      );
      expect(refused).toMatchObject({
        contentType: expect.stringContaining('application/problem+json'),
        body: { code: 'database-unavailable', status: 503 },
      });
      const unready = await eventually('it is not ready', 10_000, () => service.ask('GET /readyz'), {
        until: ({ status }) => status === 503,
      });
      expect(unready).toMatchObject({
        body: { checks: expect.arrayContaining([expect.objectContaining({ name: 'database', ok: false })]) },
      });
      expect((await service.ask('GET /healthz')).status).toBe(200);

      postgres = await startEmbeddedPostgres({ dataDir });
      await service.untilReady();
      const kept = await eventually('the job is told', 10_000, () => service.ask<ShownJob>(`GET /v1/jobs/${before}`), {
        until: ({ status }) => status === 200,
      });
      expect(kept.body).toMatchObject({ state: 'running', attempts: 1 });
      const again = await service.ask<{ id: string }>('POST /v1/jobs', {
        tenant,
        body: longJob('while'),
        idempotencyKey: 'while',
      });
      expect(again.status).toBe(201);
      await untilRunning(service, again.body.id);
      await eventually('it says that it works again', 10_000, async () => service.stderr, {
        until: (text) => /works again/.test(text),
      });
      expect((await service.stop()).code).toBe(0);
    } finally {
      await postgres.stop();
    }
  }, 120_000);
});

describe('a start that cannot be', () => {
  const nobody = { CHUSUAN_DATABASE_URL: 'postgres://nobody:none@127.0.0.1:1/none' };
  it.each(['dev', 'api', 'scheduler', 'exporter', 'migrate'])(
    '%s without its database says so and asks to try later',
    async (verb) => {
      const ended = await home.run([verb], nobody);
      expect(ended.code).toBe(75);
      expect(ended.stderr).toMatch(/database .*ECONNREFUSED[^]*start it, or correct/);
      expect(ended.stderr).not.toMatch(/none@|^ +at /m); // neither the password nor a stack
    },
  );

  it.each(['CHUSUAN_HTTP_PORT', 'CHUSUAN_METRICS_PORT'])(
    'names the taken port and %s, and leaves nothing running',
    async (setting) => {
      const holder = createServer();
      const port = await new Promise<number>((resolve) => {
        holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port));
      });
      const ended = await home.run(['dev', '--empty'], { [setting]: String(port) });
      await new Promise((resolve) => holder.close(resolve));
      expect(ended.code).toBe(5);
      expect(ended.stderr).toMatch(new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken[^]*set ${setting}`));
      expect(home.postgresPid).toBeNull();
    },
  );
});
