import type { PlanningPolicy, QueuedJob, WindowModel } from './model.js';
import { AGate, APass, type Asked, PASS_NOW, type Told } from './testing/a-pass.js';
import { aGroup, aJob, anAttempt, nodesNamed } from './testing/builders.js';

const NOW = PASS_NOW;
const a = aGroup('a', { nodes: nodesNamed(3) });
// Two nodes are free for 100 s; then a job of three nodes has its reservation.
const running = [anAttempt('on a', 'a', { nodeIndices: [0], endsBy: NOW + 100 })];
const job = (id: string, limit: number, over: Partial<QueuedJob> = {}): QueuedJob => aJob(id, { limit, ...over });
const wide = (id: string, limit = 50): QueuedJob => job(id, limit, { nodes: 3 });

interface Case {
  readonly queued: readonly QueuedJob[];
  readonly policy?: Partial<PlanningPolicy>;
  readonly windows?: readonly WindowModel[];
  readonly wish?: Asked;
  readonly want: Partial<Told>;
}

const shortest: Partial<PlanningPolicy> = { reservationDepth: 1, backfillOrder: 'shortest-first' };
const byQueue: Partial<PlanningPolicy> = { reservationDepth: 1, backfillOrder: 'queue' };

const tell = ({ want: _want, wish, policy = shortest, ...state }: Case): Told =>
  new APass({ groups: [a], running, policy, ...state }).told(wish);

describe('those that are tried last', () => {
  const cases: Record<string, Case> = {
    'start the shortest first, and are told as backfilled': {
      queued: [wide('w'), job('j', 60), job('k', 50), job('l', 40)],
      want: { starts: ['l@a', 'k@a'], backfilled: ['l', 'k'], reservations: [`w@a ${NOW + 100}`], blocked: ['w'] },
    },
    'are those of a set that reserves no more, whoever comes before it is full': {
      queued: [job('early', 90), wide('w'), job('j', 60), job('k', 50)],
      want: { starts: ['early@a', 'k@a'], backfilled: ['k'] },
    },
    'are not tried twice, where one that came early would still fit': {
      queued: [job('early', 90), wide('w'), job('too long', 101)],
      want: { starts: ['early@a'], blocked: ['w'], looked: 2 },
    },
    'are not yet those that may start a second later only': {
      queued: [wide('w'), job('later', 40, { earliestStart: NOW + 1 }), job('now', 60, { earliestStart: NOW })],
      want: { starts: ['now@a'] },
    },
    'are not those that are taken not to wait': {
      queued: [wide('w'), job('j', 60), job('k', 50), job('l', 40)],
      wish: { without: 'l' },
      want: { starts: ['k@a', 'j@a'] },
    },
    'end at the limit of starts, which is told while others are left': {
      queued: [wide('w'), job('j', 60), job('k', 50)],
      policy: { ...shortest, maxStarts: 1 },
      want: { starts: ['k@a'], isCutShort: true },
    },
    'reach the limit of starts without being cut short where nobody is left': {
      queued: [wide('w'), job('j', 60)],
      policy: { ...shortest, maxStarts: 1 },
      want: { starts: ['j@a'], isCutShort: false },
    },
    'are not cut short below the limit of starts': {
      queued: [wide('w'), job('j', 60)],
      policy: { ...shortest, maxStarts: 2 },
      want: { starts: ['j@a'], isCutShort: false },
    },
    'fill the room to its last second, and no more': {
      queued: [wide('w'), job('all of it', 100), job('one more', 101)],
      want: { starts: ['all of it@a'] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});

describe('a pass until a job', () => {
  const cases: Record<string, Case> = {
    'ends before it where it may reserve': {
      queued: [job('j', 60), wide('w'), job('k', 40)],
      wish: { until: 'w' },
      want: { starts: ['j@a'], reservations: [], blocked: [] },
    },
    'ends before it, and before those that are tried after it, where it is tried last': {
      queued: [wide('w'), job('j', 60), job('k', 50), job('l', 40)],
      wish: { until: 'k' },
      want: { starts: ['l@a'] },
    },
    'ends there too where it fits no more since others have started': {
      queued: [wide('w'), job('short', 30), job('two', 40, { nodes: 2 }), job('long', 50)],
      wish: { until: 'two' },
      want: { starts: ['short@a'] },
    },
    'ends there too where it fitted nowhere from the beginning': {
      queued: [wide('w'), job('short', 30), wide('three', 40), job('long', 50)],
      wish: { until: 'three' },
      want: { starts: ['short@a'] },
    },
    'ends there by the queue’s order as well': {
      queued: [wide('w'), job('short', 30), wide('three', 40), job('long', 50)],
      policy: byQueue,
      wish: { until: 'three' },
      want: { starts: ['short@a'] },
    },
    'ends there by the queue’s order where another of its kind would fit': {
      queued: [wide('w'), job('short', 30), job('too long', 101), job('long', 50)],
      policy: byQueue,
      wish: { until: 'too long' },
      want: { starts: ['short@a'] },
    },
    'that is not asked for goes to the end': {
      queued: [wide('w'), job('short', 30), wide('three', 40), job('long', 50)],
      want: { starts: ['short@a', 'long@a'] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});

describe('a window that is open to some', () => {
  const guest = { tenantId: 'guest' };
  const booked: WindowModel = {
    id: 'w',
    groupId: 'a',
    nodeIndices: [1, 2],
    from: NOW,
    until: NOW + 90,
    openTo: { tenants: ['guest'] },
  };
  const queued = [wide('w'), job('j', 50), job('k', 60, guest), job('l', 40, guest)];
  const cases: Record<string, { policy: Partial<PlanningPolicy>; want: string[] }> = {
    'lets them in where they are tried last, though their kind has no room': { policy: shortest, want: ['l@a', 'k@a'] },
    'lets them in by the queue’s order': { policy: byQueue, want: ['k@a', 'l@a'] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { policy, want }) => {
    expect(tell({ queued, windows: [booked], policy, want: {} })).toMatchObject({ starts: want });
  });
});

it('who is kept back for good is asked for no place again while its gate stands', () => {
  let asked = 0;
  const gate = new AGate(
    (bid, at) => {
      if (bid.slot === 0) asked++;
      return bid.slot === 0 ? Infinity : at;
    },
    () => 7,
  );
  const pass = new APass({ groups: [a], gates: [gate], queued: [job('j', 50), job('k', 50)] });
  const want = { starts: ['k@a'], blocked: ['j'], held: { j: 'power-cap-reached' } };
  expect(pass.told()).toMatchObject(want);
  expect(asked).toBeGreaterThan(0);
  asked = 0;
  expect(pass.told()).toMatchObject(want);
  expect(asked).toBe(0);
});
