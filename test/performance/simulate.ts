import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { defaultPolicy } from '#libs/application';
import { cleanProtocolA, readSwf, replayedPart, simulate } from '#libs/simulation';
import { round, timed } from './timing.js';

const runs = [
  { trace: 'CTC-SP2-1996-3.1-cln', processors: 338, order: 'fcfs', backfill: 'easy' },
  { trace: 'CTC-SP2-1996-3.1-cln', processors: 338, order: 'fcfs', backfill: 'conservative' },
  { trace: 'CTC-SP2-1996-3.1-cln', processors: 338, ...replayedPart(defaultPolicy) },
  { trace: 'philly_gpu', processors: 512, order: 'fcfs', backfill: 'easy' },
  { trace: 'philly_gpu', processors: 512, order: 'wfp3', backfill: 'easy' },
  { trace: 'philly_gpu', processors: 512, order: 'fcfs', backfill: 'conservative' },
  { trace: 'philly_gpu', processors: 512, ...replayedPart(defaultPolicy) },
] as const;

/** Whole simulations of the longest open traces, by the production primitives. The traces belong to others: none, no figures. */
export function simulateBench(): unknown {
  const folder = join(process.cwd(), '..', 'shared', 'traces', 'swf');
  if (!existsSync(folder)) return { skipped: 'the open traces are not beside the checkout' };
  return runs.map(({ trace, processors, ...policy }) => {
    const text = gunzipSync(readFileSync(join(folder, `${trace}.swf.gz`))).toString('latin1');
    const jobs = cleanProtocolA(readSwf(text, { mode: 'protocol' }).jobs, processors);
    const { value, ms } = timed(() => simulate({ jobs, processors, ...policy }));
    return {
      trace,
      processors,
      ...policy,
      jobs: jobs.length,
      seconds: round(ms / 1000),
      jobsPerSecond: Math.round(jobs.length / (ms / 1000)),
      backfilled: value.backfilled,
      // Of the whole process so far: it only grows from run to run.
      peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  });
}
