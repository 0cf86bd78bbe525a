import fc from 'fast-check';
import { decideStarts, type LockedWorld, type StartToCommit } from './plan-decision.js';

const anyAmounts = fc.record({ cards: fc.nat(8), cores: fc.nat(8), memory_gib: fc.nat(8) });
const anyWorld: fc.Arbitrary<LockedWorld> = fc.record({
  jobs: fc
    .array(fc.tuple(fc.nat(3), anyAmounts, fc.boolean()), { minLength: 1, maxLength: 12 })
    .map((jobs) =>
      jobs.map(([nodes, asks, waits], i) => ({
        id: `job-${i}`,
        state: waits || i === 0 ? 'queued' : 'running',
        nodes: nodes + 1,
        ...asks,
      })),
    ),
  groups: fc.tuple(fc.boolean(), anyAmounts).map(([enabled, free]) => [
    { id: 'pinned', pool_id: 'p', placement: 'pinned' as const, enabled: true, free: null },
    { id: 'delegated', pool_id: 'd', placement: 'delegated' as const, enabled, free },
  ]),
  nodes: fc
    .array(fc.tuple(anyAmounts, fc.boolean()), { maxLength: 6 })
    .map((nodes) =>
      nodes.map(([free, up], index) => ({ id: `node-${index}`, group_id: 'pinned', index, up, ...free })),
    ),
  written: fc.constant([]),
});
const anyStart = fc.record({
  job: fc.nat(13),
  groupId: fc.constantFrom('pinned', 'delegated', 'gone'),
  nodeIndices: fc.array(fc.nat(7), { maxLength: 4 }),
});
const anyStarts = fc.array(anyStart, { maxLength: 20 }).map((starts) =>
  starts.map(({ job, ...rest }, i): StartToCommit => ({
    ...rest, attemptId: `attempt-${i}`, jobId: `job-${job}`, poolId: 'p', endsBy: 0, backfilled: false, score: 0,
    tenantId: 'blue', nodes: rest.nodeIndices.length, perNode: { cards: 0, cores: 0, memoryGiB: 0 },
  })),
); // prettier-ignore

it('never takes more than is free, never a node that is not up, never one job twice, and answers for every start', () => {
  fc.assert(
    fc.property(anyWorld, anyStarts, (world, starts) => {
      const decision = decideStarts(starts, world);
      const jobs = new Map(world.jobs.map((job) => [job.id, job]));
      const taken = new Map<string, number[]>();
      for (const { start, group, nodeIds } of decision.accepted) {
        const job = jobs.get(start.jobId);
        if (job?.state !== 'queued' || !group.enabled) return false;
        if (group.placement === 'pinned' && (nodeIds.length !== job.nodes || new Set(nodeIds).size !== job.nodes))
          return false;
        const times = group.placement === 'pinned' ? 1 : job.nodes;
        for (const place of group.placement === 'pinned' ? nodeIds : [group.id]) {
          const [cards = 0, cores = 0, memory = 0] = taken.get(place) ?? [];
          taken.set(place, [cards + job.cards * times, cores + job.cores * times, memory + job.memory_gib * times]);
        }
      }
      const free = new Map<string, { cards: number; cores: number; memory_gib: number }>();
      for (const node of world.nodes) if (node.up) free.set(node.id, node);
      for (const group of world.groups) if (group.free) free.set(group.id, group.free);
      const within = [...taken].every(([place, [cards = 0, cores = 0, memory = 0]]) => {
        const have = free.get(place);
        return have !== undefined && cards <= have.cards && cores <= have.cores && memory <= have.memory_gib;
      });
      const once = new Set(decision.accepted.map((it) => it.start.jobId)).size === decision.accepted.length;
      return within && once && decision.accepted.length + decision.refused.length === starts.length;
    }),
    { numRuns: 3000 },
  );
});

it('takes what an earlier try of the same commit wrote as started, and only for the job it was written for', () => {
  const world: LockedWorld = { jobs: [], groups: [], nodes: [], written: [{ id: 'a', job_id: 'one' }] };
  const start = (jobId: string): StartToCommit => ({
    attemptId: 'a', jobId, groupId: 'g', poolId: 'p', nodeIndices: [0], endsBy: 0, backfilled: false, score: 0, tenantId: 'blue',
    nodes: 1, perNode: { cards: 0, cores: 0, memoryGiB: 0 },
  }); // prettier-ignore
  expect(decideStarts([start('one')], world).refused).toEqual([]);
  expect(decideStarts([start('two')], world).refused).toEqual([{ jobId: 'two', why: 'job-moved' }]);
});
