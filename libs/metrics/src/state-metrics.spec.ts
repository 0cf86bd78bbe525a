import { jobClasses } from '#libs/domain';
import { anEnergyRow, fullRows, pageOver, scraped, sumOf } from './fixed-page.js';
import { FixedSources } from './fixed-sources.js';

describe('values from the database', () => {
  it('partition what is installed: the states add up to it', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const lines = await scraped(page);
    expect(sumOf(lines, 'pool_nodes', { pool: 'yueke' })).toBe(8);
    expect(sumOf(lines, 'pool_accelerators', { pool: 'yueke' })).toBe(32);
    expect(sumOf(lines, 'pool_shared_accelerators_held', { pool: 'yueke', model: 'ascend-910b' })).toBe(10.25);
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

  it('tell quota, holding and share of each tenant, and nothing where there is none', async () => {
    const { page } = pageOver(new FixedSources(fullRows()));
    await page.refresh();
    const lines = await scraped(page);
    const shown = (name: string): unknown[] =>
      lines.filter((line) => line.name === `chusuan_${name}`).map(({ labels, value }) => [labels['tenant'], value]);
    expect(shown('tenant_quota_accelerators')).toEqual([['whu', 130]]);
    expect(shown('tenant_allocated_accelerators')).toEqual([
      ['whu', 8.5],
      ['hust', 0],
    ]);
    expect(shown('tenant_fair_share_ratio')).toEqual([['whu', 1.25]]);
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
    expect(shown('scheduler_decisions_total')).toBe(6);
    expect(shown('pool_overcommit_detected_total')).toBe(1);
  });
});

describe('values of a collector', () => {
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
