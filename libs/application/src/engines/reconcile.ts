import type { Instant } from '#libs/domain';
import type { AttemptStore, EngineJob, EndedAttempt } from '../engine-ports.js';

export type Held = Awaited<ReturnType<AttemptStore['holding']>>[number];

/** What was wanted and what is there, in named buckets (STYLE A9). */
export interface Reconciliation {
  /** Running there, not yet known as running here. */
  readonly started: readonly EngineJob[];
  /** Over there, still holding nodes here. */
  readonly finished: readonly EndedAttempt[];
  /** Released by us, unknown to the engine: lost only if a second, longer look does not find them either. */
  readonly missing: readonly Held[];
  /** Alive there, not wanted here. */
  readonly strangers: readonly EngineJob[];
  /** Released here, still held there: the reply to release was lost, so release again. */
  readonly unreleased: readonly EngineJob[];
  readonly steady: number;
}

const alive = (job: EngineJob): boolean => job.state === 'held' || job.state === 'running';

export function reconcile(held: readonly Held[], seen: readonly EngineJob[], now: Instant): Reconciliation {
  const bySeen = new Map(seen.map((job) => [job.attemptId, job]));
  const wanted = new Set(held.map((attempt) => attempt.attemptId));
  const started: EngineJob[] = [];
  const finished: EndedAttempt[] = [];
  const missing: Held[] = [];
  const unreleased: EngineJob[] = [];
  let steady = 0;
  for (const attempt of held) {
    const job = bySeen.get(attempt.attemptId);
    if (!job) {
      if (attempt.state === 'released' || attempt.state === 'running') missing.push(attempt);
      else steady += 1;
    } else if (!alive(job)) finished.push(ending(job, now));
    else if (job.state === 'running' && attempt.state !== 'running') started.push(job);
    else if (job.state === 'held' && attempt.state === 'released') unreleased.push(job);
    else steady += 1;
  }
  return {
    started,
    finished,
    missing,
    unreleased,
    strangers: seen.filter((job) => alive(job) && !wanted.has(job.attemptId)),
    steady,
  };
}

function ending(job: EngineJob, now: Instant): EndedAttempt {
  const outcome = job.state === 'held' || job.state === 'running' ? 'failed' : job.state;
  return {
    attemptId: job.attemptId,
    outcome,
    endedAt: job.endedAt ?? now,
    startedAt: job.startedAt,
    exitCode: job.exitCode,
    ...(job.detail === undefined ? {} : { detail: job.detail }),
  };
}
