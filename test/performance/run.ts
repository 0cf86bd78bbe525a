/**
 * Prints figures and their conditions as JSON: `npm run -s bench -- cycle submit simulate`. Nothing is asserted here; the
 * figures are for ratios and for the record.
 */
import { cpus, totalmem } from 'node:os';
import { conservativeBench } from './conservative.js';
import { counterfactualsBench } from './counterfactuals.js';
import { cycleBench } from './cycle.js';
import { promisesBench } from './promises.js';
import { simulateBench } from './simulate.js';
import { submitBench } from './submit.js';
import { valueBench } from './value.js';

const benches: Readonly<Record<string, () => unknown>> = {
  conservative: conservativeBench,
  counterfactuals: counterfactualsBench,
  cycle: cycleBench,
  promises: promisesBench,
  simulate: simulateBench,
  submit: submitBench,
  value: valueBench,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`no benchmark "${unknown.join('", "')}": there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const conditions = {
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  at: new Date().toISOString(),
};
const figures: Record<string, unknown> = {};
for (const name of asked.length > 0 ? asked : Object.keys(benches)) figures[name] = await benches[name]?.();
process.stdout.write(`${JSON.stringify({ conditions, figures }, null, 2)}\n`);
