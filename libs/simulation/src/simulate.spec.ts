import fc from 'fast-check';
import { backfillModes, orderNames } from '#libs/scheduling';
import { scheduleText, replayedPart, simulate } from './simulate.js';
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

  it('reserves for as many as it is told to', () => {
    // Three wait for all processors; a late one of two processors may pass the second and third, but not the first.
    const jobs = [job(1, 0, 3, 100), job(2, 1, 4, 10), job(3, 2, 3, 50), job(4, 3, 1, 200)];
    const under = (reservationDepth: number) =>
      startsOf(simulate({ jobs, processors: 4, order: 'fcfs', backfill: 'conservative', reservationDepth }));
    expect(under(1)).toEqual([0, 100, 110, 110]);
    expect(under(0)).toEqual([0, 203, 100, 3]);
    expect(simulate({ jobs, processors: 4, order: 'fcfs', backfill: 'conservative' }).starts).toEqual(
      simulate({ jobs, processors: 4, order: 'fcfs', backfill: 'conservative', reservationDepth: 3 }).starts,
    );
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
        fc.record({
          runTimes: fc.constantFrom('limit', 'predicted'),
          backfillOrder: fc.constantFrom('queue', 'shortest-first'),
          reservationDepth: fc.constantFrom(0, 1, 3, Infinity),
        }),
        (jobs, order, backfill, knobs) => {
          const starts = startsOf(simulate({ jobs, processors: 8, order, backfill, ...knobs }));
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

describe('trace replay in the fair order', () => {
  it('fair: the user who has used less goes first', () => {
    const jobs = [job(1, 0, 4, 100), job(2, 1, 4, 10), { ...job(3, 2, 4, 10), user: 2 }];
    expect(startsOf(simulate({ jobs, processors: 4, order: 'fcfs', backfill: 'none' }))).toEqual([0, 100, 110]);
    expect(startsOf(simulate({ jobs, processors: 4, order: 'fair', backfill: 'none' }))).toEqual([0, 110, 100]);
  });

  it('fair: what runs counts from its start, with the entry penalty', () => {
    // User 1 has one processor since 0, user 2 two since 100: with the penalty user 2 has used more from the start.
    const jobs = [
      { ...job(1, 0, 1, 1000), user: 1 },
      { ...job(2, 100, 2, 1000), user: 2 },
      { ...job(3, 120, 2, 50), user: 2 },
      { ...job(4, 130, 2, 50), user: 1 },
    ];
    const under = (entryPenaltySeconds: number) =>
      startsOf(simulate({ jobs, processors: 3, order: 'fair', backfill: 'none', fairShare: { entryPenaltySeconds } }));
    expect(under(600)).toEqual([0, 100, 1150, 1100]);
    // Without it, user 1 has used 1080 and user 2 980 × 2 when both are freed: he still goes first.
    expect(under(0)).toEqual([0, 100, 1150, 1100]);
  });

  it('fair: ranks move at accrual ticks only', () => {
    const jobs = [
      { ...job(1, 0, 4, 30), user: 1 },
      { ...job(2, 1, 4, 10), user: 1 },
      { ...job(3, 2, 4, 10), user: 2 },
    ];
    const under = (accrualSeconds: number) =>
      startsOf(simulate({ jobs, processors: 4, order: 'fair', backfill: 'none', fairShare: { accrualSeconds } }));
    expect(under(60)).toEqual([0, 30, 40]);
    expect(under(30)).toEqual([0, 40, 30]);
  });
});

describe('trace replay with predicted run times', () => {
  const asked = (one: SwfJob, requestedSeconds: number): SwfJob => ({ ...one, requestedSeconds });
  // Two runs of 10 s teach that the user's third, which asks for 1000, will be as short; it runs 60. The fourth needs all.
  const taught = [
    asked(job(1, 0, 1, 10), 100),
    asked(job(2, 0, 1, 10), 100),
    asked(job(3, 100, 3, 60), 1000),
    { ...job(4, 101, 4, 50), user: 2 },
    { ...asked(job(5, 102, 1, 5), 8), user: 3 },
    { ...asked(job(6, 112, 1, 5), 30), user: 3 },
  ];
  const base = { jobs: taught, processors: 4, order: 'fcfs', backfill: 'easy' } as const;

  it('a job is held until its prediction ends, and then until its request', () => {
    // At 102 the reservation stands at 110, and eight seconds fit just so; at 112 the hold goes on until 1100 and thirty fit.
    expect(startsOf(simulate({ ...base, runTimes: 'predicted' }))).toEqual([0, 0, 100, 160, 102, 112]);
  });

  it('what would not end before the prediction does waits', () => {
    const jobs = taught.with(4, { ...asked(job(5, 102, 1, 5), 9), user: 3 });
    expect(startsOf(simulate({ ...base, jobs, runTimes: 'predicted' }))[4]).toBe(112);
  });

  it('only what of a policy decides a replay is taken from it', () => {
    const fairShare = { halfLifeSeconds: 100 };
    const replayed = {
      order: 'fair', backfill: 'conservative', backfillOrder: 'shortest-first', reservationDepth: 3,
      runTimes: 'predicted', predictor: 'believing', fairShare,
    } as const; // prettier-ignore
    const weights = { startDelay: 1, tightFit: 0, price: 0, green: 0, nearness: 0 };
    expect(replayedPart({ ...replayed, maxStarts: 1, quotas: 'off', weights })).toEqual(replayed);
  });

  it('changes nothing where nobody has ended twice', () => {
    const jobs = taught.slice(2);
    expect(simulate({ ...base, jobs, runTimes: 'predicted' })).toEqual(simulate({ ...base, jobs }));
  });
});
