import type { GroupModel, PlanningPolicy, QueuedJob, RunningJob, WindowModel } from './model.js';
import { APass, type Asked, PASS_NOW, type Told } from './testing/a-pass.js';
import { aGroup, aJob, anAscendGroup, anAttempt, nodesNamed } from './testing/builders.js';

const NOW = PASS_NOW;
const a = aGroup('a', { nodes: nodesNamed(2) });
const b = aGroup('b', { nodes: nodesNamed(2) });
const cann = anAscendGroup('z', { nodes: nodesNamed(1) });
const busy = (group: string, nodeIndices: number[], endsBy: number): RunningJob =>
  anAttempt(`on ${group} ${nodeIndices.join()}`, group, { nodeIndices, endsBy });
const one = (id: string, limit = 50, over: Partial<QueuedJob> = {}): QueuedJob => aJob(id, { limit, ...over });
const two = (id: string, limit = 50, over: Partial<QueuedJob> = {}): QueuedJob => one(id, limit, { nodes: 2, ...over });
const windowOn = (nodeIndices: number[], over: Partial<WindowModel> = {}): WindowModel => ({
  id: 'w',
  groupId: 'a',
  nodeIndices,
  from: NOW,
  until: NOW + 500,
  ...over,
});

interface Case {
  readonly groups?: readonly GroupModel[];
  readonly running?: readonly RunningJob[];
  readonly windows?: readonly WindowModel[];
  readonly queued: readonly QueuedJob[];
  readonly policy?: Partial<PlanningPolicy>;
  readonly scores?: Record<string, number>;
  readonly holds?: Record<string, number>;
  readonly wish?: Asked;
  readonly want: Partial<Told>;
}

const tell = ({ wish, groups = [a], want: _want, ...state }: Case): Told => new APass({ groups, ...state }).told(wish);

describe('the group that a start goes to', () => {
  const cases: Record<string, Case> = {
    'is the first by id where none is better': { groups: [b, a], queued: [one('j')], want: { starts: ['j@a'] } },
    'is the better one': {
      groups: [a, b],
      queued: [one('j')],
      scores: { 'j@a': 0.2, 'j@b': 0.3 },
      want: { starts: ['j@b'] },
    },
    'stays the first one where the second is worse': {
      groups: [a, b],
      queued: [one('j')],
      scores: { 'j@a': 0.3, 'j@b': 0.2 },
      want: { starts: ['j@a'] },
    },
    'stays the first one where the second is as good': {
      groups: [a, b],
      queued: [one('j')],
      scores: { 'j@a': 0.3, 'j@b': 0.3 },
      want: { starts: ['j@a'] },
    },
    'is the best of three, wherever it stands': {
      groups: [a, b, aGroup('c')],
      queued: [one('j'), one('k'), one('l')],
      scores: {
        'j@a': 0.1,
        'j@b': 0.9,
        'j@c': 0.5,
        'k@a': 0.9,
        'k@b': 0.5,
        'k@c': 0.6,
        'l@a': 0.1,
        'l@b': 0.2,
        'l@c': 0.3,
      },
      want: { starts: ['j@b', 'k@a', 'l@c'] },
    },
    'is not one that it holds for longer than there is room': {
      groups: [a, b],
      windows: [windowOn([0, 1], { from: NOW + 50 })],
      queued: [one('j'), one('k')],
      holds: { 'j@a': 51, 'k@a': 50 },
      scores: { 'j@a': 1, 'k@a': 1 },
      want: { starts: ['j@b', 'k@a'] },
    },
    'is one of its own sort only': {
      groups: [a, cann],
      queued: [one('j', 50, { stack: 'cann' }), one('k', 50, { stack: 'cann' })],
      want: { starts: ['j@z'], reservations: [`k@z ${NOW + 50}`] },
    },
    'is none where no group is open to it, which blocks nobody': {
      queued: [one('j', 50, { pools: ['nowhere'] }), two('k')],
      policy: { backfill: 'none' },
      want: { starts: ['k@a 2'], blocked: [], backfilled: [], looked: 1 },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});

describe('a reservation goes', () => {
  const full = [busy('a', [0, 1], NOW + 100), busy('b', [0, 1], NOW + 200)];
  const even = [busy('a', [0, 1], NOW + 100), busy('b', [0, 1], NOW + 100)];
  const cases: Record<string, Case> = {
    'to where it starts earliest, though another place is better': {
      groups: [a, b],
      running: full,
      queued: [two('j')],
      scores: { 'j@a': 0.1, 'j@b': 0.9 },
      want: { reservations: [`j@a ${NOW + 100}`], blocked: ['j'] },
    },
    'to where it starts earliest, though that is not the first': {
      groups: [a, b],
      running: [busy('a', [0, 1], NOW + 200), busy('b', [0, 1], NOW + 199)],
      queued: [two('j')],
      scores: { 'j@a': 0.9, 'j@b': 0.1 },
      want: { reservations: [`j@b ${NOW + 199}`] },
    },
    'to the better of two as early': {
      groups: [a, b],
      running: even,
      queued: [two('j')],
      scores: { 'j@a': 0.1, 'j@b': 0.2 },
      want: { reservations: [`j@b ${NOW + 100}`] },
    },
    'to the first of two as early and as good': {
      groups: [a, b],
      running: even,
      queued: [two('j')],
      want: { reservations: [`j@a ${NOW + 100}`] },
    },
    'to the first of two as early where the second is worse': {
      groups: [a, b],
      running: even,
      queued: [two('j')],
      scores: { 'j@a': 0.2, 'j@b': 0.1 },
      want: { reservations: [`j@a ${NOW + 100}`] },
    },
    'behind one of its kind, longer or shorter': {
      running: [busy('a', [0, 1], NOW + 100)],
      queued: [two('j', 60), two('k', 70), two('l', 60)],
      want: { reservations: [`j@a ${NOW + 100}`, `k@a ${NOW + 160}`, `l@a ${NOW + 230}`] },
    },
    'before one of its kind that is longer, where there is a gap': {
      running: [busy('a', [0, 1], NOW + 100)],
      windows: [windowOn([0, 1], { from: NOW + 150, until: NOW + 200 })],
      queued: [two('long', 51), two('short', 50)],
      want: { reservations: [`long@a ${NOW + 200}`, `short@a ${NOW + 100}`] },
    },
    'nowhere where nodes are out for ever, and easy counts it all the same': {
      windows: [windowOn([0], { until: Infinity })],
      running: [busy('a', [1], NOW + 100)],
      queued: [two('never'), one('j'), one('k', 101)],
      policy: { backfill: 'easy' },
      want: { reservations: [], starts: [], blocked: [] },
    },
    'nowhere where nodes are out for ever, which takes nothing of the depth of conservative': {
      windows: [windowOn([0], { until: Infinity })],
      running: [busy('a', [1], NOW + 100)],
      queued: [two('never'), one('j'), one('k')],
      policy: { reservationDepth: 1 },
      want: { reservations: [`j@a ${NOW + 100}`], starts: [], blocked: ['j'] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});

describe('behind a blocked job', () => {
  const half = [busy('a', [0], NOW + 100)];
  const cases: Record<string, Case> = {
    'nobody starts in a group that it could use, under none': {
      groups: [a, cann],
      running: half,
      queued: [two('j'), one('k', 50, { stack: 'cuda' }), one('z', 50, { stack: 'cann' })],
      policy: { backfill: 'none' },
      want: { starts: ['z@z'], reservations: [], blocked: [], backfilled: [] },
    },
    'nobody starts who could use one of its groups beside others, under none': {
      groups: [a, cann],
      running: half,
      queued: [two('j', 50, { stack: 'cuda' }), one('k', 50, { pools: ['a', 'z'] })],
      policy: { backfill: 'none' },
      want: { starts: [], looked: 1 },
    },
    'nobody is looked at once all groups are closed, under none': {
      running: half,
      queued: [two('j'), one('k')],
      policy: { backfill: 'none' },
      want: { starts: [], looked: 1, isCutShort: false },
    },
    'a start is marked where one without a reservation is passed': {
      running: half,
      queued: [two('j'), two('k'), one('l')],
      policy: { reservationDepth: 1 },
      want: { starts: ['l@a'], reservations: [`j@a ${NOW + 100}`], backfilled: ['l'] },
    },
    'a start of exactly the time to its reservation is fine, and passes it': {
      running: half,
      queued: [two('j'), one('k', 100)],
      want: { starts: ['k@a'], reservations: [`j@a ${NOW + 100}`], backfilled: ['k'] },
    },
    'a start of a second more is not, and reserves behind it': {
      running: half,
      queued: [two('j'), one('k', 101)],
      want: { starts: [], reservations: [`j@a ${NOW + 100}`, `k@a ${NOW + 150}`] },
    },
    'those that no room is left for are walked past without a look': {
      running: [busy('a', [0, 1], NOW + 100)],
      queued: [one('j'), one('k'), one('l')],
      policy: { reservationDepth: 1 },
      want: { starts: [], reservations: [`j@a ${NOW + 100}`], looked: 1 },
    },
    'with no depth nobody reserves, and short ones go by the queue': {
      running: half,
      queued: [two('j'), one('k', 90), one('l', 80)],
      policy: { reservationDepth: 0, backfillOrder: 'shortest-first' },
      want: { starts: ['l@a'], reservations: [] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});

describe('who is not tried', () => {
  const cases: Record<string, Case> = {
    'one that may start a second later only': {
      queued: [one('later', 50, { earliestStart: NOW + 1 }), one('now', 50, { earliestStart: NOW })],
      want: { starts: ['now@a'], reservations: [], looked: 1 },
    },
    'one that is left out': {
      queued: [two('j'), one('k'), one('l')],
      wish: { without: 'j' },
      want: { starts: ['k@a', 'l@a'] },
    },
    'the one that the pass stops before, and all after it': {
      queued: [one('j'), one('k'), one('l')],
      wish: { until: 'k' },
      want: { starts: ['j@a'], isCutShort: false },
    },
    'those after the limit of starts, which is told': {
      queued: [one('j'), one('k')],
      policy: { maxStarts: 1 },
      want: { starts: ['j@a'], isCutShort: true },
    },
    'nobody where the limit is the last one, which is no cut': {
      queued: [one('j'), one('k')],
      policy: { maxStarts: 2 },
      want: { starts: ['j@a', 'k@a'], isCutShort: false },
    },
    'those that are tried last after the limit of starts, which is told': {
      running: [busy('a', [0], NOW + 100)],
      queued: [two('wide'), one('j', 60), one('k', 50)],
      policy: { backfill: 'easy', backfillOrder: 'shortest-first', maxStarts: 0 },
      want: { starts: [], isCutShort: true },
    },
    'anybody in an empty queue': { queued: [], want: { starts: [], looked: 0, isCutShort: false } },
    'those without a reservation behind a full group, where starts alone are asked for': {
      queued: [two('j'), one('k'), one('l')],
      wish: { goal: 'starts' },
      want: { starts: ['j@a 2'], reservations: [], blocked: [], looked: 1 },
    },
    'nobody that may still start, where starts alone are asked for': {
      running: [busy('a', [0], NOW + 100)],
      queued: [two('wide'), one('j'), one('k')],
      wish: { goal: 'starts' },
      want: { starts: ['j@a'], reservations: [`wide@a ${NOW + 100}`], looked: 1 },
    },
    'those behind a full group under estimates are': {
      queued: [two('j'), one('k')],
      want: { starts: ['j@a 2'], reservations: [`k@a ${NOW + 50}`] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});

describe('an elastic job', () => {
  const wide = aGroup('a', { nodes: nodesNamed(6) });
  const grows = (nodes: number, nodesMax: number, limit = 50): QueuedJob => one('j', limit, { nodes, nodesMax });
  const cases: Record<string, Case> = {
    'gets as many as it wants where they are': { queued: [grows(1, 5)], want: { starts: ['j@a 5'] } },
    'gets as many as there are': { queued: [grows(1, 9)], want: { starts: ['j@a 6'] } },
    'gets what it asks for where it may not grow': { queued: [grows(2, 2)], want: { starts: ['j@a 2'] } },
    'gets only those that are free for all its hold': {
      windows: [windowOn([0, 1, 2], { from: NOW + 49 })],
      queued: [grows(1, 6)],
      want: { starts: ['j@a 3'] },
    },
    'gets those that are free for just its hold': {
      windows: [windowOn([0, 1, 2], { from: NOW + 50 })],
      queued: [grows(1, 6)],
      want: { starts: ['j@a 6'] },
    },
    'gets what it asks for where there is no more': {
      running: [busy('a', [0, 1, 2], NOW + 100)],
      queued: [grows(3, 4)],
      want: { starts: ['j@a 3'] },
    },
    'leaves what is behind it the rest': {
      queued: [grows(2, 5), one('k'), one('l')],
      want: { starts: ['j@a 5', 'k@a'], reservations: [`l@a ${NOW + 50}`] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) =>
    expect(tell({ groups: [wide], ...shown })).toMatchObject(shown.want),
  );
});

describe('a window that is open', () => {
  const booked = (over: Partial<WindowModel> = {}): WindowModel =>
    windowOn([0, 1], { kind: 'booking', openTo: { tenants: ['guest'] }, ...over });
  const guest = { tenantId: 'guest' };
  const cases: Record<string, Case> = {
    'lets its tenant start, and nobody else': {
      windows: [booked()],
      queued: [one('j'), one('k', 50, guest)],
      want: { starts: ['k@a'], reservations: [`j@a ${NOW + 500}`] },
    },
    'lets its tenant reserve within it': {
      windows: [booked()],
      running: [busy('a', [0, 1], NOW + 100)],
      queued: [two('j', 50, guest), two('k')],
      want: { reservations: [`j@a ${NOW + 100}`, `k@a ${NOW + 500}`] },
    },
    'lets its tenant grow within it': {
      windows: [booked()],
      queued: [one('j', 50, { ...guest, nodesMax: 2 })],
      want: { starts: ['j@a 2'] },
    },
    'closes again behind its tenant': {
      windows: [booked()],
      queued: [one('j', 50, guest), one('k'), one('l', 50, guest)],
      want: { starts: ['j@a', 'l@a'], reservations: [`k@a ${NOW + 500}`] },
    },
    'is walked to behind those that no room is left for': {
      windows: [booked()],
      queued: [one('j'), one('k'), one('l', 50, guest)],
      policy: { reservationDepth: 1 },
      want: { starts: ['l@a'], reservations: [`j@a ${NOW + 500}`] },
    },
    'is walked to where starts alone are asked for': {
      windows: [booked()],
      queued: [one('j'), one('k', 50, guest)],
      wish: { goal: 'starts' },
      want: { starts: ['k@a'] },
    },
    'is walked to by those that are tried last, the shortest first': {
      windows: [booked()],
      queued: [one('j'), two('k', 50, guest), one('l', 40, guest)],
      policy: { backfill: 'easy', backfillOrder: 'shortest-first' },
      want: { starts: ['l@a'] },
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, shown) => expect(tell(shown)).toMatchObject(shown.want));
});
