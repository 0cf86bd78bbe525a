import { JobKinds } from './job-kinds.js';
import type { OrderName, QueuedJob } from './model.js';
import { orderOf } from './order.js';
import { aJob } from './testing/builders.js';
import { WaitingQueue } from './waiting-queue.js';

const NOW = 5000;
const tenants = ['a', 'b', 'c'].map((id, index) => ({ id, parentId: null, weight: 1, usage: index }));
const kindsOf = (): JobKinds => new JobKinds({ candidates: [], version: 0 });
const queueOf = (name: OrderName, kinds = kindsOf()): WaitingQueue => new WaitingQueue(kinds, orderOf(name, tenants));
const walked = (queue: WaitingQueue, now = NOW): string[] => {
  const cursor = queue.cursor(now);
  const ids: string[] = [];
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) ids.push(queue.job(slot).id);
  return ids;
};

describe('the slots of a queue', () => {
  it('are given in turn, and given again once they are free, the latest first', () => {
    const queue = queueOf('fcfs');
    expect(['a', 'b', 'c'].map((id) => queue.add(aJob(id)))).toEqual([0, 1, 2]);
    queue.remove('a');
    queue.remove('b');
    expect([queue.size, queue.width]).toEqual([1, 3]);
    expect(['d', 'e', 'f'].map((id) => queue.add(aJob(id)))).toEqual([1, 0, 3]);
    expect([queue.size, queue.width]).toEqual([4, 4]);
    expect(['a', 'c', 'e'].map((id) => queue.slot(id))).toEqual([undefined, 2, 0]);
    expect(walked(queue)).toEqual(['c', 'd', 'e', 'f']);
  });

  it('keep what they hold when there are more than 256, and more than 512', () => {
    const queue = queueOf('sjf');
    for (let limit = 600; limit > 0; limit--) queue.add(aJob(`${limit}`, { limit, earliestStart: limit }));
    expect([0, 255, 256, 257, 512, 599].map((slot) => [queue.limit(slot), queue.notBefore(slot)])).toEqual([
      [600, 600],
      [345, 345],
      [344, 344],
      [343, 343],
      [88, 88],
      [1, 1],
    ]);
    expect(walked(queue)).toEqual(Array.from({ length: 600 }, (_, index) => `${index + 1}`));
  });

  it('hold the job, its limit, its prediction and the first time it may start', () => {
    const queue = queueOf('fcfs');
    const job = aJob('j', { limit: 60, predicted: 40, earliestStart: 7 });
    const slot = queue.add(job);
    expect(queue.job(slot)).toBe(job);
    expect([queue.limit(slot), queue.predicted(slot), queue.notBefore(slot)]).toEqual([60, 40, 7]);
    expect(queue.notBefore(queue.add(aJob('k')))).toBe(-Infinity);
    expect(queue.all().map(({ id }) => id)).toEqual(['j', 'k']);
  });

  const holds: Record<string, { runTimes?: 'limit' | 'predicted'; predicted: number; want: number }> = {
    'its limit where nothing is said': { predicted: 40, want: 60 },
    'its limit where that is said': { runTimes: 'limit', predicted: 40, want: 60 },
    'what is predicted where that is said': { runTimes: 'predicted', predicted: 40, want: 40 },
    'its limit where more is predicted': { runTimes: 'predicted', predicted: 61, want: 60 },
  };
  it.each(Object.entries(holds))('a job is held for %s', (_sentence, { runTimes, predicted, want }) => {
    const queue = new WaitingQueue(kindsOf(), orderOf('fcfs'), runTimes);
    expect(queue.shortest(queue.add(aJob('j', { limit: 60, predicted })))).toBe(want);
  });
});

describe('jobs and their kinds', () => {
  it('a job under the id of another replaces it', () => {
    const kinds = kindsOf();
    const queue = queueOf('fcfs', kinds);
    queue.add(aJob('j', { limit: 60 }));
    queue.add(aJob('k', { limit: 60 }));
    const slot = queue.add(aJob('j', { limit: 70 }));
    expect([slot, queue.size, queue.limit(slot), queue.kind(slot).waiting]).toEqual([0, 2, 70, 2]);
    expect(walked(queue)).toEqual(['k', 'j']);
  });

  it('each counts once in its kind until it leaves; who does not wait cannot leave', () => {
    const queue = queueOf('fcfs');
    const kind = queue.kind(queue.add(aJob('j')));
    queue.add(aJob('k'));
    expect(kind.waiting).toBe(2);
    queue.remove('j');
    queue.remove('j');
    queue.remove('nobody');
    expect([kind.waiting, queue.size]).toEqual([1, 1]);
  });

  it('are told apart by the index of the kind, however many there are', () => {
    const queue = queueOf('fcfs');
    const slots = Array.from({ length: 600 }, (_, index) => queue.add(aJob(`${index}`, { nodes: (index % 3) + 1 })));
    expect(slots.map((slot) => queue.kind(slot).ask.nodes)).toEqual(slots.map((slot) => (slot % 3) + 1));
    expect(slots.map((slot) => queue.kindIndex(slot))).toEqual(slots.map((slot) => queue.kind(slot).index));
  });

  it('a kind knows a hold that none of its jobs is shorter than, until the last of them is gone', () => {
    const queue = new WaitingQueue(kindsOf(), orderOf('fcfs'), 'predicted');
    const add = (id: string, predicted: number): number =>
      queue.kind(queue.add(aJob(id, { limit: 60, predicted }))).leastHold;
    expect([add('j', 50), add('k', 40), add('l', 45)]).toEqual([50, 40, 40]);
    // Not looked for again while others wait.
    queue.remove('k');
    expect(add('m', 55)).toBe(40);
    for (const id of ['j', 'l', 'm']) queue.remove(id);
    expect(add('n', 61)).toBe(60);
  });

  it('all are of other kinds when what makes a kind has changed', () => {
    let reach = 'one';
    const kinds = new JobKinds({ candidates: [], version: 0, reachOf: () => reach });
    const queue = queueOf('fcfs', kinds);
    const slots = ['j', 'k'].map((id) => queue.add(aJob(id)));
    const before = queue.kind(slots[0]!);
    reach = 'two';
    queue.rejoin();
    const after = queue.kind(slots[1]!);
    expect(after).not.toBe(before);
    expect(queue.kind(slots[0]!)).toBe(after);
    expect([before.waiting, after.waiting]).toEqual([0, 2]);
    expect([before.leastHold, after.leastHold]).toEqual([Infinity, 3600]);
  });
});

describe('two jobs of one tenant stand at one place', () => {
  const cases: Record<string, { order: OrderName; over: Partial<QueuedJob>; want: boolean }> = {
    'when nothing tells them apart': { order: 'fair', over: {}, want: true },
    'whatever their limits, where the order does not look at them': { order: 'fair', over: { limit: 9 }, want: true },
    'whatever their nodes, where the order does not look at them': { order: 'fcfs', over: { nodes: 9 }, want: true },
    'but not when one was submitted later': { order: 'fair', over: { submittedAt: 8 }, want: false },
    'but not when one is more pressing': { order: 'fair', over: { deadline: 60 }, want: false },
    'but not when one is shorter, where the shortest goes first': { order: 'sjf', over: { limit: 9 }, want: false },
    'when nothing tells them apart, where waiting counts': { order: 'wfp3', over: {}, want: true },
    'but not with another limit, where waiting counts': { order: 'wfp3', over: { limit: 9 }, want: false },
    'but not with more nodes, where waiting counts': { order: 'wfp3', over: { nodes: 2 }, want: false },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { order, over, want }) => {
    const queue = queueOf(order);
    const like = { tenantId: 'a', submittedAt: 7, limit: 60, nodes: 1 };
    const [j, k] = [queue.add(aJob('j', like)), queue.add(aJob('k', { ...like, ...over }))];
    queue.settle(NOW);
    expect([queue.standsWith(j, k), queue.standsWith(k, j)]).toEqual([want, want]);
  });
});

describe('an order that is taken again', () => {
  const ranked = (...usage: number[]) =>
    orderOf(
      'fair',
      tenants.map((tenant, index) => ({ ...tenant, usage: usage[index]! })),
    );

  it('moves tenants whose use has changed, and forgets those of whom nobody waits', () => {
    const queue = queueOf('fair');
    for (const id of ['a', 'b', 'c']) queue.add(aJob(id, { tenantId: id }));
    expect(walked(queue)).toEqual(['a', 'b', 'c']);
    queue.remove('b');
    queue.reorder(ranked(2, 0, 1));
    expect(walked(queue)).toEqual(['c', 'a']);
    queue.add(aJob('b', { tenantId: 'b' }));
    expect(walked(queue)).toEqual(['b', 'c', 'a']);
  });

  it('places jobs that have come since the last look', () => {
    const queue = queueOf('fair');
    queue.add(aJob('a', { tenantId: 'a' }));
    queue.add(aJob('b', { tenantId: 'b' }));
    queue.reorder(ranked(1, 0, 2));
    expect(walked(queue)).toEqual(['b', 'a']);
  });

  it('of another kind forgets which deadlines were to become pressing', () => {
    const queue = queueOf('fair');
    queue.add(aJob('early', { tenantId: 'a', submittedAt: 1 }));
    queue.add(aJob('due', { tenantId: 'a', submittedAt: 2, limit: 60, deadline: NOW }));
    expect(walked(queue)).toEqual(['due', 'early']);
    queue.reorder(orderOf('fcfs'));
    expect([walked(queue, NOW), walked(queue, NOW + 9e6)]).toEqual([
      ['early', 'due'],
      ['early', 'due'],
    ]);
  });
});

describe('an order in which waiting counts', () => {
  // By three of a kind: waited over limit, cubed, times nodes.
  const jobs = ['j', 'k', 'l', 'm', 'n', 'o'];
  const limits = [60, 20, 50, 10, 40, 30];
  const full = (): WaitingQueue => {
    const queue = queueOf('wfp3');
    jobs.forEach((id, index) => queue.add(aJob(id, { limit: limits[index]!, submittedAt: NOW - 100 })));
    return queue;
  };
  const sorted = ['m', 'k', 'o', 'n', 'l', 'j'];

  it('walks any number of jobs to the last', () => {
    for (let count = 0; count <= jobs.length; count++) {
      const queue = full();
      const gone = jobs.slice(count);
      for (const id of gone) queue.remove(id);
      expect(walked(queue)).toEqual(sorted.filter((id) => !gone.includes(id)));
    }
  });

  it('narrowed goes on in its order', () => {
    const queue = queueOf('wfp3');
    const over = { submittedAt: NOW - 100 };
    queue.add(aJob('short', { ...over, limit: 10 }));
    queue.add(aJob('long, wide', { ...over, limit: 20, nodes: 9 }));
    queue.add(aJob('dropped', { ...over, limit: 5 }));
    const cursor = queue.cursor(NOW);
    const every = (): boolean => true;
    cursor.narrow(every, (slot) => queue.job(slot).id !== 'dropped');
    expect([cursor.next(), cursor.next(), cursor.next()]).toEqual([1, 0, -1]);
  });

  it('goes by sequence where they are equal, whatever slots they have', () => {
    const queue = queueOf('wfp3');
    const sequences = [5, 3, 6, 1, 4, 2];
    for (const sequence of sequences) queue.add(aJob(`${sequence}`, { sequence, submittedAt: 1 }));
    expect(walked(queue)).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});
