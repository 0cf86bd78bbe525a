import fc from 'fast-check';
import { isFinal, type Refusal, refusals } from '#libs/domain';
import { type Candidate, type Filter, filters, isOfItsSort, nodeCount } from './filters.js';
import type { GroupModel, PoolModel } from './model.js';
import { whyBarred } from './refusing.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, aPool, nodesNamed } from './testing/builders.js';
import { runs } from './testing/runs.js';

const on = (group: GroupModel, over: { pool?: Partial<PoolModel>; up?: number } = {}): Candidate => ({
  group,
  pool: aPool(group.poolId, over.pool),
  installed: nodeCount(group),
  up: over.up ?? nodeCount(group),
});
/** A group of so many nodes that fails the filters of these refusals. */
const failing = (nodes: number, ...refused: Refusal[]): Candidate => ({
  ...on(aGroup(refused.join('+') || 'open', { nodes: nodesNamed(nodes) })),
});
/** Filters that a group fails when its id names their refusal. */
const named = (...list: Refusal[]): Filter[] =>
  list.map((refusal) => ({ refusal, passes: (_job, { group }) => !group.id.split('+').includes(refusal) }));

// From what a request is bound to, to what is easily changed; the last two open by themselves.
const four = named('stack-mismatch', 'larger-than-any-pool', 'engine-unreachable', 'nodes-out-of-service');
const job = aJob('j');

interface Case {
  readonly candidates: readonly Candidate[];
  readonly want: Refusal | null;
  readonly filteredBy: Partial<Record<Refusal, number>>;
}
const cases: Record<string, Case> = {
  'one that fails nothing opens the job': { candidates: [failing(4)], want: null, filteredBy: {} },
  'one that fails nothing opens the job, whatever others fail': {
    candidates: [failing(9, 'stack-mismatch'), failing(1), failing(9, 'engine-unreachable')],
    want: null,
    filteredBy: { 'stack-mismatch': 9, 'engine-unreachable': 9 },
  },
  'the only one speaks': { candidates: [failing(4, 'stack-mismatch')], want: 'stack-mismatch', filteredBy: { 'stack-mismatch': 4 } },
  'of what one group fails, the filter furthest down the list': {
    candidates: [failing(4, 'stack-mismatch', 'larger-than-any-pool')],
    want: 'larger-than-any-pool',
    filteredBy: { 'stack-mismatch': 4, 'larger-than-any-pool': 4 },
  },
  'of two that fail one each, the filter furthest down the list, whoever comes first': {
    candidates: [failing(2, 'larger-than-any-pool'), failing(9, 'stack-mismatch')],
    want: 'larger-than-any-pool',
    filteredBy: { 'stack-mismatch': 9, 'larger-than-any-pool': 2 },
  },
  'and the same the other way round': {
    candidates: [failing(9, 'stack-mismatch'), failing(2, 'larger-than-any-pool')],
    want: 'larger-than-any-pool',
    filteredBy: { 'stack-mismatch': 9, 'larger-than-any-pool': 2 },
  },
  'one that fails one speaks before one that fails two': {
    candidates: [failing(9, 'stack-mismatch', 'larger-than-any-pool'), failing(1, 'stack-mismatch')],
    want: 'stack-mismatch',
    filteredBy: { 'stack-mismatch': 10, 'larger-than-any-pool': 9 },
  },
  'one that opens by itself speaks before one that does not, though it fails more': {
    candidates: [failing(9, 'stack-mismatch'), failing(1, 'engine-unreachable', 'nodes-out-of-service')],
    want: 'nodes-out-of-service',
    filteredBy: { 'stack-mismatch': 9, 'engine-unreachable': 1, 'nodes-out-of-service': 1 },
  },
  'one final and one passing failure are further than one final': {
    candidates: [failing(3, 'stack-mismatch', 'engine-unreachable'), failing(3, 'stack-mismatch')],
    want: 'stack-mismatch',
    filteredBy: { 'stack-mismatch': 6, 'engine-unreachable': 3 },
  },
  'nodes that are not up are counted where the group is open': {
    candidates: [{ ...failing(4), up: 3 }],
    want: null,
    filteredBy: { 'nodes-out-of-service': 1 },
  },
  'and not where something else is in the way already': {
    candidates: [{ ...failing(4, 'stack-mismatch'), up: 3 }],
    want: 'stack-mismatch',
    filteredBy: { 'stack-mismatch': 4 },
  },
}; // prettier-ignore

describe('of the groups that fail the least', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { candidates, want, filteredBy }) => {
    const nodesConsidered = candidates.reduce((sum, { installed }) => sum + installed, 0);
    expect(whyBarred(job, candidates, four)).toEqual({ refusal: want, nodesConsidered, filteredBy });
  });

  it('nobody speaks of groups of the other sort, nor counts them', () => {
    const plain = aJob('p', { perNode: { cards: 0, cores: 1, memoryGiB: 1 } });
    const candidates = [failing(4), on(aCpuGroup('stack-mismatch', { nodes: nodesNamed(3) }))];
    expect(whyBarred(plain, candidates, four)).toEqual({ refusal: 'stack-mismatch', nodesConsidered: 3, filteredBy: { 'stack-mismatch': 3 } });
    expect(whyBarred(job, candidates, four)).toEqual({ refusal: null, nodesConsidered: 4, filteredBy: {} });
  }); // prettier-ignore

  const none: Record<string, { cards: number; on: Candidate[]; want: Refusal }> = {
    'with cards hears of the model where no group has cards': { cards: 1, on: [on(aCpuGroup('c'))], want: 'accelerator-model-absent' },
    'with a part of a card too': { cards: 0.5, on: [on(aCpuGroup('c'))], want: 'accelerator-model-absent' },
    'without cards hears that it is too large where all groups have cards': { cards: 0, on: [on(aGroup('g'))], want: 'larger-than-any-pool' },
    'with cards hears of the model where there are no groups at all': { cards: 8, on: [], want: 'accelerator-model-absent' },
    'without cards hears that it is too large there': { cards: 0, on: [], want: 'larger-than-any-pool' },
  }; // prettier-ignore
  it.each(Object.entries(none))('a job %s', (_sentence, { cards, on: candidates, want }) => {
    const asked = aJob('j', { perNode: { cards, cores: 1, memoryGiB: 1 } });
    expect(whyBarred(asked, candidates, filters)).toEqual({ refusal: want, nodesConsidered: 0, filteredBy: {} });
  });
});

describe('for every fleet', () => {
  const anyCandidate = fc
    .record({
      group: fc.constantFrom(aGroup, anAscendGroup, aCpuGroup),
      nodes: fc.integer({ min: 1, max: 6 }),
      down: fc.integer({ min: 0, max: 6 }),
      reachable: fc.boolean(),
      levels: fc.subarray(['general', 'core'] as const),
    })
    .map(({ group, nodes, down, reachable, levels }) =>
      on(group('g', { nodes: nodesNamed(nodes) }), { pool: { reachable, dataLevels: levels }, up: Math.max(0, nodes - down) }),
    ); // prettier-ignore
  const anyJob = fc
    .record({
      nodes: fc.integer({ min: 1, max: 6 }),
      cards: fc.constantFrom(0, 1, 0.5),
      stack: fc.constantFrom('cuda' as const, 'cann' as const, undefined),
      dataLevel: fc.constantFrom('general' as const, 'core' as const),
    })
    .map(({ cards, stack, ...rest }) =>
      aJob('j', { ...rest, ...(stack && { stack }), perNode: { cards, cores: 1, memoryGiB: 1 } }),
    );

  it('the word is one that a nearest group fails, no group is open where there is one, and the counts are those of counting', () => {
    fc.assert(
      fc.property(anyJob, fc.array(anyCandidate, { maxLength: 5 }), (asked, candidates) => {
        const { refusal, nodesConsidered, filteredBy } = whyBarred(asked, candidates, filters);
        const sort = candidates.filter(({ group }) => isOfItsSort(asked, group));
        const fails = sort.map((candidate) =>
          filters.filter((filter) => !filter.passes(asked, candidate)).map((filter) => filter.refusal),
        );
        const finals = fails.map((list) => list.filter(isFinal).length);
        const nearest = fails.filter((_list, i) => finals[i] === Math.min(...finals));
        const least = Math.min(...nearest.map((list) => list.length));
        expect(sort.length > 0 && refusal === null).toBe(fails.some((list) => list.length === 0));
        const words = nearest.filter((list) => list.length === least).flat();
        expect(refusal === null || sort.length === 0 || words.includes(refusal)).toBe(true);
        expect(nodesConsidered).toBe(sort.reduce((sum, { installed }) => sum + installed, 0));
        for (const word of refusals) {
          const nodes = sort.reduce((sum, { installed, up }, i) => {
            const isDown = word === 'nodes-out-of-service' && fails[i]!.length === 0;
            return sum + (fails[i]!.includes(word) ? installed : isDown ? installed - up : 0);
          }, 0);
          expect([word, filteredBy[word] ?? 0]).toEqual([word, nodes]);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
