import { familyKeys, familyOf, labelNames } from './catalogue.js';
import { expose } from './exposition.js';
import { fullRows, makeAnInstrumentNoise, pageOver, parsed, scraped, sumOf } from './fixed-page.js';
import { FixedSources } from './fixed-sources.js';
import { formatFor, MetricsPage } from './metrics-page.js';
import { StateMetrics } from './state-metrics.js';

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

describe('the exposition', () => {
  it('escapes what a label value may hold', async () => {
    const family = { name: 'x', help: 'a\nb', type: 'gauge', values: [{ value: 1, labels: { a: 'q"\\\n' } }] };
    expect(await expose([family], 'text')).toBe('# HELP x a\\nb\n# TYPE x gauge\nx{a="q\\"\\\\\\n"} 1\n');
  });
});
