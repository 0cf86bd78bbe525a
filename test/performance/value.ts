import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cleanProtocolA, readSwf, type SwfJob, valuedPolicies, valueOf } from '#libs/simulation';
import { shippedPolicy } from './shipped-policy.js';
import { timed } from './timing.js';

const logs = [
  { trace: 'KTH-SP2-1996-2', processors: 100 },
  { trace: 'CTC-SP2-1996-3.1-cln', processors: 338 },
  { trace: 'NASA-iPSC-1993-3.1-cln', processors: 128 },
  { trace: 'lublin_256', processors: 256 },
  { trace: 'lublin_256_new2', processors: 256 },
  { trace: 'philly_gpu', processors: 512 },
] as const;

/** What our policy is worth beside those of the literature, on every open log: a table on stderr, figures as JSON. */
export async function valueBench(): Promise<unknown> {
  const own = await shippedPolicy();
  const folder = join(process.cwd(), '..', 'shared', 'traces', 'swf');
  if (!existsSync(folder)) return { skipped: 'the open traces are not beside the checkout' };
  const load = (trace: string, processors: number): SwfJob[] => {
    const text = gunzipSync(readFileSync(join(folder, `${trace}.swf.gz`))).toString('latin1');
    return cleanProtocolA(readSwf(text, { mode: 'protocol' }).jobs, processors);
  };
  print('| log | policy | mean wait | P95 wait | bounded slowdown | utilisation | Jain, progress | Jain, slowdown |');
  print('|---|---|--:|--:|--:|--:|--:|--:|');
  return logs.flatMap(({ trace, processors }) => {
    const jobs = load(trace, processors);
    return valuedPolicies.map((policy) => {
      const { value, ms } = timed(() => valueOf(policy, { jobs, processors, own }));
      const cells = [
        trace,
        policy,
        `${Math.round(value.meanWaitSeconds)} s`,
        `${value.p95WaitSeconds} s`,
        value.meanBoundedSlowdown.toFixed(2),
        `${(value.utilisation * 100).toFixed(1)} %`,
        value.jainOfProgress.toFixed(3),
        value.jainOfSlowdown.toFixed(3),
      ];
      print(`| ${cells.join(' | ')} |`);
      return { trace, processors, policy, ...value, seconds: Math.round(ms) / 1000 };
    });
  });
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
