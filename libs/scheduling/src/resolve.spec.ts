import { CHECKPOINT_GRACE, lostNodeSeconds, lostSeconds, nextResolve } from './resolve.js';
import type { CyclePlan, PlanningPolicy, QueuedJob, RunningJob, Seconds, Snapshot, WindowModel } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';
import { elastic, NOW, preemption, urgent, victim } from './testing/made-room.js';

const one = aGroup('g', { nodes: ['n0'] });
const two = aGroup('g', { nodes: ['n0', 'n1'] });

function planned(snapshot: Partial<Snapshot>, policy: Partial<PlanningPolicy> = { preemption }, now = NOW): CyclePlan {
  return createPlanner(aSnapshot(snapshot), aPolicy(policy)).plan(now);
}
const putOut = (plan: CyclePlan): string[] => plan.preemptions.map(({ attemptId }) => attemptId);

const lost: Record<string, { over: Partial<RunningJob>; want: number }> = {
  'without checkpoints: all of it': { over: { startedAt: NOW - 1000 }, want: 1000 },
  'since the last checkpoint': { over: { startedAt: NOW - 1000, checkpointInterval: 300 }, want: 100 },
  'nothing at a checkpoint': { over: { startedAt: NOW - 900, checkpointInterval: 300 }, want: 0 },
  'before the first checkpoint: all of it': { over: { startedAt: NOW - 299, checkpointInterval: 300 }, want: 299 },
  'what has not begun has lost nothing': { over: { startedAt: NOW + 5 }, want: 0 },
};

describe('lost work', () => {
  it.each(Object.entries(lost))('%s', (_sentence, { over, want }) => {
    expect(lostSeconds(anAttempt('r', 'g', over), NOW)).toBe(want);
    expect(lostNodeSeconds(anAttempt('r', 'g', { ...over, nodeIndices: [1, 2, 5] }), NOW)).toBe(3 * want);
  });

  it('counts nodes that are not known by their number', () => {
    expect(lostNodeSeconds(anAttempt('r', 'g', { startedAt: NOW - 10, nodeIndices: [], nodeCount: 4 }), NOW)).toBe(40);
  });
});

interface Case {
  readonly snapshot: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  readonly want: readonly string[];
}
const priority: Record<string, Case> = {
  'without the policy nobody': {
    snapshot: { groups: [one], running: [victim('v', [0])], queued: [urgent()] },
    policy: {},
    want: [],
  },
  'just as many bands below as it takes': {
    snapshot: { groups: [one], running: [victim('v', [0])], queued: [urgent()] },
    policy: { preemption: { ...preemption, bandsBelow: 2 } },
    want: ['v'],
  },
  'one band less than it takes': {
    snapshot: { groups: [one], running: [victim('v', [0], { priority: 2 })], queued: [urgent()] },
    policy: { preemption: { ...preemption, bandsBelow: 2 } },
    want: [],
  },
  'whose band is not told counts as 2': {
    snapshot: { groups: [one], running: [victim('v', [0], { priority: undefined })], queued: [urgent()] },
    want: ['v'],
  },
  'without bands in the policy nobody is outranked': {
    snapshot: { groups: [one], running: [victim('v', [0])], queued: [urgent()] },
    policy: { preemption: { minRunSeconds: 0, maxPreemptors: 8 } },
    want: [],
  },
  'not who is not preemptible': {
    snapshot: { groups: [one], running: [victim('v', [0], { preemptible: false })], queued: [urgent()] },
    want: [],
  },
  'not who is leaving already': {
    snapshot: { groups: [one], running: [victim('v', [0], { leaving: true })], queued: [urgent()] },
    want: [],
  },
  'whoever loses the least': {
    snapshot: {
      groups: [two],
      running: [victim('a', [0], { startedAt: NOW - 500 }), victim('b', [1], { startedAt: NOW - 499 })],
      queued: [urgent()],
    },
    want: ['b'],
  },
  'checkpoints count as kept': {
    snapshot: {
      groups: [two],
      running: [victim('a', [0], { startedAt: NOW - 9000, checkpointInterval: 3000 }), victim('b', [1])],
      queued: [urgent()],
    },
    want: ['a'],
  },
  'among equals the less important': {
    snapshot: { groups: [two], running: [victim('a', [0], { priority: 2 }), victim('b', [1])], queued: [urgent()] },
    want: ['b'],
  },
  'among the same the smaller id': {
    snapshot: { groups: [two], running: [victim('b', [0]), victim('a', [1])], queued: [urgent()] },
    want: ['a'],
  },
  'as many as are needed and no more': {
    snapshot: {
      groups: [aGroup('g', { nodes: ['a', 'b', 'c'] })],
      running: [victim('a', [0]), victim('b', [1], { startedAt: NOW - 10 }), victim('c', [2], { startedAt: NOW - 20 })],
      queued: [urgent({ nodes: 2 })],
    },
    want: ['b', 'c'],
  },
  'the group in which the least is lost': {
    snapshot: {
      groups: [one, aGroup('h', { nodes: ['m'] })],
      running: [victim('v', [0]), victim('w', [0], { groupId: 'h', startedAt: NOW - 900 })],
      queued: [urgent()],
    },
    want: ['w'],
  },
  'of groups that lose the same the one with fewer victims': {
    snapshot: {
      groups: [two, aGroup('h', { nodes: ['m0', 'm1'] })],
      running: [
        victim('v0', [0], { startedAt: NOW - 100 }),
        victim('v1', [1], { startedAt: NOW - 100 }),
        victim('w', [0], { groupId: 'h', nodeIndices: [0, 1], startedAt: NOW - 100 }),
      ],
      queued: [urgent({ nodes: 2 })],
    },
    want: ['w'],
  },
  'nobody when it would not help': {
    snapshot: {
      groups: [two],
      running: [victim('v', [0]), anAttempt('stays', 'g', { nodeIndices: [1], endsBy: NOW + 9 })],
      queued: [urgent({ nodes: 2 })],
    },
    want: [],
  },
  'who was put out before is protected until just before the end': {
    snapshot: {
      groups: [one],
      running: [victim('v', [0], { preemptions: 1, startedAt: NOW - 599 })],
      queued: [urgent()],
    },
    want: [],
  },
  'and no longer at the end': {
    snapshot: {
      groups: [one],
      running: [victim('v', [0], { preemptions: 1, startedAt: NOW - 600 })],
      queued: [urgent()],
    },
    want: ['v'],
  },
  'who was never put out has no protection': {
    snapshot: { groups: [one], running: [victim('v', [0], { preemptions: 0, startedAt: NOW })], queued: [urgent()] },
    want: ['v'],
  },
  'only so many jobs preempt in a cycle': {
    snapshot: {
      groups: [two],
      running: [victim('a', [0]), victim('b', [1])],
      queued: [urgent(), urgent({ id: 'second' })],
    },
    policy: { preemption: { ...preemption, maxPreemptors: 1 } },
    want: ['a'],
  },
  'each of two puts out his own': {
    snapshot: {
      groups: [two],
      running: [victim('a', [0]), victim('b', [1])],
      queued: [urgent(), urgent({ id: 'second' })],
    },
    want: ['a', 'b'],
  },
};

describe('put out for priority', () => {
  it.each(Object.entries(priority))('%s', (_sentence, { snapshot, policy, want }) => {
    expect(putOut(planned(snapshot, policy))).toEqual(want);
  });

  it('says who, for whom, why, when, what is lost and which nodes are claimed', () => {
    const running = [victim('v', [0]), victim('w', [1], { startedAt: NOW - 70 })];
    const plan = planned({ groups: [two], running, queued: [urgent()] });
    expect(plan.starts).toEqual([]);
    expect(plan.preemptions).toEqual([
      { attemptId: 'w', jobId: 'job of w', reason: 'priority', forJobId: 'urgent', at: NOW, lostNodeSeconds: 70 },
    ]);
    expect(plan.claims).toEqual([{ jobId: 'urgent', groupId: 'g', poolId: 'g', nodeIndices: [1] }]);
  });
});

const tenants = [
  { id: 'owner', parentId: null, weight: 1, usage: 0, quota: { cards: 8 } },
  { id: 'borrower', parentId: null, weight: 1, usage: 0, quota: { cards: 8 } },
];
const lent = [
  victim('a', [0], { tenantId: 'borrower', priority: 0 }),
  victim('b', [1], { tenantId: 'borrower', priority: 0 }),
];
const reclaim = { reclaim: true, minRunSeconds: 0, maxPreemptors: 8 };
const asked = (over: Partial<QueuedJob> = {}): QueuedJob => aJob('asked', { tenantId: 'owner', ...over });
const reclaims: Record<string, Case> = {
  'within what is its own': { snapshot: { queued: [asked()] }, want: ['a'] },
  'not with reclaim off': {
    snapshot: { queued: [asked()] },
    policy: { preemption: { ...reclaim, reclaim: false } },
    want: [],
  },
  'not with reclaim left out': {
    snapshot: { queued: [asked()] },
    policy: { preemption: { minRunSeconds: 0, maxPreemptors: 8 } },
    want: [],
  },
  'not for more than is its own': { snapshot: { queued: [asked({ nodes: 2 })] }, want: [] },
  'never from one within his own': {
    snapshot: {
      running: [lent[0]!, victim('mine', [1], { tenantId: 'owner', preemptible: false })],
      queued: [asked()],
    },
    want: [],
  },
  'not from its own tenant': { snapshot: { queued: [asked({ tenantId: 'borrower' })] }, want: [] },
};

describe('reclaimed', () => {
  it.each(Object.entries(reclaims))('%s', (_sentence, { snapshot, policy, want }) => {
    const plan = planned({ groups: [two], running: lent, tenants, ...snapshot }, { preemption: reclaim, ...policy });
    expect(putOut(plan)).toEqual(want);
    for (const { reason } of plan.preemptions) expect(reason).toBe('reclaim');
  });
});

describe('a claim', () => {
  const until = NOW + 300;
  const rival = aJob('rival', { priority: 0, submittedAt: 0, sequence: 0 });
  const claimOf = (plan: CyclePlan): WindowModel => {
    const { jobId, groupId, nodeIndices } = plan.claims[0]!;
    return { id: 'claim', kind: 'claim', groupId, nodeIndices, from: NOW, until, openTo: { jobs: [jobId] } };
  };
  function claimed() {
    const running = [
      victim('v', [0], { startedAt: NOW - 70 }),
      anAttempt('stays', 'g', { nodeIndices: [1], endsBy: NOW + 9000 }),
    ];
    const planner = createPlanner(aSnapshot({ groups: [two], running, queued: [urgent()] }), aPolicy({ preemption }));
    const plan = planner.plan(NOW);
    planner.advance([
      { kind: 'attempt-changed', attempt: { ...running[0]!, leaving: true } },
      { kind: 'window-set', window: claimOf(plan) },
    ]);
    return planner;
  }

  it('keeps the preemptor waiting for just that, and puts out nobody again', () => {
    const planner = claimed();
    const plan = planner.plan(NOW + 1);
    expect([plan.starts, plan.preemptions, plan.claims]).toEqual([[], [], []]);
    expect(plan.waiting).toMatchObject([{ jobId: 'urgent', refusal: 'waiting-for-preemption' }]);
    expect(planner.explain('urgent', NOW + 1)).toMatchObject({ refusal: 'waiting-for-preemption' });
  });

  it('gives the nodes to the preemptor and to nobody else', () => {
    const planner = claimed();
    planner.advance([
      { kind: 'job-queued', job: aJob('rival', { limit: 1 }) },
      { kind: 'attempt-ended', attemptId: 'v' },
    ]);
    expect(planner.plan(NOW + 2).starts).toMatchObject([{ jobId: 'urgent', groupId: 'g', nodeIndices: [0] }]);
  });

  it('frees the nodes for others when it has run out', () => {
    const planner = claimed();
    planner.advance([
      { kind: 'job-withdrawn', jobId: 'urgent' },
      { kind: 'job-queued', job: rival },
      { kind: 'attempt-ended', attemptId: 'v' },
    ]);
    expect(planner.plan(until - 1).starts).toEqual([]);
    expect(planner.plan(until).starts).toMatchObject([{ jobId: 'rival', nodeIndices: [0] }]);
  });
});

describe('elastic jobs', () => {
  const four = aGroup('g', { nodes: ['a', 'b', 'c', 'd'] });
  const e = (over: Partial<RunningJob> = {}): RunningJob => elastic('e', [0, 1], over);
  const resized = ({ preemptions, claims }: CyclePlan) => [
    preemptions.map(({ reason, forJobId }) => [reason, forJobId]),
    claims.map(({ jobId, nodeIndices }) => [jobId, nodeIndices.length]),
  ];
  const grown = [[['grow', 'job of e']], [['job of e', 4]]];
  const nothing = [[], []];
  const growths: Record<
    string,
    { over?: Partial<RunningJob>; more?: Partial<Snapshot>; policy?: object; want: object }
  > = {
    'takes what is idle at its checkpoint': { want: grown },
    'and in the last second after it': { over: { startedAt: NOW - 600 - CHECKPOINT_GRACE + 1 }, want: grown },
    'but not a second later': { over: { startedAt: NOW - 600 - CHECKPOINT_GRACE }, want: nothing },
    'nor before its first checkpoint': { over: { startedAt: NOW - 10 }, want: nothing },
    'nor when resizing is off': { policy: { elastic: 'off' }, want: nothing },
    'nor beyond its most': { over: { nodesMax: 2 }, want: nothing },
    'nor while it is leaving': { over: { leaving: true }, want: nothing },
    'up to its most': { over: { nodesMax: 3 }, want: [[['grow', 'job of e']], [['job of e', 3]]] },
    'not while anybody waits for the group': {
      more: { queued: [aJob('wide', { nodes: 4 })] },
      over: { nodesMin: 2 },
      want: nothing,
    },
    'not beyond the quota of its tenant': {
      more: { tenants: [{ id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 24 } }] },
      want: [[['grow', 'job of e']], [['job of e', 3]]],
    },
    'not at all when the quota is spent': {
      more: { tenants: [{ id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 16 } }] },
      want: nothing,
    },
    'beyond the quota when quotas are off': {
      more: { tenants: [{ id: 'institute', parentId: null, weight: 1, usage: 0, quota: { cards: 16 } }] },
      policy: { quotas: 'off' },
      want: grown,
    },
  };

  it.each(Object.entries(growths))('grow: %s', (_sentence, { over, more, policy, want }) => {
    expect(resized(planned({ groups: [four], running: [e(over)], ...more }, policy ?? {}))).toEqual(want);
  });

  const shrunk = [
    [['shrink', 'wide']],
    [
      ['wide', 3],
      ['job of e', 1],
    ],
  ];
  const shrinks: Record<string, { over?: Partial<RunningJob>; nodes?: number; policy?: object; want: object }> = {
    'gives up what a waiting job needs': { want: shrunk },
    'not below its least': { over: { nodesMin: 2 }, want: nothing },
    'not when that would not help': { nodes: 4, want: nothing },
    'not between checkpoints': { over: { startedAt: NOW - 600 - CHECKPOINT_GRACE }, want: nothing },
    'not when resizing is off': { policy: { elastic: 'off' }, want: nothing },
  };

  it.each(Object.entries(shrinks))('shrink: %s', (_sentence, { over, nodes = 3, policy, want }) => {
    const snapshot = { groups: [four], running: [e(over)], queued: [aJob('wide', { nodes })] };
    expect(resized(planned(snapshot, policy ?? {}))).toEqual(want);
  });
});

describe('when somebody may be put out who could not before', () => {
  const protectedOne = victim('p', [0], { preemptions: 1, startedAt: NOW - 100 });
  const elastic = anAttempt('e', 'g', { startedAt: NOW - 500, checkpointInterval: 300, nodesMax: 2 });
  const turns: Record<string, { attempt: RunningJob; policy?: object; want: Seconds }> = {
    'at the end of a protection': { attempt: protectedOne, want: NOW + 500 },
    'not for one whose protection ends now': { attempt: { ...protectedOne, startedAt: NOW - 600 }, want: Infinity },
    'not for one who was never put out': { attempt: { ...protectedOne, preemptions: 0 }, want: Infinity },
    'not for one who is not preemptible': { attempt: { ...protectedOne, preemptible: false }, want: Infinity },
    'never without preemption': { attempt: protectedOne, policy: { preemption: undefined }, want: Infinity },
    'at the next checkpoint of an elastic job': { attempt: elastic, want: NOW + 100 },
    'at the next but one when it makes one now': { attempt: { ...elastic, startedAt: NOW - 600 }, want: NOW + 300 },
    'at the first of one that begins later': { attempt: { ...elastic, startedAt: NOW + 50 }, want: NOW + 350 },
    'never when resizing is off': { attempt: elastic, policy: { elastic: 'off' }, want: Infinity },
  };

  it.each(Object.entries(turns))('%s', (_sentence, { attempt, policy, want }) => {
    expect(nextResolve([attempt], { preemption, ...policy }, NOW)).toBe(want);
  });

  it('is the first of all', () => {
    expect(nextResolve([protectedOne, elastic], { preemption }, NOW)).toBe(NOW + 100);
    expect(nextResolve([elastic, { ...protectedOne, startedAt: NOW - 590 }], { preemption }, NOW)).toBe(NOW + 10);
  });

  it('ends a plan that was kept: at the very second of a checkpoint the idle nodes are taken', () => {
    const running = [{ ...elastic, endsBy: NOW + 9000 }];
    const planner = createPlanner(aSnapshot({ groups: [two], running }), aPolicy());
    expect(planner.plan(NOW + 99, { verdicts: 'none' }).preemptions).toEqual([]);
    expect(planner.plan(NOW + 100, { verdicts: 'none' }).preemptions).toMatchObject([{ reason: 'grow' }]);
  });
});
