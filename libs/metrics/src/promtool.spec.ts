import { spawnSync } from 'node:child_process';
import { aPoolView, FixedSources } from './fixed-sources.js';
import { MetricsPage } from './metrics-page.js';
import { ProcessInstruments } from './process-instruments.js';
import { StateMetrics } from './state-metrics.js';

const found = spawnSync('promtool', ['--version']).status === 0;
const isRequired = process.env['CI'] === 'true';

async function aScrape(): Promise<string> {
  const sources = new FixedSources({ pools: [aPoolView('yueke')] });
  const build = { version: '1.2.3', revision: 'abc', nodeVersion: 'v24' };
  const instruments = new ProcessInstruments({ counters: sources.counters, build });
  const clock = { now: () => 1_795_000_000_000, stopwatch: () => 0 };
  const page = new MetricsPage(instruments, new StateMetrics({ sources, instruments, clock }));
  await page.refresh();
  return (await page.write('text')).body;
}

describe('promtool check metrics', () => {
  const sentence = 'finds nothing to say about a scrape';
  if (!found && !isRequired) {
    it.skip(`${sentence} (promtool is missing: install the Debian package "prometheus", or set CI=true to insist)`, () =>
      undefined);
    return;
  }
  it(sentence, async () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: await aScrape(), encoding: 'utf8' });
    expect([checked.status, checked.stdout, checked.stderr]).toEqual([0, '', '']);
  });
});
