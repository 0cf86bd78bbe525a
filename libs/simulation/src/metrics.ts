import type { SwfJob } from './swf.js';

export interface ScheduleMetrics {
  readonly jobs: number;
  readonly meanWaitSeconds: number;
  readonly sumWaitSeconds: number;
  readonly maxWaitSeconds: number;
  readonly p95WaitSeconds: number;
  readonly jobsThatWaited: number;
  readonly meanBoundedSlowdown: number;
  readonly maxBoundedSlowdown: number;
  /** Processor-seconds used over processors × makespan, in [0, 1]. */
  readonly utilisation: number;
  /** Last end − first submission. */
  readonly makespanSeconds: number;
}

/** Runs shorter than this do not count as slowed down (Feitelson and Rudolph, 1998). */
const BOUND_SECONDS = 10;

/**
 * The metrics of PROTOCOL A8. All zero for no jobs.
 *
 * @param starts start of each job, seconds, in the order of `jobs`
 */
export function measureSchedule(
  jobs: readonly SwfJob[],
  starts: ArrayLike<number>,
  processors: number,
): ScheduleMetrics {
  const waits = new Float64Array(jobs.length);
  const slowdowns = new Float64Array(jobs.length);
  let work = 0;
  let firstSubmit = Infinity;
  let lastEnd = -Infinity;
  jobs.forEach((job, i) => {
    const wait = starts[i]! - job.submitSeconds;
    waits[i] = wait;
    slowdowns[i] = Math.max(1, (wait + job.runSeconds) / Math.max(job.runSeconds, BOUND_SECONDS));
    work += job.runSeconds * job.processors;
    firstSubmit = Math.min(firstSubmit, job.submitSeconds);
    lastEnd = Math.max(lastEnd, starts[i]! + job.runSeconds);
  });
  const makespanSeconds = jobs.length > 0 ? lastEnd - firstSubmit : 0;
  const sumWaitSeconds = waits.reduce((sum, wait) => sum + wait, 0);
  const count = Math.max(1, jobs.length);
  const sorted = waits.toSorted();
  return {
    jobs: jobs.length,
    meanWaitSeconds: sumWaitSeconds / count,
    sumWaitSeconds,
    maxWaitSeconds: sorted.at(-1) ?? 0,
    p95WaitSeconds: sorted[Math.ceil(0.95 * jobs.length) - 1] ?? 0,
    jobsThatWaited: waits.reduce((sum, wait) => sum + (wait > 0 ? 1 : 0), 0),
    meanBoundedSlowdown: fsum(slowdowns) / count,
    maxBoundedSlowdown: slowdowns.reduce((most, slowdown) => Math.max(most, slowdown), 0),
    utilisation: makespanSeconds > 0 ? work / (processors * makespanSeconds) : 0,
    makespanSeconds,
  };
}

/**
 * The sum of finite numbers, correctly rounded: exact partial sums that do not overlap (Shewchuk, 1997), rounded once, half to
 * even, at the end, as CPython's math.fsum does.
 */
export function fsum(values: Iterable<number>): number {
  const partials: number[] = [];
  for (let x of values) {
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    partials.push(x);
  }
  return roundPartials(partials);
}

function roundPartials(partials: readonly number[]): number {
  let i = partials.length - 1;
  if (i < 0) return 0;
  let high = partials[i]!;
  let low = 0;
  while (i > 0 && low === 0) {
    const x = high;
    const y = partials[--i]!;
    high = x + y;
    low = y - (high - x);
  }
  // What was cut off is exactly half a unit, and a further partial of the same sign tips it over.
  if (i > 0 && low !== 0 && Math.sign(low) === Math.sign(partials[i - 1]!)) {
    const doubled = low * 2;
    const x = high + doubled;
    if (doubled === x - high) high = x;
  }
  return high;
}
