import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSeeds } from './load-seeds.js';

const model = (id: string, tflops: number): string =>
  `  - {id: ${id}, name: {zh: ${id}, en: ${id}}, stack: cann, fp16Tflops: {value: ${tflops}, source: S1}, memoryGiB: {value: 1, source: S1}, tdpWatts: {value: 1, source: S1}}`;
const rate = (id: string, value: number, more = `validFrom: '2026-01-01'`, per = 'card'): string =>
  `  - {model: ${id}, per: ${per}, precision: fp16, ${more}, rate: {value: ${value}, source: S1}}`;
const base = `schema: seeds/v1
sources: [{id: S1, text: {zh: x, en: x}}]
acceleratorModels:
${model('ascend-910b', 320)}
${model('other', 80)}
exchangeRates:
`;

async function faultsOf(text: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'chusuan-seeds-'));
  try {
    await writeFile(join(directory, 'all.yaml'), text);
    const loaded = await loadSeeds(directory);
    return loaded.kind === 'ok' ? [] : loaded.faults.map(({ path, problem }) => `${path} ${problem}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const cases: Record<string, { rows: string[]; want: RegExp | null }> = {
  'rates that follow from the FLOPS are taken': { rows: [rate('ascend-910b', 1), rate('other', 0.25)], want: null },
  'a rate that does not is refused with the one that does': {
    rows: [rate('other', 0.3)],
    want: /rate\.value is 0\.3, but 80 \/ 320 TFLOPS is 0\.25/,
  },
  'an older row may say what was true then': {
    rows: [rate('other', 0.2), rate('other', 0.25, `validFrom: '2026-06-01'`)],
    want: null,
  },
  'two rates from one day are refused': {
    rows: [rate('other', 0.25), rate('other', 0.25)],
    want: /is not the only rate of other fp16 from 2026-01-01/,
  },
  'a model that is none is refused': { rows: [rate('othre', 1)], want: /no accelerator model has the id "othre"/ },
  'a node type that is none is refused': {
    rows: [rate('other', 1, `validFrom: '2026-01-01'`, 'node')],
    want: /no node type has the id "other"/,
  },
};

describe('exchange table of the seeds', () => {
  it.each(Object.entries(cases))('%s', async (_sentence, { rows, want }) => {
    const faults = await faultsOf(base + rows.join('\n'));
    expect(faults.join('\n')).toMatch(want ?? /^$/);
  });
});

describe('the seeds that are shipped', () => {
  it('rate every card, and quotas stay within what Ezhou and Wuhan have', async () => {
    const loaded = await loadSeeds('seeds');
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.faults));
    const { acceleratorModels, exchangeRates, nodeGroups, pools, tenants } = loaded.catalogue;
    const rates = new Map(exchangeRates.filter(({ precision }) => precision === 'fp16').map((row) => [row.model, row]));
    expect([...rates.keys()].toSorted()).toEqual(acceleratorModels.map(({ id }) => id).toSorted());
    expect(rates.get('nvidia-a800')?.rate).toEqual({ value: 0.975, source: 'S48, S46', assumption: 'A-EXC-1' });
    const enabled = new Set(pools.filter((pool) => pool.enabled).map(({ id }) => id));
    const capacity = nodeGroups
      .filter(({ poolId, acceleratorModel }) => enabled.has(poolId) && acceleratorModel !== null)
      .reduce((sum, group) => sum + group.nodes.value * group.shape.cards * rates.get(group.acceleratorModel!)!.rate.value, 0); // prettier-ignore
    const promised = tenants.reduce((sum, { quota }) => sum + (quota.cards?.value ?? 0), 0);
    expect(promised).toBeGreaterThan(0.95 * capacity);
    expect(promised).toBeLessThan(1.05 * capacity);
    expect(tenants.find(({ id }) => id === 'ezhou-emergency')?.quota).toMatchObject({ cards: { value: 30 }, lendingLimit: { value: 15 } }); // prettier-ignore
  });
});
