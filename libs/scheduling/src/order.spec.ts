import type { QueuedJob, Seconds } from './model.js';
import { AT_EASE, deadlineUrgency, fairOrder, orderOf } from './order.js';
import { aJob } from './testing/builders.js';

const HOUR = 3600;
const job = (over: Partial<QueuedJob> = {}): QueuedJob =>
  aJob('j', { limit: 1000, nodes: 4, submittedAt: 100, tenantId: 'a', ...over });

describe('the first key of an order', () => {
  const firsts: Record<string, { order: Parameters<typeof orderOf>[0]; over?: Partial<QueuedJob>; want: number }> = {
    'fcfs: the submission': { order: 'fcfs', want: 100 },
    'sjf: the limit': { order: 'sjf', want: 1000 },
    'saf: the limit times the nodes': { order: 'saf', want: 4000 },
    'f1: small area and early submission': { order: 'f1', want: 3 * 4 + 870 * 2 },
    'f1: what came at the beginning counts as a tenth of a second': {
      order: 'f1',
      over: { submittedAt: 0 },
      want: 3 * 4 - 870,
    },
    'unicep: what of it does not change with time': { order: 'unicep', want: 2000 },
    'wfp3: nothing, all of it changes with time': { order: 'wfp3', want: 0 },
  };
  it.each(Object.entries(firsts))('%s', (_sentence, { order, over, want }) => {
    expect(orderOf(order).first(job(over))).toBeCloseTo(want, 9);
    expect(orderOf(order).second(job(over))).toBe(0);
    expect(orderOf(order).name).toBe(order);
  });

  it('of time is more pressing the longer one waits', () => {
    expect(orderOf('wfp3').waited!(2000, 1000, 4, 0)).toBe(-32);
    expect(orderOf('unicep').waited!(500, 1000, 4, 2000)).toBe(-0.25);
    expect(orderOf('fcfs').waited).toBeUndefined();
  });
});

describe('the fair order', () => {
  const order = fairOrder(new Map([['a', 3]]));

  it('goes by band, then rank; a tenant without a rank goes with the first', () => {
    expect(order.first(job({ priority: 2 }))).toBe(2e9 + 3);
    expect(order.first(job({ priority: 0 }))).toBe(3);
    expect(order.first(job({ priority: 1, tenantId: 'unknown' }))).toBe(1e9);
    expect(order.second(job())).toBe(100);
  });

  it('keeps jobs of one tenant and band in one lane, and no others', () => {
    const lanes = [job(), job({ limit: 1 }), job({ priority: 1 }), job({ tenantId: 'b' })].map(order.lane!);
    expect(lanes[1]).toBe(lanes[0]);
    expect(new Set(lanes).size).toBe(3);
  });

  it('ranks by the tenants that it is given', () => {
    const tenants = ['a', 'b'].map((id, usage) => ({ id, parentId: null, weight: 1, usage }));
    const ranked = orderOf('fair', tenants);
    expect([ranked.first(job({ priority: 0 })), ranked.first(job({ priority: 0, tenantId: 'b' }))]).toEqual([0, 1]);
  });
});

describe('how pressing a deadline is', () => {
  // The last start in time is at 1,000,000.
  const due = job({ deadline: 1_001_000 });
  const at = (slack: Seconds) => deadlineUrgency(due, 1_000_000 - slack);
  const steps: Record<string, { slack: Seconds; level: number; changesAtSlack: Seconds }> = {
    'lost by a second, and for ever': { slack: -1, level: 0, changesAtSlack: -Infinity },
    'just to be met': { slack: 0, level: 1, changesAtSlack: -1 },
    'a second under an hour': { slack: HOUR - 1, level: 1, changesAtSlack: -1 },
    'an hour': { slack: HOUR, level: 2, changesAtSlack: HOUR - 1 },
    'a second under four hours': { slack: 4 * HOUR - 1, level: 2, changesAtSlack: HOUR - 1 },
    'four hours': { slack: 4 * HOUR, level: 3, changesAtSlack: 4 * HOUR - 1 },
    'a second under a day': { slack: 24 * HOUR - 1, level: 3, changesAtSlack: 4 * HOUR - 1 },
    'a day': { slack: 24 * HOUR, level: AT_EASE, changesAtSlack: 24 * HOUR - 1 },
  };
  it.each(Object.entries(steps))('%s', (_sentence, { slack, level, changesAtSlack }) => {
    expect(at(slack)).toEqual({ level, changesAt: 1_000_000 - changesAtSlack });
  });

  it('changes just when it says', () => {
    for (const slack of [HOUR * 30, HOUR * 5, HOUR, 5]) {
      const { level, changesAt } = at(slack);
      expect(deadlineUrgency(due, changesAt - 1).level).toBe(level);
      expect(deadlineUrgency(due, changesAt).level).toBe(level - 1);
    }
  });

  it('is nothing where there is none', () => {
    expect(deadlineUrgency(job(), 0)).toEqual({ level: AT_EASE, changesAt: Infinity });
  });
});
