import type { Refusal } from '#libs/domain';
import { encodeCanonical } from './canonical.js';
import type { PlanningPolicy, Seconds, Snapshot, WaitingVerdict } from './model.js';
import { createPlanner } from './planner.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';

const NOW = 1000;

interface Want {
  readonly starts: readonly string[];
  /** Job, refusal and estimate of each that waits. */
  readonly waiting: readonly (readonly [string, Refusal, Seconds | null])[];
}

const cases: Record<string, { snapshot: Partial<Snapshot>; policy?: Partial<PlanningPolicy>; want: Want }> = {
  'what fits starts in order': {
    snapshot: { groups: [aGroup('g')], queued: [aJob('a', { nodes: 3 }), aJob('b')] },
    want: { starts: ['a', 'b'], waiting: [] },
  },
  'none: nobody passes a job that waits for the same group': {
    snapshot: {
      groups: [aGroup('g')],
      running: [anAttempt('r', 'g')],
      queued: [aJob('wide', { nodes: 4 }), aJob('small')],
    },
    policy: { backfill: 'none' },
    want: {
      starts: [],
      waiting: [
        ['wide', 'no-free-accelerators', 10_000],
        ['small', 'behind-in-queue', 6850],
      ],
    },
  },
  'none: a job for other groups goes on': {
    snapshot: {
      groups: [aGroup('g'), anAscendGroup('h')],
      running: [anAttempt('r', 'g')],
      queued: [aJob('wide', { nodes: 4, stack: 'cuda' }), aJob('elsewhere', { stack: 'cann' })],
    },
    policy: { backfill: 'none' },
    want: { starts: ['elsewhere'], waiting: [['wide', 'no-free-accelerators', 10_000]] },
  },
  'easy: what ends before the reservation passes, what would delay it does not': {
    snapshot: {
      groups: [aGroup('g')],
      running: [anAttempt('r', 'g', { endsBy: 3000 })],
      queued: [aJob('wide', { nodes: 4 }), aJob('long', { limit: 5000 }), aJob('short', { limit: 2000 })],
    },
    policy: { backfill: 'easy' },
    want: {
      starts: ['short'],
      waiting: [
        ['wide', 'no-free-accelerators', 3000],
        ['long', 'behind-reservation', 5600],
      ],
    },
  },
  'conservative: the second in line holds its place too': {
    snapshot: {
      groups: [aGroup('g')],
      running: [anAttempt('r', 'g', { nodeIndices: [0, 1], endsBy: 3000 })],
      queued: [
        aJob('wide', { nodes: 4, limit: 1000 }),
        aJob('half', { nodes: 3, limit: 1000 }),
        aJob('long', { limit: 3000 }),
      ],
    },
    want: {
      starts: [],
      waiting: [
        ['wide', 'no-free-accelerators', 3000],
        ['half', 'no-free-accelerators', 4000],
        ['long', 'behind-reservation', 4000],
      ],
    },
  },
  'before its earliest start a job holds up nobody': {
    snapshot: {
      groups: [aGroup('g')],
      queued: [aJob('tonight', { nodes: 4, earliestStart: 8000 }), aJob('now', { nodes: 4 })],
    },
    want: { starts: ['now'], waiting: [['tonight', 'before-earliest-start', 8000]] },
  },
  'a maintenance window lets a short job by, and a long one wait for its end': {
    snapshot: {
      groups: [aGroup('g')],
      windows: [{ id: 'w', groupId: 'g', nodeIndices: [0, 1, 2, 3], from: 2000, until: 5000 }],
      queued: [aJob('long', { limit: 1001 }), aJob('short', { limit: 1000 })],
    },
    want: { starts: ['short'], waiting: [['long', 'would-overrun-window', 5000]] },
  },
  'nodes down: what they alone keep waiting says so and has no estimate': {
    snapshot: {
      groups: [aGroup('g')],
      nodeStates: [{ groupId: 'g', index: 3, state: 'down' }],
      queued: [aJob('wide', { nodes: 4 }), aJob('small')],
    },
    want: { starts: ['small'], waiting: [['wide', 'nodes-out-of-service', null]] },
  },
  'an engine out of reach': {
    snapshot: { groups: [aGroup('g')], pools: [aPool('g', { reachable: false })], queued: [aJob('a')] },
    want: { starts: [], waiting: [['a', 'engine-unreachable', null]] },
  },
  'cards free but cores short is not a lack of cards': {
    snapshot: {
      groups: [aGroup('g', { nodes: ['n'] })],
      running: [anAttempt('r', 'g', { perNode: { cards: 1, cores: 64, memoryGiB: 1 } })],
      queued: [aJob('a', { perNode: { cards: 1, cores: 1, memoryGiB: 1 } })],
    },
    want: { starts: [], waiting: [['a', 'no-free-nodes', 10_000]] },
  },
  'an attempt that outlived its limit holds its nodes to the next full minute': {
    snapshot: {
      groups: [aGroup('g', { nodes: ['n'] })],
      running: [anAttempt('r', 'g', { endsBy: 900 })],
      queued: [aJob('a')],
    },
    want: { starts: [], waiting: [['a', 'no-free-accelerators', 1020]] },
  },
  'an attempt whose engine has not told its nodes holds the least loaded': {
    snapshot: {
      groups: [aGroup('g', { nodes: ['m', 'n'] })],
      running: [anAttempt('known', 'g'), anAttempt('adrift', 'g', { nodeIndices: [], nodeCount: 1 })],
      queued: [aJob('a')],
    },
    want: { starts: [], waiting: [['a', 'no-free-accelerators', 10_000]] },
  },
  'beyond the planned depth the estimate is the work ahead over the capacity': {
    snapshot: {
      groups: [aGroup('g', { nodes: ['n'] })],
      running: [anAttempt('r', 'g', { endsBy: 2000 })],
      queued: [aJob('first'), aJob('second'), aJob('third')],
    },
    policy: { reservationDepth: 1 },
    want: {
      starts: [],
      waiting: [
        ['first', 'no-free-accelerators', 2000],
        ['second', 'no-free-accelerators', 5600],
        ['third', 'no-free-accelerators', 9200],
      ],
    },
  },
  'what is left over by the most starts of a cycle is next in the queue': {
    snapshot: { groups: [aGroup('g')], queued: [aJob('a'), aJob('b')] },
    policy: { maxStarts: 1 },
    want: { starts: ['a'], waiting: [['b', 'behind-in-queue', NOW + 1]] },
  },
  'a job without cards goes to nodes without cards': {
    snapshot: {
      groups: [aGroup('a'), aCpuGroup('z')],
      queued: [aJob('plain', { perNode: { cards: 0, cores: 4, memoryGiB: 8 } })],
    },
    want: { starts: ['plain'], waiting: [] },
  },
};

const told = (verdict: WaitingVerdict) => [verdict.jobId, verdict.refusal, verdict.estimatedStart];

describe('plan', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { snapshot, policy, want }) => {
    const plan = createPlanner(aSnapshot(snapshot), aPolicy(policy)).plan(NOW);
    expect({ starts: plan.starts.map((start) => start.jobId), waiting: plan.waiting.map(told) }).toEqual(want);
  });

  it('prefers the greener of two sites when green is all that counts, and the smaller id when nothing does', () => {
    const outlook = (siteId: string, green: number) => ({
      siteId,
      from: 0,
      greenShare: [green],
      gramsPerKwh: [500],
      yuanPerKwh: [0.5],
    });
    const snapshot = aSnapshot({
      groups: [aGroup('a'), aGroup('b')],
      outlooks: [outlook('a-site', 0.2), outlook('b-site', 0.9)],
      queued: [aJob('j')],
    });
    const weights = { startDelay: 0, tightFit: 0, price: 0, green: 0, nearness: 0 };
    const placed = (green: number) =>
      createPlanner(snapshot, aPolicy({ weights: { ...weights, green } }))
        .plan(NOW)
        .starts.map((start) => start.groupId);
    expect([placed(1), placed(0)]).toEqual([['b'], ['a']]);
  });

  it('holds attempts without nodes where it would have held them, in whatever order they were told', () => {
    const half = { cards: 4, cores: 4, memoryGiB: 4 };
    const adrift = [
      anAttempt('a', 'g', { nodeIndices: [], nodeCount: 1, perNode: half }),
      anAttempt('b', 'g', { nodeIndices: [], nodeCount: 1 }),
    ];
    const placed = (attempts: typeof adrift) => {
      const snapshot = aSnapshot({
        groups: [aGroup('g', { nodes: ['m', 'n'] })],
        queued: [aJob('j', { sequence: 1, perNode: half })],
      });
      const planner = createPlanner(snapshot, aPolicy());
      planner.advance(attempts.map((attempt) => ({ kind: 'attempt-placed', attempt })));
      return planner.plan(NOW).starts.map((start) => start.nodeIndices);
    };
    expect(placed(adrift)).toEqual([[1]]);
    expect(placed(adrift.toReversed())).toEqual([[1]]);
  });

  it('says how far short the best group is and how many are ahead', () => {
    const snapshot = aSnapshot({
      groups: [aGroup('g')],
      running: [anAttempt('r', 'g')],
      queued: [aJob('a', { nodes: 4 }), aJob('b', { nodes: 4, stack: 'cuda' })],
    });
    const [, second] = createPlanner(snapshot, aPolicy()).plan(NOW).waiting;
    expect(second!.evidence).toEqual({
      nodesConsidered: 4,
      filteredBy: {},
      best: { groupId: 'g', freeNodes: 3, askedNodes: 4 },
      ahead: 1,
    });
  });

  it('times its stages on the stopwatch it is given', () => {
    let ticks = 0;
    const plan = createPlanner(aSnapshot({ groups: [aGroup('g')] }), aPolicy()).plan(NOW, { stopwatch: () => ticks++ });
    expect(plan.stages).toEqual({ order: 1, place: 1 });
  });

  it('refuses deltas that contradict the state, and shrugs at those that repeat it', () => {
    const planner = createPlanner(aSnapshot({ groups: [aGroup('g')], queued: [aJob('a')] }), aPolicy());
    expect(() => planner.advance([{ kind: 'attempt-placed', attempt: anAttempt('r', 'nowhere') }])).toThrow(
      /nowhere.*fresh snapshot/,
    );
    expect(() => planner.advance([{ kind: 'node-state', groupId: 'g', index: 4, state: 'down' }])).toThrow(
      /node 4 of group g/,
    );
    const before = encodeCanonical(planner.snapshot(NOW));
    planner.advance([
      { kind: 'attempt-ended', attemptId: 'unknown' },
      { kind: 'job-withdrawn', jobId: 'unknown' },
      { kind: 'window-gone', windowId: 'unknown' },
      { kind: 'node-state', groupId: 'g', index: 0, state: 'up' },
    ]);
    expect(encodeCanonical(planner.snapshot(NOW))).toBe(before);
  });
});

describe('quote', () => {
  const groups = [aGroup('busy'), aGroup('free'), anAscendGroup('other')];
  const running = [anAttempt('r', 'busy', { nodeIndices: [0, 1, 2, 3], endsBy: 5000 })];

  it('answers for each pool: when, until when, or why not', () => {
    const planner = createPlanner(aSnapshot({ groups, running }), aPolicy());
    const options = planner.quote(aJob('q', { stack: 'cuda' }), NOW);
    expect(
      options.map(({ poolId, estimatedStart, endsBy, refusal }) => [poolId, estimatedStart, endsBy, refusal]),
    ).toEqual([
      ['free', NOW, NOW + 3600, null],
      ['busy', 5000, 8600, null],
      ['other', null, null, 'stack-mismatch'],
    ]);
  });

  it('stands behind the jobs that are ahead in the order, and leaves the state as it was', () => {
    const queued = [
      aJob('ahead', { nodes: 4, pools: ['busy'] }),
      aJob('behind', { nodes: 4, pools: ['busy'], submittedAt: 9999 }),
    ];
    const planner = createPlanner(aSnapshot({ groups, running, queued }), aPolicy());
    const before = encodeCanonical([planner.snapshot(NOW), { ...planner.plan(NOW), looked: 0 }]);
    const [option] = planner.quote(aJob('q', { pools: ['busy'], submittedAt: 5000 }), NOW);
    expect(option).toMatchObject({
      poolId: 'busy',
      estimatedStart: 8600,
      basis: 'reservation',
      evidence: { ahead: 1 },
    });
    expect(encodeCanonical([planner.snapshot(NOW), { ...planner.plan(NOW), looked: 0 }])).toBe(before);
  });

  it('promises what the plan then gives: a job quoted for now starts when it is submitted', () => {
    const job = aJob('q', { pools: ['free'] });
    const planner = createPlanner(aSnapshot({ groups, running }), aPolicy());
    const quoted = planner.quote(job, NOW)[0]!;
    planner.advance([{ kind: 'job-queued', job }]);
    expect(planner.plan(NOW).starts).toMatchObject([{ jobId: 'q', groupId: quoted.groupId, endsBy: quoted.endsBy }]);
  });
});

describe('admission', () => {
  const planner = createPlanner(
    aSnapshot({
      groups: [aGroup('g'), anAscendGroup('h', { nodes: 16 })],
      pools: [aPool('g', { reachable: false }), aPool('h')],
      nodeStates: [{ groupId: 'g', index: 0, state: 'down' }],
      running: [anAttempt('r', 'g', { nodeIndices: [1, 2, 3] })],
    }),
    aPolicy(),
  );

  it('looks past load, node states and reachability', () => {
    expect(planner.admit(aJob('j', { nodes: 4, stack: 'cuda' }))).toEqual({ kind: 'ok' });
  });

  it('tells the largest job like it that would be admitted', () => {
    const admission = planner.admit(aJob('j', { nodes: 5, stack: 'cuda' }));
    expect(admission).toMatchObject({
      kind: 'refused',
      refusal: 'larger-than-any-pool',
      largest: { groupId: 'g', nodes: 4 },
    });
    const fat = planner.admit(aJob('j', { perNode: { cards: 16, cores: 8, memoryGiB: 32 } }));
    expect(fat).toMatchObject({ largest: { groupId: 'g', nodes: 1, perNode: { cards: 8, cores: 8, memoryGiB: 32 } } });
  });

  it('gives only final refusals, and no size where size is not what is wrong', () => {
    const admission = planner.admit(aJob('j', { acceleratorModels: ['tpu'] }));
    expect(admission).toMatchObject({ kind: 'refused', refusal: 'accelerator-model-absent', largest: null });
  });
});

describe('canonical text', () => {
  it('does not depend on the order of keys and refuses what it cannot hold', () => {
    expect(encodeCanonical({ b: [1, { d: null, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[1,{"d":null}]}');
    expect(() => encodeCanonical({ a: [0, NaN] })).toThrow('$.a[1]: NaN has no canonical text');
  });
});

it('a pool that opens to others than before takes their jobs, and none of those whom it was open to', () => {
  const planner = createPlanner(
    aSnapshot({
      groups: [aGroup('g'), aGroup('h', { nodes: [] })],
      pools: [aPool('g', { tenants: ['a'] }), aPool('h')],
      queued: [aJob('of a', { tenantId: 'a' }), aJob('of b', { tenantId: 'b' })],
    }),
    aPolicy(),
  );
  const started = (): string[] => planner.plan(1000).starts.map(({ jobId }) => jobId);
  expect(started()).toEqual(['of a']);
  planner.advance([{ kind: 'pool-changed', pool: aPool('g', { tenants: ['b'] }) }]);
  expect(started()).toEqual(['of b']);
});
