import { anApiForAll } from './support/api-for-all.js';
import { aBody } from './support/client.js';

const { api, ask } = anApiForAll();

const submit = (body: unknown) => ask('POST /v1/jobs', { key: api.keys.blue, body });
const resources = (named: Readonly<Record<string, unknown>>) =>
  aBody({ resources: { nodes: 1, acceleratorsPerNode: 8, ...named } });
const aPart = (acceleratorFraction: number, named: object = {}) =>
  aBody({ class: 'inference', resources: { nodes: 1, acceleratorFraction, ...named } });
const constraints = (named: Readonly<Record<string, unknown>>) => aBody({ constraints: named });
const run = (named: Readonly<Record<string, unknown>>) => aBody({ run: named });

interface Case {
  readonly body: unknown;
  readonly wantCode?: string;
  readonly wantPointer: string;
  readonly wantDetail: RegExp;
}
const faults: Record<string, Case> = {
  'an unknown field is named, with the one that was meant': {
    body: aBody({ timeLimitSecond: 1 }),
    wantPointer: '#/timeLimitSecond',
    wantDetail: /did you mean "timeLimitSeconds"/,
  },
  'an unknown field inside is named with its pointer': {
    body: resources({ acceleratorPerNode: 8 }),
    wantPointer: '#/resources/acceleratorPerNode',
    wantDetail: /did you mean "acceleratorsPerNode"/,
  },
  'a field of the wrong type': {
    body: aBody({ timeLimitSeconds: '3600' }),
    wantPointer: '#/timeLimitSeconds',
    wantDetail: /expected number, received string/,
  },
  'a missing field': { body: aBody({ name: undefined }), wantPointer: '#/name', wantDetail: /is required/ },
  'an array instead of an object': { body: [], wantPointer: '#', wantDetail: /expected object/ },
  'a class that does not exist': {
    body: aBody({ class: 'trainning' }),
    wantPointer: '#/class',
    wantDetail: /training/,
  },
  'no nodes': { body: resources({ nodes: 0 }), wantPointer: '#/resources/nodes', wantDetail: />=1/ },
  'half a node': { body: resources({ nodes: 1.5 }), wantPointer: '#/resources/nodes', wantDetail: /int/ },
  'too many nodes': { body: resources({ nodes: 10_001 }), wantPointer: '#/resources/nodes', wantDetail: /<=10000/ },
  'a range of nodes without an end': {
    body: resources({ nodes: { min: 1 } }),
    wantPointer: '#/resources/nodes',
    wantDetail: /nor a range \{min, max\}/,
  },
  'nodes in words': {
    body: resources({ nodes: 'four' }),
    wantPointer: '#/resources/nodes',
    wantDetail: /whole number/,
  },
  'a range of nodes that ends before it begins': {
    body: resources({ nodes: { min: 4, max: 2 } }),
    wantPointer: '#/resources/nodes/max',
    wantDetail: /is below min: 2 < 4/,
  },
  'a part of a card for training': {
    body: resources({ acceleratorsPerNode: 1, acceleratorFraction: 0.5 }),
    wantPointer: '#/resources/acceleratorFraction',
    wantDetail: /is for jobs of class inference or interactive, and this one is training: ask for whole cards/,
  },
  'a part of two cards': {
    body: aPart(0.5, { acceleratorsPerNode: 2 }),
    wantPointer: '#/resources/acceleratorsPerNode',
    wantDetail: /is 2, and a fraction is of one card/,
  },
  'a part of no card': {
    body: aPart(0.5, { acceleratorsPerNode: 0 }),
    wantPointer: '#/resources/acceleratorsPerNode',
    wantDetail: /is 0, and a fraction is of one card/,
  },
  'nothing of a card': { body: aPart(0), wantPointer: '#/resources/acceleratorFraction', wantDetail: />0/ },
  'a part that is the whole card': {
    body: aPart(1),
    wantPointer: '#/resources/acceleratorFraction',
    wantDetail: /<1/,
  },
  'a part of a card with four decimals': {
    body: aPart(0.1234),
    wantPointer: '#/resources/acceleratorFraction',
    wantDetail: /more than three decimals/,
  },
  'neither cards nor a part of one': {
    body: resources({ acceleratorsPerNode: undefined }),
    wantPointer: '#/resources/acceleratorsPerNode',
    wantDetail: /is required/,
  },
  'an empty list of inputs': { body: aBody({ inputs: [] }), wantPointer: '#/inputs', wantDetail: />=1/ },
  'inputs from a site that does not exist': {
    body: aBody({ inputs: [{ dataset: 'cryo-em', site: 'ezhou-yuekee', sizeGiB: 1 }] }),
    wantPointer: '#/inputs/0/site',
    wantDetail: /no site "ezhou-yuekee".*Did you mean "ezhou-yueke"/,
  },
  'inputs of no size': {
    body: aBody({ inputs: [{ dataset: 'cryo-em', site: 'ezhou-yueke', sizeGiB: 0 }] }),
    wantPointer: '#/inputs/0/sizeGiB',
    wantDetail: />0/,
  },
  'one input too large': {
    body: aBody({ inputs: [{ dataset: 'cryo-em', site: 'ezhou-yueke', sizeGiB: 1_048_577 }] }),
    wantPointer: '#/inputs/0/sizeGiB',
    wantDetail: /<=1048576/,
  },
  'inputs too large together': {
    body: aBody({
      inputs: ['a', 'b'].map((dataset) => ({ dataset, site: 'ezhou-yueke', sizeGiB: 600_000 })),
    }),
    wantPointer: '#/inputs',
    wantDetail: /larger than 1048576 GiB together/,
  },
  'an input above the data level of its job': {
    body: aBody({ inputs: [{ dataset: 'x', site: 'ezhou-yueke', sizeGiB: 1, dataLevel: 'important' }] }),
    wantPointer: '#/inputs/0/dataLevel',
    wantDetail: /above the data level of the job \(general\)/,
  },
  'an input without a site': {
    body: aBody({ inputs: [{ dataset: 'x', sizeGiB: 1 }] }),
    wantPointer: '#/inputs/0/site',
    wantDetail: /is required/,
  },
  'a dependency': {
    body: aBody({ after: [] }),
    wantCode: 'not-offered',
    wantPointer: '#/after',
    wantDetail: /not offered in this version/,
  },
  'an array of jobs': {
    body: aBody({ array: { count: 2 } }),
    wantCode: 'not-offered',
    wantPointer: '#/array',
    wantDetail: /not offered in this version/,
  },
  'a callback': {
    body: aBody({ callbackUrl: 'http://127.0.0.1/' }),
    wantCode: 'not-offered',
    wantPointer: '#/callbackUrl',
    wantDetail: /not offered in this version/,
  },
  'a data site that does not exist': {
    body: constraints({ dataSite: 'ezhou-yuekee' }),
    wantPointer: '#/constraints/dataSite',
    wantDetail: /no site "ezhou-yuekee".*Did you mean "ezhou-yueke"/,
  },
  'a data site where none of the listed pools is': {
    body: constraints({ dataSite: 'ezhou-yinshangyun', pools: ['ezhou-yueke'] }),
    wantPointer: '#/constraints/dataSite',
    wantDetail: /leaves none of the pools listed: they are at ezhou-yueke/,
  },
  'a limit of no time': { body: aBody({ timeLimitSeconds: 0 }), wantPointer: '#/timeLimitSeconds', wantDetail: />=1/ },
  'a limit over 90 days': {
    body: aBody({ timeLimitSeconds: 90 * 86_400 + 1 }),
    wantPointer: '#/timeLimitSeconds',
    wantDetail: /<=7776000/,
  },
  'a name with a line break': {
    body: aBody({ name: 'a\nb' }),
    wantPointer: '#/name',
    wantDetail: /control characters/,
  },
  'a name of 201 characters': { body: aBody({ name: 'x'.repeat(201) }), wantPointer: '#/name', wantDetail: /200/ },
  '33 labels': {
    body: aBody({ labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, 'x'])) }),
    wantPointer: '#/labels',
    wantDetail: /more than 32/,
  },
  'a time without an offset': {
    body: constraints({ deadline: '2026-11-24T10:00:00' }),
    wantPointer: '#/constraints/deadline',
    wantDetail: /RFC 3339/,
  },
  'a 30th of February': {
    body: constraints({ deadline: '2027-02-30T10:00:00Z' }),
    wantPointer: '#/constraints/deadline',
    wantDetail: /RFC 3339/,
  },
  'a deadline that has passed': {
    body: constraints({ deadline: '2026-11-23T08:59:59+08:00' }),
    wantPointer: '#/constraints/deadline',
    wantDetail: /has passed: service time is 2026-11-23T09:00:00\+08:00/,
  },
  'a deadline before the earliest start': {
    body: constraints({ earliestStart: '2026-11-25T00:00:00Z', deadline: '2026-11-24T00:00:00Z' }),
    wantPointer: '#/constraints/deadline',
    wantDetail: /not after earliestStart/,
  },
  'a deadline that the limit overruns': {
    body: constraints({ deadline: '2026-11-23T09:30:00+08:00' }),
    wantPointer: '#/constraints/deadline',
    wantDetail: /cannot be met.*2026-11-23T10:00:00\+08:00/,
  },
  'a deadline in ten years': {
    body: constraints({ deadline: '2036-11-23T09:30:00+08:00' }),
    wantPointer: '#/constraints/deadline',
    wantDetail: /366 days/,
  },
  'a pool that does not exist': {
    body: constraints({ pools: ['ezhou-yuekee'] }),
    wantPointer: '#/constraints/pools/0',
    wantDetail: /Did you mean "ezhou-yueke"/,
  },
  'a district that does not exist': {
    body: constraints({ fromDistrict: 'atlantis' }),
    wantPointer: '#/constraints/fromDistrict',
    wantDetail: /There are: .*huarong/,
  },
  'a card model that does not exist': {
    body: resources({ acceleratorModels: ['h9000'] }),
    wantPointer: '#/resources/acceleratorModels/0',
    wantDetail: /no accelerator model "h9000"/,
  },
  'card models without cards': {
    body: resources({ acceleratorsPerNode: 0, acceleratorModels: ['ascend-910b'] }),
    wantPointer: '#/resources/acceleratorModels',
    wantDetail: /acceleratorsPerNode of at least 1/,
  },
  'a script and a command': {
    body: run({ script: 'ls', command: ['ls'] }),
    wantPointer: '#/run/script',
    wantDetail: /together with command/,
  },
  'nothing to run': { body: run({}), wantPointer: '#/run', wantDetail: /needs a command/ },
  '1001 arguments': {
    body: run({ command: Array.from({ length: 1001 }, () => 'x') }),
    wantPointer: '#/run/command',
    wantDetail: /1000/,
  },
  'arguments of 70 kB': {
    body: run({ command: ['x'.repeat(70_000)] }),
    wantPointer: '#/run/command',
    wantDetail: /65536 bytes/,
  },
  '101 variables': {
    body: run({ image: 'x', environment: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`V${i}`, ''])) }),
    wantPointer: '#/run/environment',
    wantDetail: /more than 100/,
  },
  'a variable with an equals sign': {
    body: run({ image: 'x', environment: { 'A=B': '' } }),
    wantPointer: '#/run/environment/A%3DB',
    wantDetail: /not the name/,
  },
  'a tenant that does not exist': {
    body: aBody({ tenant: 'nobody' }),
    wantCode: 'tenant-out-of-reach',
    wantPointer: '#/tenant',
    wantDetail: /not a tenant that this key covers/,
  },
  'a tenant of somebody else, told as if it did not exist': {
    body: aBody({ tenant: 'hust' }),
    wantCode: 'tenant-out-of-reach',
    wantPointer: '#/tenant',
    wantDetail: /not a tenant that this key covers/,
  },
  'a data level above the tenant’s': {
    body: constraints({ dataLevel: 'core' }),
    wantCode: 'data-level-above-tenant',
    wantPointer: '#/constraints/dataLevel',
    wantDetail: /at most general/,
  },
};

describe('a faulty request', () => {
  it.each(Object.entries(faults))('%s', async (_sentence, { body, wantCode, wantPointer, wantDetail }) => {
    for (const operation of ['POST /v1/jobs', 'POST /v1/quotes']) {
      if (operation === 'POST /v1/quotes' && wantCode === 'data-level-above-tenant') continue;
      const answer = await ask(operation, { key: api.keys.blue, body });
      expect(answer.body).toMatchObject({
        status: 422,
        code: wantCode ?? 'request-invalid',
        type: `/problems/${wantCode ?? 'request-invalid'}`,
      });
      const fault = answer.body.errors.find((error: { pointer: string }) => error.pointer === wantPointer);
      expect(fault?.detail ?? answer.body.errors).toMatch(wantDetail);
    }
  });

  it('has all of its faults told at once', async () => {
    const answer = await submit({ nam: 'x', class: 'x', resources: {}, timeLimitSeconds: -1, run: {} });
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).toEqual(
      expect.arrayContaining([
        '#/name',
        '#/nam',
        '#/class',
        '#/resources/nodes',
        '#/resources/acceleratorsPerNode',
        '#/timeLimitSeconds',
      ]),
    );
  });
});

describe('a job that no pool could ever run', () => {
  it('is refused with the largest that would be admitted', async () => {
    const answer = await submit(resources({ nodes: 9_000 }));
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'never-runnable',
      refusal: { code: 'larger-than-any-pool', final: true },
    });
    const { largest } = answer.body;
    expect(largest.nodes).toBeGreaterThan(0);
    const again = await submit(
      resources({
        nodes: largest.nodes,
        ...(largest.perNode.cards < 8 && { acceleratorsPerNode: largest.perNode.cards }),
      }),
    );
    expect(again.status).toBe(201);
    expect((await submit(resources({ nodes: largest.nodes + 1 }))).status).toBe(422);
  });

  it('is refused for the condition that is in the way', async () => {
    const answer = await submit(constraints({ maxLatencyMs: 0.000001 }));
    expect(answer.body).toMatchObject({
      code: 'never-runnable',
      refusal: { code: 'latency-above-limit' },
      errors: [{ pointer: '#/constraints/maxLatencyMs' }],
    });
  });
});
