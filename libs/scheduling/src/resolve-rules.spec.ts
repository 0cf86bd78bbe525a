import type { CyclePlan, PlanningPolicy, RunningJob, Snapshot, WindowModel } from './model.js';
import { createPlanner } from './planner.js';
import { MOST_CLAIMS, nextResolve } from './resolve.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot, nodesNamed } from './testing/builders.js';
import { elastic, NOW, preemption, urgent, victim } from './testing/made-room.js';

const group = (id: string, nodes: number) => aGroup(id, { nodes: nodesNamed(nodes) });
const lasting = { endsBy: NOW + 50_000 };
const onH = { groupId: 'h' };

interface Case {
  readonly snapshot: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  readonly want: readonly string[];
}

/** Who is put out or resized, and how many nodes the claims keep; and the same when the plan is asked for again. */
function told({ snapshot, policy }: Case): string[] {
  const planner = createPlanner(aSnapshot({ now: NOW, ...snapshot }), aPolicy(policy));
  const plan = planner.plan(NOW);
  const decided = ({ starts, preemptions, claims, reservations }: CyclePlan) => [
    starts,
    preemptions,
    claims,
    reservations,
  ];
  expect(decided(planner.plan(NOW))).toEqual(decided(plan));
  return [
    ...plan.preemptions.map(({ attemptId, reason, forJobId }) => `${attemptId}: ${reason} for ${forJobId}`),
    ...plan.claims.map(({ jobId, groupId, nodeIndices }) => `${jobId} on ${groupId}/${nodeIndices.join()}`),
  ];
}

const inTwo = { groups: [group('g', 2), group('h', 2)], queued: [urgent({ nodes: 2 })] };
const started = (seconds: number) => ({ startedAt: NOW - seconds });
const choices: Record<string, Case> = {
  'the first group, where the next loses a second more': {
    snapshot: { ...inTwo, running: [victim('v', [0, 1], started(99)), victim('w', [0, 1], { ...onH, ...started(100) })] },
    want: ['v: priority for urgent', 'urgent on g/0,1'],
  },
  'the next, where it loses a second less': {
    snapshot: { ...inTwo, running: [victim('v', [0, 1], started(100)), victim('w', [0, 1], { ...onH, ...started(99) })] },
    want: ['w: priority for urgent', 'urgent on h/0,1'],
  },
  'the first of groups that lose the same with as many victims': {
    snapshot: { ...inTwo, running: [victim('v', [0, 1]), victim('w', [0, 1], onH)] },
    want: ['v: priority for urgent', 'urgent on g/0,1'],
  },
  'the first of groups that lose the same, where the next has more victims': {
    snapshot: { ...inTwo, running: [victim('v', [0, 1]), victim('w', [0], onH), victim('x', [1], onH)] },
    want: ['v: priority for urgent', 'urgent on g/0,1'],
  },
  'one that loses less with more victims': {
    snapshot: {
      ...inTwo,
      running: [
        victim('v', [0], started(100)),
        victim('w', [1], started(100)),
        victim('x', [0, 1], { ...onH, ...started(101) }),
      ],
    },
    want: ['v: priority for urgent', 'w: priority for urgent', 'urgent on g/0,1'],
  },
  'none for a job that had room made too often': {
    snapshot: { ...inTwo, queued: [urgent({ claims: MOST_CLAIMS })], running: [victim('v', [0, 1]), victim('w', [0, 1], onH)] },
    want: [],
  },
  'one for a job that may have room made once more': {
    snapshot: { groups: [group('g', 1)], queued: [urgent({ claims: MOST_CLAIMS - 1 })], running: [victim('v', [0])] },
    want: ['v: priority for urgent', 'urgent on g/0'],
  },
  'one job alone, where the quota of the tenant is for one': {
    snapshot: {
      groups: [group('g', 2)],
      tenants: [{ id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 8 } }],
      running: [victim('v', [0], { tenantId: 'other' }), victim('w', [1], { tenantId: 'other' })],
      queued: [urgent(), urgent({ id: 'second' })],
    },
    want: ['v: priority for urgent', 'urgent on g/0'],
  },
}; // prettier-ignore

describe('a group for which somebody is put out', () => {
  it.each(Object.entries(choices))('is %s', (_sentence, one) => {
    expect(told({ policy: { preemption }, ...one })).toEqual(one.want);
  });

  it.each([
    [256, 257],
    [257, 0],
  ])('weighs at most 256: for a job of %i nodes there is news of %i', (nodes, news) => {
    const running = Array.from({ length: nodes }, (_none, i) => victim(`v${i}`, [i]));
    const queued = [urgent({ nodes })];
    expect(told({ snapshot: { groups: [group('g', nodes)], running, queued }, policy: { preemption }, want: [] })).toHaveLength(news);
  }); // prettier-ignore
});

// Three nodes: e on two, one that is taken for a while. Who is ahead needs all, when e is over.
const stays = anAttempt('stays', 'g', { nodeIndices: [2], endsBy: NOW + 100 });
const ahead = aJob('ahead', { nodes: 3, submittedAt: 0 });
const behind = (limit: number) => [ahead, aJob('small', { limit })];
const elsewhere = elastic('f', [0], { groupId: 'h', nodesMax: 1 });
const afar = aGroup('h', { nodes: ['m'], architecture: 'aarch64' });
const onG = { architecture: 'x86_64' } as const;
const shrinks: Record<string, Case> = {
  'for a job that is done when the one ahead begins': {
    snapshot: { groups: [group('g', 3)], running: [elastic('e', [0, 1]), stays], queued: behind(1000) },
    want: ['e: shrink for small', 'small on g/0', 'job of e on g/1'],
  },
  'not for one that would be done a second later': {
    snapshot: { groups: [group('g', 3)], running: [elastic('e', [0, 1]), stays], queued: behind(1001) },
    want: [],
  },
  'nor when there are elastic jobs in other groups too': {
    snapshot: {
      groups: [group('g', 3), afar],
      running: [elastic('e', [0, 1]), stays, elsewhere],
      queued: behind(1001).map((job) => ({ ...job, ...onG })),
    },
    want: [],
  },
  'to its least and no further': {
    snapshot: { groups: [group('g', 4)], running: [elastic('e', [0, 1, 2], { nodesMin: 2 })], queued: [aJob('two', { nodes: 2 })] },
    want: ['e: shrink for two', 'two on g/0,1', 'job of e on g/2,3'],
  },
  'not by one node more': {
    snapshot: { groups: [group('g', 4)], running: [elastic('e', [0, 1, 2], { nodesMin: 2 })], queued: [aJob('three', { nodes: 3 })] },
    want: [],
  },
  'for the next, where it would not do for the one ahead': {
    snapshot: {
      groups: [group('g', 4)],
      running: [elastic('e', [0, 1, 2], { nodesMin: 2 })],
      queued: [aJob('three', { nodes: 3 }), aJob('two', { nodes: 2, limit: 1000 })],
    },
    want: ['e: shrink for two', 'two on g/0,1', 'job of e on g/2,3'],
  },
  'not where its least is not told': {
    snapshot: { groups: [group('g', 2)], running: [elastic('e', [0, 1], { nodesMin: undefined })], queued: [aJob('one')] },
    want: [],
  },
  'not in a group that is not open to the job': {
    snapshot: {
      groups: [group('g', 2), group('h', 1)],
      running: [elastic('e', [0, 1]), anAttempt('r', 'h', lasting)],
      queued: [aJob('one', { pools: ['h'] })],
    },
    want: [],
  },
}; // prettier-ignore

describe('an elastic job is made smaller', () => {
  it.each(Object.entries(shrinks))('%s', (_sentence, one) => {
    expect(told(one)).toEqual(one.want);
  });
});

const repair = (from: number): WindowModel[] => [
  { id: 'w', kind: 'maintenance', groupId: 'g', nodeIndices: [1], from, until: NOW + 90_000 },
];
const growths: Record<string, Case> = {
  'at its first checkpoint, in the very second': {
    snapshot: { groups: [group('g', 2)], running: [elastic('e', [0], { startedAt: NOW - 300 })] },
    want: ['e: grow for job of e', 'job of e on g/0,1'],
  },
  'onto a node that is repaired when its limit is over': {
    snapshot: { groups: [group('g', 2)], running: [elastic('e', [0])], windows: repair(NOW + 1000) },
    want: ['e: grow for job of e', 'job of e on g/0,1'],
  },
  'not onto one that is repaired a second before': {
    snapshot: { groups: [group('g', 2)], running: [elastic('e', [0])], windows: repair(NOW + 999) },
    want: [],
  },
  'not onto nodes of another that is as full': {
    snapshot: { groups: [group('g', 2)], running: [elastic('e', [0]), elastic('f', [1])] },
    want: [],
  },
  'not while nodes are being vacated for it already': {
    snapshot: {
      groups: [group('g', 4)],
      running: [elastic('e', [0])],
      windows: [{ id: 'c', kind: 'claim', groupId: 'g', nodeIndices: [3], from: NOW - 1, until: NOW + 300, openTo: { jobs: ['job of e'] } }],
    },
    want: [],
  },
}; // prettier-ignore

describe('an elastic job is made larger', () => {
  it.each(Object.entries(growths))('%s', (_sentence, one) => {
    expect(told(one)).toEqual(one.want);
  });
});

describe('nobody is looked at again for a checkpoint', () => {
  const none: Record<string, Partial<RunningJob>> = {
    'of a job of fixed size': { nodesMax: undefined },
    'of one that makes none': { checkpointInterval: undefined },
    'of one whose nodes have no names': { nodeIndices: [], nodeCount: 1 },
    'of one that is leaving': { leaving: true },
  };
  it.each(Object.entries(none))('%s', (_sentence, over) => {
    expect(nextResolve([elastic('e', [0], over)], {}, NOW)).toBe(Infinity);
    expect(nextResolve([elastic('e', [0])], {}, NOW)).toBe(NOW + 300);
  });

  it('but for the first end of a protection, whichever stands first', () => {
    const soon = victim('a', [0], { preemptions: 1, startedAt: NOW - 500 });
    const later = victim('b', [1], { preemptions: 1, startedAt: NOW - 400 });
    expect(nextResolve([soon, later], { preemption }, NOW)).toBe(NOW + 100);
    expect(nextResolve([later, soon], { preemption }, NOW)).toBe(NOW + 100);
  });
});
