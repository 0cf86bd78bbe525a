import type { PredictorName } from './model.js';

export interface EndedRun {
  readonly runSeconds: number;
  readonly limitSeconds: number;
}

/**
 * Whole seconds: the mean of the last two runs, rounded down, at least a second and at most the limit;
 * the limit until two are known (Tsafrir, Etsion and Feitelson, 2007). Whose runs these are is the caller's: in production the
 * same tenant's of the same class, in a log the same user's.
 *
 * @param lastRuns newest first; only two are looked at
 */
export function predictedRun(lastRuns: readonly EndedRun[], limitSeconds: number): number {
  const [newest, before] = lastRuns;
  if (newest === undefined || before === undefined) return limitSeconds;
  return Math.max(1, Math.min(limitSeconds, Math.floor((newest.runSeconds + before.runSeconds) / 2)));
}

/** The part of its limit that a run must reach to show that the limit was an estimate and not a precaution. */
const EXACT = 0.9;

/**
 * As `predictedRun`, but the limit itself where each of the last two runs reached nine tenths of its own: who asks for what he
 * needs is believed, for the mean of two jobs then knows less than he does.
 */
export function predictedUnlessExact(lastRuns: readonly EndedRun[], limitSeconds: number): number {
  const two = lastRuns.slice(0, 2);
  const areExact = two.every(({ runSeconds, limitSeconds: limit }) => runSeconds >= EXACT * limit);
  return areExact ? limitSeconds : predictedRun(two, limitSeconds);
}

/** What a job is thought to run, from the last two runs of its like, newest first, and its limit. */
export type Predictor = (lastRuns: readonly EndedRun[], limitSeconds: number) => number;

/** The predictor that a policy names. */
export const predictorOf = (name: PredictorName = 'tsafrir'): Predictor =>
  name === 'believing' ? predictedUnlessExact : predictedRun;

/** The last two runs of each subject, for callers without a database. */
export class RecentRuns<Subject> {
  private readonly bySubject = new Map<Subject, readonly EndedRun[]>();

  /** Newest first, at most two. */
  of(subject: Subject): readonly EndedRun[] {
    return this.bySubject.get(subject) ?? [];
  }

  ended(subject: Subject, run: EndedRun): void {
    this.bySubject.set(subject, [run, ...this.of(subject)].slice(0, 2));
  }
}
