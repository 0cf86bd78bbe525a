import type { PlanningPolicy, QueuedJob, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAscendGroup, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';

const NOW = 1000;
const HOUR = 3600;
const all = [0, 1, 2, 3];
const full = (groupId: string, endsBy: number) => anAttempt(`in ${groupId}`, groupId, { nodeIndices: all, endsBy });
const aWindow = (from: number, until: number, over: Partial<Snapshot['windows'][number]> = {}) => ({
  id: `w${from}`,
  groupId: 'early',
  nodeIndices: all,
  from,
  until,
  ...over,
});
function aTenant(id: string, cards: number, parentId: string | null = null): Snapshot['tenants'][number] {
  return { id, parentId, weight: 1, usage: 0, quota: { cards, borrowingLimit: 0, lendingLimit: 0 } };
}
const noWeights = { startDelay: 0, tightFit: 0, price: 0, green: 0, nearness: 0 };

interface Asked {
  readonly job?: Partial<QueuedJob>;
  readonly state?: Partial<Snapshot>;
  readonly policy?: Partial<PlanningPolicy>;
}
const quoted = ({ job, state, policy }: Asked) =>
  createPlanner(aSnapshot({ groups: [aGroup('early')], ...state }), aPolicy(policy)).quote(aJob('q', job), NOW);

const links = [{ fromSiteId: 'far', toSiteId: 'early-site', gbitPerSecond: 8.589934592 }];
// A hundred seconds over that link.
const inputs = [{ siteId: 'far', sizeGiB: 100 }];
const firstStarts: Record<string, Asked & { want: readonly [number | null, string | null] }> = {
  'is before a window that begins when the limit ends': {
    state: { windows: [aWindow(NOW + HOUR, 9000)] },
    want: [NOW, null],
  },
  'is after one that begins a second sooner': {
    state: { windows: [aWindow(NOW + HOUR - 1, 9000)] },
    want: [9000, null],
  },
  'is by the limit, not by what is predicted': {
    job: { predicted: 10 },
    state: { windows: [aWindow(NOW + HOUR - 1, 9000)] },
    want: [9000, null],
  },
  'leaves time to bring data in before a window': {
    job: { inputs },
    state: { links, windows: [aWindow(NOW + HOUR + 100, 9000)] },
    want: [NOW, null],
  },
  'is after a window that comes while the last of the data would be worked on': {
    job: { inputs },
    state: { links, windows: [aWindow(NOW + HOUR + 99, 9000)] },
    want: [9000, null],
  },
  'is between two windows that leave just enough': {
    state: { windows: [aWindow(500, 2000), aWindow(2000 + HOUR, 9000)] },
    want: [2000, null],
  },
  'is not between two that leave a second less': {
    state: { windows: [aWindow(500, 2001), aWindow(2000 + HOUR, 9000)] },
    want: [9000, null],
  },
  'is beside a window on other nodes': {
    job: { nodes: 2 },
    state: { windows: [aWindow(500, 9000, { nodeIndices: [0, 3] })] },
    want: [NOW, null],
  },
  'is after it for a node more': {
    job: { nodes: 3 },
    state: { windows: [aWindow(500, 9000, { nodeIndices: [0, 3] })] },
    want: [9000, null],
  },
  'is in a window that is open to its class': {
    job: { class: 'inference' },
    state: { windows: [aWindow(500, 9000, { kind: 'booking', openTo: { classes: ['inference'] } })] },
    want: [NOW, null],
  },
  'is after one that is open to another class': {
    job: { class: 'training' },
    state: { windows: [aWindow(500, 9000, { kind: 'booking', openTo: { classes: ['inference'] } })] },
    want: [9000, null],
  },
  'is after one that is kept for a job that waits, had it the same id: what is asked about is another job': {
    state: {
      queued: [aJob('q', { submittedAt: 0, earliestStart: 20_000 })],
      windows: [aWindow(500, 9000, { kind: 'claim', openTo: { jobs: ['q'] } })],
    },
    want: [9000, null],
  },
  'is in one for the tenant above its own': {
    job: { tenantId: 'lab' },
    state: {
      tenants: [aTenant('institute', 99), aTenant('lab', 99, 'institute')],
      windows: [aWindow(500, 9000, { kind: 'booking', openTo: { tenants: ['institute'] } })],
    },
    want: [NOW, null],
  },
  'is now, with as many cards of quota as it asks for': {
    job: { nodes: 2 },
    state: { tenants: [aTenant('institute', 16)] },
    want: [NOW, null],
  },
  'is never with a card less': {
    job: { nodes: 2 },
    state: { tenants: [aTenant('institute', 15)] },
    want: [null, 'quota-spent'],
  },
};

describe('the first start of a quote', () => {
  it.each(Object.entries(firstStarts))('%s', (_sentence, { want, ...asked }) => {
    const { estimatedStart, refusal } = quoted(asked)[0]!;
    expect([estimatedStart, refusal]).toEqual(want);
  });
});

describe('the place of a quoted job in the order', () => {
  const running = [full('early', 5000)];
  const waiting = (id: string, over: Partial<QueuedJob> = {}): QueuedJob =>
    aJob(id, { nodes: 4, submittedAt: 10, ...over });
  // Start and jobs ahead; the group is free from 5000 on, and who waits takes all of it for an hour.
  const cases: Record<string, Asked & { want: readonly [number, number] }> = {
    'behind those who came sooner': {
      job: { submittedAt: 11 },
      state: { running, queued: [waiting('w')] },
      want: [5000 + HOUR, 1],
    },
    'ahead of those who came later': {
      job: { submittedAt: 9 },
      state: { running, queued: [waiting('w')] },
      want: [5000, 0],
    },
    'between the two': {
      job: { submittedAt: 11 },
      state: { running, queued: [waiting('w'), waiting('v', { submittedAt: 12 })] },
      want: [5000 + HOUR, 1],
    },
    'ahead of longer ones, where the shortest goes first': {
      job: { submittedAt: 11, limit: HOUR - 1 },
      state: { running, queued: [waiting('w')] },
      policy: { order: 'sjf' },
      want: [5000, 0],
    },
    'behind shorter ones': {
      job: { submittedAt: 9, limit: HOUR + 1 },
      state: { running, queued: [waiting('w')] },
      policy: { order: 'sjf' },
      want: [5000 + HOUR, 1],
    },
    'not behind those who can only go elsewhere, though they came sooner': {
      job: { submittedAt: 11 },
      state: { running, groups: [aGroup('early'), anAscendGroup('other')], queued: [waiting('w', { stack: 'cann' })] },
      want: [5000, 0],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { want, ...asked }) => {
    const option = quoted({ ...asked, job: { ...asked.job, stack: 'cuda' } }).find(({ poolId }) => poolId === 'early')!;
    expect([option.estimatedStart, option.evidence.ahead]).toEqual(want);
  });
});

describe('the work ahead', () => {
  const unplanned = { reservationDepth: 0 };
  const groups = [aGroup('early'), aGroup('late')];
  const running = [full('early', 5000), full('late', 20_000)];
  const basesOf = (queued: QueuedJob[]) =>
    quoted({ state: { groups, running, queued }, policy: unplanned }).map(({ poolId, estimatedStart, basis }) => [
      poolId,
      estimatedStart,
      basis,
    ]);

  it('is in the way only in the pools that it waits for', () => {
    expect(basesOf([aJob('w', { nodes: 4, pools: ['late'], submittedAt: 0 })])).toEqual([
      ['early', 5000, 'reservation'],
      ['late', 20_000 + HOUR, 'backlog'],
    ]);
    expect(basesOf([aJob('w', { nodes: 4, pools: ['early'], submittedAt: 0 })])).toEqual([
      ['early', 5000 + HOUR, 'backlog'],
      ['late', 20_000, 'reservation'],
    ]);
  });

  it('of somebody who fits nowhere is in nobody’s way', () => {
    expect(basesOf([aJob('w', { nodes: 5, submittedAt: 0 })])).toEqual([
      ['early', 5000, 'reservation'],
      ['late', 20_000, 'reservation'],
    ]);
  });
});

describe('which of several places', () => {
  const pools = [aPool('p')];
  const groups = [aGroup('g1', { poolId: 'p' }), aGroup('g2', { poolId: 'p' })];
  const groupOf = (ends: Record<string, number>, policy: Partial<PlanningPolicy> = { weights: noWeights }) => {
    const running = Object.entries(ends).map(([groupId, endsBy]) => full(groupId, endsBy));
    return quoted({ state: { pools, groups, running }, policy })[0]!;
  };

  it('of groups as good, the one that is free sooner, then the first', () => {
    expect(groupOf({ g1: 5000, g2: 4999 })).toMatchObject({ groupId: 'g2', estimatedStart: 4999, score: 0 });
    expect(groupOf({ g1: 4999, g2: 5000 })).toMatchObject({ groupId: 'g1', estimatedStart: 4999, score: 0 });
    expect(groupOf({ g1: 5000, g2: 5000 })).toMatchObject({ groupId: 'g1', estimatedStart: 5000, score: 0 });
  });

  it('pools that are as good come by id, sooner or later', () => {
    const state = { groups: [aGroup('b'), aGroup('a')], running: [full('a', 5000)] };
    expect(quoted({ state, policy: { weights: noWeights } }).map(({ poolId }) => poolId)).toEqual(['a', 'b']);
  });

  it('a group that is never free leaves the pool to the other', () => {
    expect(groupOf({ g1: Infinity })).toMatchObject({ groupId: 'g2', estimatedStart: NOW });
    expect(groupOf({ g1: Infinity, g2: Infinity })).toEqual({
      poolId: 'p',
      groupId: null,
      estimatedStart: null,
      endsBy: null,
      basis: 'none',
      score: 0,
      refusal: 'no-free-accelerators',
      evidence: expect.objectContaining({ best: null, ahead: 0 }),
    });
  });

  it('free are the nodes that nobody is on, of those that are up', () => {
    const nodeStates = [{ groupId: 'early', index: 0, state: 'down' as const }];
    const running = [anAttempt('r', 'early', { nodeIndices: [2] })];
    expect(quoted({ job: { nodes: 2 }, state: { nodeStates, running } })).toMatchObject([
      { estimatedStart: NOW, evidence: { best: { groupId: 'early', freeNodes: 2, askedNodes: 2 } } },
    ]);
  });
});
