import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackfillMode, OrderName } from '#libs/scheduling';
import { cleanProtocolA, readSwf, scheduleText, simulate, type SimulationResult, type SwfJob } from '#libs/simulation';
import { describeWithTraces, openTraces, openTraceText } from '#libs/testing';

/** One row of the published results: a schedule by its hash, with the figures that follow from it. */
interface PublishedRow {
  readonly policy: string;
  readonly backfill: string;
  readonly sha256: string;
  readonly sum_wait: number;
  readonly backfilled: number;
  readonly mean_bsld: number;
  readonly mean_wait: number;
  readonly jobs?: number;
  readonly jobs_waiting?: number;
  readonly max_wait?: number;
  readonly p95_wait?: number;
  readonly makespan?: number;
  readonly max_bsld?: number;
  readonly utilization?: number;
}

const suite = describeWithTraces('The published schedules are');

const processorsOf: Readonly<Record<string, number>> = {
  'KTH-SP2-1996-2': 100,
  'CTC-SP2-1996-3.1-cln': 338,
  'NASA-iPSC-1993-3.1-cln': 128,
  lublin_256: 256,
  lublin_256_new2: 256,
  philly_gpu: 512,
};
const orders = ['FCFS', 'SJF', 'SAF', 'F1', 'WFP3', 'UNICEP'];

const published = (file: string): (PublishedRow & { readonly trace: string })[] =>
  JSON.parse(readFileSync(join(openTraces, 'expected', file), 'utf8'));

const jobsOf = new Map<string, readonly SwfJob[]>();
function loadTrace(name: string): readonly SwfJob[] {
  const kept = jobsOf.get(name);
  if (kept) return kept;
  const jobs = cleanProtocolA(readSwf(openTraceText(name), { mode: 'protocol' }).jobs, processorsOf[name]!);
  jobsOf.clear();
  jobsOf.set(name, jobs);
  return jobs;
}

function replay(trace: string, row: PublishedRow): SimulationResult {
  const order = row.policy.toLowerCase() as OrderName;
  const backfill: BackfillMode = row.backfill === 'cons' ? 'conservative' : (row.backfill as BackfillMode);
  return simulate({ jobs: loadTrace(trace), processors: processorsOf[trace]!, order, backfill });
}

function sha256Of(result: SimulationResult): string {
  const hash = createHash('sha256');
  for (const chunk of scheduleText(result.starts)) hash.update(chunk);
  return hash.digest('hex');
}

/** Whole numbers to the last digit, doubles to 1e-12 of their size. */
function expectPublished(result: SimulationResult, row: PublishedRow): void {
  const exact: [number, number | undefined][] = [
    [result.sumWaitSeconds, row.sum_wait],
    [result.backfilled, row.backfilled],
    [result.maxWaitSeconds, row.max_wait],
    [result.p95WaitSeconds, row.p95_wait],
    [result.makespanSeconds, row.makespan],
    [result.jobs, row.jobs],
    [result.jobsThatWaited, row.jobs_waiting],
  ];
  for (const [got, want] of exact) expect(got).toBe(want ?? got);
  const doubles: [number, number | undefined][] = [
    [result.meanBoundedSlowdown, row.mean_bsld],
    [result.meanWaitSeconds, row.mean_wait],
    [result.maxBoundedSlowdown, row.max_bsld],
    [result.utilisation, row.utilization],
  ];
  for (const [got, want] of doubles) expect(Math.abs(got - (want ?? got))).toBeLessThanOrEqual(1e-12 * Math.abs(got));
  expect(sha256Of(result)).toBe(row.sha256);
}

suite('schedules of the literature', () => {
  for (const trace of Object.keys(processorsOf)) {
    for (const backfill of ['none', 'easy']) {
      for (const policy of orders) {
        it(`${trace} under ${policy} with backfill ${backfill} is the published schedule`, () => {
          const rows = published(`expected_${trace}.json`);
          const row = rows.find((candidate) => candidate.policy === policy && candidate.backfill === backfill);
          expect(row).toBeDefined();
          expectPublished(replay(trace, row!), row!);
        });
      }
    }
  }

  for (const trace of Object.keys(processorsOf).filter((name) => name !== 'philly_gpu')) {
    it(`${trace} under FCFS with conservative backfill is the published schedule`, () => {
      const row = published('conservative_fcfs.json').find(
        (candidate) => candidate.trace.replace(/\.swf(\.gz)?$/, '') === trace,
      );
      expect(row).toBeDefined();
      expectPublished(replay(trace, row!), row!);
    });
  }

  it('every published row is among these', () => {
    const files = Object.keys(processorsOf).map((trace) => `expected_${trace}.json`);
    const rows = [...files, 'conservative_fcfs.json'].flatMap(published);
    const jobsHere = Object.keys(processorsOf).length * orders.length * 2 + Object.keys(processorsOf).length - 1;
    expect(rows).toHaveLength(jobsHere);
  });
});
