import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import type { PlanningPolicy, QueuedJob, Snapshot } from './model.js';
import { decisionOf } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAscendGroup, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';
import { runs } from './testing/runs.js';
import { type Change, changed, changesFor, soonest, type WhatIfs } from './what-if.js';

const NOW = 1000;
const HOUR = 3600;
/** Four nodes that run until 5000, and four that run until 20 000. */
const groups = [aGroup('early'), aGroup('late')];
const full = (groupId: string, endsBy: number) =>
  anAttempt(`in ${groupId}`, groupId, { nodeIndices: [0, 1, 2, 3], endsBy });
const running = [full('early', 5000), full('late', 20_000)];
const green = { siteId: 'late-site', from: 0, gramsPerKwh: [], yuanPerKwh: [] };

interface Case {
  readonly job: Partial<QueuedJob>;
  readonly change: Change;
  readonly state?: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  /** Start as it is and with the change; a word: the refusal. */
  readonly base: number | string;
  readonly want: number | string;
}
const cases: Record<string, Case> = {
  'any pool: one that is free sooner is used': {
    job: { pools: ['late'] },
    change: { kind: 'any-pool' },
    base: 20_000,
    want: 5000,
  },
  'any pool: nothing is gained where the listed one is the soonest': {
    job: { pools: ['early'] },
    change: { kind: 'any-pool' },
    base: 5000,
    want: 5000,
  },
  'any pool: one that wants to be listed is not had': {
    job: { pools: ['late'] },
    change: { kind: 'any-pool' },
    state: { pools: [aPool('early', { onlyIfListed: true }), aPool('late')] },
    base: 20_000,
    want: 20_000,
  },
  'another model: its nodes are free sooner': {
    job: { acceleratorModels: ['a100'] },
    change: { kind: 'other-model', models: ['ascend-910b'] },
    state: { groups: [...groups, anAscendGroup('idle')] },
    base: 5000,
    want: NOW,
  },
  'another model: none that anybody has': {
    job: { acceleratorModels: ['a100'] },
    change: { kind: 'other-model', models: ['tpu'] },
    base: 5000,
    want: 'accelerator-model-absent',
  },
  'any latency: the pool beyond the ring is sooner': {
    job: { maxLatencyMs: 5, fromDistrict: 'd' },
    change: { kind: 'any-latency' },
    state: { pools: [aPool('early', { latencyMs: { d: 9 } }), aPool('late', { latencyMs: { d: 1 } })] },
    base: 20_000,
    want: 5000,
  },
  'any latency: nothing is gained where all are near': {
    job: { maxLatencyMs: 9, fromDistrict: 'd' },
    change: { kind: 'any-latency' },
    state: { pools: [aPool('early', { latencyMs: { d: 9 } }), aPool('late', { latencyMs: { d: 1 } })] },
    base: 5000,
    want: 5000,
  },
  'fewer nodes: as many as are free now': {
    job: { nodes: 4 },
    change: { kind: 'fewer-nodes', nodes: 2 },
    state: { running: [anAttempt('r', 'early', { nodeIndices: [0, 1], endsBy: 5000 }), full('late', 20_000)] },
    base: 5000,
    want: NOW,
  },
  'fewer nodes: one more than are free now': {
    job: { nodes: 4 },
    change: { kind: 'fewer-nodes', nodes: 3 },
    state: { running: [anAttempt('r', 'early', { nodeIndices: [0, 1], endsBy: 5000 }), full('late', 20_000)] },
    base: 5000,
    want: 5000,
  },
  'a shorter limit: it is over when the reservation ahead begins': {
    job: { limit: 2 * HOUR },
    change: { kind: 'shorter-limit', limit: 4000 },
    state: {
      running: [anAttempt('r', 'early', { nodeIndices: [0, 1, 2], endsBy: 5000 }), full('late', 20_000)],
      queued: [aJob('ahead', { nodes: 4, limit: 1000, submittedAt: 0 })],
    },
    base: 6000,
    want: NOW,
  },
  'a shorter limit: a second too long to be over before': {
    job: { limit: 2 * HOUR },
    change: { kind: 'shorter-limit', limit: 4001 },
    state: {
      running: [anAttempt('r', 'early', { nodeIndices: [0, 1, 2], endsBy: 5000 }), full('late', 20_000)],
      queued: [aJob('ahead', { nodes: 4, limit: 1000, submittedAt: 0 })],
    },
    base: 6000,
    want: 6000,
  },
  'a shorter limit moves it ahead where the shortest goes first': {
    job: { nodes: 4, limit: 2 * HOUR },
    change: { kind: 'shorter-limit', limit: HOUR },
    policy: { order: 'sjf' },
    state: {
      groups: [aGroup('early')],
      running: [full('early', 5000)],
      queued: [aJob('ahead', { nodes: 4, limit: 5000 })],
    },
    base: 10_000,
    want: 5000,
  },
  'fewer nodes move it ahead where the smallest area goes first': {
    job: { nodes: 4, limit: 3000 },
    change: { kind: 'fewer-nodes', nodes: 2 },
    policy: { order: 'saf' },
    state: {
      groups: [aGroup('early')],
      running: [full('early', 5000)],
      queued: [aJob('ahead', { nodes: 4, limit: 2000 })],
    },
    base: 7000,
    want: 5000,
  },
  'a later deadline lets it fall behind where deadlines press': {
    job: { nodes: 4, deadline: 9000 },
    change: { kind: 'later-deadline', deadline: 9000 + 86_400 },
    policy: { order: 'fair' },
    state: {
      groups: [aGroup('early')],
      running: [full('early', 5000)],
      queued: [aJob('ahead', { nodes: 4, limit: 5000, submittedAt: 0 })],
    },
    base: 5000,
    want: 10_000,
  },
  'a later deadline lets it wait for green hours': {
    job: { pools: ['late'], minGreenShare: 0.5, deadline: 3 * HOUR },
    change: { kind: 'later-deadline', deadline: 9 * HOUR },
    state: { running: [], outlooks: [{ ...green, greenShare: [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] }] },
    base: 2 * HOUR,
    want: 4 * HOUR,
  },
  'no green floor: it does not wait for green hours': {
    job: { pools: ['late'], minGreenShare: 0.5 },
    change: { kind: 'no-green-floor' },
    state: { running: [], outlooks: [{ ...green, greenShare: [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] }] },
    base: 4 * HOUR,
    want: NOW,
  },
  'no green floor: nothing is gained in a green hour': {
    job: { pools: ['late'], minGreenShare: 0.5 },
    change: { kind: 'no-green-floor' },
    state: { running: [], outlooks: [{ ...green, greenShare: [1, 1, 1] }] },
    base: NOW,
    want: NOW,
  },
  'no earliest start: at once': {
    job: { earliestStart: 9000 },
    change: { kind: 'no-earliest-start' },
    state: { running: [] },
    base: 9000,
    want: NOW,
  },
  'borrowing: a tenant whose quota is spent waits for nothing else': {
    job: {},
    change: { kind: 'borrow' },
    state: { running: [], tenants: [aTenant(0)] },
    base: 'quota-spent',
    want: NOW,
  },
  'preemptible: nothing is gained, since nobody starts sooner for it': {
    job: {},
    change: { kind: 'preemptible' },
    base: 5000,
    want: 5000,
  },
  'borrowing: nothing is gained where it is nodes that are short': {
    job: {},
    change: { kind: 'borrow' },
    state: { tenants: [aTenant(100_000)] },
    base: 5000,
    want: 5000,
  },
};

function aTenant(cards: number): Snapshot['tenants'][number] {
  const quota = { cards, borrowingLimit: 0, lendingLimit: 0 };
  return { id: 'institute', parentId: null, weight: 1, usage: 0, quota };
}

const told = ({ base, changes }: WhatIfs) =>
  [base, ...changes].map(({ option, refusal }) => option?.estimatedStart ?? refusal);

describe('what if', () => {
  const plannerOf = ({ state, policy }: Case, queued: readonly QueuedJob[] = []) =>
    createPlanner(
      aSnapshot({ groups, running, ...state, queued: [...(state?.queued ?? []), ...queued] }),
      aPolicy(policy),
    );

  it.each(Object.entries(cases))('%s', (_sentence, tried) => {
    const job = aJob('j', tried.job);
    expect(told(plannerOf(tried).whatIf(job, NOW, [tried.change])!)).toEqual([tried.base, tried.want]);
  });

  it.each(Object.entries(cases))(
    'the same of a job that waits, at its own place and without itself: %s',
    (_sentence, tried) => {
      const job = aJob('j', tried.job);
      expect(told(plannerOf(tried, [job]).whatIf('j', NOW, [tried.change])!)).toEqual([tried.base, tried.want]);
    },
  );

  const promised = Object.entries(cases).filter(
    ([, { change, want }]) => typeof want === 'number' && change.kind !== 'borrow',
  );
  it.each(promised)('what it tells comes true when the job is submitted so: %s', (_sentence, tried) => {
    const job = changed(aJob('j', tried.job), tried.change);
    const plan = plannerOf(tried, [job]).plan(NOW);
    const start = plan.starts.some(({ jobId }) => jobId === 'j')
      ? NOW
      : plan.reservations.find(({ jobId }) => jobId === 'j')?.start;
    expect(start).toBe(tried.want);
  });

  it('answers in the order of the changes, and says which is which', () => {
    const changes: Change[] = [{ kind: 'borrow' }, { kind: 'any-pool' }];
    const answer = plannerOf(cases['any pool: one that is free sooner is used']!).whatIf(
      aJob('j', { pools: ['late'] }),
      NOW,
      changes,
    )!;
    expect(answer.base.change).toBeNull();
    expect(answer.changes.map(({ change, option }) => [change, option?.estimatedStart])).toEqual([
      [changes[0], 20_000],
      [changes[1], 5000],
    ]);
  });

  it('brings what a quote says of the job as it is', () => {
    const planner = plannerOf(cases['any pool: one that is free sooner is used']!);
    const job = aJob('j', { pools: ['late'] });
    const { options } = planner.whatIf(job, NOW, [{ kind: 'any-pool' }])!;
    expect(options).toEqual(planner.quote(job, NOW));
    expect(options.map(({ poolId, estimatedStart }) => [poolId, estimatedStart])).toEqual([
      ['late', 20_000],
      ['early', null],
    ]);
  });

  it('knows nothing of a job that does not wait', () => {
    expect(createPlanner(aSnapshot({ groups, running }), aPolicy()).whatIf('nobody', NOW)).toBeNull();
  });

  it('says nothing of a job for which nodes are being vacated', () => {
    const job = aJob('j', { nodes: 2 });
    const claim = { id: 'c', groupId: 'early', nodeIndices: [0, 1], from: 0, until: 9000, kind: 'claim' as const };
    const windows = [{ ...claim, openTo: { jobs: ['j'] } }];
    expect(
      createPlanner(aSnapshot({ groups, running, windows, queued: [job] }), aPolicy()).whatIf('j', NOW),
    ).toBeNull();
  });
});

describe('changes that make sense', () => {
  const candidates = [aGroup('early'), anAscendGroup('other'), aGroup('third', { acceleratorModel: 'h20' })].map(
    (group) => ({
      group,
      pool: aPool(group.poolId),
      installed: 4,
      up: 4,
    }),
  );
  const always = [{ kind: 'preemptible' }, { kind: 'borrow' }];
  const proposed: Record<string, readonly [Partial<QueuedJob>, readonly unknown[]]> = {
    'a job that binds nothing can but borrow, be shorter or offer to make room': [
      {},
      [{ kind: 'shorter-limit', limit: 1800 }, ...always],
    ],
    'an odd limit is halved upwards': [{ limit: 3 }, [{ kind: 'shorter-limit', limit: 2 }, ...always]],
    'a second cannot be halved': [{ limit: 1 }, always],
    'the predicted run time is a limit worth asking about': [
      { limit: 3600, predicted: 600 },
      [{ kind: 'shorter-limit', limit: 1800 }, { kind: 'shorter-limit', limit: 600 }, ...always],
    ],
    'listed pools': [{ limit: 1, pools: ['early'] }, [{ kind: 'any-pool' }, ...always]],
    'an empty list of pools binds nothing to drop': [{ limit: 1, pools: [] }, always],
    'each other model that would take it': [
      { limit: 1, acceleratorModels: ['a100'] },
      [{ kind: 'other-model', models: ['ascend-910b'] }, { kind: 'other-model', models: ['h20'] }, ...always],
    ],
    'no model that the rest of the request keeps out': [
      { limit: 1, acceleratorModels: ['a100'], stack: 'cuda' },
      [{ kind: 'other-model', models: ['h20'] }, ...always],
    ],
    'a latency ring': [{ limit: 1, maxLatencyMs: 5, fromDistrict: 'd' }, [{ kind: 'any-latency' }, ...always]],
    'half the nodes, rounded down': [{ limit: 1, nodes: 3 }, [{ kind: 'fewer-nodes', nodes: 1 }, ...always]],
    'a day more until the deadline': [
      { limit: 1, deadline: 5000 },
      [{ kind: 'later-deadline', deadline: 91_400 }, ...always],
    ],
    'a green floor, zero included': [{ limit: 1, minGreenShare: 0 }, [{ kind: 'no-green-floor' }, ...always]],
    'an earliest start ahead': [{ limit: 1, earliestStart: NOW + 1 }, [{ kind: 'no-earliest-start' }, ...always]],
    'not that it may be preempted, where it may be already': [{ limit: 1, preemptible: true }, [{ kind: 'borrow' }]],
    'that it may be preempted, where it says that it may not': [{ limit: 1, preemptible: false }, always],
    'not an earliest start that has come': [{ limit: 1, earliestStart: NOW }, always],
  };
  it.each(Object.entries(proposed))('%s', (_sentence, [job, want]) => {
    expect(changesFor(aJob('j', job), candidates, NOW)).toEqual(want);
  });
});

describe('the soonest of options', () => {
  const option = (poolId: string, estimatedStart: number | null, score = 0) =>
    ({ poolId, estimatedStart, score }) as never;
  const of = (...options: never[]) => soonest(options)?.poolId ?? null;
  it('is none among refusals, the earliest, of equals the better, of equally good the first by id', () => {
    expect(of()).toBeNull();
    expect(of(option('a', null))).toBeNull();
    expect(of(option('a', 5, 1), option('b', 4, 0))).toBe('b');
    expect(of(option('a', 5, 0.1), option('b', 5, 0.2))).toBe('b');
    expect(of(option('b', 5, 0.2), option('a', 5, 0.1))).toBe('b');
    expect(of(option('b', 5, 0.2), option('a', 5, 0.2))).toBe('a');
  });
});

describe('always', () => {
  const aShape = fc.record({
    nodes: fc.integer({ min: 1, max: 4 }),
    limit: fc.integer({ min: 1, max: 20_000 }),
    submittedAt: fc.integer({ min: 0, max: 900 }),
    pools: fc.constantFrom(undefined, ['early'], ['late']),
    deadline: fc.constantFrom(undefined, 30_000),
  });
  const orders = fc.constantFrom('fcfs', 'sjf', 'fair', 'wfp3') as fc.Arbitrary<PlanningPolicy['order']>;
  const modes = fc.constantFrom('none', 'easy', 'conservative') as fc.Arbitrary<PlanningPolicy['backfill']>;

  it('the base is the soonest that the quote tells, a waiting job is told the same under its id, and nothing has changed', () => {
    fc.assert(
      fc.property(fc.array(aShape, { maxLength: 8 }), aShape, orders, modes, (ahead, asked, order, backfill) => {
        const queued = ahead.map((shape, i) => aJob(`q${i}`, shape));
        const policy = aPolicy({ order, backfill, reservationDepth: 2 });
        const planner = createPlanner(aSnapshot({ groups, running, queued }), policy);
        const state = () => encodeCanonical([planner.snapshot(NOW), decisionOf(planner.plan(NOW))]);
        const before = state();
        const job = aJob('j', asked);
        const answer = planner.whatIf(job, NOW)!;
        expect(answer.base.option).toEqual(soonest(planner.quote(job, NOW)));
        expect(state()).toBe(before);
        const waits = createPlanner(aSnapshot({ groups, running, queued: [...queued, job] }), policy);
        expect(told(waits.whatIf('j', NOW)!)).toEqual(told(answer));
      }),
      { numRuns: runs(200) },
    );
  });
});
