import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { OrderName } from '#libs/scheduling';
import { cleanProtocolA, readSwf, replayPromises } from '#libs/simulation';
import { round, timed } from './timing.js';

const traces: readonly (readonly [string, number])[] = [
  ['KTH-SP2-1996-2', 100],
  ['CTC-SP2-1996-3.1-cln', 338],
  ['NASA-iPSC-1993-3.1-cln', 128],
  ['lublin_256', 256],
  ['lublin_256_new2', 256],
  ['philly_gpu', 512],
];
const orders: readonly OrderName[] = ['fcfs', 'fair'];

/** What was promised on the open traces, whole, and what became of it, beside other estimators. Per cent and seconds. */
export function promisesBench(): unknown {
  const folder = join(process.cwd(), '..', 'shared', 'traces', 'swf');
  if (!existsSync(folder)) return { skipped: 'the open traces are not beside the checkout' };
  return traces.flatMap(([trace, processors]) => {
    const text = gunzipSync(readFileSync(join(folder, `${trace}.swf.gz`))).toString('latin1');
    const jobs = cleanProtocolA(readSwf(text, { mode: 'protocol' }).jobs, processors);
    return orders.map((order) => {
      const { value, ms } = timed(() => replayPromises({ jobs, processors, order, reservationDepth: 50 }));
      const { first, lastHour, overAllJobs, beside } = value;
      const percent = (share: number): number => round(share * 100);
      return {
        trace,
        order,
        jobs: value.jobs,
        startedAtOnce: value.startedAtOnce,
        promises: first.promises,
        keptPercent: percent(first.keptShare),
        keptPercentOverAllJobs: percent(overAllJobs.keptShare),
        p50Percent: percent(first.p50Share),
        medianErrorSeconds: {
          ours: first.medianErrorSeconds,
          naive: beside.naive.medianErrorSeconds,
          plainPlan: beside.plainPlan.medianErrorSeconds,
          predictedPlan: beside.predictedPlan.medianErrorSeconds,
        },
        withinMinutePercent: {
          ours: percent(first.withinMinuteShare),
          oursOverAllJobs: percent(overAllJobs.withinMinuteShare),
          naive: percent(beside.naive.withinMinuteShare),
          plainPlan: percent(beside.plainPlan.withinMinuteShare),
        },
        lastHour: {
          promises: lastHour.promises,
          keptPercent: percent(lastHour.keptShare),
          medianErrorSeconds: lastHour.medianErrorSeconds,
          withinMinutePercent: percent(lastHour.withinMinuteShare),
        },
        seconds: round(ms / 1000),
      };
    });
  });
}
