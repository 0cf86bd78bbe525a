/**
 * Predicted run time in whole seconds, at least one: the mean of the last two runs, at most the limit; the limit until two are
 * known (Tsafrir, Etsion and Feitelson, 2007). Whose runs these are is the caller's: in production the same tenant's of the same
 * class, in a log the same user's.
 *
 * @param lastRunSeconds newest first; only two are looked at
 */
export function predictedRun(lastRunSeconds: readonly number[], limitSeconds: number): number {
  const [newest, before] = lastRunSeconds;
  if (newest === undefined || before === undefined) return limitSeconds;
  return Math.max(1, Math.min(limitSeconds, Math.floor((newest + before) / 2)));
}

/** The last two runs of each subject, for callers without a database. */
export class RecentRuns<Subject> {
  private readonly bySubject = new Map<Subject, readonly number[]>();

  /** Newest first, at most two. */
  of(subject: Subject): readonly number[] {
    return this.bySubject.get(subject) ?? [];
  }

  ended(subject: Subject, runSeconds: number): void {
    this.bySubject.set(subject, [runSeconds, ...this.of(subject)].slice(0, 2));
  }
}
