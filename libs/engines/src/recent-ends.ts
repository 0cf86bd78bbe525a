import type { SimulatedJob } from '#libs/application';
import type { Instant } from '#libs/domain';

interface Known {
  readonly job: SimulatedJob;
  /** When the engine came to know; later than the end itself after the service was down. */
  readonly knownAt: Instant;
}

/**
 * Jobs that ended lately, so that looking again does not ask the store. They are told by when they became known: a job that
 * ended while nobody looked lies before the asker's `since`, and would otherwise be told to nobody and taken for lost.
 */
export class RecentEnds {
  private readonly known = new Map<string, Known>();
  /** Everything known from here on is in memory. */
  private from: Instant | null = null;

  constructor(private readonly load: (since: Instant) => Promise<readonly SimulatedJob[]>) {}

  add(job: SimulatedJob, knownAt: Instant): void {
    this.known.set(job.attemptId, { job, knownAt });
  }

  async since(since: Instant): Promise<readonly SimulatedJob[]> {
    if (this.from === null || since < this.from) {
      for (const job of await this.load(since)) {
        if (!this.known.has(job.attemptId)) this.add(job, job.endedAt ?? since);
      }
    }
    this.from = since;
    for (const [attemptId, { knownAt }] of this.known) if (knownAt < since) this.known.delete(attemptId);
    return [...this.known.values()].map(({ job }) => job);
  }
}
