import fc from 'fast-check';
import { backfillModes, orderNames } from '#libs/scheduling';
import { scheduleText, simulate } from './simulate.js';
import type { SwfJob } from './swf.js';

const job = (id: number, submitSeconds: number, processors: number, runSeconds: number): SwfJob => ({
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
const startsOf = (result: { starts: readonly { startSeconds: number }[] }): number[] =>
  result.starts.map((start) => start.startSeconds);

// Three of four processors run until 100; then come one for the whole machine, a long one and a short one.
const blocked = [job(1, 0, 3, 100), job(2, 1, 4, 50), job(3, 2, 1, 200), job(4, 3, 1, 97)];
const cases: Record<string, { backfill: (typeof backfillModes)[number]; want: number[]; wantBackfilled: number }> = {
  'none: everybody waits behind the head': { backfill: 'none', want: [0, 100, 150, 150], wantBackfilled: 0 },
  'easy: who ends before the head starts passes it': { backfill: 'easy', want: [0, 100, 150, 3], wantBackfilled: 1 },
  'conservative: the same, with a place for each': {
    backfill: 'conservative',
    want: [0, 100, 150, 3],
    wantBackfilled: 1,
  },
};

const anyJobs = fc
  .array(
    fc.record({
      submit: fc.integer({ min: 0, max: 60 }),
      processors: fc.integer({ min: 1, max: 8 }),
      run: fc.integer({ min: 1, max: 30 }),
      over: fc.integer({ min: 0, max: 20 }),
      user: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 40 },
  )
  .map((drafts) =>
    drafts
      .map((d, id) => ({ ...job(id, d.submit, d.processors, d.run), requestedSeconds: d.run + d.over, user: d.user }))
      .sort((a, b) => a.submitSeconds - b.submitSeconds),
  );

describe('trace replay', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { backfill, want, wantBackfilled }) => {
    const result = simulate({ jobs: blocked, processors: 4, order: 'fcfs', backfill });
    expect({ starts: startsOf(result), backfilled: result.backfilled }).toEqual({
      starts: want,
      backfilled: wantBackfilled,
    });
  });

  it('replays a slice as if it were the whole log', () => {
    const slice = simulate({ jobs: blocked, processors: 4, order: 'sjf', backfill: 'easy', first: 1, count: 2 });
    expect(slice).toEqual(simulate({ jobs: blocked.slice(1, 3), processors: 4, order: 'sjf', backfill: 'easy' }));
  });

  it('fair: the user who has used less goes first', () => {
    const jobs = [job(1, 0, 4, 100), job(2, 1, 4, 10), { ...job(3, 2, 4, 10), user: 2 }];
    expect(startsOf(simulate({ jobs, processors: 4, order: 'fcfs', backfill: 'none' }))).toEqual([0, 100, 110]);
    expect(startsOf(simulate({ jobs, processors: 4, order: 'fair', backfill: 'none' }))).toEqual([0, 110, 100]);
  });

  it('says which job cannot be replayed', () => {
    const run =
      (...jobs: SwfJob[]) =>
      () =>
        simulate({ jobs, processors: 4, order: 'fcfs', backfill: 'none' });
    expect(run(job(9, 0, 5, 10))).toThrow(/job 9 \(index 0\) cannot be replayed on 4 processors.*clean the jobs first/);
    expect(run(job(1, 5, 1, 1), job(2, 4, 1, 1))).toThrow(/job 2 \(index 1\)/);
  });

  it('gives the schedule as text, one line a job', () => {
    const starts = Array.from({ length: 5000 }, (_, id) => ({ id, startSeconds: id * 2 }));
    const text = [...scheduleText(starts)].join('');
    expect(text.split('\n').slice(0, 3)).toEqual(['0 0', '1 2', '2 4']);
    expect(text.split('\n')).toHaveLength(5001);
  });

  it('under every policy, all jobs run, none before its submission, never on more processors than there are', () => {
    fc.assert(
      fc.property(
        anyJobs,
        fc.constantFrom(...orderNames),
        fc.constantFrom(...backfillModes),
        (jobs, order, backfill) => {
          const starts = startsOf(simulate({ jobs, processors: 8, order, backfill }));
          jobs.forEach((one, i) => expect(starts[i]).toBeGreaterThanOrEqual(one.submitSeconds));
          for (const instant of starts) {
            const used = jobs.reduce(
              (sum, one, i) =>
                sum + (starts[i]! <= instant && instant < starts[i]! + one.runSeconds ? one.processors : 0),
              0,
            );
            expect(used).toBeLessThanOrEqual(8);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('without backfilling, first come is first served', () => {
    fc.assert(
      fc.property(anyJobs, (jobs) => {
        const starts = startsOf(simulate({ jobs, processors: 8, order: 'fcfs', backfill: 'none' }));
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      }),
    );
  });
});
