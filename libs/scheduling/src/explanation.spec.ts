import type { PlanningPolicy, Snapshot, WaitingVerdict } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAscendGroup, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

const NOW = 1000;
const four = [aGroup('g')];
const busy = (groupId: string, endsBy: number, nodes = [0, 1, 2, 3]) =>
  anAttempt(`in ${groupId}`, groupId, { nodeIndices: nodes, endsBy });
const window = (from: number, until: number) => ({ id: 'w', groupId: 'g', nodeIndices: [0, 1, 2, 3], from, until });
const spent = { id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 0 } };

type Told = readonly [string, ...unknown[]];
interface Case {
  readonly state: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  readonly want: readonly Told[];
}

const words: Record<string, Case> = {
  'before its earliest start it hears of that, whatever else is in the way': {
    state: { groups: four, running: [busy('g', 5000)], tenants: [spent], queued: [aJob('j', { earliestStart: NOW + 1 })] },
    want: [['j', 'before-earliest-start']],
  },
  'at its earliest start it hears of what else is in the way': {
    state: { groups: four, running: [busy('g', 5000)], queued: [aJob('j', { earliestStart: NOW })] },
    want: [['j', 'no-free-accelerators']],
  },
  'no group is open to it: that goes before its earliest start': {
    state: { groups: four, queued: [aJob('j', { nodes: 5, earliestStart: 9000 })] },
    want: [['j', 'larger-than-any-pool']],
  },
  'where nobody may pass, it hears of the queue before any gate is asked': {
    state: { groups: four, running: [busy('g', 5000, [0, 1, 2])], tenants: [spent], queued: [aJob('ahead', { tenantId: 'other', nodes: 4 }), aJob('j')] },
    policy: { backfill: 'none' },
    want: [['ahead', 'no-free-accelerators'], ['j', 'behind-in-queue']],
  },
  'what would fit is behind a reservation': {
    state: { groups: four, running: [busy('g', 5000, [0])], queued: [aJob('ahead', { nodes: 4 }), aJob('j', { limit: 4001 })] },
    want: [['ahead', 'no-free-accelerators'], ['j', 'behind-reservation']],
  },
  'where nobody may pass it is behind in the queue': {
    state: { groups: four, running: [busy('g', 5000, [0])], queued: [aJob('ahead', { nodes: 4 }), aJob('j', { limit: 1 })] },
    policy: { backfill: 'none' },
    want: [['ahead', 'no-free-accelerators'], ['j', 'behind-in-queue']],
  },
  'after the most starts of a cycle too': {
    state: { groups: four, queued: [aJob('a'), aJob('b')] },
    policy: { maxStarts: 1 },
    want: [['b', 'behind-in-queue']],
  },
  'it fits before the window to the second, and is behind a reservation': {
    state: { groups: four, windows: [window(3000, 4000)], running: [busy('g', 2000, [0])], queued: [aJob('ahead', { nodes: 4, limit: 1000 }), aJob('j', { limit: 2000 })] },
    want: [['ahead', 'no-free-accelerators'], ['j', 'behind-reservation']],
  },
  'it would run into the window by a second': {
    state: { groups: four, windows: [window(3000, 4000)], running: [busy('g', 2000, [0])], queued: [aJob('ahead', { nodes: 4, limit: 1000 }), aJob('j', { limit: 2001 })] },
    want: [['ahead', 'no-free-accelerators'], ['j', 'would-overrun-window']],
  },
  'too few are free with and without the window: it hears of nodes': {
    state: { groups: four, windows: [window(3000, 4000)], running: [busy('g', 2500)], queued: [aJob('j', { limit: 2001 })] },
    want: [['j', 'no-free-accelerators']],
  },
  'nodes are being vacated for it: that goes before what is short': {
    state: { groups: four, running: [busy('g', 5000)], windows: [{ ...window(NOW, 1900), kind: 'claim', openTo: { jobs: ['j'] } }], queued: [aJob('i'), aJob('j')] },
    want: [['i', 'no-free-accelerators'], ['j', 'waiting-for-preemption']],
  },
  'a claim for a job that is not let in anyway is not what it waits for': {
    state: { groups: four, running: [busy('g', 5000)], windows: [{ ...window(NOW, 1900), kind: 'claim', openTo: { jobs: ['j'] } }], queued: [aJob('j', { earliestStart: 9000 })] },
    want: [['j', 'before-earliest-start']],
  },
}; // prettier-ignore

const two = [aGroup('g'), aGroup('h')];
const estimates: Record<string, Case> = {
  'a reservation is told as it is': {
    state: { groups: two, running: [busy('g', 5000), busy('h', 3000)], queued: [aJob('j')] },
    want: [['j', 3000, 'reservation', 'h']],
  },
  'without one, the group that is free first': {
    state: { groups: two, running: [busy('g', 5000), busy('h', 3000)], queued: [aJob('j')] },
    policy: { reservationDepth: 0 },
    want: [['j', 3000, 'backlog', 'h']],
  },
  'of groups that are free at the same time, the first by id': {
    state: { groups: two, running: [busy('g', 3000), busy('h', 3000)], queued: [aJob('j')] },
    policy: { reservationDepth: 0 },
    want: [['j', 3000, 'backlog', 'g']],
  },
  'the work ahead counts where it is more than the wait for nodes': {
    state: { groups: four, running: [busy('g', 1400, [0])], queued: [aJob('wide', { nodes: 4, limit: 1000 }), aJob('j')] },
    policy: { reservationDepth: 0, backfill: 'none' },
    // A quarter of 400 s on one of four nodes, and all of 1000 s on four.
    want: [['wide', 1400, 'backlog', 'g'], ['j', 2100, 'backlog', 'g']],
  },
  'work ahead is divided among all groups that it may use': {
    state: { groups: two, running: [busy('g', 1400), busy('h', 1400)], queued: [aJob('wide', { nodes: 4, limit: 1000 }), aJob('j')] },
    policy: { reservationDepth: 0, backfill: 'none' },
    want: [['wide', 1400, 'backlog', 'g'], ['j', 1900, 'backlog', 'g']],
  },
  'work ahead elsewhere does not count': {
    state: { groups: [aGroup('g'), anAscendGroup('h')], running: [busy('g', 1400), busy('h', 9000)], queued: [aJob('other', { nodes: 4, stack: 'cann' }), aJob('j', { stack: 'cuda' })] },
    policy: { reservationDepth: 0, backfill: 'none' },
    want: [['other', 9000, 'backlog', 'h'], ['j', 1400, 'backlog', 'g']],
  },
  'what starts in this plan is work ahead, by its prediction': {
    state: { groups: four, queued: [aJob('starts', { nodes: 4, limit: 1000, predicted: 400 }), aJob('j')] },
    policy: { reservationDepth: 0 },
    want: [['j', 2000, 'backlog', 'g']],
  },
  'fractions of a second are rounded up': {
    state: { groups: [aGroup('g', { nodes: ['a', 'b', 'c'] })], running: [busy('g', 1100, [0, 1, 2])], queued: [aJob('ahead', { limit: 100 }), aJob('j')] },
    policy: { reservationDepth: 0, backfill: 'none' },
    want: [['ahead', 1100, 'backlog', 'g'], ['j', 1134, 'backlog', 'g']],
  },
  'not before its earliest start': {
    state: { groups: four, running: [busy('g', 1400)], queued: [aJob('j', { earliestStart: 2000 })] },
    want: [['j', 2000, 'backlog', 'g']],
  },
  'not before the work ahead, when that is later': {
    state: { groups: four, running: [busy('g', 2400)], queued: [aJob('j', { earliestStart: 2000 })] },
    want: [['j', 2400, 'backlog', 'g']],
  },
  'as many as the next cycle may start are told the next second, the others the work ahead': {
    state: { groups: four, queued: [aJob('a'), aJob('b'), aJob('c'), aJob('d')] },
    policy: { maxStarts: 1 },
    want: [['b', 1001, 'backlog', 'g'], ['c', 2800, 'backlog', 'g'], ['d', 3700, 'backlog', 'g']],
  },
  'two of them where the next cycle may start two': {
    state: { groups: four, queued: [aJob('a'), aJob('b'), aJob('c'), aJob('d')] },
    policy: { maxStarts: 2 },
    want: [['c', 1001, 'backlog', 'g'], ['d', 1001, 'backlog', 'g']],
  },
  'one that may not start by then is not among them': {
    state: { groups: four, queued: [aJob('a'), aJob('later', { earliestStart: 1002 }), aJob('c')] },
    policy: { maxStarts: 1 },
    want: [['later', 1900, 'backlog', 'g'], ['c', 1001, 'backlog', 'g']],
  },
  'one that may start then is': {
    state: { groups: four, queued: [aJob('a'), aJob('next', { earliestStart: 1001 }), aJob('c')] },
    policy: { maxStarts: 1 },
    want: [['next', 1001, 'backlog', 'g'], ['c', 2800, 'backlog', 'g']],
  },
  'one that does not fit is not': {
    state: { groups: four, queued: [aJob('a'), aJob('wide', { nodes: 4 }), aJob('c')] },
    policy: { maxStarts: 1 },
    want: [['wide', 4600, 'backlog', 'g'], ['c', 1001, 'backlog', 'g']],
  },
  'none where no group is open': {
    state: { groups: four, queued: [aJob('j', { nodes: 5 })] },
    want: [['j', null, 'none', null]],
  },
  'none where the quota is spent: nobody knows when it is given back': {
    state: { groups: four, tenants: [spent], queued: [aJob('j')] },
    want: [['j', null, 'none', null]],
  },
}; // prettier-ignore

const planned = ({ state, policy }: Case): readonly WaitingVerdict[] =>
  createPlanner(aSnapshot(state), aPolicy(policy)).plan(NOW).waiting;

describe('the word for a job that waits', () => {
  it.each(Object.entries(words))('%s', (_sentence, one) => {
    expect(planned(one).map(({ jobId, refusal }) => [jobId, refusal])).toEqual(one.want);
  });
});

describe('its estimate', () => {
  it.each(Object.entries(estimates))('%s', (_sentence, one) => {
    const told = planned(one).map(({ jobId, estimatedStart, basis, poolId }) => [jobId, estimatedStart, basis, poolId]);
    expect(told).toEqual(one.want);
  });

  it.each(Object.entries({ ...words, ...estimates }))('and the word are the same when it asks alone: %s', (_sentence, one) => {
    const planner = createPlanner(aSnapshot(one.state), aPolicy({ ...one.policy, ...(one.policy?.maxStarts && { maxStarts: 99 }) }));
    const { waiting, starts } = planner.plan(NOW);
    expect(waiting.map(({ jobId }) => planner.explain(jobId, NOW))).toEqual(waiting);
    expect(starts.map(({ jobId }) => planner.explain(jobId, NOW))).toEqual(starts.map(() => null));
  }); // prettier-ignore

  it('a job that does not wait has no word', () => {
    expect(createPlanner(aSnapshot({ groups: four }), aPolicy()).explain('nobody', NOW)).toBeNull();
  });
});
