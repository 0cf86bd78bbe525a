import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSeeds, loadTraceMappings, renderFaults } from '#libs/config';
import type { TraceMapping } from '#libs/simulation';

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'chusuan-mapping-'))));
afterEach(() => rm(directory, { recursive: true }));

const whole = {
  schema: 'trace-mapping/v1',
  id: 'plain',
  name: { zh: '日志', en: 'Log' },
  unit: 'core',
  perUnit: { cores: 1, memoryGiB: 2 },
  tenants: { by: 'user' },
  classes: [{ class: 'simulation' }],
  models: [] as unknown[],
  limit: { factor: 2, roundToSeconds: 900 },
  tooLarge: 'clip',
};
const loaded = async (...files: readonly object[]) => {
  // JSON is YAML.
  for (const [index, file] of files.entries()) await writeFile(join(directory, `${index}.yaml`), JSON.stringify(file));
  return loadTraceMappings(directory);
};

it('reads the mappings of the seeds, one of them the default, in the shape that the simulator takes', async () => {
  const result = await loadTraceMappings('seeds/traces');
  if (result.kind === 'faults') throw new Error(renderFaults(result.faults));
  const mappings: readonly TraceMapping[] = result.mappings;
  expect(mappings.map(({ id, match }) => [id, match !== undefined])).toEqual([
    ['default', false],
    ['kth', true],
    ['philly', true],
  ]);
});

it('names tenants and card models that the seeds have', async () => {
  const [seeds, result] = await Promise.all([loadSeeds('seeds'), loadTraceMappings('seeds/traces')]);
  if (seeds.kind === 'faults' || result.kind === 'faults') throw new Error('the seeds have faults');
  const tenants = new Set(seeds.catalogue.tenants.map(({ id }) => id));
  const models = new Set(seeds.catalogue.acceleratorModels.map(({ id }) => id));
  for (const mapping of result.mappings) {
    const { named = {}, spread = [] } = mapping.tenants;
    expect([...Object.values(named), ...spread].filter((id) => !tenants.has(id))).toEqual([]);
    expect(mapping.models.flatMap((model) => model.models ?? []).filter((id) => !models.has(id))).toEqual([]);
  }
});

const faults: Record<string, { files: readonly object[]; wantWhere: RegExp; wantProblem: RegExp }> = {
  'a unit that is none': { files: [{ ...whole, unit: 'gpu' }], wantWhere: /0\.yaml:1 unit/, wantProblem: /card/ },
  'a field that is not known': { files: [{ ...whole, unitt: 'core' }], wantWhere: /unitt/, wantProblem: /not known/ },
  'a last rule with bounds': {
    files: [{ ...whole, classes: [{ class: 'simulation', minUnits: 2 }] }],
    wantWhere: /classes\[0\]/,
    wantProblem: /no class/,
  },
  'cards of no model': { files: [{ ...whole, unit: 'card' }], wantWhere: /models/, wantProblem: /some model/ },
  'a user that is no number': {
    files: [{ ...whole, tenants: { by: 'user', named: { alice: 'hust' } } }],
    wantWhere: /tenants\.named/,
    wantProblem: /key|number/i,
  },
  'two mappings of one id': {
    files: [whole, { ...whole, match: { names: ['x'] } }],
    wantWhere: /1\.yaml/,
    wantProblem: /another mapping/,
  },
  'two defaults': { files: [whole, { ...whole, id: 'other' }], wantWhere: /1\.yaml/, wantProblem: /second mapping/ },
};
it.each(Object.entries(faults))('refuses %s', async (_sentence, { files, wantWhere, wantProblem }) => {
  const result = await loaded(...files);
  if (result.kind === 'ok') throw new Error('no fault was found');
  expect(result.faults).toHaveLength(1);
  expect(result.faults[0]!.where).toMatch(wantWhere);
  expect(result.faults[0]!.problem).toMatch(wantProblem);
});

it('tells the faults of all files at once', async () => {
  const result = await loaded({ ...whole, unit: 'gpu' }, { ...whole, id: 'other', tooLarge: 'cut' }, { nothing: true });
  if (result.kind === 'ok') throw new Error('no fault was found');
  expect(new Set(result.faults.map(({ file }) => file))).toEqual(new Set(['0.yaml', '1.yaml', '2.yaml']));
});
