import type { SwfJob } from '../swf.js';

/** @throws RangeError when the machine has no processors, or a job could never run on it and would wait for ever */
export function checkReplayable(jobs: readonly SwfJob[], processors: number): void {
  if (!(processors > 0)) throw new RangeError(`a machine of ${processors} processors runs nothing: give at least one`);
  jobs.forEach((job, index) => {
    const fits = job.processors > 0 && job.processors <= processors && job.runSeconds > 0;
    const isInOrder = index === 0 || job.submitSeconds >= jobs[index - 1]!.submitSeconds;
    if (fits && job.requestedSeconds >= job.runSeconds && isInOrder) return;
    throw new RangeError(
      `job ${job.id} (index ${index}) cannot be replayed on ${processors} processors: it asks for ${job.processors}, ` +
        `runs ${job.runSeconds} s of ${job.requestedSeconds} s and is submitted at ${job.submitSeconds}; clean the jobs first`,
    );
  });
}
