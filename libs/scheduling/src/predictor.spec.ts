import { predictedRun, RecentRuns } from './predictor.js';

describe('predicted run time', () => {
  const cases: Record<string, { runs: readonly number[]; limit: number; want: number }> = {
    'is the limit while nothing has ended': { runs: [], limit: 600, want: 600 },
    'is the limit while one run is known': { runs: [10], limit: 600, want: 600 },
    'is the mean of two runs': { runs: [100, 300], limit: 600, want: 200 },
    'is rounded down to whole seconds': { runs: [100, 301], limit: 600, want: 200 },
    'is the limit at most': { runs: [700, 700], limit: 600, want: 600 },
    'may be the limit exactly': { runs: [600, 600], limit: 600, want: 600 },
    'may be just below the limit': { runs: [599, 599], limit: 600, want: 599 },
    'is one second at least': { runs: [0, 1], limit: 600, want: 1 },
    'looks at the two newest only': { runs: [100, 200, 5_000], limit: 600, want: 150 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { runs, limit, want }) => {
    expect(predictedRun(runs, limit)).toBe(want);
  });
});

describe('recent runs', () => {
  it('are the last two of each subject, newest first', () => {
    const runs = new RecentRuns<string>();
    expect(runs.of('a')).toEqual([]);
    runs.ended('a', 1);
    expect(runs.of('a')).toEqual([1]);
    for (const seconds of [2, 3]) runs.ended('a', seconds);
    runs.ended('b', 9);
    expect(runs.of('a')).toEqual([3, 2]);
    expect(runs.of('b')).toEqual([9]);
  });
});
