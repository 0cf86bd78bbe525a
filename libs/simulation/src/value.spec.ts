import type { PlanningPolicy } from '#libs/scheduling';
import type { SwfJob } from './swf.js';
import { jainIndex, valuedPolicies, valueOf } from './value.js';

const own: PlanningPolicy = {
  order: 'fair',
  backfill: 'conservative',
  reservationDepth: 2,
  maxStarts: 100,
  weights: { startDelay: 1, tightFit: 0, price: 0, green: 0, nearness: 0 },
};
const job = (id: number, user: number, runSeconds: number, processors: number): SwfJob => ({
  id,
  submitSeconds: 0,
  runSeconds,
  processors,
  requestedSeconds: runSeconds,
  user,
  group: 1,
  queue: 1,
  partition: 1,
});

describe("Jain's index", () => {
  const cases: Record<string, { values: number[]; want: number }> = {
    'is one when all are equal': { values: [3, 3, 3], want: 1 },
    'is one over their number when one has everything': { values: [0, 5, 0, 0], want: 0.25 },
    'lies between': { values: [1, 3], want: 16 / 20 },
    'is one for nobody': { values: [], want: 1 },
    'is one when nobody has anything': { values: [0, 0], want: 1 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { values, want }) => expect(jainIndex(values)).toBe(want));
});

describe('the value of a policy', () => {
  // One after the other, whatever the policy: user 1 runs 0 to 100 and 100 to 200, user 2 runs 200 to 300.
  const jobs = [job(1, 1, 100, 4), job(2, 1, 100, 4), job(3, 2, 100, 4)];

  it.each(['EASY FCFS', 'EASY-SJBF', 'EASY++'] as const)('is measured over jobs and over users: %s', (policy) => {
    expect(valueOf(policy, { jobs, processors: 4, own })).toEqual({
      meanWaitSeconds: 100,
      p95WaitSeconds: 200,
      meanBoundedSlowdown: 2,
      utilisation: 1,
      jainOfProgress: jainIndex([200 / 300, 100 / 300]),
      jainOfSlowdown: jainIndex([1.5, 3]),
    });
  });

  it('is that of fair shares under our own', () => {
    // User 1 has used something when the first job ends, so user 2 goes second.
    expect(valueOf('own', { jobs, processors: 4, own })).toMatchObject({
      meanWaitSeconds: 100,
      jainOfProgress: jainIndex([200 / 400, 100 / 200]),
    });
  });

  it('is the same under each when nobody waits', () => {
    const values = valuedPolicies.map((policy) => valueOf(policy, { jobs, processors: 12, own }));
    for (const value of values) expect(value).toEqual({ ...values[0], meanBoundedSlowdown: 1, jainOfProgress: 1 });
  });
});
