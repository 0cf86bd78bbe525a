import { join } from 'node:path';
import type { Database } from '#libs/persistence';
import { describeWithTraces, openTraces } from '#libs/testing';
import {
  PlayedTrace,
  type Look,
  type PlayedJob,
  byNumber,
  lookSql,
  misplacedSql,
  overfullSql,
  playedJob,
  playedSql,
  tracedRunSeconds,
} from './support/played-trace.js';
import { type RunningService, ServiceHome, eventually } from './support/running-service.js';
import type { Samples } from './support/samples.js';

const folder = join(openTraces, 'swf');
const suite = describeWithTraces('The replay by the whole service is');

const WANT_JOBS = 1_000;
/** Wall seconds from when a job is due to when it is in the queue, on a busy machine: a tick of half a second and the insert. */
const PLAY_LAG_S = 3;
/** Wall seconds that the page may be old: the exporter's refresh and its taking place. */
const PAGE_AGE_S = 8;

let home: ServiceHome;
let service: RunningService;
let database: Database;
let trace: PlayedTrace;

suite.each([
  // The densest four hours of the log: 1,500 jobs at once, of minutes each.
  { file: 'philly_gpu.swf.gz', skipSeconds: 2_722_000, scale: 800, wantCards: true },
  { file: 'KTH-SP2-1996-2.swf.gz', skipSeconds: 19_600_000, scale: 30_000, wantCards: false },
])('chusuan dev --trace $file', ({ file, skipSeconds, scale, wantCards }) => {
  beforeAll(async () => {
    home = new ServiceHome();
    trace = await PlayedTrace.read(join(folder, file), skipSeconds);
    const args = ['--trace', join(folder, file), '--skip', String(skipSeconds)];
    service = await home.start({ args, env: { CHUSUAN_TIME_SCALE: String(scale) } });
    database = service.database();
    await eventually(`${WANT_JOBS} jobs are submitted and half of them over`, 60_000, look, {
      until: (seen) => seen.submitted >= WANT_JOBS && seen.over >= WANT_JOBS / 2,
    });
  }, 120_000);
  afterAll(async () => {
    await database?.close();
    await service?.stop();
    await home?.remove();
  }, 60_000);

  it('submits what is due by the service clock: each job once, as the mapping says', submitsWhatIsDue);
  it('tells the same counts on /metrics, at the age of the page', () => tellsTheSameCounts(scale));
  it('places them only where they may be, and nothing twice', () => placesWhereTheyMayBe(wantCards));
  it('shows capacity whose parts sum to what is installed', showsAllCapacity);
  it('ends them after the run time that the log tells, never before they were submitted', endsThemAsTraced);
});

async function look(): Promise<Look> {
  const { rows } = await database.query<Look & Record<string, unknown>>(lookSql);
  if (!rows[0]) throw new Error('no demand is played');
  return rows[0];
}

async function submitsWhatIsDue(): Promise<void> {
  const seen = await eventually('the jobs that are due are in the queue', 15_000, look, {
    until: ({ submitted, clock, origin, rate }) =>
      submitted >= trace.dueAfter(clock - origin - PLAY_LAG_S * 1000 * rate),
  });
  expect(seen.submitted).toBeLessThanOrEqual(trace.dueAfter(seen.clock - seen.origin));
  expect(seen.waiting + seen.alive + seen.over).toBe(seen.submitted);
  const { rows } = await database.query<PlayedJob & Record<string, unknown>>(playedSql);
  expect(rows.length).toBeGreaterThanOrEqual(seen.submitted);
  expect(byNumber(rows)).toEqual(byNumber(trace.jobs.slice(0, rows.length).map(playedJob)));
}

async function tellsTheSameCounts(scale: number): Promise<void> {
  const { origin } = await look();
  const dueAt = (page: Samples, secondsAgo: number): number =>
    trace.dueAfter(page.sum('chusuan_clock_timestamp_seconds') * 1000 - origin - secondsAgo * 1000 * scale);
  const page = await eventually(
    'all that was due is told, and waits, runs or is over',
    30_000,
    () => service.metrics(),
    {
      until: (seen) =>
        submittedOf(seen) >= Math.max(WANT_JOBS, dueAt(seen, PAGE_AGE_S + PLAY_LAG_S)) &&
        submittedOf(seen) === livingOf(seen) + overOf(seen),
    },
  );
  expect(submittedOf(page)).toBeLessThanOrEqual(dueAt(page, 0));
  expect(page.sum('chusuan_jobs_submitted_total', { channel: 'replay' })).toBe(submittedOf(page)); // no other channel
  expect(page.sum('chusuan_clock_rate')).toBe(scale);
}

async function placesWhereTheyMayBe(cards: boolean): Promise<void> {
  expect((await database.query(misplacedSql)).rows).toEqual([]);
  expect((await database.query(overfullSql)).rows).toEqual([]);
  expect((await database.query('select job_id from attempt group by 1 having count(*) > 1')).rows).toEqual([]);
  const page = await service.metrics();
  expect(page.sum('chusuan_pool_overcommitted_nodes')).toBe(0);
  const { rows } = await database.query<{ sort: boolean }>('select distinct cards > 0 as sort from attempt');
  expect(rows).toEqual([{ sort: cards }]);
}

async function showsAllCapacity(): Promise<void> {
  const page = await service.metrics();
  const { rows } = await database.query<{ pool: string; nodes: number; cards: number; cores: number }>(
    `select g.pool_id as pool, sum(g.node_count)::int as nodes, sum(g.node_count * g.cards)::int as cards, sum(g.node_count * g.cores)::int as cores
     from node_group g join pool p on p.id = g.pool_id where p.enabled group by 1`,
  );
  expect(rows.length).toBeGreaterThanOrEqual(8);
  for (const { pool, nodes, cards, cores } of rows) {
    expect([pool, page.sum('chusuan_pool_nodes', { pool })]).toEqual([pool, nodes]);
    expect([pool, page.sum('chusuan_pool_cpu_cores', { pool })]).toEqual([pool, cores]);
    if (cards > 0) expect([pool, page.sum('chusuan_pool_accelerators', { pool })]).toEqual([pool, cards]);
  }
  const allocated = page.sum('chusuan_pool_cpu_cores', { state: 'allocated' });
  expect(allocated).toBeGreaterThan(0);
}

async function endsThemAsTraced(): Promise<void> {
  const byName = new Map(trace.jobs.map((job) => [job.request.name, job]));
  const { status, body } = await service.ask<{ items: readonly ShownJob[] }>('GET /v1/jobs?state=completed&limit=200');
  expect(status).toBe(200);
  expect(body.items.length).toBe(200);
  for (const job of body.items) {
    const traced = byName.get(job.name);
    expect(traced).toBeDefined();
    const [submitted, started, ended] = [job.submittedAt, job.startedAt, job.endedAt].map(
      (at) => Date.parse(at) / 1000,
    ) as [number, number, number];
    expect(Math.abs(ended - started - tracedRunSeconds(traced!))).toBeLessThanOrEqual(1);
    expect(started).toBeGreaterThanOrEqual(submitted);
    expect(job).toMatchObject({ channel: 'replay', sample: true, simulated: true, exitCode: 0, attempts: 1 });
  }
}

interface ShownJob {
  readonly name: string;
  readonly submittedAt: string;
  readonly startedAt: string;
  readonly endedAt: string;
}
const submittedOf = (page: Samples): number => page.sum('chusuan_jobs_submitted_total');
const livingOf = (page: Samples): number => page.sum('chusuan_jobs');
const overOf = (page: Samples): number => page.sum('chusuan_jobs_finished_total');
