import type { Seconds } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

// Two nodes of 100 W idle and 500 W at full load: one run more than the one that is there needs 1000 W.
const groups = [aGroup('g', { nodes: ['a', 'b'], watts: { idle: 100, peak: 500 } })];
const plannedAt = (watts: number, endsBy: Seconds, ...times: Seconds[]) => {
  const planner = createPlanner(
    aSnapshot({
      groups,
      running: [anAttempt('r', 'g', { endsBy })],
      powerCaps: [{ id: 'c', siteId: 'g-site', from: 0, until: 7200, watts }],
      queued: [aJob('j', { limit: 60 })],
    }),
    aPolicy(),
  );
  return times.map((now) => planner.plan(now)).at(-1)!;
};

describe('a power cap in the plan', () => {
  it('lets in what stays just under it', () => {
    expect(plannedAt(1000, 9000, 1000).starts).toHaveLength(1);
  });

  it('keeps back what passes it by a watt, and reserves where it ends', () => {
    const plan = plannedAt(999, 9000, 1000);
    expect(plan.starts).toEqual([]);
    expect(plan.waiting).toMatchObject([{ refusal: 'power-cap-reached', estimatedStart: 7200 }]);
  });

  it('takes what outlived its limit to go on, whenever it was asked before', () => {
    expect(plannedAt(999, 1990, 1985, 1990).starts).toEqual(plannedAt(999, 1990, 1990).starts);
    expect(plannedAt(999, 1990, 1985, 1990).starts).toEqual([]);
  });
});
