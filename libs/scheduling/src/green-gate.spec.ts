import fc from 'fast-check';
import { greenStart, meanGreenShare } from './green-gate.js';
import type { OutlookModel, QueuedJob } from './model.js';
import { aJob } from './testing/builders.js';
import { runs } from './testing/runs.js';

const HOUR = 3600;
const FROM = 1000 * HOUR;
const outlookOf = (...greenShare: number[]): OutlookModel => ({
  siteId: 'site',
  from: FROM,
  greenShare,
  gramsPerKwh: [],
  yuanPerKwh: [],
});
const wanting = (minGreenShare: number | undefined, over: Partial<QueuedJob> = {}): QueuedJob =>
  aJob('j', { submittedAt: FROM, limit: HOUR, ...over, ...(minGreenShare !== undefined && { minGreenShare }) });
const hours = (count: number): number => FROM + count * HOUR;

interface Case {
  readonly job: QueuedJob;
  readonly outlook?: OutlookModel;
  readonly now?: number;
  readonly hold?: number;
  readonly want: number;
}
const cases: Record<string, Case> = {
  'a job that asks for nothing starts at once': { job: wanting(undefined), outlook: outlookOf(0, 0), want: FROM },
  'a job that asks for nothing keeps its earliest start': {
    job: wanting(undefined, { earliestStart: FROM + 7 }),
    outlook: outlookOf(0, 0),
    want: FROM + 7,
  },
  'green enough now': { job: wanting(0.5), outlook: outlookOf(0.5, 0), want: FROM },
  'a hair below is not enough': { job: wanting(0.5), outlook: outlookOf(0.499, 0.5), want: hours(1) },
  'the first green hour, not the greenest': {
    job: wanting(0.5),
    outlook: outlookOf(0.1, 0.4, 0.6, 0.9),
    want: hours(2),
  },
  'an earliest start in the midst of a green hour': {
    job: wanting(0.5, { earliestStart: hours(2) + 600 }),
    outlook: outlookOf(0.9, 0.1, 0.6, 0.6),
    want: hours(2) + 600,
  },
  'the mean over the run, not the first hour': {
    job: wanting(0.5, { limit: 2 * HOUR }),
    outlook: outlookOf(0.8, 0.1, 0.4, 0.6, 0.5),
    hold: 2 * HOUR,
    want: hours(2),
  },
  'the mean over the predicted run, not over the limit': {
    job: wanting(0.8, { limit: 2 * HOUR, predicted: HOUR }),
    outlook: outlookOf(0.8, 0.1),
    hold: 2 * HOUR,
    want: FROM,
  },
  'half hours count half': {
    job: wanting(0.5, { limit: HOUR }),
    now: FROM + HOUR / 2,
    outlook: outlookOf(0.2, 0.8, 0),
    want: FROM + HOUR / 2,
  },
  'the run begins after its staging': {
    job: wanting(0.5),
    outlook: outlookOf(0.9, 0.1, 0.9, 0.1),
    hold: 2 * HOUR,
    want: hours(1),
  },
  'a green hour that the staging just reaches: at once': {
    job: wanting(0.5),
    outlook: outlookOf(0.1, 0.9, 0.1),
    hold: 2 * HOUR,
    want: FROM,
  },
  'a hold shorter than the limit has no staging': {
    job: wanting(0.5, { limit: 2 * HOUR, predicted: HOUR }),
    outlook: outlookOf(0.1, 0.9, 0.1),
    hold: HOUR,
    want: hours(1),
  },
  'a share of nothing is asked for by nobody: at once, whatever the hours': {
    job: wanting(0, { deadline: hours(9) }),
    outlook: outlookOf(0, 0),
    now: hours(3),
    want: hours(3),
  },
  'equal shares are as green as each of them, to the last bit': {
    job: wanting(0.7, { limit: 3 * HOUR }),
    outlook: outlookOf(0.7, 0.7, 0.7, 0.9),
    hold: 3 * HOUR,
    want: FROM,
  },
  'the outlook begins later than now: looked for at the turns of its hours': {
    job: wanting(0.5, { submittedAt: FROM - 1 }),
    now: FROM - 1800,
    outlook: outlookOf(0.4, 0.9, 0.1),
    want: hours(1),
  },
  'the last start is green, and so is one before it: the first': {
    job: wanting(0.5, { deadline: hours(3) }),
    outlook: outlookOf(0.1, 0.6, 0.9),
    want: hours(1),
  },
  'a deadline a second short of the green hour: the last start': {
    job: wanting(0.5, { deadline: hours(2) - 1 }),
    outlook: outlookOf(0.1, 0.9),
    want: hours(1) - 1,
  },
  'never green: the last start that keeps the deadline': {
    job: wanting(0.5, { deadline: hours(3) + 60 }),
    outlook: outlookOf(0.1, 0.1, 0.1, 0.1),
    want: hours(2) + 60,
  },
  'never green: staging goes off the deadline too': {
    job: wanting(0.5, { deadline: hours(3) + 60 }),
    outlook: outlookOf(0.1, 0.1, 0.1, 0.1),
    hold: HOUR + 90,
    want: hours(2) - 30,
  },
  'green, but later than the deadline lets it start': {
    job: wanting(0.5, { deadline: hours(2) + 60 }),
    outlook: outlookOf(0.1, 0.1, 0.9),
    want: hours(1) + 60,
  },
  'green at the very last start': {
    job: wanting(0.5, { deadline: hours(3) }),
    outlook: outlookOf(0.1, 0.1, 0.9),
    want: hours(2),
  },
  'a deadline that cannot be met any more is no reason to wait': {
    job: wanting(0.5, { deadline: hours(0) }),
    outlook: outlookOf(0.1, 0.9),
    now: FROM + 5,
    want: FROM + 5,
  },
  'never green, no deadline: as long after submission as the outlook is long': {
    job: wanting(0.5, { submittedAt: FROM - 100 }),
    outlook: outlookOf(0.1, 0.1, 0.1),
    want: hours(3) - 100,
  },
  'no deadline, an earliest start: as long after that': {
    job: wanting(0.5, { submittedAt: FROM - 100, earliestStart: hours(1) }),
    outlook: outlookOf(0.1, 0.1, 0.1),
    want: hours(4),
  },
  'a rolling outlook does not put the end of waiting off': {
    job: wanting(0.5, { submittedAt: FROM - 3 * HOUR }),
    outlook: outlookOf(0.1, 0.1, 0.9),
    want: FROM,
  },
  'a deadline beyond the outlook, nothing green in it: the last start all the same': {
    job: wanting(0.5, { deadline: hours(100) }),
    outlook: outlookOf(0.1, 0.1),
    want: hours(99),
  },
  'a run longer than the outlook is judged by the hours that are known': {
    job: wanting(0.5, { limit: 10 * HOUR }),
    outlook: outlookOf(0.1, 0.5, 0.5),
    hold: 10 * HOUR,
    want: hours(1),
  },
  'a site without an outlook, no deadline: at once': { job: wanting(0.5), want: FROM },
  'a site without an outlook, a deadline: its last start': {
    job: wanting(0.5, { deadline: hours(5) }),
    want: hours(4),
  },
  'hours before the outlook are not green': {
    job: wanting(0.5, { submittedAt: FROM - 1 }),
    now: FROM - 2 * HOUR,
    outlook: outlookOf(0.9),
    want: FROM,
  },
};

describe('green or by the deadline', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { job, outlook, now = FROM, hold = job.limit, want }) => {
    expect(greenStart(job, outlook, now, hold)).toBe(want);
  });

  const anyOutlook = fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 })
    .map((shares) => outlookOf(...shares));
  const anyJob = fc
    .record({
      minGreenShare: fc.double({ min: 0, max: 1, noNaN: true }),
      limit: fc.integer({ min: 1, max: 20 * HOUR }),
      submittedAt: fc.integer({ min: FROM - 40 * HOUR, max: FROM }),
      earliestStart: fc.option(fc.integer({ min: FROM, max: FROM + 5 * HOUR }), { nil: undefined }),
      deadline: fc.option(fc.integer({ min: FROM, max: FROM + 60 * HOUR }), { nil: undefined }),
    })
    .map((over) => aJob('j', over));

  it('never keeps a job past its deadline that could have kept it, and never starves one without', () => {
    fc.assert(
      fc.property(anyJob, anyOutlook, fc.nat({ max: 4 * HOUR }), (job, outlook, staging) => {
        const start = greenStart(job, outlook, FROM, job.limit + staging);
        const from = Math.max(FROM, job.earliestStart ?? FROM);
        const asked = Math.max(job.submittedAt, job.earliestStart ?? 0);
        const latest = job.deadline ?? asked + outlook.greenShare.length * HOUR + job.limit + staging;
        expect(start).toBeGreaterThanOrEqual(from);
        expect(start).toBeLessThanOrEqual(Math.max(from, latest - job.limit - staging));
      }),
    );
  });

  it('looked at again at the start it was told, a job is told to start', () => {
    fc.assert(
      fc.property(anyJob, anyOutlook, (job, outlook) => {
        const start = greenStart(job, outlook, FROM, job.limit);
        expect(greenStart(job, outlook, start, job.limit)).toBe(start);
      }),
    );
  });
});

describe('the mean green share of a run', () => {
  const shares = outlookOf(0.2, 0.6, 1);
  const meanCases: Record<string, { at: number; seconds: number; want: number }> = {
    'an hour': { at: hours(1), seconds: HOUR, want: 0.6 },
    'three hours': { at: FROM, seconds: 3 * HOUR, want: 0.6 },
    'a quarter of one and the whole next': { at: FROM + 2700, seconds: 4500, want: 0.52 },
    'a moment has the share of its hour': { at: hours(2), seconds: 0, want: 1 },
    'before the outlook nothing is known': { at: FROM - 7200, seconds: HOUR, want: 0 },
    'half before it: the half that is known': { at: FROM - 1800, seconds: HOUR, want: 0.2 },
    'beyond its end: what is known': { at: hours(2), seconds: 50 * HOUR, want: 1 },
    'after its end nothing is known': { at: hours(3), seconds: HOUR, want: 0 },
  };
  it('is that of counting second by second', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 0.2, 0.5, 1), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: -HOUR, max: 5 * HOUR }),
        fc.integer({ min: 1, max: 3 * HOUR }),
        (list, at, seconds) => {
          let [sum, known] = [0, 0];
          for (let second = at; second < at + seconds; second++) {
            const share = second < 0 ? undefined : list[Math.floor(second / HOUR)];
            if (share === undefined) continue;
            sum += share;
            known++;
          }
          expect(meanGreenShare(outlookOf(...list), FROM + at, seconds)).toBeCloseTo(known > 0 ? sum / known : 0, 9);
        },
      ),
      { numRuns: runs(100) },
    );
  });
  it.each(Object.entries(meanCases))('%s', (_sentence, { at, seconds, want }) => {
    expect(meanGreenShare(shares, at, seconds)).toBeCloseTo(want, 9);
  });
});
