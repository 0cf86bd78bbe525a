import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cleanProtocolA, type PromiseReport, readSwf, replayPromises } from '#libs/simulation';
import { shippedPolicy } from './shipped-policy.js';
import { round, timed } from './timing.js';

const traces: readonly (readonly [string, number])[] = [
  ['KTH-SP2-1996-2', 100],
  ['CTC-SP2-1996-3.1-cln', 338],
  ['NASA-iPSC-1993-3.1-cln', 128],
  ['lublin_256', 256],
  ['lublin_256_new2', 256],
  ['philly_gpu', 512],
];

/**
 * What was promised on the open traces, whole, under the shipped policy, and what became of it, beside other estimators: a table
 * on stderr, figures as JSON. CHUSUAN_BENCH_JOBS: only so many jobs of each trace.
 */
export async function promisesBench(): Promise<unknown> {
  const folder = join(process.cwd(), '..', 'shared', 'traces', 'swf');
  if (!existsSync(folder)) return { skipped: 'the open traces are not beside the checkout' };
  const policy = await shippedPolicy();
  const most = Number(process.env['CHUSUAN_BENCH_JOBS'] ?? Infinity);
  for (const line of heading) process.stderr.write(`${line}\n`);
  return traces.map(([trace, processors]) => {
    const text = gunzipSync(readFileSync(join(folder, `${trace}.swf.gz`))).toString('latin1');
    const jobs = cleanProtocolA(readSwf(text, { mode: 'protocol' }).jobs, processors).slice(0, most);
    const { value, ms } = timed(() => replayPromises({ jobs, processors, policy }));
    process.stderr.write(`${rowOf(trace, value)}\n`);
    return { trace, ...value, seconds: round(ms / 1000) };
  });
}

const heading = [
  '| log | promised | P90 kept | P50 kept | last hour: promised | P90 kept | median error: ours | naive | plain plan | within a minute: first | last hour | naive | plain plan | all jobs |',
  '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
];

function rowOf(trace: string, { first, lastHour, beside, overAllJobs }: PromiseReport): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const cells = [
    trace,
    first.promises,
    percent(first.keptShare),
    percent(first.p50Share),
    lastHour.promises,
    percent(lastHour.keptShare),
    `${first.medianErrorSeconds} s`,
    `${beside.naive.medianErrorSeconds} s`,
    `${beside.plainPlan.medianErrorSeconds} s`,
    percent(first.withinMinuteShare),
    percent(lastHour.withinMinuteShare),
    percent(beside.naive.withinMinuteShare),
    percent(beside.plainPlan.withinMinuteShare),
    percent(overAllJobs.withinMinuteShare),
  ];
  return `| ${cells.join(' | ')} |`;
}
