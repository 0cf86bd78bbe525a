import fc from 'fast-check';
import { decideStarts, type Decision, type JobRow, type LockedWorld, type StartToCommit } from './plan-decision.js';

type Amounts = Pick<JobRow, 'cards' | 'cores' | 'memory_gib'>;
const nothing: Amounts = { cards: 0, cores: 0, memory_gib: 0 };

const anyAmounts = fc.record({ cards: fc.nat(8), cores: fc.nat(8), memory_gib: fc.nat(8) });
const anyWorld: fc.Arbitrary<LockedWorld> = fc.record({
  jobs: fc.array(fc.tuple(fc.nat(3), anyAmounts, fc.boolean()), { minLength: 1, maxLength: 12 }).map((jobs) =>
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
  overruns: fc
    .subarray(
      Array.from({ length: 20 }, (_, i) => `attempt-${i}`),
      { maxLength: 4 },
    )
    .map((ids) => new Set(ids)),
});
const anyStart = fc.record({
  job: fc.nat(13),
  groupId: fc.constantFrom('pinned', 'delegated', 'gone'),
  nodeIndices: fc.array(fc.nat(7), { maxLength: 4 }),
  delegatedNodes: fc.integer({ min: 1, max: 4 }),
});
const anyStarts = fc.array(anyStart, { maxLength: 20 }).map((starts) =>
  starts.map(({ job, delegatedNodes, ...rest }, i): StartToCommit => ({
    ...rest, attemptId: `attempt-${i}`, jobId: `job-${job}`, poolId: 'p', endsBy: 0, backfilled: false, score: 0,
    tenantId: 'blue', nodes: rest.groupId === 'delegated' ? delegatedNodes : rest.nodeIndices.length, perNode: { cards: 0, cores: 0, memoryGiB: 0 },
  })),
); // prettier-ignore

/** What the accepted starts take of each place, node or group. */
function takenBy(decision: Decision, jobs: ReadonlyMap<string, JobRow>): Map<string, Amounts> {
  const taken = new Map<string, Amounts>();
  for (const { start, group, nodeIds } of decision.accepted) {
    const job = jobs.get(start.jobId) ?? nothing;
    const isPinned = group.placement === 'pinned';
    const times = isPinned ? 1 : (jobs.get(start.jobId)?.nodes ?? 0);
    for (const place of isPinned ? nodeIds : [group.id]) {
      const { cards, cores, memory_gib } = taken.get(place) ?? nothing;
      taken.set(place, {
        cards: cards + job.cards * times,
        cores: cores + job.cores * times,
        memory_gib: memory_gib + job.memory_gib * times,
      });
    }
  }
  return taken;
}

it('never takes more than is free, never a node that is not up, never one job twice, and answers for every start', () => {
  fc.assert(
    fc.property(anyWorld, anyStarts, (world, starts) => {
      const decision = decideStarts(starts, world);
      const jobs = new Map(world.jobs.map((job) => [job.id, job]));
      const free = new Map<string, Amounts>();
      for (const node of world.nodes) if (node.up) free.set(node.id, node);
      for (const group of world.groups) if (group.free) free.set(group.id, group.free);
      const overfull = [...takenBy(decision, jobs)].filter(([place, take]) => {
        const have = free.get(place);
        return !have || take.cards > have.cards || take.cores > have.cores || take.memory_gib > have.memory_gib;
      });
      const ill = decision.accepted.filter(({ start, group, nodeIds }) => {
        const job = jobs.get(start.jobId);
        const count = group.placement === 'pinned' ? job?.nodes : 0;
        if (world.overruns.has(start.attemptId)) return true;
        return job?.state !== 'queued' || !group.enabled || nodeIds.length !== count || new Set(nodeIds).size !== count;
      });
      expect({ overfull, ill }).toEqual({ overfull: [], ill: [] });
      expect(new Set(decision.accepted.map((it) => it.start.jobId)).size).toBe(decision.accepted.length);
      expect(decision.accepted.length + decision.refused.length).toBe(starts.length);
    }),
    { numRuns: 3000 },
  );
});

it('takes what an earlier try of the same commit wrote as started, and only for the job it was written for', () => {
  const world: LockedWorld = {
    jobs: [],
    groups: [],
    nodes: [],
    written: [{ id: 'a', job_id: 'one' }],
    overruns: new Set(['a']),
  };
  const start = (jobId: string): StartToCommit => ({
    attemptId: 'a', jobId, groupId: 'g', poolId: 'p', nodeIndices: [0], endsBy: 0, backfilled: false, score: 0, tenantId: 'blue',
    nodes: 1, perNode: { cards: 0, cores: 0, memoryGiB: 0 },
  }); // prettier-ignore
  expect(decideStarts([start('one')], world).refused).toEqual([]);
  expect(decideStarts([start('two')], world).refused).toEqual([{ jobId: 'two', why: 'job-moved' }]);
});
