import fc from 'fast-check';
import { fsum, measureSchedule } from './metrics.js';

describe('correctly rounded sum', () => {
  const cases: Record<string, { values: number[]; want: number }> = {
    'nothing sums to zero': { values: [], want: 0 },
    'ten tenths are one': { values: Array(10).fill(0.1), want: 1 },
    'a small term survives between large ones': { values: [1e100, 1, -1e100], want: 1 },
    'half a unit goes to even': { values: [2 ** 53, 1], want: 2 ** 53 },
    'half a unit and a little more goes up': { values: [2 ** 53, 1, 2 ** -60], want: 2 ** 53 + 2 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { values, want }) => expect(fsum(values)).toBe(want));

  it('is the exact sum where bigints can check it, in any order', () => {
    // Whole multiples of 2^-20 below 2^70: exact as a bigint, far beyond a plain sum.
    const anyTerm = fc.tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 0, max: 58 }));
    fc.assert(
      fc.property(fc.array(anyTerm, { maxLength: 40 }), (terms) => {
        const values = terms.map(([mantissa, shift]) => mantissa * 2 ** (shift - 20));
        const exact = terms.reduce((sum, [mantissa, shift]) => sum + (BigInt(mantissa) << BigInt(shift)), 0n);
        expect(fsum(values)).toBe(Number(exact) * 2 ** -20 + 0);
        expect(fsum(values.toReversed())).toBe(fsum(values));
      }),
    );
  });
});

describe('metrics of a schedule', () => {
  const job = (id: number, submitSeconds: number, runSeconds: number, processors: number) => ({
    id,
    submitSeconds,
    runSeconds,
    processors,
    requestedSeconds: runSeconds,
    user: 1,
    group: 1,
    queue: 1,
    partition: 1,
  });

  it('follow the definitions of the protocol', () => {
    const jobs = [job(1, 0, 100, 2), job(2, 0, 5, 4), job(3, 50, 50, 2)];
    expect(measureSchedule(jobs, [0, 100, 50], 4)).toEqual({
      jobs: 3,
      sumWaitSeconds: 100,
      meanWaitSeconds: 100 / 3,
      maxWaitSeconds: 100,
      p95WaitSeconds: 100,
      jobsThatWaited: 1,
      meanBoundedSlowdown: (1 + 10.5 + 1) / 3,
      maxBoundedSlowdown: 10.5,
      makespanSeconds: 105,
      utilisation: (200 + 20 + 100) / (4 * 105),
    });
  });

  it('are zero for no jobs', () => {
    expect(Object.values(measureSchedule([], [], 4))).toEqual(Array(10).fill(0));
  });
});
