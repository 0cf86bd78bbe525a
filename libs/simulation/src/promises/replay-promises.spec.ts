import { orderOf, type OrderName, type PlanningPolicy } from '#libs/scheduling';
import { queuedJobOf } from '../machine.js';
import type { SwfJob } from '../swf.js';
import { PlannedMachine } from './planned-machine.js';
import { reportPromises } from './promise-report.js';
import { replayPromises } from './replay-promises.js';

const aJob = (id: number, submitSeconds: number, named: Partial<SwfJob> = {}): SwfJob => ({
  id, submitSeconds, runSeconds: 100, processors: 1, requestedSeconds: 200, user: 1, group: 0, queue: 0, partition: 0, ...named,
}); // prettier-ignore

const policyOf = (order: OrderName): PlanningPolicy => ({
  order,
  backfill: 'conservative',
  reservationDepth: 5,
  runTimes: 'predicted',
  maxStarts: 100,
  weights: { startDelay: 1, tightFit: 0, price: 0, green: 0, nearness: 0 },
});

describe('a machine that plans on predicted run times', () => {
  const machineWith = (
    limits: readonly number[],
    depth = 50,
    backfillOrder: 'queue' | 'shortest-first' = 'queue',
  ): PlannedMachine => {
    const machine = new PlannedMachine(1, {
      order: orderOf('fcfs'),
      backfill: 'conservative',
      reservationDepth: depth,
      backfillOrder,
    });
    limits.forEach((limit, i) => machine.enqueue({ ...queuedJobOf(aJob(i, 0), i), limit, predicted: limit }));
    return machine;
  };
  it('gives a reservation to the first, and work ahead over capacity to those beyond the depth', () => {
    const { starts, points } = machineWith([100, 50, 30, 20], 1).plan(0);
    expect(starts.map((job) => job.sequence)).toEqual([0]);
    expect([...points]).toEqual([
      [1, { start: 100, basis: 'reservation', ahead: 0 }],
      [2, { start: 150, basis: 'backlog', ahead: 1 }],
      [3, { start: 180, basis: 'backlog', ahead: 2 }],
    ]);
  });
  it('counts only shorter work ahead where the shortest is backfilled first', () => {
    const { points } = machineWith([100, 50, 90, 20], 1, 'shortest-first').plan(0);
    expect([...points]).toEqual([
      [1, { start: 100, basis: 'reservation', ahead: 0 }],
      [3, { start: 150, basis: 'backlog', ahead: 1 }],
      [2, { start: 170, basis: 'backlog', ahead: 2 }],
    ]);
  });
  it('holds a job that outlives its prediction until it is killed', () => {
    const machine = machineWith([100, 50]);
    machine.start(machine.queued(0), 0, 300);
    expect(machine.plan(99).points.get(1)?.start).toBe(100);
    expect(machine.plan(100).points.get(1)?.start).toBe(300);
    machine.end(0);
    expect(machine.startable(120).map((job) => job.sequence)).toEqual([1]);
  });
});

describe('a replay', () => {
  it('promises nothing to a job that starts at once', () =>
    expect(replayPromises({ jobs: [aJob(1, 0)], processors: 1, policy: policyOf('fcfs') })).toMatchObject({
      jobs: 1, startedAtOnce: 1, first: { promises: 0, keptShare: 0, medianErrorSeconds: 0 }, overAllJobs: { keptShare: 1 },
    })); // prettier-ignore
  it.each(['fcfs', 'fair'] as const)('of a steady %s queue learns where starts fall', (order) => {
    const jobs = Array.from({ length: 60 }, (_, i) => aJob(i, i * 90));
    const { first, beside, startedAtOnce } = replayPromises({ jobs, processors: 1, policy: policyOf(order) });
    expect(startedAtOnce).toBe(1);
    // 20 starts are needed to learn from, and some wait when the last of these comes.
    expect(first.promises).toBeGreaterThan(25);
    expect(first.promises).toBeLessThan(40);
    expect(first.medianErrorSeconds).toBeLessThanOrEqual(beside.plainPlan.medianErrorSeconds);
  });
});

it('a report counts promises with an interval, and all jobs beside them', () => {
  const point = { point: 100, now: 0, class: 'simulation', basis: 'reservation', ahead: 0 } as const;
  const told = (p50: number | null, start: number) => ({
    first: { ...point, p50, p90: p50 === null ? null : p50 + 1_000, source: p50 === null ? null : 'all' },
    lastHour: null, start, plain: 500, naive: 0,
  }); // prettier-ignore
  const report = reportPromises(6, [told(null, 50), told(100, 100), told(100, 161), told(100, 1_101)]);
  expect(report.startedAtOnce).toBe(2);
  expect(report.first).toEqual({
    promises: 3,
    keptShare: 2 / 3,
    p50Share: 1 / 3,
    medianErrorSeconds: 61,
    withinMinuteShare: 1 / 3,
  });
  expect(report.overAllJobs).toEqual({ keptShare: 4 / 5, withinMinuteShare: 3 / 5 });
  expect(report.beside.naive).toEqual({ medianErrorSeconds: 161, withinMinuteShare: 0 });
  expect(report.beside.plainPlan.medianErrorSeconds).toBe(400);
  expect(report.beside.predictedPlan.medianErrorSeconds).toBe(61);
  expect(report.lastHour.promises).toBe(0);
});
