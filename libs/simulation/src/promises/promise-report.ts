import { score, type StartPromise } from '#libs/scheduling';

/** One job that waited, with what it was told. Times are seconds. */
export interface KeptPromise {
  readonly first: StartPromise;
  /** The last promise made at least an hour before the start. */
  readonly lastHour: StartPromise | null;
  readonly start: number;
  /** Start by the plan on requested times, without any calibration. */
  readonly plain: number;
  /** Submission and the median of the last 100 waits of jobs that waited. */
  readonly naive: number;
}

export interface PromiseFigures {
  readonly promises: number;
  /** Shares in [0, 1]; 0 for no promises. */
  readonly keptShare: number;
  readonly p50Share: number;
  readonly withinMinuteShare: number;
  readonly medianErrorSeconds: number;
}

export interface PromiseReport {
  readonly jobs: number;
  /** Jobs that started in the plan that saw them first: they are promised nothing. */
  readonly startedAtOnce: number;
  readonly first: PromiseFigures;
  readonly lastHour: PromiseFigures;
  /** With the jobs that started at once taken as promises that were kept to the second. */
  readonly overAllJobs: { readonly keptShare: number; readonly withinMinuteShare: number };
  /** The same jobs as `first`, by other estimators. */
  readonly beside: Readonly<Record<'naive' | 'plainPlan' | 'predictedPlan', PointFigures>>;
}
export type PointFigures = Pick<PromiseFigures, 'medianErrorSeconds' | 'withinMinuteShare'>;

export function reportPromises(jobs: number, kept: readonly KeptPromise[]): PromiseReport {
  const told = kept.filter(({ first }) => first.p50 !== null);
  const startedAtOnce = jobs - kept.length;
  const first = figuresOf(told.map((one) => [one.first, one.start]));
  const counted = Math.max(1, startedAtOnce + told.length);
  const share = (among: number): number => (startedAtOnce + among * told.length) / counted;
  const by = (pointOf: (one: KeptPromise) => number): PointFigures =>
    pointFigures(told.map((one) => Math.abs(one.start - pointOf(one))));
  return {
    jobs,
    startedAtOnce,
    first,
    lastHour: figuresOf(kept.flatMap((one) => (one.lastHour ? [[one.lastHour, one.start] as const] : []))),
    overAllJobs: { keptShare: share(first.keptShare), withinMinuteShare: share(first.withinMinuteShare) },
    beside: {
      naive: by((one) => one.naive),
      plainPlan: by((one) => one.plain),
      predictedPlan: by((one) => one.first.point),
    },
  };
}

function figuresOf(outcomes: readonly (readonly [StartPromise, number])[]): PromiseFigures {
  const scores = outcomes.flatMap(([promise, start]) => score(promise, start) ?? []);
  const count = Math.max(1, scores.length);
  return {
    promises: scores.length,
    keptShare: scores.filter(({ kept }) => kept).length / count,
    p50Share: scores.filter(({ withinP50 }) => withinP50).length / count,
    ...pointFigures(scores.map(({ error }) => Math.abs(error))),
  };
}

function pointFigures(errors: readonly number[]): PointFigures {
  const sorted = errors.toSorted((a, b) => a - b);
  return {
    medianErrorSeconds: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0,
    withinMinuteShare: sorted.filter((error) => error <= 60).length / Math.max(1, sorted.length),
  };
}
