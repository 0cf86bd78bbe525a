import fc from 'fast-check';
import type { OrderName, QueuedJob, Seconds } from './model.js';
import { orderNames } from './model.js';
import { AT_EASE, deadlineUrgency, fairOrder, orderOf, slackSteps } from './order.js';
import { aJob } from './testing/builders.js';
import { runs } from './testing/runs.js';

const job = (over: Partial<QueuedJob>): QueuedJob => aJob('j', { limit: 1000, nodes: 4, submittedAt: 100, ...over });
const keyOf = (name: OrderName, over: Partial<QueuedJob>, now: Seconds): number => {
  const order = orderOf(name);
  const asked = job(over);
  const first = order.first(asked);
  return order.waited ? order.waited(now - asked.submittedAt, asked.limit, asked.nodes, first) : first;
};

describe('of two jobs, at 1100', () => {
  type Change = Partial<QueuedJob>;
  const pairs: Record<string, { order: OrderName; one?: Change; other: Change; want: 'before' | 'level' | 'behind' }> = {
    'fcfs puts the one before that was submitted a second later behind': { order: 'fcfs', one: { submittedAt: 101 }, other: {}, want: 'behind' },
    'fcfs looks at no limit': { order: 'fcfs', other: { limit: 1 }, want: 'level' },
    'fcfs looks at no nodes': { order: 'fcfs', other: { nodes: 1 }, want: 'level' },
    'sjf puts the one with a second less of a limit first': { order: 'sjf', one: { limit: 999 }, other: {}, want: 'before' },
    'sjf looks at no nodes': { order: 'sjf', other: { nodes: 1 }, want: 'level' },
    'sjf looks at no submission': { order: 'sjf', other: { submittedAt: 1 }, want: 'level' },
    'sjf looks at the limit, not at what is predicted': { order: 'sjf', other: { predicted: 1 }, want: 'level' },
    'saf weighs twice the nodes for half the limit alike': { order: 'saf', one: { nodes: 8, limit: 500 }, other: {}, want: 'level' },
    'saf puts a node more behind': { order: 'saf', one: { nodes: 5 }, other: {}, want: 'behind' },
    'saf looks at no submission': { order: 'saf', other: { submittedAt: 1 }, want: 'level' },
    'f1 puts the one with fewer nodes first': { order: 'f1', one: { nodes: 3 }, other: {}, want: 'before' },
    'f1 puts the one with a smaller limit first': { order: 'f1', one: { limit: 999 }, other: {}, want: 'before' },
    'f1 puts the one submitted earlier first, however large': { order: 'f1', one: { submittedAt: 50, nodes: 64 }, other: {}, want: 'before' },
    'wfp3 puts the one that waits longer first': { order: 'wfp3', one: { submittedAt: 99 }, other: {}, want: 'before' },
    'wfp3 puts the one with more nodes first': { order: 'wfp3', one: { nodes: 5 }, other: {}, want: 'before' },
    'wfp3 puts the one with a larger limit behind': { order: 'wfp3', one: { limit: 1001 }, other: {}, want: 'behind' },
    'wfp3 weighs twice the limit like an eighth of the nodes': { order: 'wfp3', one: { limit: 2000, nodes: 32 }, other: {}, want: 'level' },
    'wfp3 tells those apart not that came just now': { order: 'wfp3', one: { submittedAt: 1100, nodes: 64 }, other: { submittedAt: 1100 }, want: 'level' },
    'unicep puts the one that waits longer first': { order: 'unicep', one: { submittedAt: 99 }, other: {}, want: 'before' },
    'unicep puts the one with more nodes behind': { order: 'unicep', one: { nodes: 5 }, other: {}, want: 'behind' },
    'unicep puts the one with a larger limit behind': { order: 'unicep', one: { limit: 1001 }, other: {}, want: 'behind' },
    'unicep puts one of a single node first, however long it is': { order: 'unicep', one: { nodes: 1, limit: 1e6 }, other: {}, want: 'before' },
  }; // prettier-ignore
  it.each(Object.entries(pairs))('%s', (_sentence, { order, one, other, want }) => {
    const sign = Math.sign(keyOf(order, one ?? {}, 1100) - keyOf(order, other, 1100));
    expect(sign).toBe({ before: -1, level: 0, behind: 1 }[want]);
  });
});

describe('the beginning of a trace under f1', () => {
  const starts: Record<string, { submittedAt: Seconds; want: number }> = {
    'counts as a tenth of a second at nought': { submittedAt: 0, want: 12 - 870 },
    'counts as a tenth of a second before nought': { submittedAt: -5, want: 12 - 870 },
    'counts as it is at a second': { submittedAt: 1, want: 12 },
    'counts as it is below a tenth': { submittedAt: 0.01, want: 12 - 2 * 870 },
  };
  it.each(Object.entries(starts))('%s', (_sentence, { submittedAt, want }) => {
    expect(orderOf('f1').first(job({ submittedAt }))).toBeCloseTo(want, 9);
  });
});

describe('what an order has', () => {
  const has = orderNames.map((name) => {
    const { lane, urgency, waited } = orderOf(name);
    return [name, [lane, urgency, waited].map((part) => part !== undefined)];
  });

  it('is lanes and deadlines for fair alone, and waiting for wfp3 and unicep alone', () => {
    expect(Object.fromEntries(has)).toEqual({
      fcfs: [false, false, false],
      sjf: [false, false, false],
      saf: [false, false, false],
      f1: [false, false, false],
      wfp3: [false, false, true],
      unicep: [false, false, true],
      fair: [true, true, false],
    });
  });

  it('is its name, whatever tenants there are', () => {
    expect(orderNames.map((name) => orderOf(name, []).name)).toEqual([...orderNames]);
  });
});

describe('the first key of the fair order', () => {
  const order = fairOrder(
    new Map([
      ['light', 0],
      ['heavy', 1],
      ['last of very many', 999_999],
    ]),
  );
  const first = (tenantId: string, priority: number): number => order.first(job({ tenantId, priority }));

  it('puts each band before the next, whatever the ranks', () => {
    const keys = [0, 1, 2, 3].flatMap((band) => [first('light', band), first('last of very many', band)]);
    expect(keys).toEqual([0, 999_999, 1e9, 1_000_999_999, 2e9, 2_000_999_999, 3e9, 3_000_999_999]);
  });

  it('tells ranks that lie side by side apart in the last band, too', () => {
    expect(first('heavy', 3) - first('light', 3)).toBe(1);
  });

  it('is that of the first rank for a tenant that nobody has ranked', () => {
    expect([first('unknown', 3), orderOf('fair').first(job({ priority: 3 }))]).toEqual([3e9, 3e9]);
  });

  it('is the same for jobs of one lane, whatever else they are', () => {
    const [one, other] = [job({ tenantId: 'heavy' }), job({ tenantId: 'heavy', limit: 1, nodes: 9, deadline: 5 })];
    expect([order.lane!(one), order.first(one)]).toEqual([order.lane!(other), order.first(other)]);
    expect([order.second(one), order.second(job({ submittedAt: 7, limit: 1 }))]).toEqual([100, 7]);
  });
});

describe('slack of a deadline', () => {
  it('has steps at nought, an hour, four hours and a day', () => {
    expect([slackSteps, AT_EASE]).toEqual([[0, 3600, 14_400, 86_400], 4]);
  });

  it('is what the limit leaves: a longer limit is more pressing by just as much', () => {
    const level = (limit: number): number => deadlineUrgency(job({ deadline: 10_000, limit }), 0).level;
    expect([6400, 6401, 10_000, 10_001].map(level)).toEqual([2, 1, 1, 0]);
  });

  it('never grows while one waits, and its level stays until the second that is told', () => {
    const anyTime = fc.integer({ min: -200_000, max: 200_000 });
    fc.assert(
      fc.property(anyTime, anyTime, fc.integer({ min: 1, max: 100_000 }), (now, deadline, limit) => {
        const due = job({ deadline, limit });
        const { level, changesAt } = deadlineUrgency(due, now);
        const at = (time: Seconds): number => deadlineUrgency(due, time).level;
        const turn = Math.min(changesAt, now + 1e6);
        expect([at(turn - 1), at(turn)]).toEqual([level, Math.max(0, level - 1)]);
        expect(changesAt).toBeGreaterThan(now);
      }),
      { numRuns: runs(200) },
    );
  });
});
