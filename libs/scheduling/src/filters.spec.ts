import type { Refusal } from '#libs/domain';
import { type Candidate, filters, nodeCount } from './filters.js';
import type { GroupModel, PoolModel, QueuedJob } from './model.js';
import { whyBarred } from './refusing.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, aPool } from './testing/builders.js';

const on = (group: GroupModel, pool: Partial<PoolModel> = {}, up = nodeCount(group)): Candidate => ({
  group,
  pool: aPool(group.poolId, pool),
  installed: nodeCount(group),
  up,
});
const linked = (links: Record<string, number>): Candidate => ({
  ...on(aGroup('g')),
  links: new Map(Object.entries(links)),
});
const openTo = (...tenants: string[]): Candidate => ({
  ...on(aGroup('g'), { tenants: ['hospital'] }),
  openTo: new Set(tenants),
});

const cases: Record<string, { job: Partial<QueuedJob>; on: Candidate[]; want: Refusal | null }> = {
  'a job that asks for nothing special goes anywhere with cards': { job: {}, on: [on(aGroup('g'))], want: null },
  'a model that no group has': {
    job: { acceleratorModels: ['h100'] },
    on: [on(aGroup('g'))],
    want: 'accelerator-model-absent',
  },
  'a model among those that it takes': {
    job: { acceleratorModels: ['h100', 'a100'] },
    on: [on(aGroup('g'))],
    want: null,
  },
  'cards of no model, where one is asked for': {
    job: { acceleratorModels: ['a100'] },
    on: [on(aGroup('g', { acceleratorModel: null }))],
    want: 'accelerator-model-absent',
  },
  'a model and cards of no memory mean nothing to a job without cards': {
    job: { acceleratorModels: ['a100'], minAcceleratorMemoryGiB: 80, perNode: { cards: 0, cores: 4, memoryGiB: 8 } },
    on: [on(aCpuGroup('g'))],
    want: null,
  },
  'cards with just as much memory': { job: { minAcceleratorMemoryGiB: 80 }, on: [on(aGroup('g'))], want: null },
  'cards with a little less memory': {
    job: { minAcceleratorMemoryGiB: 80.5 },
    on: [on(aGroup('g'))],
    want: 'accelerator-memory-too-small',
  },
  'an empty list of models asks for none in particular': {
    job: { acceleratorModels: [] },
    on: [on(aGroup('g'))],
    want: null,
  },
  'cards with too little memory': {
    job: { minAcceleratorMemoryGiB: 96 },
    on: [on(aGroup('g'))],
    want: 'accelerator-memory-too-small',
  },
  'a part of a card where cards are given out whole': {
    job: { perNode: { cards: 0.5, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g'))],
    want: 'fraction-not-offered',
  },
  'a part of a card where cards are cut': {
    job: { perNode: { cards: 0.99, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g', { sharing: { kind: 'mig', slices: 7 } }))],
    want: null,
  },
  'a whole card where cards are cut': {
    job: { perNode: { cards: 1, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g', { sharing: { kind: 'vnpu', slices: 4 } }))],
    want: null,
  },
  'a whole card where cards are given out whole': {
    job: { perNode: { cards: 1, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g'))],
    want: null,
  },
  'two slices of four with just half of the memory': {
    job: { minAcceleratorMemoryGiB: 40, perNode: { cards: 0.3, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g', { sharing: { kind: 'vnpu', slices: 4 } }))],
    want: null,
  },
  'two slices of four with a little less than half of the memory': {
    job: { minAcceleratorMemoryGiB: 40.1, perNode: { cards: 0.3, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g', { sharing: { kind: 'mig', slices: 4 } }))],
    want: 'accelerator-memory-too-small',
  },
  'a card in turns, all of whose memory is seen': {
    job: { minAcceleratorMemoryGiB: 80, perNode: { cards: 0.3, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g', { sharing: { kind: 'time-slice', slices: 4 } }))],
    want: null,
  },
  'a whole card, all of whose memory is there although cards are cut': {
    job: { minAcceleratorMemoryGiB: 80, perNode: { cards: 1, cores: 8, memoryGiB: 32 } },
    on: [on(aGroup('g', { sharing: { kind: 'mig', slices: 4 } }))],
    want: null,
  },
  'an x86 image on Kunpeng': {
    job: { architecture: 'x86_64' },
    on: [on(anAscendGroup('g'))],
    want: 'architecture-mismatch',
  },
  'a CUDA image on Ascend': { job: { stack: 'cuda' }, on: [on(anAscendGroup('g'))], want: 'stack-mismatch' },
  'a CANN image on CUDA': { job: { stack: 'cann' }, on: [on(aGroup('g'))], want: 'stack-mismatch' },
  'a CUDA image that wants cards, on cards without a stack': {
    job: { stack: 'cuda' },
    on: [on(aGroup('g', { stack: 'none' }))],
    want: 'stack-mismatch',
  },
  'a CUDA image without cards on plain nodes runs': {
    job: { stack: 'cuda', perNode: { cards: 0, cores: 4, memoryGiB: 8 } },
    on: [on(aCpuGroup('g'))],
    want: null,
  },
  'an image without a stack, without cards, on nodes with one': {
    job: { stack: 'none', perNode: { cards: 0, cores: 4, memoryGiB: 8 } },
    on: [on(aCpuGroup('g', { stack: 'cann' }))],
    want: null,
  },
  'a CUDA image without cards on nodes with CANN': {
    job: { stack: 'cuda', perNode: { cards: 0, cores: 4, memoryGiB: 8 } },
    on: [on(aCpuGroup('g', { stack: 'cann' }))],
    want: 'stack-mismatch',
  },
  'an image without a stack that wants cards, on cards with CUDA': {
    job: { stack: 'none' },
    on: [on(aGroup('g'))],
    want: 'stack-mismatch',
  },
  'a class that the pool serves among others': {
    job: { class: 'training' },
    on: [on(aGroup('g'), { classes: ['inference', 'training'] })],
    want: null,
  },
  'a pool that must be asked for, by a job that lists none': {
    job: {},
    on: [on(aGroup('g'), { onlyIfListed: true })],
    want: 'pool-not-listed',
  },
  'a pool that must be asked for, and is': {
    job: { pools: ['g'] },
    on: [on(aGroup('g'), { onlyIfListed: true })],
    want: null,
  },
  'a class that the pool does not serve': {
    job: { class: 'training' },
    on: [on(aGroup('g'), { classes: ['inference'] })],
    want: 'class-not-served',
  },
  'another pool is listed': { job: { pools: ['h'] }, on: [on(aGroup('g'))], want: 'pool-not-listed' },
  'a pool that refused it before': { job: { avoidPools: ['g'] }, on: [on(aGroup('g'))], want: 'rejected-by-engines' },
  'too far from its district': {
    job: { maxLatencyMs: 5, fromDistrict: 'echeng' },
    on: [on(aGroup('g'), { latencyMs: { echeng: 6 } })],
    want: 'latency-above-limit',
  },
  'just as near to its district as it may be': {
    job: { maxLatencyMs: 5, fromDistrict: 'echeng' },
    on: [on(aGroup('g'), { latencyMs: { echeng: 5 } })],
    want: null,
  },
  'far from its district, without a limit': {
    job: { fromDistrict: 'echeng' },
    on: [on(aGroup('g'), { latencyMs: { echeng: 600 } })],
    want: null,
  },
  'a limit without a district is not that to a place of no name': {
    job: { maxLatencyMs: 5 },
    on: [on(aGroup('g'), { latencyMs: { undefined: 1 } })],
    want: 'latency-above-limit',
  },
  'a district that nobody measured': {
    job: { maxLatencyMs: 5, fromDistrict: 'toString' },
    on: [on(aGroup('g'))],
    want: 'latency-above-limit',
  },
  'a limit without a district': { job: { maxLatencyMs: 5 }, on: [on(aGroup('g'))], want: 'latency-above-limit' },
  'data too sensitive for the pool': {
    job: { dataLevel: 'core' },
    on: [on(aGroup('g'), { dataLevels: ['general'] })],
    want: 'data-level-not-allowed',
  },
  'a pool that lists another tenant': {
    job: {},
    on: [on(aGroup('g'), { tenants: ['hospital'] })],
    want: 'pool-not-open-to-tenant',
  },
  'a pool that lists its tenant among others': {
    job: {},
    on: [on(aGroup('g'), { tenants: ['hospital', 'institute'] })],
    want: null,
  },
  'a pool that is open to nobody': { job: {}, on: [on(aGroup('g'), { tenants: [] })], want: 'pool-not-open-to-tenant' },
  'a tenant below a listed one': { job: { tenantId: 'ward' }, on: [openTo('hospital', 'ward')], want: null },
  'a tenant beside the listed one': {
    job: { tenantId: 'school' },
    on: [openTo('hospital', 'ward')],
    want: 'pool-not-open-to-tenant',
  },
  'a closed pool without the right cards speaks of the cards, which a request can change': {
    job: { acceleratorModels: ['h100'] },
    on: [openTo('hospital')],
    want: 'accelerator-model-absent',
  },
  'data that stays at another site': {
    job: { dataSite: 'h-site' },
    on: [on(aGroup('g'))],
    want: 'data-site-elsewhere',
  },
  'data that stays at the site of the pool': { job: { dataSite: 'g-site' }, on: [on(aGroup('g'))], want: null },
  'inputs from a site without a link': {
    job: { inputs: [{ siteId: 'h-site', sizeGiB: 1 }] },
    on: [linked({ 'i-site': 10 })],
    want: 'no-link-to-inputs',
  },
  'inputs of which one has no link': {
    job: { inputs: ['i-site', 'h-site'].map((siteId) => ({ siteId, sizeGiB: 1 })) },
    on: [linked({ 'i-site': 10 })],
    want: 'no-link-to-inputs',
  },
  'inputs from a linked site and from its own': {
    job: { inputs: ['i-site', 'g-site'].map((siteId) => ({ siteId, sizeGiB: 1 })) },
    on: [linked({ 'i-site': 10 })],
    want: null,
  },
  'inputs from its own site need no link': {
    job: { inputs: [{ siteId: 'g-site', sizeGiB: 1 }] },
    on: [on(aGroup('g'))],
    want: null,
  },
  'inputs where no links are known at all': {
    job: { inputs: [{ siteId: 'h-site', sizeGiB: 1 }] },
    on: [on(aGroup('g'))],
    want: 'no-link-to-inputs',
  },
  'no inputs need no link': { job: { inputs: [] }, on: [on(aGroup('g'))], want: null },
  'more nodes than there are': { job: { nodes: 5 }, on: [on(aGroup('g'))], want: 'larger-than-any-pool' },
  'more memory a node than there is': {
    job: { perNode: { cards: 1, cores: 1, memoryGiB: 513 } },
    on: [on(aGroup('g'))],
    want: 'larger-than-any-pool',
  },
  'an engine out of reach': { job: {}, on: [on(aGroup('g'), { reachable: false })], want: 'engine-unreachable' },
  'too few nodes up': { job: { nodes: 3 }, on: [on(aGroup('g'), {}, 2)], want: 'nodes-out-of-service' },
  'a job without cards does not take a node with cards': {
    job: { perNode: { cards: 0, cores: 4, memoryGiB: 8 } },
    on: [on(aGroup('g'))],
    want: 'larger-than-any-pool',
  },
  'a job with cards hears of the model where no pool has cards': {
    job: {},
    on: [on(aCpuGroup('g'))],
    want: 'accelerator-model-absent',
  },
  'the group that fails one filter speaks before the larger ones that fail two': {
    job: { stack: 'cuda', architecture: 'x86_64' },
    on: [on(anAscendGroup('big')), on(aGroup('near', { nodes: ['n'] }), { reachable: false })],
    want: 'engine-unreachable',
  },
  'a group that opens by itself speaks before one that needs another request': {
    job: { dataLevel: 'core' },
    on: [on(aGroup('few', { nodes: ['n'] }), { reachable: false }, 0), on(aGroup('many'), { dataLevels: [] })],
    want: 'nodes-out-of-service',
  },
  'too large for the groups of its stack is too large, however many nodes have another stack': {
    job: { stack: 'cuda', nodes: 5 },
    on: [on(aGroup('right')), on(anAscendGroup('wrong', { nodes: 100 }))],
    want: 'larger-than-any-pool',
  },
};

describe('hard filters', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { job, on: candidates, want }) => {
    expect(whyBarred(aJob('j', job), candidates, filters).refusal).toBe(want);
  });

  it('counts the nodes of each group under every filter that they fail', () => {
    const job = aJob('j', { stack: 'cuda', architecture: 'x86_64', dataLevel: 'core' });
    const candidates = [
      on(anAscendGroup('a')),
      on(aGroup('b'), { dataLevels: ['general'] }),
      on(aGroup('c'), {}, 3),
      on(aCpuGroup('d')),
    ];
    expect(whyBarred(job, candidates, filters)).toEqual({
      refusal: null,
      nodesConsidered: 12,
      filteredBy: {
        'architecture-mismatch': 4,
        'stack-mismatch': 4,
        'data-level-not-allowed': 4,
        'nodes-out-of-service': 1,
      },
    });
  });

  it('counts the nodes of a group by their names, or takes the number that is told', () => {
    expect([aGroup('g'), aGroup('g', { nodes: [] }), aGroup('g', { nodes: 7 })].map(nodeCount)).toEqual([4, 0, 7]);
  });

  it('names each refusal once', () => {
    const named = filters.map((filter) => filter.refusal);
    expect(new Set(named).size).toBe(named.length);
  });
});
