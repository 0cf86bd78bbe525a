import fc from 'fast-check';
import { loadSeeds, loadTraceMappings, renderFaults } from '#libs/config';
import type { Catalogue } from '#libs/domain';
import type { SwfJob } from './swf.js';
import { type TraceMapping, chooseMapping, traceDemand } from './trace-demand.js';

const origin = Date.parse('2026-11-23T06:00:00+08:00');
let catalogue: Catalogue;
let mappings: ReadonlyMap<string, TraceMapping>;
beforeAll(async () => {
  const [seeds, loaded] = await Promise.all([loadSeeds('seeds'), loadTraceMappings('seeds/traces')]);
  if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
  if (loaded.kind === 'faults') throw new Error(renderFaults(loaded.faults));
  catalogue = seeds.catalogue;
  mappings = new Map(loaded.mappings.map((mapping) => [mapping.id, mapping]));
});

const aJob = (named: Partial<SwfJob> = {}): SwfJob => ({
  id: 1,
  submitSeconds: 0,
  runSeconds: 3_600,
  processors: 1,
  requestedSeconds: -1,
  user: 1,
  group: 1,
  queue: 1,
  partition: -1,
  ...named,
});
const only = (job: SwfJob, mapping: string, change: Partial<TraceMapping> = {}) =>
  traceDemand([job], { ...mappings.get(mapping)!, ...change }, catalogue, { origin });
const mapped = (job: SwfJob, mapping: string, change: Partial<TraceMapping> = {}) =>
  only(job, mapping, change).jobs[0]!;

const sizes: Record<
  string,
  { mapping: string; processors: number; wantNodes: number; wantCards: number; wantCores: number }
> = {
  'a card is a card': { mapping: 'philly', processors: 1, wantNodes: 1, wantCards: 1, wantCores: 4 },
  'eight cards are one node': { mapping: 'philly', processors: 8, wantNodes: 1, wantCards: 8, wantCores: 32 },
  'twelve cards are two nodes of six': { mapping: 'philly', processors: 12, wantNodes: 2, wantCards: 6, wantCores: 24 },
  '128 cards are sixteen nodes': { mapping: 'philly', processors: 128, wantNodes: 16, wantCards: 8, wantCores: 32 },
  'a processor of KTH is a node': { mapping: 'kth', processors: 5, wantNodes: 5, wantCards: 0, wantCores: 128 },
};
it.each(Object.entries(sizes))('%s', (_sentence, { mapping, processors, wantNodes, wantCards, wantCores }) => {
  const { resources } = mapped(aJob({ processors }), mapping).request;
  expect([resources.nodes, resources.acceleratorsPerNode, resources.cpuCoresPerNode]).toEqual([
    wantNodes,
    wantCards,
    wantCores,
  ]);
});

it('spreads cores over as few nodes as hold them', () => {
  const change = { unit: 'core', perUnit: { cores: 1, memoryGiB: 2 }, models: [] } as const;
  const { resources } = mapped(aJob({ processors: 300 }), 'kth', change).request;
  expect([resources.nodes, resources.cpuCoresPerNode, resources.memoryGiBPerNode]).toEqual([3, 100, 200]);
});

it('makes a job that is larger than every group as large as the largest, and says so', () => {
  const { jobs, report } = only(aJob({ processors: 9_999 }), 'philly');
  // 98 nodes of eight Ascend 910 in the Wuhan AI centre.
  expect(jobs[0]!.request.resources).toMatchObject({
    nodes: 98,
    acceleratorsPerNode: 8,
    acceleratorModels: ['ascend-910'],
  });
  expect(jobs[0]!.request.labels).toMatchObject({ clipped: 'true' });
  expect(report).toMatchObject({ mapped: 1, clipped: 1, tooLarge: 0 });
});

it('leaves it out where the mapping says so', () => {
  expect(only(aJob({ processors: 9_999 }), 'philly', { tooLarge: 'skip' }).report).toMatchObject({
    mapped: 0,
    tooLarge: 1,
  });
});

it('gives each job a model that can hold it', () => {
  for (let id = 1; id <= 200; id += 1) {
    // 48 cards are six nodes; no group of A800 has more than four.
    expect(mapped(aJob({ id, processors: 48 }), 'philly').request.resources.acceleratorModels).not.toContain(
      'nvidia-a800',
    );
  }
});

it('limits a job by its request, or by its run times the factor where there is none', () => {
  expect(mapped(aJob({ requestedSeconds: 14_370 }), 'kth').request.timeLimitSeconds).toBe(14_400);
  expect(mapped(aJob({ runSeconds: 1_000 }), 'philly').request.timeLimitSeconds).toBe(2_700);
});

it('leaves a run that outlived its request as it was, for the engine to end', () => {
  const { request } = mapped(aJob({ runSeconds: 600, requestedSeconds: 60 }), 'kth');
  expect([request.timeLimitSeconds, request.run.simulated!.runSeconds]).toEqual([60, 600]);
});

it('takes the first class rule that fits', () => {
  expect(mapped(aJob({ processors: 1, runSeconds: 300 }), 'philly').request.class).toBe('interactive');
  expect(mapped(aJob({ processors: 1, runSeconds: 3_600 }), 'philly').request.class).toBe('finetune');
  expect(mapped(aJob({ processors: 1, runSeconds: 20_000 }), 'philly').request.class).toBe('training');
  expect(mapped(aJob({ processors: 4, runSeconds: 300 }), 'philly').request.class).toBe('training');
});

it('keeps jobs of one number with one tenant, and the named ones with theirs', () => {
  expect(mapped(aJob({ queue: 2 }), 'philly').tenantId).toBe('wuhan-ai-users');
  const tenants = new Set(Array.from({ length: 20 }, (_job, id) => mapped(aJob({ id, user: 42 }), 'kth').tenantId));
  expect(tenants.size).toBe(1);
  const spread = new Set(Array.from({ length: 200 }, (_job, user) => mapped(aJob({ user }), 'kth').tenantId));
  expect(spread).toEqual(new Set(mappings.get('kth')!.tenants.spread));
});

it('starts at the origin, after what is skipped', () => {
  const log = [100, 400, 1_000].map((submitSeconds, index) => aJob({ id: index + 1, submitSeconds }));
  const { jobs, report } = traceDemand(log, mappings.get('kth')!, catalogue, { origin, skipSeconds: 200 });
  expect(jobs.map(({ at }) => (at - origin) / 1_000)).toEqual([100, 700]);
  expect(report).toMatchObject({ read: 3, mapped: 2, beforeStart: 1, spanSeconds: 600 });
});

it('names a tenant that the seeds do not have', () => {
  expect(() => only(aJob(), 'kth', { tenants: { by: 'user', spread: ['nobody'] } })).toThrow(
    /"nobody".*correct its tenants/,
  );
});

it('accounts for every job of any log, in order of submission', () => {
  const anyJob = fc.record({
    id: fc.nat(),
    submitSeconds: fc.integer({ min: -1, max: 10_000 }),
    runSeconds: fc.integer({ min: -1, max: 10_000 }),
    processors: fc.integer({ min: -1, max: 2_000 }),
    requestedSeconds: fc.integer({ min: -1, max: 10_000 }),
    user: fc.integer({ min: -1, max: 50 }),
  });
  fc.assert(
    fc.property(
      fc.array(anyJob),
      fc.nat({ max: 3_000 }),
      fc.constantFrom('default', 'philly', 'kth'),
      (log, skipSeconds, id) => {
        const { jobs, report } = traceDemand(log.map(aJob), mappings.get(id)!, catalogue, { origin, skipSeconds });
        expect(report.mapped + report.withoutWork + report.tooLarge + report.beforeStart).toBe(log.length);
        expect(jobs.length).toBe(report.mapped);
        expect(jobs.every((job, index) => job.at >= (jobs[index - 1]?.at ?? origin))).toBe(true);
      },
    ),
  );
});

describe('the mapping for a log', () => {
  const header = (line: string): ReadonlyMap<string, string> => new Map([line.split(': ') as [string, string]]);
  const cases: Record<string, { file: string; header: ReadonlyMap<string, string>; wantId: string }> = {
    'is chosen by the name of the file': { file: 'Philly_GPU.swf.gz', header: new Map(), wantId: 'philly' },
    'is chosen by a header line': {
      file: 'log.swf',
      header: header('Installation: Swedish Royal Institute of Technology (KTH)'),
      wantId: 'kth',
    },
    'is the default for any other': { file: 'lublin_256.swf', header: header('Version: 2.2'), wantId: 'default' },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { wantId, ...log }) => {
    expect(chooseMapping([...mappings.values()], log)?.id).toBe(wantId);
  });
  it('is none where there is no default', () => {
    expect(chooseMapping([mappings.get('kth')!], { file: 'x', header: new Map() })).toBeNull();
  });
});
