import { JobKinds } from './job-kinds.js';
import type { OrderName, QueuedJob, Seconds } from './model.js';
import { fairOrder, orderOf } from './order.js';
import { aJob } from './testing/builders.js';
import { WaitingQueue } from './waiting-queue.js';

const ranks = new Map([
  ['a', 0],
  ['b', 0],
  ['c', 1],
]);
const fair = fairOrder(ranks);
const queueWith = (jobs: Record<string, Partial<QueuedJob>>, order = fair): WaitingQueue => {
  const queue = new WaitingQueue(new JobKinds({ candidates: [], version: 0 }), order);
  Object.entries(jobs).forEach(([id, job], sequence) =>
    queue.add(aJob(id, { limit: 100, tenantId: 'a', submittedAt: sequence, sequence, ...job })),
  );
  return queue;
};
const walked = (queue: WaitingQueue, now: Seconds): string[] => {
  const cursor = queue.cursor(now);
  const ids: string[] = [];
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) ids.push(queue.job(slot).id);
  return ids;
};

// With a limit of 100 the last start in time is at 200,000.
const DEADLINE = 200_100;
const [DAY_LEFT, FOUR_LEFT, ONE_LEFT, LAST] = [113_600, 185_600, 196_400, 200_000];

describe('the next turn of a queue with one deadline', () => {
  const turns: Record<string, { now: Seconds; want: Seconds }> = {
    'far from it is when less than a day is left': { now: 0, want: DAY_LEFT + 1 },
    'with a day left to the second is the next second': { now: DAY_LEFT, want: DAY_LEFT + 1 },
    'with a second less is when less than four hours are left': { now: DAY_LEFT + 1, want: FOUR_LEFT + 1 },
    'with four hours left to the second is the next second': { now: FOUR_LEFT, want: FOUR_LEFT + 1 },
    'with a second less than that is when less than an hour is left': { now: FOUR_LEFT + 1, want: ONE_LEFT + 1 },
    'with an hour left to the second is the next second': { now: ONE_LEFT, want: ONE_LEFT + 1 },
    'with less than an hour is when it is lost': { now: ONE_LEFT + 1, want: LAST + 1 },
    'at the last start in time is the next second': { now: LAST, want: LAST + 1 },
    'when it is lost never comes': { now: LAST + 1, want: Infinity },
  };
  it.each(Object.entries(turns))('%s', (_sentence, { now, want }) => {
    expect(queueWith({ due: { deadline: DEADLINE } }).nextTurn(now)).toBe(want);
  });

  it('is the same whatever was asked before, of later or of earlier times', () => {
    const queue = queueWith({ due: { deadline: DEADLINE } });
    const cases = Object.values(turns);
    const asked = [...cases, ...cases.toReversed(), ...cases.toSorted((a, b) => (a.now % 7) - (b.now % 7))];
    expect(asked.map(({ now }) => queue.nextTurn(now))).toEqual(asked.map(({ want }) => want));
  });
});

describe('the next turn', () => {
  const at = DAY_LEFT;
  const cases: Record<string, { jobs: Record<string, Partial<QueuedJob>>; order?: OrderName; want: Seconds }> = {
    'never comes where nobody waits': { jobs: {}, want: Infinity },
    'never comes where nobody has a deadline or a time to wait for': { jobs: { j: {}, k: {} }, want: Infinity },
    'is the first of two deadlines': {
      jobs: { late: { deadline: DEADLINE + 5 }, soon: { deadline: DEADLINE + 4 } },
      want: at + 5,
    },
    'is a start to come that is before a deadline': {
      jobs: { due: { deadline: DEADLINE + 9 }, later: { earliestStart: at + 9 } },
      want: at + 9,
    },
    'is a deadline that is before a start to come': {
      jobs: { due: { deadline: DEADLINE + 9 }, later: { earliestStart: at + 11 } },
      want: at + 10,
    },
    'is the next second where somebody may start then': { jobs: { later: { earliestStart: at + 1 } }, want: at + 1 },
    'is not now, though somebody may start from now on': { jobs: { now: { earliestStart: at } }, want: Infinity },
    'is not past': { jobs: { before: { earliestStart: at - 1 }, lost: { deadline: 1 } }, want: Infinity },
    'is of one job alone where that waits for both': {
      jobs: { both: { deadline: DEADLINE + 2, earliestStart: at + 2 } },
      want: at + 2,
    },
    'is of no deadline where the order does not look at them': {
      order: 'fcfs',
      jobs: { due: { deadline: DEADLINE } },
      want: Infinity,
    },
    'is a start to come under such an order, too': {
      order: 'saf',
      jobs: { due: { deadline: DEADLINE }, later: { earliestStart: at + 60 } },
      want: at + 60,
    },
    'is the next second where waiting counts': {
      order: 'unicep',
      jobs: { j: { earliestStart: at + 9 } },
      want: at + 1,
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { jobs, order, want }) => {
    expect(queueWith(jobs, order && orderOf(order)).nextTurn(at)).toBe(want);
  });

  it('counts a job from when it is added on, and no longer once it has gone', () => {
    const queue = queueWith({ j: {} });
    expect(queue.nextTurn(5)).toBe(Infinity);
    queue.add(aJob('later', { earliestStart: 9, tenantId: 'c' }));
    expect(queue.nextTurn(5)).toBe(9);
    queue.add(aJob('later', { earliestStart: 8, tenantId: 'c' }));
    expect([queue.nextTurn(5), queue.nextTurn(8)]).toEqual([8, Infinity]);
    queue.remove('later');
    expect(queue.nextTurn(5)).toBe(Infinity);
  });
});

describe('tenants of one rank', () => {
  const cases: Record<string, { jobs: Record<string, Partial<QueuedJob>>; want: string[] }> = {
    'take turns by submission': {
      jobs: { a2: { submittedAt: 2 }, b1: { tenantId: 'b', submittedAt: 1 }, b3: { tenantId: 'b', submittedAt: 3 } },
      want: ['b1', 'a2', 'b3'],
    },
    'go by sequence where they were submitted in one second': {
      jobs: { a: { submittedAt: 1 }, b: { tenantId: 'b', submittedAt: 1 }, again: { submittedAt: 1 } },
      want: ['a', 'b', 'again'],
    },
    'pass each other by deadlines': {
      jobs: { a: {}, b: { tenantId: 'b', deadline: DEADLINE } },
      want: ['b', 'a'],
    },
    'pass nobody of a better band by a deadline': {
      jobs: { a: { priority: 2, deadline: DEADLINE }, b: { tenantId: 'b', priority: 1 } },
      want: ['b', 'a'],
    },
    'go before one of a later rank, whatever its deadline': {
      jobs: { c: { tenantId: 'c', deadline: DEADLINE }, b: { tenantId: 'b' }, a: {} },
      want: ['b', 'a', 'c'],
    },
    'go with one that has none': {
      jobs: { nobody: { tenantId: 'unknown', submittedAt: 1 }, c: { tenantId: 'c' }, a: { submittedAt: 0 } },
      want: ['a', 'nobody', 'c'],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { jobs, want }) => {
    expect(walked(queueWith(jobs), DAY_LEFT + 1)).toEqual(want);
  });

  it('are parted when one is ranked behind the other, and one again when it is not', () => {
    const queue = queueWith({ a0: {}, b1: { tenantId: 'b' }, a2: {}, b3: { tenantId: 'b' } });
    expect(walked(queue, 9)).toEqual(['a0', 'b1', 'a2', 'b3']);
    queue.reorder(fairOrder(new Map([['a', 1]])));
    expect(walked(queue, 9)).toEqual(['b1', 'b3', 'a0', 'a2']);
    queue.reorder(fair);
    expect(walked(queue, 9)).toEqual(['a0', 'b1', 'a2', 'b3']);
  });
});

describe('a walk that has begun', () => {
  it.each(['fcfs', 'wfp3'] as const)('ends once, and stays at its end: %s', (name) => {
    const cursor = queueWith({ only: { submittedAt: 0 } }, orderOf(name)).cursor(50);
    expect([cursor.next(), cursor.next(), cursor.next()]).toEqual([0, -1, -1]);
  });

  it.each(['sjf', 'wfp3'] as const)('is over at once when it is narrowed to nothing: %s', (name) => {
    const cursor = queueWith({ j: {}, k: { limit: 50 } }, orderOf(name)).cursor(50);
    cursor.narrow(() => false);
    expect(cursor.next()).toBe(-1);
  });

  it.each(['fcfs', 'wfp3'] as const)('may be narrowed again, to fewer: %s', (name) => {
    const submittedAt = 0;
    const jobs = { j: { submittedAt }, k: { submittedAt, limit: 2 }, l: { submittedAt, nodes: 2 } };
    const queue = queueWith(jobs, orderOf(name));
    const cursor = queue.cursor(9);
    cursor.narrow(
      () => true,
      (slot) => slot !== 1,
    );
    cursor.narrow(
      (kind) => kind.ask.nodes === 1,
      (slot) => slot !== 1,
    );
    expect([cursor.next(), cursor.next()]).toEqual([0, -1]);
  });

  it('of another time is another walk', () => {
    // By wfp3 the short one is ahead once it has waited; before, nobody has waited and the first goes first.
    const queue = queueWith({ long: { submittedAt: 10 }, short: { submittedAt: 10, limit: 10 } }, orderOf('wfp3'));
    expect([walked(queue, 10), walked(queue, 11), walked(queue, 10)]).toEqual([
      ['long', 'short'],
      ['short', 'long'],
      ['long', 'short'],
    ]);
  });
});
