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
      card_milli: 1000,
    })),
  ),
  groups: fc.tuple(fc.boolean(), anyAmounts).map(([enabled, free]) => [
    { id: 'pinned', pool_id: 'p', placement: 'pinned' as const, enabled: true, free: null, slices: null },
    { id: 'delegated', pool_id: 'd', placement: 'delegated' as const, enabled, free, slices: null },
  ]),
  nodes: fc
    .array(fc.tuple(anyAmounts, fc.boolean()), { maxLength: 6 })
    .map((nodes) =>
      nodes.map(([free, up], index) => ({ id: `node-${index}`, group_id: 'pinned', index, up, ...free })),
    ),
  devices: fc.constant([]),
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
    devices: [],
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

const anyShared = fc.record({
  slices: fc.constantFrom(1, 4, 7, 10, 1000),
  milli: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 }),
  free: fc.array(fc.array(fc.nat(1000), { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  starts: fc.array(fc.tuple(fc.nat(11), fc.nat(3), fc.array(fc.nat(4), { maxLength: 2 })), { maxLength: 16 }),
});
it('never takes more of a card than is free of it, and always whole slices', () => {
  fc.assert(
    fc.property(anyShared, ({ slices, milli, free, starts }) => {
      const world: LockedWorld = {
        jobs: milli.map((card_milli, i) => aPart(`job-${i}`, card_milli)),
        groups: [{ id: 'g', pool_id: 'p', placement: 'pinned', enabled: true, free: null, slices }],
        nodes: free.map((cards, index) => roomy(`node-${index}`, index, cards.length)),
        devices: free.flatMap((cards, index) =>
          cards.map((left, device) => ({ node_id: `node-${index}`, index: device, milli: left })),
        ),
        written: [],
        overruns: new Set(),
      };
      const { accepted } = decideStarts(
        starts.map(([job, node, devices], i) => aStart(`attempt-${i}`, `job-${job}`, { node, devices })),
        world,
      );
      const left = new Map(world.devices.map((device) => [`${device.node_id}/${device.index}`, device.milli]));
      for (const start of accepted) {
        const asked = world.jobs.find((job) => job.id === start.start.jobId)?.card_milli ?? 0;
        expect(start.heldMilli).toBeGreaterThanOrEqual(asked - 1); // slices that do not divide 1000 are rounded down
        expect(Math.abs(((start.heldMilli * slices) / 1000) - Math.round((start.heldMilli * slices) / 1000))).toBeLessThan(slices / 1000 + 1e-9); // prettier-ignore
        for (const device of start.devices?.[0] ?? []) {
          const card = `${start.nodeIds[0]}/${device}`;
          left.set(card, (left.get(card) ?? -1) - start.heldMilli);
        }
      }
      expect(Math.min(...left.values())).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});

const anInstance: Record<
  string,
  { milli: number; cards?: number; free: number[]; devices: number[][]; want: unknown }
> = {
  'a quarter goes on a card that has just a quarter left': { milli: 250, free: [0, 250], devices: [[1]], want: 250 },
  'a quarter does not go on a card that has a milli less': { milli: 250, free: [0, 249], devices: [[1]], want: 'no' },
  'a little more than a quarter holds half a card': { milli: 251, free: [500, 0], devices: [[0]], want: 500 },
  'and does not fit where there is less than that': { milli: 251, free: [499, 0], devices: [[0]], want: 'no' },
  'a whole card needs a whole one': { milli: 1000, free: [999, 0], devices: [[0]], want: 'no' },
  'two cards are two different ones': { milli: 1000, cards: 2, free: [1000, 1000], devices: [[0, 0]], want: 'no' },
  'two cards take both': { milli: 1000, cards: 2, free: [1000, 1000], devices: [[1, 0]], want: 1000 },
  'a card that the node does not have is not given': { milli: 250, free: [1000, 1000], devices: [[2]], want: 'no' },
  'fewer cards than are asked for are none': { milli: 1000, cards: 2, free: [1000, 1000], devices: [[0]], want: 'no' },
  'a plan that names no cards is overtaken': { milli: 250, free: [1000, 1000], devices: [], want: 'no' },
};
it.each(Object.entries(anInstance))('%s', (_sentence, { milli, cards = 1, free, devices, want }) => {
  const { accepted, refused } = decideStarts([{ ...aStart('a', 'one', { node: 0, devices: [] }), devices }], {
    jobs: [{ ...aPart('one', milli), cards }],
    groups: [{ id: 'g', pool_id: 'p', placement: 'pinned', enabled: true, free: null, slices: 4 }],
    nodes: [roomy('node-0', 0, 2)],
    devices: free.map((left, index) => ({ node_id: 'node-0', index, milli: left })),
    written: [],
    overruns: new Set(),
  });
  expect(accepted[0]?.heldMilli ?? 'no').toBe(want);
  expect(refused).toEqual(want === 'no' ? [{ jobId: 'one', why: 'capacity-taken' }] : []);
});

it('a part of a card is not given where cards are not shared any more', () => {
  const { refused } = decideStarts([aStart('a', 'one', { node: 0, devices: [0] })], {
    jobs: [aPart('one', 250)],
    groups: [{ id: 'g', pool_id: 'p', placement: 'pinned', enabled: true, free: null, slices: null }],
    nodes: [roomy('node-0', 0, 8)],
    devices: [],
    written: [],
    overruns: new Set(),
  });
  expect(refused).toEqual([{ jobId: 'one', why: 'capacity-taken' }]);
});

const aPart = (id: string, card_milli: number): JobRow => ({
  id, state: 'queued', nodes: 1, cards: 1, card_milli, cores: 1, memory_gib: 1,
}); // prettier-ignore
const roomy = (id: string, index: number, cards: number) => ({
  id, index, group_id: 'g', up: true, cards, cores: 99, memory_gib: 99,
}); // prettier-ignore
const aStart = (attemptId: string, jobId: string, on: { node: number; devices: readonly number[] }): StartToCommit => ({
  attemptId, jobId, groupId: 'g', poolId: 'p', nodeIndices: [on.node], devices: [on.devices], endsBy: 0, backfilled: false,
  score: 0, tenantId: 'blue', nodes: 1, perNode: { cards: 0.25, cores: 1, memoryGiB: 1 },
}); // prettier-ignore
