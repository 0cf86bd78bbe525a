import type { SimulatedEngineStore, SimulatedJob } from '#libs/application';
import type { Instant } from '#libs/domain';

/** A store that forgets with its process: for tests and what-ifs. */
export class InMemorySimulatedEngineStore implements SimulatedEngineStore {
  private readonly jobs = new Map<string, SimulatedJob>();

  async alive(poolId: string): Promise<readonly SimulatedJob[]> {
    return [...this.jobs.values()].filter((job) => job.poolId === poolId && job.state !== 'ended');
  }
  async endedSince(poolId: string, since: Instant): Promise<readonly SimulatedJob[]> {
    return [...this.jobs.values()].filter(
      (job) => job.poolId === poolId && job.endedAt !== null && job.endedAt >= since,
    );
  }
  async find(attemptId: string): Promise<SimulatedJob | null> {
    return this.jobs.get(attemptId) ?? null;
  }
  async put(jobs: readonly SimulatedJob[]): Promise<void> {
    for (const job of jobs) this.jobs.set(job.attemptId, structuredClone(job));
  }
}
