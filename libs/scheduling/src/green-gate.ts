import type { OutlookModel, QueuedJob, Seconds } from './model.js';

const HOUR = 3600;
// The mean of equal shares may come out a hair below them.
const SLACK = 1e-9;

/**
 * When a job that asks for a green share may start at a site: green or by the deadline. The first of these, from `now` and its
 * earliest start on:
 *
 * - the first instant (then, or at a turn of the hour) from which the expected green share, in the mean over its predicted run,
 *   reaches `minGreenShare`;
 * - with a deadline, the last instant from which its whole limit still ends in time: `deadline − holdSeconds`;
 * - without one, as long after its submission (or its earliest start, when that is later) as the outlook is long. Outlooks roll
 *   on with the hours, so waiting for the end of the outlook itself would have no end. Nobody starves.
 *
 * Of a run that is longer than the outlook, the hours that the outlook knows count. A site without an outlook is never expected
 * to be green: with a deadline the job waits for its last instant, without one it may start at once.
 *
 * @param holdSeconds staging and kill limit: what is in the way of the deadline. What it is longer than the limit is staging, and
 *   the run begins after it.
 * @returns an instant ≥ now; `now` itself when nothing is to be waited for.
 */
export function greenStart(
  job: QueuedJob,
  outlook: OutlookModel | undefined,
  now: Seconds,
  holdSeconds: number,
): Seconds {
  const from = Math.max(now, job.earliestStart ?? now);
  if (!job.minGreenShare) return from;
  const hours = outlook?.greenShare.length ?? 0;
  const asked = Math.max(job.submittedAt, job.earliestStart ?? job.submittedAt);
  const latest = job.deadline === undefined ? asked + hours * HOUR : job.deadline - holdSeconds;
  if (!outlook) return Math.max(from, latest);
  const staging = Math.max(0, holdSeconds - job.limit);
  const end = outlook.from + hours * HOUR;
  for (let at = from; at < latest && at + staging < end; at = nextHour(at, outlook.from)) {
    if (meanGreenShare(outlook, at + staging, job.predicted) >= job.minGreenShare - SLACK) return at;
  }
  return Math.max(from, latest);
}

/** Mean expected green share over the hours from `at` on that the outlook knows, in [0, 1]; 0 where it knows none of them. */
export function meanGreenShare(outlook: OutlookModel, at: Seconds, seconds: number): number {
  const sums = sumsOf(outlook);
  const end = (sums.length - 1) * HOUR;
  const first = Math.min(end, Math.max(0, at - outlook.from));
  const last = Math.min(end, Math.max(0, at + Math.max(1, seconds) - outlook.from));
  return last > first ? (upTo(sums, last) - upTo(sums, first)) / (last - first) : 0;
}

const nextHour = (at: Seconds, from: Seconds): Seconds => from + (Math.floor((at - from) / HOUR) + 1) * HOUR;

const kept = new WeakMap<OutlookModel, Float64Array>();

/** Share-seconds before each turn of the hour: the mean over any run is then two look-ups. */
function sumsOf(outlook: OutlookModel): Float64Array {
  let sums = kept.get(outlook);
  if (!sums) {
    sums = new Float64Array(outlook.greenShare.length + 1);
    for (const [hour, share] of outlook.greenShare.entries()) sums[hour + 1] = sums[hour]! + share * HOUR;
    kept.set(outlook, sums);
  }
  return sums;
}

function upTo(sums: Float64Array, seconds: number): number {
  const hour = Math.floor(seconds / HOUR);
  const before = sums[hour]!;
  return hour === sums.length - 1 ? before : before + ((sums[hour + 1]! - before) * (seconds - hour * HOUR)) / HOUR;
}
