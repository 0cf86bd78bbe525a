import type { SwfJob } from '../swf.js';

/**
 * Cleaning of protocol HB-REF v1 (PROTOCOL A2), in this order: jobs that could never run are dropped; without a requested time
 * the run time stands in; a job that would outlive its request is killed at its limit; stable sort by submission.
 *
 * @param processors size of the machine
 */
export function cleanProtocolA(jobs: readonly SwfJob[], processors: number): SwfJob[] {
  return jobs
    .filter((job) => job.processors > 0 && job.processors <= processors && job.runSeconds > 0 && job.submitSeconds >= 0)
    .map((job) => {
      const requestedSeconds = job.requestedSeconds > 0 ? job.requestedSeconds : job.runSeconds;
      return { ...job, requestedSeconds, runSeconds: Math.min(job.runSeconds, requestedSeconds) };
    })
    .sort((a, b) => a.submitSeconds - b.submitSeconds);
}
