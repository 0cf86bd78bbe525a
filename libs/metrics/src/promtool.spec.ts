import { spawnSync } from 'node:child_process';
import { fullRows, makeAnInstrumentNoise, pageOver } from './fixed-page.js';
import { FixedSources } from './fixed-sources.js';

const found = spawnSync('promtool', ['--version']).status === 0;
const isRequired = process.env['CI'] === 'true';

async function aScrape(): Promise<string> {
  const made = pageOver(new FixedSources(fullRows()));
  makeAnInstrumentNoise(made);
  await made.page.refresh();
  return (await made.page.write('text')).body;
}

const itWithPromtool = found || isRequired ? it : it.skip;
if (!found && !isRequired)
  console.warn(
    'Skipped: promtool is missing. Install the Debian package "prometheus", or set CI=true to insist on it.',
  );

describe('promtool check metrics', () => {
  itWithPromtool('finds nothing to say about a scrape', async () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: await aScrape(), encoding: 'utf8' });
    const said = [checked.error, checked.status, checked.stdout, checked.stderr];
    // oxlint-disable-next-line jest/no-standalone-expect -- the rule does not see that itWithPromtool is it
    expect(said).toEqual([undefined, 0, '', '']);
  });
});
