import { orderOf } from '#libs/scheduling';
import type { SwfJob } from '../swf.js';
import { cleanProtocolB, replayProtocolB } from './protocol-b.js';
import { cleanProtocolC, measureProtocolC, type ProtocolCRequest, replayProtocolC } from './protocol-c.js';

/** Id, submission, processors, run time, and what was asked for where it is not that. */
const job = (
  ...[id, submitSeconds, processors, runSeconds, asked]: [number, number, number, number, number?]
): SwfJob => ({
  id,
  submitSeconds,
  runSeconds,
  processors,
  requestedSeconds: asked ?? runSeconds,
  user: 1,
  group: 1,
  queue: 1,
  partition: 1,
});

describe('protocol B', () => {
  it('sorts by id, takes the larger count of processors, and ten seconds for a run time that is not known', () => {
    const log = [job(3, 5, 1, -1, 60), job(2, 9, 1, 0), { ...job(1, 7, 2, 30, -1), allocatedProcessors: 4 }];
    expect(
      cleanProtocolB(log).map(({ id, processors, runSeconds, requestedSeconds }) => [
        id,
        processors,
        runSeconds,
        requestedSeconds,
      ]),
    ).toEqual([
      [1, 4, 30, 30],
      [3, 1, 10, 60],
    ]);
  });

  // Three of four processors run until 100; then one for the whole machine, and one that could pass it.
  const behind = (asked: number): SwfJob[] => [job(1, 0, 3, 100), job(2, 1, 4, 50), job(3, 2, 1, 10, asked)];
  const cases: Record<string, { jobs: SwfJob[]; backfill: boolean; wantMeanWait: number }> = {
    'without backfilling, all wait for the selected job': {
      jobs: behind(97),
      backfill: false,
      wantMeanWait: (99 + 148) / 3,
    },
    'who ends a second before the reservation passes': { jobs: behind(97), backfill: true, wantMeanWait: 99 / 3 },
    'who ends at the reservation does not': { jobs: behind(98), backfill: true, wantMeanWait: (99 + 148) / 3 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { jobs, backfill, wantMeanWait }) => {
    const result = replayProtocolB({ jobs, processors: 4, order: orderOf('fcfs'), backfill, first: 0 });
    expect(result.meanWaitSeconds).toBeCloseTo(wantMeanWait, 12);
  });

  it('selects once: who comes later does not replace the job that is waited for', () => {
    const jobs = [job(1, 0, 4, 100), job(2, 1, 4, 50), job(3, 2, 4, 10)];
    const result = replayProtocolB({ jobs, processors: 4, order: orderOf('sjf'), backfill: false, first: 0 });
    expect(result.meanWaitSeconds).toBeCloseTo((99 + 148) / 3, 12);
  });
});

describe('protocol C', () => {
  it('drops what could not run, by either count of processors, and ends runs at their request', () => {
    const log = [
      job(1, 9, 4, 30, 20),
      job(2, 3, 5, 1),
      { ...job(3, 3, 4, 1), allocatedProcessors: 5 },
      job(4, 3, 4, 0),
      job(5, 3, 4, 1, 0),
      job(6, -1, 4, 1),
      job(7, 3, 4, 1),
    ];
    expect(cleanProtocolC(log, 4).map(({ id, runSeconds }) => [id, runSeconds])).toEqual([
      [7, 1],
      [1, 20],
    ]);
  });

  const rules: Omit<ProtocolCRequest, 'jobs' | 'processors'> = {
    candidates: 'fcfs',
    predictor: 'request',
    corrector: 'request',
    onSubmission: 'always',
  };
  const starts = (jobs: readonly SwfJob[], more: Partial<ProtocolCRequest> = {}): number[] => [
    ...replayProtocolC({ jobs, processors: 4, ...rules, ...more }),
  ];
  // Three of four run until 100, the next needs all; of the two small ones, which are both there at 50, one can pass.
  const passing = [job(1, 0, 3, 100), job(2, 1, 4, 10), job(3, 2, 1, 48), job(4, 3, 1, 40), job(5, 4, 1, 30)];

  it('tries the jobs behind the head as they came, or the shortest first', () => {
    expect(starts(passing)).toEqual([0, 100, 2, 50, 110]);
    expect(starts(passing, { candidates: 'sjbf' })).toEqual([0, 100, 2, 110, 50]);
  });

  it('plans with the prediction', () => {
    const jobs = [job(1, 0, 3, 100, 1000), job(2, 1, 4, 10), job(3, 2, 1, 110)];
    expect(starts(jobs)).toEqual([0, 112, 2]);
    expect(starts(jobs, { predictor: 'clairvoyant' })).toEqual([0, 100, 110]);
    expect(starts(jobs, { predictor: 'double' })).toEqual([0, 112, 2]);
  });

  // Two runs of 10 s teach that the third will run 10; it runs 100 of 200. What comes at 115 may pass until the hold's new end.
  const outliving = (asked: number) => [
    job(1, 0, 1, 10),
    job(2, 0, 1, 10),
    job(3, 20, 3, 100, 200),
    { ...job(4, 21, 4, 10), user: 2 },
    { ...job(5, 40, 1, 5, asked), user: 3 },
  ];
  const correctors = { request: 180, 'recursive-doubling': 20, tsafrir: 50 } as const;
  it.each(Object.entries(correctors))('corrects a prediction that was outlived by %s', (corrector, room) => {
    // At 40 the hold ends at 220 by the request, at 60 by doubling twice, at 90 by a minute more.
    const under = (asked: number) =>
      starts(outliving(asked), { predictor: 'tsafrir', corrector: corrector as keyof typeof correctors })[4];
    expect(under(room)).toBe(40);
    expect(under(room + 1)).toBeGreaterThan(40);
  });

  it('measures flow, stretch and bounded slowdown, each with mean, most and root mean square', () => {
    expect(measureProtocolC([job(1, 0, 1, 20), job(2, 10, 1, 5)], [0, 25])).toEqual({
      n: 2,
      avgft: 20,
      maxft: 20,
      RMSFT: 20,
      avgstretch: 2.5,
      maxstretch: 4,
      RMSS: Math.sqrt(17 / 2),
      avgbsld: 1.5,
      maxbsld: 2,
      RMSBSLD: Math.sqrt(5 / 2),
    });
  });
});
