import type { PlanningPolicy, QueuedJob, RunningJob } from './model.js';
import { AGate, APass, PASS_NOW, type Told } from './testing/a-pass.js';
import { aGroup, aJob, anAttempt, nodesNamed } from './testing/builders.js';

const NOW = PASS_NOW;
const a = aGroup('a', { nodes: nodesNamed(3) });
const b = aGroup('b', { nodes: nodesNamed(3) });
const job = (id: string, over: Partial<QueuedJob> = {}): QueuedJob => aJob(id, { limit: 50, ...over });
const wide = (id: string): QueuedJob => job(id, { nodes: 3 });
const busy = (group: string, endsBy: number): RunningJob =>
  anAttempt(`on ${group}`, group, { nodeIndices: [0, 1, 2], endsBy });

// Slots are given in the order of the queue.
const FIRST = 0;
const never = (slot = FIRST): AGate => new AGate((bid, from) => (bid.slot === slot ? Infinity : from));
const from = (time: number): AGate => new AGate((bid, at) => (bid.slot === FIRST ? Math.max(at, time) : at));
const atMost = (nodes: number): AGate =>
  new AGate((bid, at, taken) => (taken.reduce((sum, t) => sum + t.bid.nodes, bid.nodes) <= nodes ? at : Infinity));
const notIn = (group: number): AGate => new AGate((bid, at) => (bid.group === group ? Infinity : at));

interface Case {
  readonly gate: AGate;
  readonly running?: readonly RunningJob[];
  readonly queued: readonly QueuedJob[];
  readonly policy?: Partial<PlanningPolicy>;
  readonly want: Partial<Told>;
}

const held = 'power-cap-reached';
/** As much of what is told as the case names; all that are held, or none of them. */
const tell = ({ gate, want, ...state }: Case): Partial<Told> => {
  const told = new APass({ groups: [a, b], gates: [gate], ...state }).told();
  return Object.fromEntries(Object.entries(told).filter(([name]) => name in want));
};

describe('a job that a gate keeps back', () => {
  const cases: Record<string, Case> = {
    'for good reserves nothing, is told of, and is in nobody’s way': {
      gate: never(),
      queued: [wide('j'), job('k')],
      want: { starts: ['k@a'], reservations: [], blocked: ['j'], held: { j: held }, backfilled: [] },
    },
    'for good is in nobody’s way behind full groups either': {
      gate: never(),
      running: [busy('a', NOW + 100), busy('b', NOW + 200)],
      queued: [wide('j'), wide('k')],
      policy: { reservationDepth: 1 },
      want: { starts: [], reservations: [`k@a ${NOW + 100}`], blocked: ['j', 'k'], held: { j: held } },
    },
    'for a time reserves when it opens': {
      gate: from(NOW + 30),
      queued: [wide('j'), job('k', { limit: 30 })],
      want: { starts: ['k@a'], reservations: [`j@a ${NOW + 30}`], held: { j: held }, blocked: ['j'] },
    },
    'is not kept back where it opens now': {
      gate: from(NOW),
      queued: [wide('j')],
      want: { starts: ['j@a 3'], reservations: [], held: {}, blocked: [] },
    },
    'waits for nodes alone where it opens before they are there': {
      gate: from(NOW + 99),
      running: [busy('a', NOW + 100), busy('b', NOW + 200)],
      queued: [wide('j')],
      want: { reservations: [`j@a ${NOW + 100}`], held: {} },
    },
    'waits for nodes alone where it would be as early but for nodes in another group': {
      gate: from(NOW + 99),
      running: [busy('a', NOW + 200), busy('b', NOW + 100)],
      queued: [wide('j')],
      want: { reservations: [`j@b ${NOW + 100}`], held: {} },
    },
    'in a group that would be earlier is held, though it reserves in another': {
      gate: notIn(1),
      running: [busy('a', NOW + 200), busy('b', NOW + 100)],
      queued: [wide('j')],
      want: { reservations: [`j@a ${NOW + 200}`], held: { j: held } },
    },
    'in a group that would be later is not held by it': {
      gate: notIn(1),
      running: [busy('a', NOW + 100), busy('b', NOW + 200)],
      queued: [wide('j')],
      want: { reservations: [`j@a ${NOW + 100}`], held: {} },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toEqual(shown.want));
});

describe('a job that a gate keeps back in part', () => {
  const cases: Record<string, Case> = {
    'in one group starts in the other, and is not held': {
      gate: notIn(0),
      queued: [wide('j')],
      want: { starts: ['j@b 3'], reservations: [], held: {} },
    },
    'in the second group stays in the first': {
      gate: notIn(1),
      queued: [wide('j')],
      want: { starts: ['j@a 3'], held: {} },
    },
    'in one group reserves in the other': {
      gate: notIn(0),
      running: [busy('a', NOW + 100), busy('b', NOW + 200)],
      queued: [wide('j')],
      want: { reservations: [`j@b ${NOW + 200}`], blocked: ['j'] },
    },
    'by what has started before it reserves nothing': {
      gate: atMost(3),
      queued: [job('j', { nodes: 2 }), job('k', { nodes: 2 }), job('l')],
      want: { starts: ['j@a 2', 'l@a'], reservations: [], held: { k: held }, blocked: ['k'] },
    },
    'by what has reserved before it reserves nothing': {
      gate: atMost(3),
      running: [busy('a', NOW + 100), busy('b', NOW + 100)],
      queued: [job('j', { nodes: 2 }), job('k', { nodes: 2 }), job('l')],
      want: { reservations: [`j@a ${NOW + 100}`, `l@a ${NOW + 100}`], held: { k: held }, blocked: ['j', 'k', 'l'] },
    },
    'blocks nobody under easy, which gives its reservation to the next': {
      gate: never(),
      running: [busy('a', NOW + 100), busy('b', NOW + 100)],
      queued: [wide('j'), wide('k'), wide('l')],
      policy: { backfill: 'easy' },
      want: { reservations: [`k@a ${NOW + 100}`], blocked: ['j', 'k'] },
    },
    'does not grow past the gate': {
      gate: atMost(2),
      queued: [job('j', { nodesMax: 3 })],
      want: { starts: ['j@a 2'], held: {} },
    },
    'starts with what it asks for where the gate has no more': {
      gate: atMost(1),
      queued: [job('j', { nodesMax: 3 })],
      want: { starts: ['j@a'], held: {} },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toEqual(shown.want));
});

describe('what a pass takes', () => {
  const open = (): AGate => new AGate((_bid, at) => at);
  const made = (gate: AGate): APass =>
    new APass({
      groups: [a],
      gates: [gate],
      queued: [job('j', { nodes: 2, nodesMax: 3 }), wide('k'), wide('l')],
      holds: { 'j@a': 55, 'k@a': 60, 'l@a': 70 },
    });

  it('of the gates is what starts and what reserves, each with its time and its hold', () => {
    const gate = open();
    made(gate).run();
    expect(gate.taken).toEqual([
      { bid: { slot: 0, group: 0, nodes: 3, seconds: 55 }, start: NOW },
      { bid: { slot: 1, group: 0, nodes: 3, seconds: 60 }, start: NOW + 55 },
      { bid: { slot: 2, group: 0, nodes: 3, seconds: 70 }, start: NOW + 115 },
    ]);
  });

  it('is given back in two steps: reservations, then starts', () => {
    const gate = open();
    const pass = made(gate);
    const { ask } = pass.queue.kind(FIRST);
    const [profile] = pass.fleet.profiles;
    const lefts = (): number[] => [profile!.free(ask), profile!.earliest(ask, 1, NOW + 60), gate.taken.length];
    const outcome = pass.run();
    expect(lefts()).toEqual([0, NOW + 185, 3]);
    outcome.undoReservations();
    expect(lefts()).toEqual([0, NOW + 60, 1]);
    outcome.undoReservations();
    expect(lefts()).toEqual([0, NOW + 60, 1]);
    outcome.undoStarts();
    expect(lefts()).toEqual([3, NOW + 60, 0]);
  });

  it('tells of each start its nodes, how many, for how long and how good the place is', () => {
    const pass = new APass({ groups: [a], queued: [job('j', { nodes: 2 })], scores: { 'j@a': 0.25 } });
    expect(pass.run().starts).toEqual([
      { slot: 0, group: 0, nodes: [0, 1], count: 2, seconds: 50, backfilled: false, score: 0.25 },
    ]);
  });

  it('tells which cards where they are shared', () => {
    const shared = aGroup('a', { nodes: nodesNamed(1), sharing: { kind: 'time-slice', slices: 1 } });
    const pass = new APass({ groups: [shared], queued: [job('j', { perNode: { cards: 2, cores: 1, memoryGiB: 1 } })] });
    expect(pass.run().starts).toMatchObject([{ nodes: [0], devices: [[0, 1]] }]);
  });

  it('is the same at each pass', () => {
    const pass = made(open());
    const told = pass.told();
    expect(told.looked).toBe(2);
    expect(pass.told()).toEqual(told);
    expect(pass.told({ goal: 'starts' })).toMatchObject({ starts: told.starts, reservations: [] });
  });
});

describe('a look that was in vain', () => {
  let state = 0;
  const stays = (opens: AGate['earliest'] = () => Infinity): AGate =>
    new AGate(
      (bid, at) => (bid.slot === FIRST ? opens(bid, at) : at),
      () => state,
    );
  const passOf = (gate: AGate): APass => new APass({ groups: [a], gates: [gate], queued: [job('j'), job('k')] });
  const want = { starts: ['k@a'], blocked: ['j'], held: { j: held } };
  beforeEach(() => (state = 0));

  it('is not made again while the gate stands, and is told as before', () => {
    const pass = passOf(stays());
    expect(pass.told()).toMatchObject({ ...want, looked: 2 });
    expect(pass.told()).toMatchObject({ ...want, looked: 1 });
  });

  it('is made again when the gate has changed', () => {
    const pass = passOf(stays(() => (state > 0 ? NOW : Infinity)));
    pass.told();
    state = 1;
    expect(pass.told()).toMatchObject({ starts: ['j@a', 'k@a'], held: {}, looked: 2 });
  });

  it('is made again at each pass where the gate is never the same', () => {
    const pass = passOf(never());
    expect([pass.told().looked, pass.told().looked]).toEqual([2, 2]);
  });

  it('is made again when windows have opened', () => {
    const pass = passOf(stays());
    pass.told();
    pass.fleet.setWindow({
      id: 'w',
      groupId: 'a',
      nodeIndices: [2],
      from: NOW + 90,
      until: NOW + 99,
      openTo: { jobs: ['other'] },
    });
    pass.openings.set(pass.fleet.allWindows(), () => 0);
    expect(pass.told()).toMatchObject({ ...want, looked: 2 });
  });

  it('does not keep back for good whom time lets in', () => {
    const pass = passOf(stays((_bid, at) => Math.max(at, NOW + 20)));
    const wants = { starts: ['k@a'], reservations: [`j@a ${NOW + 20}`], held: { j: held } };
    expect(pass.told()).toMatchObject({ ...wants, looked: 2 });
    expect(pass.told()).toMatchObject({ ...wants, looked: 1 });
  });
});
