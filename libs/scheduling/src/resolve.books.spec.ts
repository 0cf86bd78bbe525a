import { encodeCanonical } from './canonical.js';
import type { CyclePlan, GroupModel, PlanningPolicy, RunningJob, Snapshot, TenantModel } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot, nodesNamed } from './testing/builders.js';
import { elastic, NOW, preemption, urgent, victim } from './testing/made-room.js';

const group = (nodes: number, over: Partial<GroupModel> = {}): GroupModel =>
  aGroup('g', { nodes: nodesNamed(nodes), watts: { idle: 100, peak: 500 }, ...over });
const victimOn = (node: number, over: Partial<RunningJob> = {}): RunningJob =>
  victim('v', [node], { startedAt: NOW - 50, endsBy: NOW, ...over });
const capAt = (watts: number, from = 0) => [{ id: 'c', siteId: 'g-site', from, until: NOW + 90_000, watts }];
const quota = (cards: number): TenantModel[] => [
  { id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards } },
];

function planned(snapshot: Partial<Snapshot>, policy: Partial<PlanningPolicy> = {}): CyclePlan {
  return createPlanner(aSnapshot({ now: NOW, ...snapshot }), aPolicy(policy)).plan(NOW);
}
const claims = (plan: CyclePlan) => plan.claims.map(({ jobId, nodeIndices }) => [jobId, nodeIndices.length]);

interface Case {
  readonly snapshot: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  readonly want: readonly (readonly [string, number])[];
}
const one = [elastic('e', [0])];
const growths: Record<string, Case> = {
  'two of one tenant have the quota but once': {
    snapshot: { groups: [group(8)], running: [elastic('e', [0]), elastic('f', [1])], tenants: quota(40) },
    want: [['job of e', 4]],
  },
  'what the first leaves the second has': {
    snapshot: {
      groups: [group(8)],
      running: [elastic('e', [0], { nodesMax: 3 }), elastic('f', [1])],
      tenants: quota(40),
    },
    want: [
      ['job of e', 3],
      ['job of f', 2],
    ],
  },
  'as far as the cap of the site goes, to the watt': {
    // Four idle nodes, and 400 W for each that is used.
    snapshot: { groups: [group(4)], running: one, powerCaps: capAt(400 + 3 * 400) },
    want: [['job of e', 3]],
  },
  'a watt less is a node less': {
    snapshot: { groups: [group(4)], running: one, powerCaps: capAt(400 + 3 * 400 - 1) },
    want: [['job of e', 2]],
  },
  'not into a cap that begins before its limit': {
    snapshot: { groups: [group(4)], running: one, powerCaps: capAt(800, NOW + 999) },
    want: [],
  },
  'into one that begins at its limit': {
    snapshot: { groups: [group(4)], running: one, powerCaps: capAt(800, NOW + 1000) },
    want: [['job of e', 4]],
  },
  'two have the watts of a site but once': {
    snapshot: { groups: [group(8)], running: [elastic('e', [0]), elastic('f', [1])], powerCaps: capAt(800 + 5 * 400) },
    want: [['job of e', 4]],
  },
  'not while somebody waits who is too far behind for a reservation': {
    snapshot: { groups: [group(4)], running: one, queued: [aJob('wide', { nodes: 4 })] },
    policy: { reservationDepth: 0 },
    want: [],
  },
  'nor where nobody has reservations': {
    snapshot: { groups: [group(4)], running: one, queued: [aJob('wide', { nodes: 4 })] },
    policy: { backfill: 'none' },
    want: [],
  },
  'who waits for another group is in nobody’s way': {
    snapshot: {
      groups: [group(4), aGroup('h', { nodes: ['h0'], architecture: 'aarch64' })],
      running: [...one, anAttempt('r', 'h', { endsBy: NOW + 9 })],
      queued: [aJob('other', { architecture: 'aarch64' })],
    },
    want: [['job of e', 4]],
  },
  'nor is one whose time has not come': {
    snapshot: { groups: [group(4)], running: one, queued: [aJob('later', { nodes: 4, earliestStart: NOW + 1 })] },
    want: [['job of e', 4]],
  },
  'nor one whose quota is spent': {
    snapshot: {
      groups: [group(4)],
      running: one,
      queued: [aJob('poor', { tenantId: 'poor' })],
      tenants: [{ id: 'poor', parentId: null, weight: 1, usage: 0, quota: { cards: 1 } }],
    },
    want: [['job of e', 4]],
  },
  'not while one waits whose time has come this second': {
    snapshot: { groups: [group(4)], running: one, queued: [aJob('now', { nodes: 4, earliestStart: NOW })] },
    want: [],
  },
  'not while one waits behind him who asks for the same and has the quota': {
    snapshot: {
      groups: [group(4)],
      running: one,
      queued: [aJob('poor', { nodes: 4, tenantId: 'poor' }), aJob('rich', { nodes: 4 })],
      tenants: [{ id: 'poor', parentId: null, weight: 1, usage: 0, quota: { cards: 1 } }],
    },
    want: [],
  },
  'not while one waits whose quota is spent, where quotas are off': {
    snapshot: {
      groups: [group(4)],
      running: one,
      queued: [aJob('poor', { nodes: 4, tenantId: 'poor' })],
      tenants: [{ id: 'poor', parentId: null, weight: 1, usage: 0, quota: { cards: 1 } }],
    },
    policy: { quotas: 'off' },
    want: [],
  },
  'who starts in this very plan waits no longer': {
    snapshot: { groups: [group(6)], running: one, queued: [aJob('starts', { nodes: 2 })] },
    want: [['job of e', 4]],
  },
  'nobody where nodes are only counted: no claim could keep them': {
    snapshot: { groups: [group(8, { nodes: 8 })], running: [elastic('e', [0], { nodeIndices: [], nodeCount: 1 })] },
    want: [],
  },
};

describe('an elastic job grows', () => {
  it.each(Object.entries(growths))('%s', (_sentence, { snapshot, policy, want }) => {
    expect(claims(planned(snapshot, policy))).toEqual(want);
  });

  it('and the plan leaves no trace of it: the same comes twice, and what follows is planned as from a cold start', () => {
    const snapshot = aSnapshot({ now: NOW, groups: [group(4)], running: one, powerCaps: capAt(90_000) });
    const planner = createPlanner(snapshot, aPolicy());
    const first = encodeCanonical({ ...planner.plan(NOW), looked: 0 });
    expect(encodeCanonical({ ...planner.plan(NOW), looked: 0 })).toBe(first);
    const wide = aJob('wide', { nodes: 4, limit: 10 });
    planner.advance([{ kind: 'job-queued', job: wide }]);
    expect(planner.plan(NOW + 61).starts).toEqual([]);
    planner.advance([{ kind: 'attempt-ended', attemptId: 'e' }]);
    expect(planner.plan(NOW + 61).starts).toMatchObject([{ jobId: 'wide', nodeIndices: [0, 1, 2, 3] }]);
  });
});

const rival = aJob('rival', { nodes: 2, priority: 3, submittedAt: 0, sequence: 0 });
const rooms: Record<string, Case> = {
  'who is put out gives his watts back': {
    // Two idle nodes and one that is used: the second may not be used too.
    snapshot: { groups: [group(2)], running: [victimOn(0)], queued: [urgent()], powerCaps: capAt(200 + 400) },
    policy: { preemption },
    want: [['urgent', 1]],
  },
  'but what is more than his watts is not to be had': {
    snapshot: { groups: [group(2)], running: [victimOn(0)], queued: [urgent({ nodes: 2 })], powerCaps: capAt(600) },
    policy: { preemption },
    want: [],
  },
  'a rival ahead keeps his reservation: who would be done just in time may preempt': {
    snapshot: {
      groups: [group(2)],
      running: [victimOn(0, { endsBy: NOW + 200 }), anAttempt('stays', 'g', { nodeIndices: [1], endsBy: NOW + 100 })],
      queued: [rival, urgent({ limit: 200 })],
    },
    policy: { preemption },
    want: [['urgent', 1]],
  },
  'and who would be a second late may not': {
    snapshot: {
      groups: [group(2)],
      running: [victimOn(0, { endsBy: NOW + 200 }), anAttempt('stays', 'g', { nodeIndices: [1], endsBy: NOW + 100 })],
      queued: [rival, urgent({ limit: 201 })],
    },
    policy: { preemption },
    want: [],
  },
  'nobody is put out where nodes are only counted': {
    snapshot: {
      groups: [group(1, { nodes: 1 })],
      running: [victimOn(0, { nodeIndices: [], nodeCount: 1 })],
      queued: [urgent()],
    },
    policy: { preemption },
    want: [],
  },
};

describe('room is made', () => {
  it.each(Object.entries(rooms))('%s', (_sentence, { snapshot, policy, want }) => {
    expect(claims(planned(snapshot, policy))).toEqual(want);
  });
});

describe('the quota of a claim', () => {
  const claimOf = (jobId: string, nodeIndices: number[]) => ({
    id: 'claim',
    kind: 'claim' as const,
    groupId: 'g',
    nodeIndices,
    from: NOW,
    until: NOW + 900,
    openTo: { jobs: [jobId] },
  });
  // Three nodes are being vacated for the elastic job, and its tenant has 32 cards.
  const waiting = { windows: [claimOf('grown', [0, 1, 2])], tenants: quota(32) };
  const grown = aJob('grown', { nodesMax: 3, pools: ['g'] });

  it('is kept for all nodes that an elastic job was promised', () => {
    const running = [anAttempt('leaving', 'g', { nodeIndices: [0, 1, 2], tenantId: 'other', leaving: true })];
    const groups = [group(3), aGroup('h', { nodes: nodesNamed(2) })];
    const startsOf = (nodes: number) =>
      planned({ ...waiting, groups, running, queued: [grown, aJob('next', { nodes })] }).starts.map(
        ({ jobId }) => jobId,
      );
    expect([startsOf(1), startsOf(2)]).toEqual([['next'], []]);
  });

  it('is counted once when the job starts', () => {
    const { starts } = planned({ ...waiting, groups: [group(5)], queued: [grown, aJob('next')] });
    expect(starts.map(({ jobId, nodes }) => [jobId, nodes])).toEqual([
      ['grown', 3],
      ['next', 1],
    ]);
  });
});
