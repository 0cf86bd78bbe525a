import { jobClasses } from '#libs/domain';
import { catalogue, familyKeys, familyOf, labelNames, maxSeries } from './catalogue.js';
import { expose } from './exposition.js';
import { aGroup, aPoolView, FixedSources, type FixedRows } from './fixed-sources.js';
import { formatFor, MetricsPage } from './metrics-page.js';
import { ProcessInstruments } from './process-instruments.js';
import { StateMetrics } from './state-metrics.js';

const hour = 1_800_000_000_000;
const clock = { now: () => 1_795_000_100_000, stopwatch: () => 0 };

function pageOver(sources: FixedSources) {
  const build = { version: '1.2.3', revision: 'abc', nodeVersion: 'v24' };
  const instruments = new ProcessInstruments({ counters: sources.counters, build });
  const failures: string[] = [];
  const onFailure = (collector: string): void => void failures.push(collector);
  const state = new StateMetrics({ sources, instruments, clock, onFailure });
  return { page: new MetricsPage(instruments, state), instruments, failures };
}

interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
function parsed(body: string): Line[] {
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}
const scraped = async (page: MetricsPage): Promise<Line[]> => parsed((await page.write('text')).body);
const sumOf = (lines: readonly Line[], name: string, labels: Readonly<Record<string, string>> = {}): number =>
  lines
    .filter((line) => line.name === `chusuan_${name}`)
    .filter((line) => Object.entries(labels).every(([label, value]) => line.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);

const anEnergyRow = (pool: string): FixedRows['energy'][number] => ({
  pool,
  itJoules: 800,
  facilityJoules: 1_000,
  direct: 100,
  storage: 0,
  contract: 300,
  grid: 600,
  greenMatched: 400,
  greenAvailable: 450,
  greenCurtailed: 50,
  gridGreen: 240,
  locationGrams: 5,
  marketGrams: 4,
  estimatedRatio: 1,
  costYuan: 0.5,
});

/** Something in every family. */
function fullRows(): Partial<FixedRows> {
  const lastHour = { hour, itJoules: 7_200_000n, facilityJoules: 9_000_000n, greenShareHourMatched: 0.4 };
  const shares = { greenShareVolumetric: 0.45, greenShareGridAverage: 0.4, estimated: true };
  const yueke = aPoolView('yueke', {
    lastHour: { ...lastHour, ...shares },
    groups: [
      aGroup('yueke-atlas'),
      aGroup('yueke-cpu', { acceleratorModel: null, perNode: { cards: 0, cores: 128, memoryGiB: 512 } }),
    ],
  });
  const pool = 'yueke';
  const settlement = { poolId: pool, siteId: 'ezhou-yueke', hour, gramsPerKwh: 540, yuanPerKwh: 0.72 };
  return {
    pools: [yueke, aPoolView('planned', { enabled: false })],
    settlements: [settlement as FixedRows['settlements'][number]],
    jobsByState: [
      { pool: '', class: 'training', state: 'queued', jobs: 3 },
      { pool, class: 'training', state: 'running', jobs: 2 },
      { pool, class: 'training', state: 'completed', jobs: 99 },
    ],
    jobsFinished: [{ pool, class: 'training', outcome: 'completed', jobs: 99 }],
    jobsSubmitted: [{ class: 'training', channel: 'api', jobs: 104 }],
    queuedDemand: [{ class: 'training', model: 'ascend-910b', cards: 24 }],
    oldestQueued: [{ pool: '', class: 'training', submittedAt: hour }],
    pendingReasons: [{ refusal: 'no-free-nodes', jobs: 3 }],
    acceleratorSeconds: [{ pool, model: 'ascend-910b', class: 'training', tenant: 'whu', cardSeconds: 360 }],
    energy: [anEnergyRow(pool)],
    tenantEnergy: [{ tenant: 'whu', pool, joules: 700, marketGrams: 3 }],
    lostSeconds: [{ pool, model: 'ascend-910b', reason: 'lost', cardSeconds: 12 }],
    outboxPending: { dispatch: 1 },
    lease: { holder: 'scheduler-1', epoch: 7 },
    lastCycle: { cycle: 41, atWallMs: 1_795_000_099_000 },
    engines: [{ pool, engine: 'simulated', reachable: true, observedWallMs: 1_795_000_098_000 }],
  };
}

/** What a process of its own would have told. */
function makeAnInstrumentNoise({ instruments }: ReturnType<typeof pageOver>): void {
  const { http, scheduler, jobs, database } = instruments;
  http.began('read');
  http.ended({ route: '/v1/jobs', method: 'GET', code: 200, seconds: 0.1, priority: 'read' });
  scheduler.called({ poolId: 'yueke', engine: 'simulated', operation: 'prepare', result: 'ok', seconds: 0.1 });
  scheduler.drifted('yueke', { lost: 0, stranger: 0, finished: 1 });
  scheduler.decided('backfilled', 2);
  scheduler.backfilled('yueke', 2);
  jobs.started({ poolId: 'yueke', class: 'training', submittedAt: 0, releasedAt: 5_000, startedAt: 6_000 });
  database.watch(() => ({ idle: 1, used: 2, waiting: 0 }));
  instruments.seriesDropped(catalogue.httpRequests);
}

describe('the page', () => {
  it('shows every family of the catalogue with a value, and nothing that is not in it', async () => {
    const made = pageOver(new FixedSources(fullRows()));
    makeAnInstrumentNoise(made);
    await made.page.refresh();
    expect(made.failures).toEqual([]);
    const bases = new Set(
      (await scraped(made.page)).map(({ name }) =>
        familyKeys.some((key) => familyOf(key).name === name) ? name : name.replace(/_(bucket|sum|count)$/, ''),
      ),
    );
    expect([...bases].toSorted()).toEqual(familyKeys.map((key) => familyOf(key).name).toSorted());
  });

  it('has no label that the catalogue does not know', async () => {
    const made = pageOver(new FixedSources(fullRows()));
    makeAnInstrumentNoise(made);
    await made.page.refresh();
    const names = new Set((await scraped(made.page)).flatMap(({ labels }) => Object.keys(labels)));
    expect([...names].filter((name) => name !== 'le' && !labelNames.has(name))).toEqual([]);
  });

  it('writes the same values as OpenMetrics, whichever format was asked for first', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const first = await page.write('openmetrics');
    const text = await page.write('text');
    const again = await page.write('openmetrics');
    expect(again.body).toBe(first.body);
    expect(first.body.endsWith('# EOF\n')).toBe(true);
    expect(first.body.match(/# EOF/g)).toHaveLength(1);
    expect(first.body).toContain('# TYPE chusuan_it_energy_joules counter\nchusuan_it_energy_joules_total{');
    expect(text.body).toContain('# TYPE chusuan_it_energy_joules_total counter\nchusuan_it_energy_joules_total{');
    expect(parsed(first.body)).toEqual(parsed(text.body));
  });

  it('tells the service time of the scrape, not of the refresh', async () => {
    let now = 1_795_000_000_000;
    const sources = new FixedSources(fullRows());
    const { instruments } = pageOver(sources);
    const moving = { now: () => now, stopwatch: () => 0 };
    const page = new MetricsPage(instruments, new StateMetrics({ sources, instruments, clock: moving }));
    await page.refresh();
    now += 2_000;
    expect(sumOf(await scraped(page), 'clock_timestamp_seconds')).toBe(1_800_000_000 + 120);
    expect(sumOf(await scraped(page), 'clock_rate')).toBe(60);
  });

  const accepts: Record<string, { accept: string | undefined; wantFormat: string }> = {
    'no preference': { accept: undefined, wantFormat: 'text' },
    'a browser': { accept: 'text/html,*/*;q=0.8', wantFormat: 'text' },
    'Prometheus 2.42': {
      accept:
        'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      wantFormat: 'openmetrics',
    },
    'a scraper that prefers text': {
      accept: 'application/openmetrics-text;q=0.3,text/plain;q=0.9',
      wantFormat: 'text',
    },
    'a scraper that refuses OpenMetrics': { accept: 'application/openmetrics-text;q=0', wantFormat: 'text' },
  };
  it.each(Object.entries(accepts))('answers %s', (_sentence, { accept, wantFormat }) => {
    expect(formatFor(accept)).toBe(wantFormat);
  });
});

describe('values from the database', () => {
  it('partition what is installed: the states add up to it', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const lines = await scraped(page);
    expect(sumOf(lines, 'pool_nodes', { pool: 'yueke' })).toBe(8);
    expect(sumOf(lines, 'pool_accelerators', { pool: 'yueke' })).toBe(32);
    expect(sumOf(lines, 'pool_cpu_cores', { pool: 'yueke' })).toBe(2 * 768);
    expect(sumOf(lines, 'pool_memory_bytes', { pool: 'yueke' })).toBe(2 * 4_096 * 2 ** 30);
    expect(sumOf(lines, 'pool_compute_flops', { pool: 'yueke', precision: 'fp16' })).toBeCloseTo(2 * 10.24e15, -3);
  });

  it('say which pools rest on assumptions, and leave out those that are not enabled', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const info = (await scraped(page)).filter(({ name }) => name === 'chusuan_pool_info');
    expect(info.map(({ labels }) => labels)).toEqual([
      {
        pool: 'yueke',
        site: 'ezhou-yueke',
        kind: 'main',
        scope: 'managed',
        city: 'ezhou',
        engine: 'simulated',
        assumed: 'true',
      },
    ]);
  });

  it('hold what the three green shares are made of', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const lines = await scraped(page);
    const facility = sumOf(lines, 'facility_energy_joules_total');
    expect(sumOf(lines, 'energy_supplied_joules_total')).toBe(facility);
    expect(sumOf(lines, 'green_matched_joules_total') / facility).toBe(0.4);
    expect(sumOf(lines, 'green_available_joules_total') / facility).toBe(0.45);
    expect(
      sumOf(lines, 'grid_green_joules_total') / sumOf(lines, 'energy_supplied_joules_total', { source: 'grid' }),
    ).toBe(0.4);
    expect(sumOf(lines, 'grid_carbon_intensity_grams_per_joule') * 3.6e6).toBeCloseTo(540);
    expect(sumOf(lines, 'it_power_watts')).toBe(2_000);
  });

  it('show zero for what is known and has not happened', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const lines = await scraped(page);
    const series = lines.filter(({ name }) => name === 'chusuan_jobs');
    expect(series).toHaveLength(jobClasses.length * 5);
    expect(sumOf(lines, 'jobs')).toBe(5);
    const shown = (name: string): number => lines.filter((line) => line.name === `chusuan_${name}`).length;
    expect(shown('jobs_finished_total')).toBe(jobClasses.length * 4);
    expect(shown('outbox_pending')).toBe(2);
    expect(shown('scheduler_decisions_total')).toBe(5);
    expect(shown('pool_overcommit_detected_total')).toBe(1);
  });

  it('stay when their collector fails, which says so, while the others go on', async () => {
    const sources = new FixedSources(fullRows());
    const { page, failures } = pageOver(sources);
    await page.refresh();
    sources.broken.add('energy');
    sources.rows.lease = { holder: 'scheduler-2', epoch: 8 };
    await page.refresh();
    const lines = await scraped(page);
    expect(failures).toEqual(['energy']);
    expect(sumOf(lines, 'exporter_collector_success', { collector: 'energy' })).toBe(0);
    expect(sumOf(lines, 'exporter_collector_success', { collector: 'pools' })).toBe(1);
    expect(sumOf(lines, 'it_energy_joules_total')).toBe(800);
    expect(sumOf(lines, 'scheduler_fencing_token')).toBe(8);
    sources.broken.clear();
    await page.refresh();
    expect(sumOf(await scraped(page), 'exporter_collector_success', { collector: 'energy' })).toBe(1);
  });

  it('stay when a collector fails halfway or tells no number', async () => {
    const sources = new FixedSources(fullRows());
    const { page } = pageOver(sources);
    await page.refresh();
    sources.rows.energy = [{ ...anEnergyRow('yueke'), itJoules: 900, costYuan: Number.NaN }];
    await page.refresh();
    expect(sumOf(await scraped(page), 'it_energy_joules_total')).toBe(800);
  });

  it('disappear with what they belonged to', async () => {
    const sources = new FixedSources(fullRows());
    const { page } = pageOver(sources);
    await page.refresh();
    sources.rows.oldestQueued = [];
    sources.rows.pools = [];
    await page.refresh();
    const names = new Set((await scraped(page)).map(({ name }) => name));
    expect(names.has('chusuan_queue_oldest_submit_timestamp_seconds')).toBe(false);
    expect(names.has('chusuan_pool_info')).toBe(false);
  });
});

describe('counters', () => {
  it('grow exactly as the database does, and go on after a restart', async () => {
    const sources = new FixedSources(fullRows());
    const before = pageOver(sources);
    before.instruments.scheduler.decided('placed', 5);
    await before.page.refresh();
    const first = await scraped(before.page);
    sources.rows.jobsFinished = [{ pool: 'yueke', class: 'training', outcome: 'completed', jobs: 101 }];
    const after = pageOver(sources);
    after.instruments.scheduler.decided('placed', 2);
    await after.page.refresh();
    const second = await scraped(after.page);
    expect(sumOf(second, 'jobs_finished_total') - sumOf(first, 'jobs_finished_total')).toBe(2);
    expect(sumOf(first, 'scheduler_decisions_total')).toBe(5);
    expect(sumOf(second, 'scheduler_decisions_total')).toBe(7);
  });

  it('stand still rather than fall when a later revision settled less', async () => {
    const sources = new FixedSources(fullRows());
    const { page } = pageOver(sources);
    await page.refresh();
    for (const [itJoules, want] of [
      [799.999, 800],
      [810, 810],
    ] as const) {
      sources.rows.energy = [{ ...anEnergyRow('yueke'), itJoules }];
      await page.refresh();
      expect(sumOf(await scraped(page), 'it_energy_joules_total')).toBe(want);
    }
  });

  it('count an overcommitted node when it is found, not at each refresh', async () => {
    const sources = new FixedSources(fullRows());
    const { page } = pageOver(sources);
    const seen: number[] = [];
    for (const nodes of [0, 2, 2, 1, 3]) {
      sources.rows.overcommits = nodes === 0 ? [] : [{ pool: 'yueke', nodes }];
      await page.refresh();
      await page.refresh();
      seen.push(sumOf(await scraped(page), 'pool_overcommit_detected_total', { pool: 'yueke' }));
    }
    expect(seen).toEqual([0, 2, 2, 2, 4]);
  });

  it('ignore rows of the counter table that belong to nobody here', async () => {
    const sources = new FixedSources(fullRows());
    const { page, failures } = pageOver(sources);
    await sources.counters.add([
      { name: 'chusuan_scheduler_decisions_total', labels: { verdict: 'old' }, by: 4 },
      { name: 'something_else', labels: {}, by: 1 },
    ]);
    await page.refresh();
    expect(failures).toEqual([]);
    expect(sumOf(await scraped(page), 'scheduler_decisions_total')).toBe(0);
  });
});

describe('a province of 40 pools and 500 tenants', () => {
  const models = ['ascend-910', 'ascend-910b', 'h20'];
  const pools = Array.from({ length: 40 }, (_, index) => `pool-${String(index).padStart(2, '0')}`);
  const tenants = Array.from({ length: 500 }, (_, index) => `tenant-${String(index).padStart(3, '0')}`);

  function province(): FixedSources {
    const use = (tenant: number, pool: number): number => 1_000 * (tenant + 1) + pool;
    const pairs = tenants.flatMap((tenant, t) => pools.map((pool, p) => ({ tenant, pool, amount: use(t, p) })));
    return new FixedSources({
      ...fullRows(),
      pools: pools.map((id) =>
        aPoolView(id, {
          groups: models.map((acceleratorModel) => aGroup(`${id}-${acceleratorModel}`, { acceleratorModel })),
        }),
      ),
      energy: pools.map(anEnergyRow),
      tenantEnergy: pairs.map(({ tenant, pool, amount }) => ({ tenant, pool, joules: amount, marketGrams: 1 })),
      acceleratorSeconds: pairs.flatMap(({ tenant, pool, amount }) =>
        ['training', 'inference'].map((jobClass, index) => ({
          tenant,
          pool,
          model: models[index] ?? '',
          class: jobClass,
          cardSeconds: amount,
        })),
      ),
      lostSeconds: pools.flatMap((pool) => models.map((model) => ({ pool, model, reason: 'failed', cardSeconds: 1 }))),
      engines: pools.map((pool) => ({ pool, engine: 'simulated', reachable: true, observedWallMs: 1 })),
    });
  }

  function busy({ instruments }: ReturnType<typeof pageOver>): void {
    const ops = ['prepare', 'release', 'cancel', 'observe'] as const;
    for (const poolId of [...pools, 'one-too-many', 'two-too-many'])
      for (const jobClass of jobClasses) {
        instruments.jobs.started({ poolId, class: jobClass, submittedAt: 0, releasedAt: 0, startedAt: 1_000 });
        for (const operation of ops)
          for (const result of ['ok', 'rejected', 'error'] as const)
            instruments.scheduler.called({ poolId, engine: 'slurm', operation, result, seconds: 1 });
      }
    for (let index = 0; index < 200; index += 1)
      for (const code of [200, 404, 422, 500])
        instruments.http.ended({ route: `/r/${index}`, method: 'GET', code, seconds: 1, priority: 'read' });
  }

  it('stays within 20,500 series, each family within its bound, and loses no card-second', async () => {
    const sources = province();
    const made = pageOver(sources);
    busy(made);
    await made.page.refresh();
    expect(made.failures).toEqual([]);
    const lines = await scraped(made.page);
    expect(lines.length).toBeGreaterThan(10_000);
    expect(lines.length).toBeLessThanOrEqual(maxSeries);
    for (const key of familyKeys) {
      const { name, bound } = familyOf(key);
      const parts = [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
      const count = lines.filter((line) => parts.includes(line.name)).length;
      expect([name, count <= bound]).toEqual([name, true]);
    }
    const wantCardSeconds = sources.rows.acceleratorSeconds.reduce((sum, row) => sum + row.cardSeconds, 0);
    expect(sumOf(lines, 'accelerator_seconds_total')).toBe(wantCardSeconds);
    const wantJoules = sources.rows.tenantEnergy.reduce((sum, row) => sum + row.joules, 0);
    expect(sumOf(lines, 'tenant_energy_joules_total')).toBe(wantJoules);
  });

  it('names the fifty tenants that used most, and counts the others as folded', async () => {
    const { page } = pageOver(province());
    await page.refresh();
    const lines = await scraped(page);
    const named = new Set(
      lines.filter(({ name }) => name === 'chusuan_tenant_emissions_grams_total').map(({ labels }) => labels['tenant']),
    );
    expect([...named].toSorted()).toEqual(['_other', ...tenants.slice(450)].toSorted());
    const metric = 'chusuan_tenant_emissions_grams_total';
    expect(sumOf(lines, 'metric_series_dropped_total', { metric })).toBe(450);
  });

  it('leaves pools beyond the bound out, the same ones each time, and counts them', async () => {
    const sources = province();
    const many = Array.from({ length: 43 }, (_, index) => aPoolView(`pool-${String(index).padStart(2, '0')}`));
    const { page } = pageOver(sources);
    for (const pool of [many, many.toReversed()]) {
      sources.rows.pools = pool;
      await page.refresh();
      const lines = await scraped(page);
      const shown = lines.filter(({ name }) => name === 'chusuan_pool_info').map(({ labels }) => labels['pool']);
      expect(shown.toSorted()).toEqual(pools);
      expect(sumOf(lines, 'metric_series_dropped_total', { metric: 'chusuan_pool_info' })).toBe(3);
    }
  });
});

describe('the exposition', () => {
  it('escapes what a label value may hold', async () => {
    const family = { name: 'x', help: 'a\nb', type: 'gauge', values: [{ value: 1, labels: { a: 'q"\\\n' } }] };
    expect(await expose([family], 'text')).toBe('# HELP x a\\nb\n# TYPE x gauge\nx{a="q\\"\\\\\\n"} 1\n');
  });
});
