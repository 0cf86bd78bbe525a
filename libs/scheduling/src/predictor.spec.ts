import { type EndedRun, predictedRun, predictedUnlessExact, predictorOf, RecentRuns } from './predictor.js';

const run = (runSeconds: number, limitSeconds = 100_000): EndedRun => ({ runSeconds, limitSeconds });

const meanCases: Record<string, { runs: readonly EndedRun[]; limit: number; want: number }> = {
  'is the limit while nothing has ended': { runs: [], limit: 600, want: 600 },
  'is the limit while one run is known': { runs: [run(10)], limit: 600, want: 600 },
  'is the mean of two runs': { runs: [run(100), run(300)], limit: 600, want: 200 },
  'is rounded down to whole seconds': { runs: [run(100), run(301)], limit: 600, want: 200 },
  'is the limit at most': { runs: [run(700), run(700)], limit: 600, want: 600 },
  'may be the limit exactly': { runs: [run(600), run(600)], limit: 600, want: 600 },
  'may be just below the limit': { runs: [run(599), run(599)], limit: 600, want: 599 },
  'is one second at least': { runs: [run(0), run(1)], limit: 600, want: 1 },
  'looks at the two newest only': { runs: [run(100), run(200), run(5_000)], limit: 600, want: 150 },
};

describe('the predicted run time', () => {
  it.each(Object.entries(meanCases))('%s', (_sentence, { runs, limit, want }) => {
    expect(predictedRun(runs, limit)).toBe(want);
  });
});

describe('the predicted run time unless requests are exact', () => {
  it.each(Object.entries(meanCases))('where limits were a precaution, %s', (_sentence, { runs, limit, want }) => {
    expect(predictedUnlessExact(runs, limit)).toBe(want);
  });

  const cases: Record<string, { runs: readonly EndedRun[]; want: number }> = {
    'is the limit when both runs reached theirs': { runs: [run(100, 100), run(50, 50)], want: 600 },
    'is the limit when both reached nine tenths of theirs': { runs: [run(90, 100), run(45, 50)], want: 600 },
    'is the mean when the newest fell just short of that': { runs: [run(89, 100), run(45, 50)], want: 67 },
    'is the mean when the one before fell just short of that': { runs: [run(90, 100), run(44, 50)], want: 67 },
    'does not look at a third run': { runs: [run(90, 100), run(90, 100), run(1, 100)], want: 600 },
    'is the limit when only one run is known, however it went': { runs: [run(1, 100)], want: 600 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { runs, want }) =>
    expect(predictedUnlessExact(runs, 600)).toBe(want),
  );
});

describe('recent runs', () => {
  it('are the last two of each subject, newest first', () => {
    const runs = new RecentRuns<string>();
    expect(runs.of('a')).toEqual([]);
    runs.ended('a', run(1));
    expect(runs.of('a')).toEqual([run(1)]);
    for (const seconds of [2, 3]) runs.ended('a', run(seconds));
    runs.ended('b', run(9));
    expect(runs.of('a')).toEqual([run(3), run(2)]);
    expect(runs.of('b')).toEqual([run(9)]);
  });
});

it('the predictor that a policy names is the plain mean unless it says to believe', () => {
  expect([predictorOf(), predictorOf('tsafrir')]).toEqual([predictedRun, predictedRun]);
  expect(predictorOf('believing')).toBe(predictedUnlessExact);
});
