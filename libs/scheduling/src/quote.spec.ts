import type { PlanningPolicy, QueuedJob, Snapshot } from './model.js';
import { decisionOf } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aCpuGroup, aGroup, aJob, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';

const NOW = 1000;
const HOUR = 3600;
const groups = [aGroup('early'), aGroup('late')];

function aTenant(cards: number): Snapshot['tenants'][number] {
  const quota = { cards, borrowingLimit: 0, lendingLimit: 0 };
  return { id: 'institute', parentId: null, weight: 1, usage: 0, quota };
}

describe('quotes under the gates of the pass', () => {
  it('a spent quota is the refusal, and no start is told', () => {
    const planner = createPlanner(aSnapshot({ groups, tenants: [aTenant(0)] }), aPolicy());
    expect(planner.quote(aJob('q'), NOW).map(({ estimatedStart, refusal }) => [estimatedStart, refusal])).toEqual([
      [null, 'quota-spent'],
      [null, 'quota-spent'],
    ]);
  });

  it('bringing data in is told, held and counted before the end of the limit', () => {
    const links = [{ fromSiteId: 'far', toSiteId: 'early-site', gbitPerSecond: 8.589934592 }];
    const planner = createPlanner(aSnapshot({ groups, links }), aPolicy());
    const [option, other] = planner.quote(aJob('q', { inputs: [{ siteId: 'far', sizeGiB: 100 }] }), NOW);
    expect(option).toMatchObject({
      poolId: 'early',
      estimatedStart: NOW,
      stagingSeconds: 100,
      endsBy: NOW + 100 + HOUR,
    });
    expect(other).toMatchObject({ poolId: 'late', refusal: 'no-link-to-inputs' });
    expect(other).not.toHaveProperty('stagingSeconds');
  });

  it('a booking is in the way of others, and not of those it is for', () => {
    const window = { id: 'w', groupId: 'early', nodeIndices: [0, 1, 2, 3], from: 500, until: 9000 };
    const openTo = { tenants: ['institute'] };
    const planner = createPlanner(
      aSnapshot({ groups: [aGroup('early')], windows: [{ ...window, kind: 'booking', openTo }] }),
      aPolicy(),
    );
    expect(planner.quote(aJob('q'), NOW)[0]).toMatchObject({ estimatedStart: NOW });
    expect(planner.quote(aJob('q', { tenantId: 'other' }), NOW)[0]).toMatchObject({ estimatedStart: 9000 });
  });

  it('who fits now starts now, though others without a place wait ahead', () => {
    const queued = [aJob('ahead', { nodes: 4, submittedAt: 0 })];
    const state = { groups: [aGroup('early')], running: [anAttempt('r', 'early', { endsBy: 5000 })], queued };
    const quoted = (backfill: PlanningPolicy['backfill']) =>
      createPlanner(aSnapshot(state), aPolicy({ backfill, reservationDepth: 0 })).quote(aJob('q'), NOW)[0];
    expect(quoted('conservative')).toMatchObject({ estimatedStart: NOW, basis: 'reservation' });
    expect(quoted('none')).toMatchObject({ basis: 'backlog' });
  });
});

interface Case {
  readonly job?: Partial<QueuedJob>;
  readonly ahead?: readonly Partial<QueuedJob>[];
  readonly state?: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  /** Start, basis, jobs ahead, nodes free of those asked for. */
  readonly want: readonly [number | null, string, number, string];
}
const unplanned = { reservationDepth: 0 };
// Four nodes that are all taken until 5000: 4000 s of work ahead, since it is 1000.
const starts: Record<string, Case> = {
  'when the first node is free': { want: [5000, 'reservation', 0, '0 of 1'] },
  'at once where there is one': { state: { running: [] }, want: [NOW, 'reservation', 0, '4 of 1'] },
  'after the reservations ahead of it': {
    ahead: [{ nodes: 4 }],
    want: [5000 + HOUR, 'reservation', 1, '0 of 1'],
  },
  'beside a reservation ahead of it that leaves a node': {
    ahead: [{ nodes: 3 }],
    want: [5000, 'reservation', 1, '0 of 1'],
  },
  'after the work ahead of it, where nobody reserves': {
    ahead: [{ nodes: 4 }],
    policy: unplanned,
    want: [NOW + 4000 + HOUR, 'backlog', 1, '0 of 1'],
  },
  'after a quarter of the time of a job ahead that takes a quarter of the nodes': {
    ahead: [{ nodes: 1 }],
    policy: unplanned,
    want: [NOW + 4000 + 900, 'backlog', 1, '0 of 1'],
  },
  'after what is predicted of it, not after its limit': {
    ahead: [{ nodes: 4, predicted: 600 }],
    policy: unplanned,
    want: [NOW + 4000 + 600, 'backlog', 1, '0 of 1'],
  },
  'at a whole second, rounded up': {
    ahead: [{ nodes: 1, limit: 3601, predicted: 3601 }],
    policy: unplanned,
    want: [NOW + 4000 + 901, 'backlog', 1, '0 of 1'],
  },
  'after two jobs ahead, one after the other': {
    ahead: [{ nodes: 4 }, { nodes: 4 }],
    policy: unplanned,
    want: [NOW + 4000 + 2 * HOUR, 'backlog', 2, '0 of 1'],
  },
  'as if nobody were ahead who may not start yet': {
    ahead: [{ nodes: 4, earliestStart: NOW + 1 }],
    policy: unplanned,
    want: [5000, 'reservation', 1, '0 of 1'],
  },
  'behind one whose time has come this second': {
    ahead: [{ nodes: 4, earliestStart: NOW }],
    policy: unplanned,
    want: [NOW + 4000 + HOUR, 'backlog', 1, '0 of 1'],
  },
  'as if nobody were ahead whose quota keeps him back': {
    ahead: [{ nodes: 4, tenantId: 'spent' }],
    state: { tenants: [{ ...aTenant(0), id: 'spent' }] },
    want: [5000, 'reservation', 1, '0 of 1'],
  },
  'with nobody ahead who starts in this very plan': {
    ahead: [{ nodes: 1 }],
    state: { running: [] },
    want: [NOW, 'reservation', 0, '3 of 1'],
  },
  'after those that start in this very plan, where they leave too little': {
    job: { nodes: 4 },
    ahead: [{ nodes: 1 }],
    state: { running: [] },
    want: [NOW + HOUR, 'reservation', 0, '3 of 4'],
  },
  'not before its earliest start': { job: { earliestStart: 7000 }, want: [7000, 'reservation', 0, '0 of 1'] },
  'no later for an earliest start that has passed': {
    job: { earliestStart: NOW - 1 },
    want: [5000, 'reservation', 0, '0 of 1'],
  },
  'never, on more nodes than there are': { job: { nodes: 5 }, want: [null, 'none', 0, 'none'] },
};

describe('where a quoted job would start', () => {
  const full = anAttempt('r', 'early', { nodeIndices: [0, 1, 2, 3], endsBy: 5000 });
  const of = ({ job, ahead = [], state, policy }: Case) => {
    const queued = ahead.map((named, i) =>
      aJob(`ahead ${i}`, { predicted: named.limit ?? HOUR, ...named, submittedAt: i }),
    );
    const snapshot = aSnapshot({ groups: [aGroup('early')], running: [full], ...state, queued });
    return createPlanner(snapshot, aPolicy(policy)).quote(aJob('q', job), NOW)[0]!;
  };
  it.each(Object.entries(starts))('%s', (_sentence, c) => {
    const { estimatedStart, basis, endsBy, evidence } = of(c);
    const free = evidence.best ? `${evidence.best.freeNodes} of ${evidence.best.askedNodes}` : 'none';
    expect([estimatedStart, basis, evidence.ahead, free]).toEqual(c.want);
    expect(endsBy).toBe(estimatedStart === null ? null : estimatedStart + HOUR);
  });

  it('leaves no trace: asked again it says the same, and the plan is what it was', () => {
    const queued = [aJob('ahead', { nodes: 4, submittedAt: 0 })];
    const planner = createPlanner(aSnapshot({ groups: [aGroup('early')], running: [full], queued }), aPolicy());
    const before = decisionOf(planner.plan(NOW));
    const job = aJob('q');
    expect(planner.quote(job, NOW)).toEqual(planner.quote(job, NOW));
    expect(decisionOf(planner.plan(NOW))).toEqual(before);
    expect(planner.snapshot(NOW).queued.map(({ id }) => id)).toEqual(['ahead']);
  });
});

describe('the options of a quote', () => {
  const quoted = (state: Partial<Snapshot>, job: Partial<QueuedJob> = {}) =>
    createPlanner(aSnapshot(state), aPolicy()).quote(aJob('q', job), NOW);

  it('are one for each pool: the better first, of equals the first by id, refusals last', () => {
    const state = {
      groups: ['d', 'c', 'b', 'a'].map((id) => aGroup(id, id === 'a' ? { stack: 'cann' } : {})),
      running: [anAttempt('r', 'b', { nodeIndices: [0, 1, 2, 3], endsBy: 5000 })],
    };
    expect(quoted(state, { stack: 'cuda' }).map(({ poolId, refusal }) => [poolId, refusal])).toEqual([
      ['c', null],
      ['d', null],
      ['b', null],
      ['a', 'stack-mismatch'],
    ]);
  });

  it('name the better group of a pool of several, with what is free in it', () => {
    const groups = [aGroup('g1', { poolId: 'p' }), aGroup('g2', { poolId: 'p' })];
    const running = (groupId: string) => [anAttempt('r', groupId, { nodeIndices: [0, 1, 2, 3], endsBy: 5000 })];
    const pools = [aPool('p')];
    for (const [taken, free] of [
      ['g1', 'g2'],
      ['g2', 'g1'],
    ] as const) {
      expect(quoted({ pools, groups, running: running(taken) })).toMatchObject([
        { poolId: 'p', groupId: free, estimatedStart: NOW, evidence: { best: { groupId: free, freeNodes: 4, askedNodes: 1 } } },
      ]); // prettier-ignore
    }
    expect(quoted({ pools, groups })).toMatchObject([{ groupId: 'g1' }]);
  });

  it.each([
    ['no-free-accelerators', aGroup('early'), {}],
    ['no-free-nodes', aCpuGroup('early'), { perNode: { cards: 0, cores: 8, memoryGiB: 32 } }],
  ] as const)('say %s where nodes are up but never free', (refusal, group, job) => {
    const booked = { id: 'w', groupId: 'early', nodeIndices: [0, 1, 2, 3], from: 0, kind: 'booking' as const };
    const windows = [{ ...booked, until: Infinity, openTo: { tenants: ['others'] } }];
    expect(quoted({ groups: [group], windows }, job)).toMatchObject([
      { poolId: 'early', groupId: null, estimatedStart: null, endsBy: null, basis: 'none', score: 0, refusal },
    ]);
  });
});
