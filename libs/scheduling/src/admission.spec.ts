import type { NodeShape } from '#libs/domain';
import { admitJob } from './admission.js';
import { type Candidate, nodeCount } from './filters.js';
import type { GroupModel, PoolModel, QueuedJob } from './model.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, aPool, nodesNamed } from './testing/builders.js';

const on = (group: GroupModel, pool: Partial<PoolModel> = {}, up = nodeCount(group)): Candidate => ({
  group,
  pool: aPool(group.poolId, pool),
  installed: nodeCount(group),
  up,
});
const four = on(aGroup('four'));
const two = on(aGroup('two', { nodes: nodesNamed(2), shape: { cards: 16, cores: 32, memoryGiB: 256 } }));
const ascend = on(anAscendGroup('ascend', { nodes: nodesNamed(9) }));
const plain = on(aCpuGroup('plain'));
const all = [four, two, ascend, plain];
const asking = (cards: number, cores: number, memoryGiB: number): NodeShape => ({ cards, cores, memoryGiB });

const admitted: Record<string, { job: Partial<QueuedJob>; on?: Candidate[] }> = {
  'what a group has in full': { job: { nodes: 4, perNode: asking(8, 64, 512), stack: 'cuda' } },
  'what only the second group has': { job: { nodes: 2, perNode: asking(16, 32, 256) } },
  'a job without cards on nodes without cards': { job: { nodes: 4, perNode: asking(0, 64, 256) } },
  'whatever is down': { job: { nodes: 4 }, on: [{ ...four, up: 0 }] },
  'whatever cannot be reached': { job: { nodes: 4 }, on: [on(aGroup('g'), { reachable: false })] },
};

interface Refused {
  readonly job: Partial<QueuedJob>;
  readonly on?: Candidate[];
  /** Group, nodes and shape of the largest like it; null where its size is not in the way. */
  readonly want: readonly [string, number, NodeShape] | null;
}
const tooLarge: Record<string, Refused> = {
  'a node too many: all that the group has': { job: { nodes: 5, stack: 'cuda' }, want: ['four', 4, asking(8, 8, 32)] },
  'a card a node too many: as many as a node has, on as many nodes as it asks for': {
    job: { nodes: 3, stack: 'cuda', perNode: asking(9, 1, 1) },
    on: [four],
    want: ['four', 3, asking(8, 1, 1)],
  },
  'every part of a node is cut to what is there, and no part to more than it asks for': {
    job: { nodes: 1, perNode: asking(8, 65, 1) },
    on: [four],
    want: ['four', 1, asking(8, 64, 1)],
  },
  'memory too': { job: { nodes: 1, perNode: asking(8, 1, 513) }, on: [four], want: ['four', 1, asking(8, 1, 512)] },
  'of several groups the one with the most cards': {
    job: { nodes: 5, perNode: asking(16, 8, 32), stack: 'cuda' },
    // Four nodes of eight cards and two of sixteen are as many: the first of equals.
    want: ['four', 4, asking(8, 8, 32)],
  },
  'a group with one card more goes before': {
    job: { nodes: 5, perNode: asking(16, 8, 32), stack: 'cuda' },
    on: [four, on(aGroup('more', { nodes: nodesNamed(3), shape: asking(11, 64, 512) }))],
    want: ['more', 3, asking(11, 8, 32)],
  },
  'without cards it goes by cores': {
    job: { nodes: 5, perNode: asking(0, 100, 1) },
    on: [on(aCpuGroup('many', { nodes: nodesNamed(3) })), on(aCpuGroup('large', { nodes: ['n'], shape: asking(0, 99, 256) }))],
    want: ['many', 3, asking(0, 64, 1)],
  },
  'groups of another sort or that it may not use are not told': {
    job: { nodes: 10, stack: 'cuda' },
    on: [ascend, plain, on(aGroup('closed', { nodes: nodesNamed(8) }), { tenants: ['hospital'] }), two],
    want: ['two', 2, asking(8, 8, 32)],
  },
  'nodes that are down count': { job: { nodes: 5 }, on: [{ ...four, up: 1 }], want: ['four', 4, asking(8, 8, 32)] },
  'a group without nodes has nothing to offer': { job: { nodes: 1 }, on: [on(aGroup('empty', { nodes: [] }))], want: null },
  'without cards, where all groups have cards': { job: { perNode: asking(0, 1, 1) }, on: [four], want: null },
}; // prettier-ignore

describe('admission', () => {
  it.each(Object.entries(admitted))('lets in %s', (_sentence, { job, on: candidates = all }) => {
    expect(admitJob(aJob('j', job), candidates)).toEqual({ kind: 'ok' });
  });

  it.each(Object.entries(tooLarge))('refuses what is too large: %s', (_sentence, { job, on: candidates = all, want }) => {
    const admission = admitJob(aJob('j', job), candidates);
    expect(admission).toMatchObject({ kind: 'refused', refusal: 'larger-than-any-pool' });
    const largest = want && { poolId: want[0], groupId: want[0], nodes: want[1], perNode: want[2] };
    expect(admission).toMatchObject({ largest });
  }); // prettier-ignore

  it('says which filters the nodes fail, and of nobody ahead or nearest: it does not look at load', () => {
    expect(admitJob(aJob('j', { nodes: 10, stack: 'cuda' }), [four, two, { ...ascend, up: 1 }, plain])).toEqual({
      kind: 'refused',
      refusal: 'larger-than-any-pool',
      largest: { poolId: 'four', groupId: 'four', nodes: 4, perNode: asking(8, 8, 32) },
      evidence: {
        nodesConsidered: 15,
        filteredBy: { 'larger-than-any-pool': 15, 'stack-mismatch': 9 },
        best: null,
        ahead: 0,
      },
    });
  });

  it('tells no size where another word is in the way, even of one that is too large as well', () => {
    expect(admitJob(aJob('j', { nodes: 5, acceleratorModels: ['h100'] }), [four])).toMatchObject({
      refusal: 'larger-than-any-pool',
      largest: null,
    });
    expect(admitJob(aJob('j', { acceleratorModels: ['h100'] }), all)).toMatchObject({
      refusal: 'accelerator-model-absent',
      largest: null,
    });
  });
});
