import fc from 'fast-check';
import { type JobKind, JobKinds } from './job-kinds.js';
import { type OrderName, type QueuedJob, orderNames } from './model.js';
import { orderOf } from './order.js';
import { aJob } from './testing/builders.js';
import { type Cursor, WaitingQueue } from './waiting-queue.js';
import { runs } from './testing/runs.js';

const ground = { candidates: [], version: 0 };
const tenants = ['a', 'b', 'c'].map((id, index) => ({ id, parentId: null, weight: 1, usage: index }));
const NOW = 5000;
const everyKind = (): boolean => true;

const anyJob = fc.record({
  limit: fc.integer({ min: 1, max: 9 }),
  nodes: fc.integer({ min: 1, max: 4 }),
  submittedAt: fc.integer({ min: 0, max: NOW }),
  tenantId: fc.constantFrom('a', 'b', 'c'),
  priority: fc.integer({ min: 0, max: 3 }),
});

function orderedIds(queue: WaitingQueue): string[] {
  const cursor = queue.cursor(NOW);
  const ids: string[] = [];
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) ids.push(queue.job(slot).id);
  return ids;
}

describe('waiting queue', () => {
  it.each(orderNames)('under %s, however jobs came and went, walks them as a plain sort would', (name: OrderName) => {
    const order = orderOf(name, tenants);
    fc.assert(
      fc.property(fc.array(anyJob, { maxLength: 60 }), fc.func(fc.boolean()), (drafts, isWithdrawn) => {
        const jobs = drafts.map((draft, sequence) => aJob(`job-${sequence}`, { ...draft, sequence }));
        const queue = new WaitingQueue(new JobKinds(ground), order);
        for (const job of jobs) {
          queue.add(job);
          if (job.sequence % 7 === 0) orderedIds(queue);
        }
        for (const job of jobs) if (isWithdrawn(job.sequence)) queue.remove(job.id);
        const left = jobs.filter((job) => !isWithdrawn(job.sequence));
        const key = (job: (typeof jobs)[number]): number =>
          order.waited ? order.waited(NOW - job.submittedAt, job.limit, job.nodes, order.first(job)) : order.first(job);
        left.sort((a, b) => key(a) - key(b) || order.second(a) - order.second(b) || a.sequence - b.sequence);
        expect(orderedIds(queue)).toEqual(left.map((job) => job.id));
      }),
      { numRuns: runs(50) },
    );
  });

  it('walks only what is kept once it is narrowed', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fcfs'));
    for (const id of ['a', 'b', 'c', 'd']) queue.add(aJob(id));
    const cursor = queue.cursor(NOW);
    cursor.next();
    cursor.narrow(everyKind, (slot) => queue.job(slot).id > 'b');
    const walked = [cursor.next(), cursor.next(), cursor.next()];
    expect(walked.map((slot) => (slot < 0 ? null : queue.job(slot).id))).toEqual(['c', 'd', null]);
  });
});

describe('a narrowed cursor', () => {
  // All wait equally long; wfp3 puts the most nodes over the smallest limit first.
  const jobs: Partial<QueuedJob>[] = [
    { id: 'seen', limit: 1, nodes: 9 },
    { id: 'long', limit: 9 },
    { id: 'short', limit: 3 },
    { id: 'dropped', limit: 2 },
    { id: 'as short', limit: 3 },
    { id: 'middle', limit: 5 },
  ];
  const walkFrom = (queue: WaitingQueue, cursor: Cursor): string[] => {
    const walked: string[] = [];
    for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) walked.push(queue.job(slot).id);
    return walked;
  };
  const full = (name: OrderName): WaitingQueue => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf(name));
    jobs.forEach((job, sequence) => queue.add(aJob(job.id!, { submittedAt: NOW - 100, ...job, sequence })));
    return queue;
  };

  it.each([
    ['fcfs', ['long', 'short', 'as short', 'middle']],
    ['wfp3', ['short', 'as short', 'middle', 'long']],
  ] as const)('goes on in its order, without those that fail the test: %s', (name, want) => {
    const queue = full(name);
    const cursor = queue.cursor(NOW);
    expect(queue.job(cursor.next()).id).toBe('seen');
    cursor.narrow(everyKind, (slot) => queue.job(slot).id !== 'dropped');
    expect(walkFrom(queue, cursor)).toEqual(want);
    expect(cursor.next()).toBe(-1);
  });

  it.each(['fcfs', 'wfp3'] as const)(
    'leaves out kinds, each of which it asks once, and the test holds besides: %s',
    (name) => {
      const queue = full(name);
      queue.add(aJob('narrow', { nodes: 2, submittedAt: NOW - 100, limit: 4 }));
      queue.add(aJob('narrow too', { nodes: 2, submittedAt: NOW - 100, limit: 6 }));
      const cursor = queue.cursor(NOW);
      cursor.next();
      const asked: number[] = [];
      const isNarrow = (kind: JobKind): boolean => {
        asked.push(kind.ask.nodes);
        return kind.ask.nodes === 2;
      };
      cursor.narrow(isNarrow, (slot) => queue.job(slot).limit > 4);
      expect(walkFrom(queue, cursor)).toEqual(['narrow too']);
      expect(asked.toSorted((a, b) => a - b)).toEqual([1, 2, 9]);
    },
  );

  it('asks the test again of those to come', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fcfs'));
    for (const [sequence, limit] of [7, 5, 6].entries()) queue.add(aJob(`${limit}`, { limit, sequence }));
    let most = 7;
    const cursor = queue.cursor(NOW);
    cursor.narrow(everyKind, (slot) => queue.limit(slot) <= most);
    expect(queue.limit(cursor.next())).toBe(7);
    most = 5;
    expect(queue.limit(cursor.next())).toBe(5);
    expect(cursor.next()).toBe(-1);
  });
});

describe('deadlines in the fair order', () => {
  const within = NOW + 3600;
  const pressing: Record<string, { jobs: Partial<QueuedJob>[]; wantFirst: number[] }> = {
    'a deadline that can no longer be met goes before one that can': {
      jobs: [{ deadline: within + 3600 }, { deadline: within - 1 }],
      wantFirst: [1, 0],
    },
    'a deadline with just no slack is not yet lost, and goes by submission among those under an hour': {
      jobs: [{ deadline: within + 3599 }, { deadline: within }],
      wantFirst: [0, 1],
    },
    'an hour of slack to the second is a step less pressing': {
      jobs: [{ deadline: within + 3600 }, { deadline: within + 3599 }],
      wantFirst: [1, 0],
    },
    'four hours, and a day, are steps too': {
      jobs: [{ deadline: within + 86_400 }, { deadline: within + 14_400 }, { deadline: within + 14_399 }],
      wantFirst: [2, 1, 0],
    },
    'a day of slack is as good as no deadline': {
      jobs: [{}, { deadline: within + 86_400 }, { deadline: within + 86_399 }],
      wantFirst: [2, 0, 1],
    },
    'a heavier tenant does not pass a lighter one by a deadline': {
      jobs: [{ tenantId: 'b', deadline: within }, { tenantId: 'a' }],
      wantFirst: [1, 0],
    },
  };
  it.each(Object.entries(pressing))('%s', (_sentence, { jobs, wantFirst }) => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fair', tenants));
    jobs.forEach((job, sequence) =>
      queue.add(aJob(`job-${sequence}`, { tenantId: 'a', limit: 3600, submittedAt: sequence, sequence, ...job })),
    );
    expect(orderedIds(queue)).toEqual(wantFirst.map((index) => `job-${index}`));
  });

  it('lets a deadline become pressing with time, and less so when asked about an earlier time', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fair', tenants));
    queue.add(aJob('first', { submittedAt: 0, limit: 100 }));
    queue.add(aJob('due', { submittedAt: 1, limit: 100, deadline: 10_000 }));
    const firstAt = (now: number): string => queue.job(queue.cursor(now).next()).id;
    // 10,000 − 100 leaves a last start at 9,900; a day, four hours and an hour before it are past or far.
    expect(queue.nextTurn(NOW)).toBe(9900 - 3600 + 1);
    expect([firstAt(NOW), firstAt(6300), firstAt(6301), firstAt(NOW)]).toEqual(['due', 'due', 'due', 'due']);
    queue.add(aJob('far', { submittedAt: 0, limit: 100, deadline: 9900 + 86_400 + 100, tenantId: 'b' }));
    expect(queue.nextTurn(NOW)).toBe(9900 - 3600 + 1);
    queue.remove('due');
    queue.add(aJob('soon', { submittedAt: 1, limit: 100, deadline: 100_000 }));
    expect([firstAt(13_500), firstAt(13_501), firstAt(13_500)]).toEqual(['first', 'soon', 'first']);
  });

  it('tells when waiting alone lets somebody start', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fair', tenants));
    queue.add(aJob('now', { earliestStart: NOW }));
    expect(queue.nextTurn(NOW)).toBe(Infinity);
    queue.add(aJob('later', { earliestStart: NOW + 9 }));
    queue.add(aJob('sooner', { earliestStart: NOW + 5 }));
    expect([queue.nextTurn(NOW), queue.nextTurn(NOW + 5), queue.nextTurn(NOW + 9)]).toEqual([
      NOW + 5,
      NOW + 9,
      Infinity,
    ]);
    expect(new WaitingQueue(new JobKinds(ground), orderOf('wfp3')).nextTurn(NOW)).toBe(NOW + 1);
  });
});

describe('changes of order', () => {
  it('takes an order of another kind with the jobs it has', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fair', tenants));
    queue.add(aJob('long', { limit: 9, tenantId: 'a' }));
    queue.add(aJob('short', { limit: 1, tenantId: 'c' }));
    expect(orderedIds(queue)).toEqual(['long', 'short']);
    queue.reorder(orderOf('sjf'));
    expect(orderedIds(queue)).toEqual(['short', 'long']);
    queue.reorder(orderOf('fair', tenants));
    expect(orderedIds(queue)).toEqual(['long', 'short']);
  });

  it('walks the fair order by band, then tenant, then submission', () => {
    const queue = new WaitingQueue(new JobKinds(ground), orderOf('fair', tenants));
    queue.add(aJob('late, light', { tenantId: 'a', submittedAt: 9 }));
    queue.add(aJob('early, heavy', { tenantId: 'c', submittedAt: 1 }));
    queue.add(aJob('early, light', { tenantId: 'a', submittedAt: 2 }));
    queue.add(aJob('urgent, heavy', { tenantId: 'c', submittedAt: 10, priority: 0 }));
    expect(orderedIds(queue)).toEqual(['urgent, heavy', 'early, light', 'late, light', 'early, heavy']);
    queue.reorder(orderOf('fair', [{ id: 'a', parentId: null, weight: 1, usage: 9 }, ...tenants.slice(1)]));
    expect(orderedIds(queue)).toEqual(['urgent, heavy', 'early, heavy', 'early, light', 'late, light']);
  });
});
