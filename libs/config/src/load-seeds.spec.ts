import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalogue, isAssumed, nodeIdsOf } from '#libs/domain';
import { type SeedFault, loadSeeds, renderFaults } from './index.js';

describe('the seeds of this checkout', () => {
  let catalogue: Catalogue;
  beforeAll(async () => {
    const seeds = await loadSeeds('seeds');
    if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
    catalogue = seeds.catalogue;
  });

  /** P (FP16) from node groups alone, not from the totals the seeds state. */
  const fp16Pflops = (poolIds: readonly string[]): number =>
    catalogue.nodeGroups
      .filter((group) => poolIds.includes(group.poolId))
      .reduce((sum, { nodes, shape, acceleratorModel }) => {
        const model = catalogue.acceleratorModels.find(({ id }) => id === acceleratorModel);
        return sum + (nodes.value * shape.cards * (model?.fp16Tflops.value ?? 0)) / 1000;
      }, 0);
  const ezhou = (): string[] => catalogue.pools.filter(({ id }) => id.startsWith('ezhou-')).map(({ id }) => id);

  it('have 12 pools of Ezhou with 334.3 P FP16', () => {
    expect(ezhou()).toHaveLength(12);
    expect(fp16Pflops(ezhou())).toBeCloseTo(334.3, 1);
    expect(catalogue.systems.find(({ id }) => id === 'ezhou-3-3-n')?.poolIds.toSorted()).toEqual(ezhou().toSorted());
  });

  it('have the Wuhan AI computing centre with 400.4 P FP16', () => {
    expect(fp16Pflops(['wuhan-aicc'])).toBeCloseTo(400.4, 1);
  });

  it('run the pools of Ezhou and the Wuhan AI centre and no others', () => {
    const enabled = catalogue.pools.filter((pool) => pool.enabled).map(({ id }) => id);
    expect(enabled.toSorted()).toEqual([...ezhou(), 'wuhan-aicc'].toSorted());
    expect(catalogue.pools.filter(({ enabledIn }) => enabledIn?.includes('dev')).map(({ id }) => id)).toEqual([
      'dev-local',
    ]);
    expect(catalogue.pools.filter(({ scope }) => scope === 'federated')).toHaveLength(10);
  });

  it('have 2,568 cards in the pools that are run', () => {
    const cards = catalogue.pools
      .filter((pool) => pool.enabled)
      .reduce((sum, { modelled }) => sum + modelled.accelerators, 0);
    expect(cards).toBe(2568);
  });

  it('pin what Slurm would run and delegate the rest', () => {
    for (const { engine, placement } of catalogue.pools) {
      const wantPinned = engine.kind === 'local' || engine.planned === 'slurm';
      expect(placement).toBe(wantPinned ? 'pinned' : 'delegated');
    }
  });

  it('give every node group an architecture, a stack and cores', () => {
    for (const group of catalogue.nodeGroups) {
      expect(group.stack).toBe(
        group.acceleratorModel === null ? 'none' : group.acceleratorModel.startsWith('ascend') ? 'cann' : 'cuda',
      );
      expect(group.shape.cores).toBeGreaterThan(0);
      expect(new Set(nodeIdsOf(group)).size).toBe(group.nodes.value);
    }
    const yueke = catalogue.nodeGroups.filter(({ poolId }) => poolId === 'ezhou-yueke');
    expect(yueke.map(({ architecture }) => architecture)).toEqual(['aarch64', 'x86_64', 'aarch64']);
  });

  it('tell assumed figures from documented ones', () => {
    const yueke = catalogue.sites.find(({ id }) => id === 'ezhou-yueke');
    expect(isAssumed(yueke?.pue.annual ?? {})).toBe(true);
    expect(isAssumed(catalogue.grids[0]?.factors[0] ?? { assumption: '?' })).toBe(false);
  });

  it('give each tenant jobs of the five classes and a quota over its expected demand', () => {
    expect(catalogue.tenants).toHaveLength(18);
    for (const tenant of catalogue.tenants) {
      expect(tenant.jobs.length).toBeGreaterThan(0);
      expect(tenant.quota.cardHoursPerMonth).toBeGreaterThanOrEqual(tenant.expectedDemand.cardHoursPerMonth);
    }
    expect(new Set(catalogue.tenants.flatMap(({ jobs }) => jobs.map((job) => job.class))).size).toBe(5);
  });
});

const yueke = 'ezhou-3-3-n/yueke.yaml';

type Broken = { file: string; from: string; to: string; wantPath: string; wantProblem: RegExp };
const brokenSeeds: Record<string, Broken> = {
  'a number without a source or an assumption': {
    file: yueke,
    from: 'racks: {value: 160, assumption: A-RK-1}',
    to: 'racks: {value: 160}',
    wantPath: 'sites[ezhou-yueke].racks.value',
    wantProblem: /without a source/,
  },
  'a source that nobody defined': {
    file: yueke,
    from: 'racks: {value: 160, assumption: A-RK-1}',
    to: 'racks: {value: 160, source: S99}',
    wantPath: 'sites[ezhou-yueke].racks.source',
    wantProblem: /names "S99", which no seed defines/,
  },
  'a word where a number belongs': {
    file: yueke,
    from: 'racks: {value: 160,',
    to: 'racks: {value: many,',
    wantPath: 'sites[ezhou-yueke].racks.value',
    wantProblem: /expected number/,
  },
  'a total that its node groups do not give': {
    file: yueke,
    from: 'fp16Pflops: 163.6',
    to: 'fp16Pflops: 163.8',
    wantPath: 'pools[ezhou-yueke].modelled.fp16Pflops',
    wantProblem: /says 163.8, but nodeGroups × nodeTypes give 163.6/,
  },
  'a node type that does not exist': {
    file: 'ezhou-3-3-n/cucc.yaml',
    from: 'nodeType: a800-8',
    to: 'nodeType: a880-8',
    wantPath: 'pools[ezhou-cucc].nodeGroups[ezhou-cucc-a800-8].nodeType',
    wantProblem: /no node type has the id "a880-8"/,
  },
  'cards that are shared where the engine chooses the nodes': {
    file: 'ezhou-3-3-n/ctcc.yaml',
    from: 'placement: pinned',
    to: 'placement: delegated',
    wantPath: 'pools[ezhou-ctcc-vnpu].nodeGroups[ezhou-ctcc-vnpu-atlas-800t-a2].sharing',
    wantProblem: /whose engine chooses the nodes \(placement delegated\)/,
  },
  'cards that are shared and are not there': {
    file: 'ezhou-3-3-n/yinshangyun.yaml',
    from: 'architecture: {id: x86_64, assumption: A-NT-7}',
    to: 'architecture: {id: x86_64, assumption: A-NT-7}\n        sharing: {kind: mig, slices: 7, assumption: A-SHR-1}',
    wantPath: 'pools[ezhou-yinshangyun].nodeGroups[ezhou-yinshangyun-cpu-2s].sharing',
    wantProblem: /shares cards that its nodes do not have/,
  },
  'slices that would not add up to a card': {
    file: 'ezhou-3-3-n/ctcc.yaml',
    from: 'slices: 4',
    to: 'slices: 33',
    wantPath: 'pools[ezhou-ctcc-vnpu].nodeGroups[ezhou-ctcc-vnpu-atlas-800t-a2].sharing.slices',
    wantProblem: /neither 1 to 30 nor a divisor of 1000/,
  },
  'a district that does not exist': {
    file: yueke,
    from: 'byDistrict: {echeng:',
    to: 'byDistrict: {echen:',
    wantPath: 'pools[ezhou-yueke].latencyOneWayMs.byDistrict.echen',
    wantProblem: /no district has the id "echen"/,
  },
  'a tariff plan that does not exist': {
    file: yueke,
    from: 'planId: main-node',
    to: 'planId: main',
    wantPath: 'sites[ezhou-yueke].tariff.planId',
    wantProblem: /no tariff plan has the id "main"/,
  },
  'a key that is no key': {
    file: yueke,
    from: '    racks: ',
    to: '    rack: ',
    wantPath: 'sites[ezhou-yueke].rack',
    wantProblem: /"rack" is no key/,
  },
  'a price that the components do not give': {
    file: 'tariffs/hubei.yaml',
    from: 'peak: 0.846961',
    to: 'peak: 0.848961',
    wantPath: 'tariffs[hubei].rows[two-part-10kv].listedYuanPerKwh.peak',
    wantProblem: /lists 0.848961/,
  },
  'an hour in no tariff period': {
    file: 'tariffs/hubei.yaml',
    from: 'hours: [[6, 12], [14, 16]]',
    to: 'hours: [[7, 12], [14, 16]]',
    wantPath: 'tariffs[hubei].periods',
    wantProblem: /month 1, hour 6 is in 0 periods/,
  },
  'probabilities that do not make one': {
    file: 'tenants/ezhou.yaml',
    from: 'cardProbability: [0.45, 0.2, 0.15, 0.2]',
    to: 'cardProbability: [0.5, 0.2, 0.15, 0.2]',
    wantPath: 'tenants[lianhuashan-ai].jobs[0].cardProbability',
    wantProblem: /adds up to 1.05, not to 1/,
  },
  'a tenant above itself': {
    file: 'tenants/ezhou.yaml',
    from: '  - id: hust-ezhou\n',
    to: '  - id: hust-ezhou\n    parentId: hust-ezhou\n',
    wantPath: 'tenants[hust-ezhou].parentId',
    wantProblem: /its own ancestor/,
  },
  'text that is no YAML': {
    file: 'pue.yaml',
    from: 'pueLimits:',
    to: 'pueLimits: [',
    wantPath: '',
    wantProblem: /is no YAML here/,
  },
};
describe('broken seeds', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'chusuan-seeds-'));
    await cp('seeds', directory, { recursive: true, filter: (path) => !path.includes('traces') });
  });
  afterEach(() => rm(directory, { recursive: true }));

  const edit = async (file: string, from: string, to: string): Promise<void> => {
    const path = join(directory, file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no "${from}" to break`);
    await writeFile(path, text.replace(from, to));
  };
  const faults = async (): Promise<readonly SeedFault[]> => {
    const seeds = await loadSeeds(directory);
    return seeds.kind === 'faults' ? seeds.faults : [];
  };

  it.each(Object.entries(brokenSeeds))('%s is a fault that names file and path', async (_sentence, broken) => {
    await edit(broken.file, broken.from, broken.to);
    const [first] = (await faults()).filter(({ problem }) => broken.wantProblem.test(problem));
    expect(first).toMatchObject({ file: broken.file, path: broken.wantPath });
    expect(first?.line).toBeGreaterThan(1);
    expect(first?.remedy).not.toBe('');
  });

  it('one broken number brings one fault and not a train of them', async () => {
    await edit(yueke, 'racks: {value: 160,', 'racks: {value: many,');
    expect((await faults()).map(({ path }) => path)).toEqual(['sites[ezhou-yueke].racks.value']);
  });

  it('two seeds with one id are a fault that names both places', async () => {
    await cp(join(directory, yueke), join(directory, 'ezhou-3-3-n/yueke-again.yaml'));
    const found = await faults();
    expect(found.map(({ file, path }) => `${file} ${path}`)).toEqual(
      expect.arrayContaining([
        'ezhou-3-3-n/yueke.yaml pools[ezhou-yueke]',
        'ezhou-3-3-n/yueke.yaml sites[ezhou-yueke]',
        'ezhou-3-3-n/yueke.yaml pools[ezhou-yueke].nodeGroups[ezhou-yueke-a800-8]',
      ]),
    );
    expect(found[0]?.problem).toMatch(/the id "ezhou-yueke" is taken already at ezhou-3-3-n\/yueke-again.yaml:\d+/);
  });

  it('faults of several files come all at once, by file and line', async () => {
    await edit(yueke, 'racks: {value: 160, assumption: A-RK-1}', 'racks: {value: 160}');
    await edit('ezhou-3-3-n/cucc.yaml', 'nodeType: a800-8', 'nodeType: a880-8');
    await edit('ezhou-3-3-n/ctcc.yaml', 'fp16Pflops: 15.4', 'fp16Pflops: 16.4');
    await edit('tenants/wuhan.yaml', 'homeDistrict: wuhan-hongshan', 'homeDistrict: atlantis');
    const found = await faults();
    expect(found.map(({ file }) => file)).toEqual([
      'ezhou-3-3-n/ctcc.yaml',
      'ezhou-3-3-n/cucc.yaml',
      yueke,
      'tenants/wuhan.yaml',
    ]);
    expect(renderFaults(found)).toContain('did you mean "a800-8"?');
  });

  it('a directory without seeds says which setting to change', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'chusuan-none-'));
    const seeds = await loadSeeds(empty);
    await rm(empty, { recursive: true });
    expect(seeds).toMatchObject({ kind: 'faults', faults: [{ remedy: expect.stringContaining('CHUSUAN_SEEDS_DIR') }] });
  });
});
