import { compareKeys, jobClasses } from '#libs/domain';
import { familyKeys, familyOf, maxSeries } from './catalogue.js';
import { anEnergyRow, fullRows, pageOver, scraped, sumOf, type FixedPage } from './fixed-page.js';
import { aGroup, aPoolView, FixedSources } from './fixed-sources.js';

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
        groups: models.map((acceleratorModel) =>
          aGroup(`${id}-${acceleratorModel}`, { acceleratorModel, sharing: { kind: 'mig', slices: 7, cardsHeld: 1 } }),
        ),
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

function busy({ instruments }: FixedPage): void {
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

describe('a province of 40 pools and 500 tenants', () => {
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
      lines
        .filter(({ name }) => name === 'chusuan_tenant_emissions_grams_total')
        .map(({ labels }) => labels['tenant'] ?? ''),
    );
    expect([...named].toSorted(compareKeys)).toEqual(['_other', ...tenants.slice(450)].toSorted(compareKeys));
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
      const shown = lines.filter(({ name }) => name === 'chusuan_pool_info').map(({ labels }) => labels['pool'] ?? '');
      expect(shown.toSorted(compareKeys)).toEqual(pools);
      expect(sumOf(lines, 'metric_series_dropped_total', { metric: 'chusuan_pool_info' })).toBe(3);
    }
  });
});
