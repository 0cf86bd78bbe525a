import type { EndedJob } from '#libs/application';
import { FixedSources } from './fixed-sources.js';
import { ProcessInstruments } from './process-instruments.js';

const build = { version: '1.2.3', revision: 'abc', nodeVersion: 'v24' };
const instrumentsOver = (sources: FixedSources): ProcessInstruments =>
  new ProcessInstruments({ counters: sources.counters, build });

async function valueOf(
  instruments: ProcessInstruments,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const values = (await instruments.families()).flatMap((family) =>
    family.values.map((sample) => ({ ...sample, name: sample.metricName ?? family.name })),
  );
  return values.find(
    (sample) =>
      sample.name === `chusuan_${name}` &&
      Object.entries(labels).every(([label, value]) => String(sample.labels[label]) === value),
  )?.value;
}

const anEndedJob = (more: Partial<EndedJob>): EndedJob => ({
  jobId: 'j',
  attemptId: 'a',
  poolId: 'yueke',
  class: 'training',
  outcome: 'completed',
  jobState: 'completed',
  submittedAt: 0,
  startedAt: 1_200_000,
  endedAt: 3_000_000,
  limitSeconds: 3_600,
  ...more,
});

describe('an ended job', () => {
  const cases: Record<string, { job: EndedJob; wantRuns: number; wantSlowdownSum: number; wantEstimateSum: number }> = {
    'a job that waited 20 min and ran 30 of its 60': {
      job: anEndedJob({}),
      wantRuns: 1,
      wantSlowdownSum: (1_200 + 1_800) / 1_800,
      wantEstimateSum: 0.5,
    },
    'a short job counts as ten minutes in the slowdown': {
      job: anEndedJob({ startedAt: 1_200_000, endedAt: 1_260_000 }),
      wantRuns: 1,
      wantSlowdownSum: 1_260 / 600,
      wantEstimateSum: 60 / 3_600,
    },
    'a cancelled run is a run, but tells nothing of estimates': {
      job: anEndedJob({ outcome: 'cancelled', jobState: 'cancelled' }),
      wantRuns: 1,
      wantSlowdownSum: 0,
      wantEstimateSum: 0,
    },
    'a lost attempt whose job waits again is not over': {
      job: anEndedJob({ outcome: 'lost', jobState: 'queued' }),
      wantRuns: 0,
      wantSlowdownSum: 0,
      wantEstimateSum: 0,
    },
    'a job cancelled before its start never ran': {
      job: anEndedJob({ startedAt: null, outcome: 'cancelled', jobState: 'cancelled' }),
      wantRuns: 0,
      wantSlowdownSum: 0,
      wantEstimateSum: 0,
    },
  };
  it.each(Object.entries(cases))('%s', async (_sentence, { job, wantRuns, wantSlowdownSum, wantEstimateSum }) => {
    const instruments = instrumentsOver(new FixedSources());
    instruments.jobs.ended(job);
    const label = { class: 'training' };
    expect(await valueOf(instruments, 'job_run_seconds_count', label)).toBe(wantRuns);
    expect(await valueOf(instruments, 'job_slowdown_ratio_sum', label)).toBeCloseTo(wantSlowdownSum);
    expect(await valueOf(instruments, 'job_estimate_error_ratio_sum', label)).toBeCloseTo(wantEstimateSum);
  });
});

describe('instruments of a process', () => {
  it('observe waits and start delays in seconds of service time', async () => {
    const instruments = instrumentsOver(new FixedSources());
    const job = { poolId: 'yueke', class: 'training', submittedAt: 1_000, releasedAt: 61_000, startedAt: 64_000 };
    instruments.jobs.started(job);
    instruments.jobs.started({ ...job, releasedAt: null });
    expect(await valueOf(instruments, 'job_wait_seconds_sum', { pool: 'yueke' })).toBe(126);
    expect(await valueOf(instruments, 'job_start_delay_seconds_sum', { pool: 'yueke' })).toBe(3);
    expect(await valueOf(instruments, 'job_start_delay_seconds_count', { pool: 'yueke' })).toBe(1);
  });

  it('count requests in flight up and down by priority', async () => {
    const instruments = instrumentsOver(new FixedSources());
    instruments.http.began('read');
    instruments.http.began('read');
    instruments.http.ended({ route: '/v1/jobs', method: 'GET', code: 200, seconds: 0.02, priority: 'read' });
    expect(await valueOf(instruments, 'http_requests_in_flight', { priority: 'read' })).toBe(1);
    expect(await valueOf(instruments, 'http_requests_total', { route: '/v1/jobs', code: '200' })).toBe(1);
  });

  it('add up the connections of all database pools when they are looked at', async () => {
    const instruments = instrumentsOver(new FixedSources());
    let used = 1;
    instruments.database.watch(() => ({ idle: 3, used, waiting: 0 }));
    instruments.database.watch(() => ({ idle: 1, used: 4, waiting: 2 }));
    used = 5;
    expect(await valueOf(instruments, 'db_pool_connections', { state: 'used' })).toBe(9);
    expect(await valueOf(instruments, 'db_pool_connections', { state: 'waiting' })).toBe(2);
  });

  it('do not throw into the work they look at, whatever the number', async () => {
    const instruments = instrumentsOver(new FixedSources());
    instruments.scheduler.staged('place', Number.NaN);
    instruments.scheduler.staged('place', -1);
    expect(await valueOf(instruments, 'scheduler_cycle_seconds_count', { stage: 'place' })).toBe(1);
  });

  it('fold routes without end into one, and count each of them once', async () => {
    const instruments = instrumentsOver(new FixedSources());
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 2_000; index += 1)
        instruments.http.ended({ route: `/r${index}`, method: 'GET', code: 200, seconds: 0.1, priority: 'read' });
    const families = await instruments.families();
    const requests = families.find(({ name }) => name === 'chusuan_http_requests_total');
    expect(requests?.values.length).toBe(457);
    expect(requests?.values.reduce((sum, { value }) => sum + value, 0)).toBe(4_000);
    const metric = 'chusuan_http_requests_total';
    expect(await valueOf(instruments, 'metric_series_dropped_total', { metric })).toBe(2_000 - 456);
  });
});

describe('durable counters', () => {
  it('are handed over as sums, one increment a series', async () => {
    const sources = new FixedSources();
    const instruments = instrumentsOver(sources);
    for (let index = 0; index < 5; index += 1) instruments.scheduler.decided('placed', 2);
    instruments.jobs.rejected('invalid');
    await instruments.flush();
    await instruments.flush();
    expect([...sources.table.values()]).toEqual([
      { name: 'chusuan_scheduler_decisions_total', labels: { decision: 'placed' }, value: 10 },
      { name: 'chusuan_jobs_rejected_total', labels: { reason: 'invalid' }, value: 1 },
    ]);
  });

  it('lose nothing while the database is away', async () => {
    const sources = new FixedSources();
    const instruments = instrumentsOver(sources);
    sources.broken.add('add');
    instruments.scheduler.conflicted('fenced', 1);
    await expect(instruments.flush()).rejects.toThrow('add');
    instruments.scheduler.conflicted('fenced', 2);
    sources.broken.clear();
    await instruments.flush();
    expect([...sources.table.values()].map(({ value }) => value)).toEqual([3]);
  });
});
