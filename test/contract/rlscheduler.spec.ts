import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JobOrder, type OrderName, orderOf } from '#libs/scheduling';
import { cleanProtocolB, type ProtocolBResult, readSwf, replayProtocolB } from '#libs/simulation';
import { describeWithTraces, openTraces, openTraceText } from '#libs/testing';

interface PublishedRow {
  readonly bsld: number;
  readonly util: number;
  readonly mean_wait: number;
  readonly per_sequence_bsld: readonly number[];
  readonly published_bsld: number;
  readonly published_util: number;
}
interface PublishedTable {
  readonly reproduced: Readonly<Record<string, PublishedRow | readonly number[]>>;
  /** Bounded slowdown and utilisation as printed. */
  readonly true_wait: Readonly<Record<string, readonly [number, number]>>;
}

const suite = describeWithTraces('The tables of RLScheduler are');
const files = { 'Lublin-1': 'lublin_256', 'Lublin-2': 'lublin_256_new2' };
const traces = ['Lublin-1', 'Lublin-2'] as const;
const PROCESSORS = 256;

/** The published columns WFP3 and UNICEP come from a bug: a waiting job has wait −1 − submit, for its start is still −1. */
const withTheBug = (name: OrderName): JobOrder => {
  const order = orderOf(name);
  return {
    name,
    first: (job) => order.waited!(-1 - job.submittedAt, job.limit, job.nodes, order.first(job)),
    second: () => 0,
  };
};
const columns: Readonly<Record<string, JobOrder>> = {
  FCFS: orderOf('fcfs'),
  SJF: orderOf('sjf'),
  F1: orderOf('f1'),
  WFP: withTheBug('wfp3'),
  UNI: withTheBug('unicep'),
};
const trueColumns: Readonly<Record<string, JobOrder>> = { WFP3: orderOf('wfp3'), UNICEP: orderOf('unicep') };
const digits = (value: number, places: number): number => Number(value.toFixed(places));

suite('the tables of RLScheduler are reproduced', () => {
  const table = (): PublishedTable =>
    JSON.parse(readFileSync(join(openTraces, 'published', 'rlscheduler_lublin.json'), 'utf8'));
  const replayAll = (trace: keyof typeof files, order: JobOrder, backfill: boolean): ProtocolBResult[] => {
    const jobs = cleanProtocolB(readSwf(openTraceText(files[trace]), { mode: 'protocol' }).jobs);
    const starts = table().reproduced[`${trace}/starts`] as readonly number[];
    return starts.map((first) => replayProtocolB({ jobs, processors: PROCESSORS, order, backfill, first }));
  };
  const mean = (results: readonly ProtocolBResult[], key: keyof ProtocolBResult): number =>
    results.reduce((sum, result) => sum + result[key], 0) / results.length;

  for (const trace of traces) {
    for (const bf of [0, 1]) {
      it.each(Object.entries(columns))(
        `${trace}, backfill ${bf}, %s: every sequence and the printed means`,
        (name, order) => {
          const row = table().reproduced[`${trace}/bf${bf}/${name}`] as PublishedRow;
          const results = replayAll(trace, order, bf === 1);
          results.forEach((result, i) => expect(result.meanBoundedSlowdown).toBeCloseTo(row.per_sequence_bsld[i]!, 6));
          expect(mean(results, 'meanWaitSeconds')).toBeCloseTo(row.mean_wait, 6);
          expect(digits(mean(results, 'meanBoundedSlowdown'), 2)).toBe(row.published_bsld);
          expect(digits(mean(results, 'utilisation'), 3)).toBe(row.published_util);
        },
      );

      it.each(Object.entries(trueColumns))(`${trace}, backfill ${bf}, %s with the true waiting time`, (name, order) => {
        const [bsld, util] = table().true_wait[`${trace}/bf${bf}/${name}`]!;
        const results = replayAll(trace, order, bf === 1);
        expect(digits(mean(results, 'meanBoundedSlowdown'), 2)).toBe(bsld);
        expect(digits(mean(results, 'utilisation'), 3)).toBe(util);
      });
    }
  }

  it('every published row is among these', () => {
    const rows = (names: readonly string[]) =>
      traces.flatMap((trace) => [0, 1].flatMap((bf) => names.map((name) => `${trace}/bf${bf}/${name}`))).toSorted();
    const { reproduced, true_wait } = table();
    expect(
      Object.keys(reproduced)
        .filter((key) => !key.endsWith('/starts'))
        .toSorted(),
    ).toEqual(rows(Object.keys(columns)));
    expect(Object.keys(true_wait).toSorted()).toEqual(rows(Object.keys(trueColumns)));
  });
});
