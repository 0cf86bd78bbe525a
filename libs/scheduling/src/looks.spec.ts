import { Gates } from './gates.js';
import type { Delta, PlanningPolicy, QueuedJob, Snapshot, TenantModel } from './model.js';
import type { Planner } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAscendGroup, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

const NOW = 7200;
const tenant = (id: string, cards?: number): TenantModel => ({
  id,
  parentId: null,
  weight: 1,
  usage: 0,
  ...(cards !== undefined && { quota: { cards, borrowingLimit: 0, lendingLimit: 0 } }),
});
const many = (count: number, over: Partial<QueuedJob>): QueuedJob[] =>
  Array.from({ length: count }, (_none, i) => aJob(`${over.tenantId ?? over.stack ?? 'j'}-${i}`, over));
const fullOf = (groupId: string) => anAttempt(`in ${groupId}`, groupId, { nodeIndices: [0, 1, 2, 3], endsBy: 90_000 });
const ended = (groupId: string): Delta => ({ kind: 'attempt-ended', attemptId: `in ${groupId}` });
const queued = (over: Partial<QueuedJob> = {}): Delta => ({ kind: 'job-queued', job: aJob('new', over) });

interface Case {
  readonly state: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
  /** Jobs looked at in the first plan. */
  readonly first: number;
  /** What happens then, one after the other, and how many are looked at after each. */
  readonly happens: readonly (readonly [deltas: readonly Delta[], looked: number])[];
}

const cuda = { stack: 'cuda' as const };
const cann = { stack: 'cann' as const };
const cases: Record<string, Case> = {
  'of jobs alike one is looked at, and none again while their group is full': {
    state: { groups: [aGroup('g')], running: [fullOf('g')], queued: many(50, {}) },
    first: 1,
    happens: [[[], 0], [[queued()], 0], [[{ kind: 'job-withdrawn', jobId: 'j-0' }], 0]],
  },
  'each of another size is looked at once': {
    state: { groups: [aGroup('g')], running: [fullOf('g')], queued: [...many(5, {}), aJob('two', { nodes: 2 }), aJob('three', { nodes: 3 })] },
    first: 3,
    happens: [[[queued({ nodes: 3 })], 0], [[queued({ nodes: 4 })], 1]],
  },
  'what is freed in one group wakes those who may use it, and no others': {
    state: { groups: [aGroup('g'), anAscendGroup('h')], running: [fullOf('g'), fullOf('h')], queued: [...many(9, { ...cuda, nodes: 4 }), ...many(9, { ...cann, nodes: 4 })] },
    first: 2,
    // One of the nine starts, and one more is looked at to see that the group is full again; what starts may not be committed.
    happens: [[[ended('h')], 2], [[], 2]],
  },
  'a short job of a kind that only a long one was too long for is looked at': {
    state: { groups: [aGroup('g')], running: [anAttempt('r', 'g', { nodeIndices: [0, 1, 2], endsBy: 9000 })], queued: [aJob('wide', { nodes: 4 }), aJob('long', { limit: 1801 })] },
    first: 2,
    happens: [[[queued({ limit: 1801 })], 0], [[queued({ limit: 1800 })], 1]],
  },
  'jobs of a spent quota are looked at once each, and not again': {
    state: { groups: [aGroup('g')], tenants: [tenant('poor', 0), tenant('rich')], queued: many(20, { tenantId: 'poor' }) },
    first: 20,
    happens: [[[], 0], [[queued({ tenantId: 'poor' })], 1], [[{ kind: 'outlook', outlook: { siteId: 's', from: 0, greenShare: [], gramsPerKwh: [], yuanPerKwh: [] } }], 0]],
  },
  'a raised quota wakes the jobs of its tenant and nobody else': {
    state: { groups: [aGroup('g')], tenants: [tenant('poor', 0), tenant('also', 0)], queued: [...many(3, { tenantId: 'poor', nodes: 3 }), ...many(5, { tenantId: 'also' })] },
    first: 8,
    happens: [[[{ kind: 'usage', tenants: [tenant('poor', 16)] }], 3]],
  },
  'work that ends in the quota of a tenant wakes its jobs': {
    state: { groups: [aGroup('g')], tenants: [tenant('poor', 8), tenant('also', 0)], running: [anAttempt('r', 'g', { tenantId: 'poor' })], queued: [...many(2, { tenantId: 'poor', nodes: 2 }), aJob('also', { tenantId: 'also' })] },
    first: 3,
    // The quota has room for one node, and a node was freed where all of them may run.
    happens: [[[{ kind: 'attempt-ended', attemptId: 'r' }], 3]],
  },
  'before their earliest start nobody is looked at': {
    state: { groups: [aGroup('g')], queued: many(5, { earliestStart: NOW + 1 }) },
    first: 0,
    happens: [[[queued({ earliestStart: NOW + 9 })], 0]],
  },
  'a pool that comes back is looked at by those who may use it': {
    state: { groups: [aGroup('g'), anAscendGroup('h')], pools: [{ id: 'g', siteId: 's', reachable: false, latencyMs: {}, dataLevels: ['general'] }, { id: 'h', siteId: 's', reachable: true, latencyMs: {}, dataLevels: ['general'] }], running: [fullOf('h')], queued: [...many(3, { ...cuda, nodes: 3 }), ...many(3, cann)] },
    first: 1,
    happens: [[[{ kind: 'pool-reachable', poolId: 'g', reachable: true }], 2]],
  },
  'behind reservations that stay nobody is looked at again, and all kinds behind one that goes are': {
    state: { groups: [aGroup('g')], running: [anAttempt('r', 'g', { nodeIndices: [0, 1, 2], endsBy: 9000 })], queued: [aJob('wide', { nodes: 4 }), aJob('a', { limit: 9000 }), aJob('b', { limit: 9000, class: 'inference' })] },
    policy: { reservationDepth: 1 },
    // Who may not reserve is walked over only if there is room for him.
    first: 1,
    happens: [[[queued({ nodes: 5 })], 0], [[{ kind: 'job-withdrawn', jobId: 'wide' }], 2]],
  },
}; // prettier-ignore

const plannerOf = ({ state, policy }: Case): Planner =>
  createPlanner(aSnapshot({ now: NOW, ...state }), aPolicy({ reservationDepth: 100, ...policy }));

describe('who is looked at', () => {
  it.each(Object.entries(cases))('%s', (_sentence, one) => {
    const planner = plannerOf(one);
    const looked = [planner.plan(NOW).looked];
    for (const [deltas] of one.happens) {
      planner.advance(deltas);
      looked.push(planner.plan(NOW).looked);
    }
    expect(looked).toEqual([one.first, ...one.happens.map(([, count]) => count)]);
  });

  it.each(Object.entries(cases))('and the plan is that of a planner that knows nothing: %s', (_sentence, one) => {
    const planner = plannerOf(one);
    for (const [deltas] of [[[]] as const, ...one.happens]) {
      planner.advance(deltas);
      const { looked: _looked, ...plan } = planner.plan(NOW);
      const cold = createPlanner(planner.snapshot(NOW), aPolicy({ reservationDepth: 100, ...one.policy }));
      expect(cold.plan(NOW)).toMatchObject(plan);
    }
  });
});

describe('what a gate goes by', () => {
  const gate = (state?: (slot: number) => number) => ({
    refusal: 'quota-spent' as const,
    earliest: ({ slot }: { slot: number }) => (slot === 0 ? NOW : Infinity),
    take: () => () => {},
    ...(state && { state }),
  });

  it('is told gate by gate, for each job by itself; one that says nothing is never the same', () => {
    const gates = new Gates([gate((slot) => slot * 10), gate(), gate(() => 7)]);
    expect(gates.states(3)).toEqual([30, NaN, 7]);
    expect(new Gates([]).states(3)).toEqual([]);
  });

  it('is an event alone where one of them is shut for ever', () => {
    const gates = new Gates([gate()]);
    const isShut = (slot: number) => gates.isShut({ slot, group: 0, nodes: 1, seconds: 1 }, NOW);
    expect([isShut(0), isShut(1)]).toEqual([false, true]);
    expect(new Gates([]).isShut({ slot: 1, group: 0, nodes: 1, seconds: 1 }, NOW)).toBe(false);
  });
});

describe('verdicts that are news', () => {
  const ids = (planner: Planner, now = NOW) =>
    planner.plan(now, { verdicts: 'news' }).waiting.map(({ jobId }) => jobId);

  it('are of each job the first, then of those that hear something else, and none while nothing happens', () => {
    const planner = plannerOf({
      state: { groups: [aGroup('g')], running: [fullOf('g')], queued: many(3, {}) },
      first: 0,
      happens: [],
    });
    expect(ids(planner)).toEqual(['j-0', 'j-1', 'j-2']);
    expect(ids(planner)).toEqual([]);
    planner.advance([queued()]);
    expect(ids(planner)).toEqual(['new']);
    planner.advance([{ kind: 'pool-reachable', poolId: 'g', reachable: false }]);
    expect(ids(planner)).toEqual(['j-0', 'j-1', 'j-2', 'new']);
    expect(ids(planner)).toEqual([]);
  });

  it('are told again of a job that was put in anew under its id', () => {
    const planner = plannerOf({ state: { groups: [aGroup('g')], running: [fullOf('g')] }, first: 0, happens: [] });
    planner.advance([queued()]);
    expect(ids(planner)).toEqual(['new']);
    planner.advance([queued()]);
    expect(ids(planner)).toEqual(['new']);
  });

  it('are not told for a move of ten minutes, but for one of a second more', () => {
    const soon = (endsBy: number): Delta => ({
      kind: 'attempt-changed',
      attempt: { ...fullOf('g'), endsBy },
    });
    const planner = plannerOf({ state: { groups: [aGroup('g')], queued: [] }, first: 0, happens: [] });
    planner.advance([soon(8000), queued({ nodes: 4 })]);
    expect(ids(planner)).toEqual(['new']);
    planner.advance([soon(8600)]);
    expect(ids(planner)).toEqual([]);
    planner.advance([soon(8601)]);
    expect(ids(planner)).toEqual(['new']);
  });
});
