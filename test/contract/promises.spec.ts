import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { defaultPolicy } from '#libs/application';
import { cleanProtocolA, readSwf, replayPromises } from '#libs/simulation';
import { describeWithTraces, openTraces } from '#libs/testing';

const suite = describeWithTraces('Promises on the open traces are');

/** Machine and the first so many jobs; whole traces are for `npm run -s bench -- promises`. */
const prefixes: Record<string, [number, number]> = {
  'KTH-SP2-1996-2': [100, 5_000],
  'CTC-SP2-1996-3.1-cln': [338, 5_000],
  lublin_256: [256, 5_000],
  lublin_256_new2: [256, 5_000],
  philly_gpu: [512, 10_000],
};
const jobsOf = (trace: string, processors: number, count: number) => {
  const text = gunzipSync(readFileSync(join(openTraces, 'swf', `${trace}.swf.gz`))).toString('latin1');
  return cleanProtocolA(readSwf(text, { mode: 'protocol' }).jobs, processors).slice(0, count);
};

suite('start promises by the production order, predictor and reservations', () => {
  it.each(Object.entries(prefixes))(
    '%s: the P90 covers 85 to 95 % of the jobs that were promised a start, the P50 errs less than the median of recent waits',
    (trace, [processors, count]) => {
      const jobs = jobsOf(trace, processors, count);
      const { first, beside } = replayPromises({ jobs, processors, policy: defaultPolicy });
      expect(first.promises).toBeGreaterThan(1_000);
      expect(first.keptShare).toBeGreaterThanOrEqual(0.85);
      expect(first.keptShare).toBeLessThanOrEqual(0.95);
      expect(first.medianErrorSeconds).toBeLessThan(beside.naive.medianErrorSeconds);
    },
    180_000,
  );

  it('over all jobs more starts are within a minute of what was told than the 17 % of Slurm', () => {
    const jobs = jobsOf('KTH-SP2-1996-2', 100, 5_000);
    const { overAllJobs } = replayPromises({ jobs, processors: 100, policy: defaultPolicy });
    expect(overAllJobs.withinMinuteShare).toBeGreaterThan(0.5);
  }, 180_000);

  it('NASA: almost nobody waits, so that almost nothing is promised', () => {
    const jobs = jobsOf('NASA-iPSC-1993-3.1-cln', 128, 5_000);
    const report = replayPromises({ jobs, processors: 128, policy: defaultPolicy });
    expect(report).toMatchObject({ startedAtOnce: 5_000, first: { promises: 0 } });
  });
});
