import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cleanProtocolC,
  type CorrectorName,
  measureProtocolC,
  type PredictorName,
  type ProtocolCMetrics,
  type ProtocolCRequest,
  readSwf,
  replayProtocolC,
  type SwfJob,
} from '#libs/simulation';
import { describeWithTraces, openTraces, openTraceText } from '#libs/testing';

/** One row of the table of SC'15: a scheduler with its predictor and corrector, and nine figures. */
interface PublishedRow {
  readonly trace: 'KTH-SP2' | 'CTC-SP2';
  readonly procs: number;
  readonly scheduler: string;
  /** A figure that the table lacks is null. */
  readonly published: Readonly<Record<keyof ProtocolCMetrics, number | null>>;
}

const suite = describeWithTraces("The table of SC'15 is");
const files = { 'KTH-SP2': 'KTH-SP2-1996-2', 'CTC-SP2': 'CTC-SP2-1996-3.1-cln' };

const predictors: Readonly<Record<string, PredictorName>> = {
  None: 'request',
  predictorreqtime: 'request',
  predictorclairvoyant: 'clairvoyant',
  predictordoublereqtime: 'double',
  predictortsafrir: 'tsafrir',
};
const correctors: Readonly<Record<string, CorrectorName>> = {
  None: 'request',
  throw_an_error: 'request',
  reqtime: 'request',
  recursive_doubling: 'recursive-doubling',
  tsafrir: 'tsafrir',
};
const schedulers: Readonly<Record<string, Pick<ProtocolCRequest, 'candidates' | 'onSubmission'>>> = {
  easy_backfill: { candidates: 'fcfs', onSubmission: 'if-it-fits' },
  easy_prediction_backfill: { candidates: 'fcfs', onSubmission: 'if-it-fits' },
  easy_sjbf: { candidates: 'sjbf', onSubmission: 'if-it-fits' },
  easy_plus_plus: { candidates: 'sjbf', onSubmission: 'always' },
};

function rulesOf(name: string): Omit<ProtocolCRequest, 'jobs' | 'processors'> {
  const [, scheduler, predictor, corrector] = /^(\w+)_scheduler_([^_]+)_(\w+)$/.exec(name) ?? [];
  return { ...schedulers[scheduler!]!, predictor: predictors[predictor!]!, corrector: correctors[corrector!]! };
}

// A test is named before it is known whether the traces are there, so the rows are listed here; a test below checks the list.
const predicted = [
  'predictorclairvoyant_throw_an_error',
  'predictordoublereqtime_throw_an_error',
  'predictortsafrir_recursive_doubling',
  'predictortsafrir_reqtime',
  'predictortsafrir_tsafrir',
];
const names = [
  'easy_backfill_scheduler_None_None',
  'easy_sjbf_scheduler_None_None',
  ...predicted.map((name) => `easy_prediction_backfill_scheduler_${name}`),
  ...predicted.map((name) => `easy_plus_plus_scheduler_${name}`),
  'easy_plus_plus_scheduler_predictorreqtime_throw_an_error',
];

suite("the table of SC'15 is reproduced to 1e-9", () => {
  const rows = (): PublishedRow[] =>
    JSON.parse(readFileSync(join(openTraces, 'published', 'sc15_kth_ctc.json'), 'utf8'));
  const loaded = new Map<string, readonly SwfJob[]>();
  const load = (trace: PublishedRow['trace'], processors: number): readonly SwfJob[] => {
    const jobs =
      loaded.get(trace) ?? cleanProtocolC(readSwf(openTraceText(files[trace]), { mode: 'protocol' }).jobs, processors);
    loaded.set(trace, jobs);
    return jobs;
  };

  for (const trace of ['KTH-SP2', 'CTC-SP2'] as const) {
    it.each(names)(`${trace} under %s`, (name) => {
      const row = rows().find((candidate) => candidate.trace === trace && candidate.scheduler === name)!;
      const request = { jobs: load(trace, row.procs), processors: row.procs, ...rulesOf(name) };
      const got = measureProtocolC(request.jobs, replayProtocolC(request));
      for (const [metric, want] of Object.entries(row.published)) {
        if (want === null) continue;
        const error = Math.abs(got[metric as keyof ProtocolCMetrics] - want) / want;
        expect({ metric, isWithin: error <= 1e-9 }).toEqual({ metric, isWithin: true });
      }
    });
  }

  it('every published row is among these', () => {
    const listed = (['KTH-SP2', 'CTC-SP2'] as const).flatMap((trace) => names.map((name) => `${trace} ${name}`));
    expect(
      rows()
        .map((row) => `${row.trace} ${row.scheduler}`)
        .toSorted(),
    ).toEqual(listed.toSorted());
  });
});
