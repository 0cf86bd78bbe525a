import { type Instant, type JobRequest, HOUR_MS } from '#libs/domain';
import type { SampleDemand, SampleJob } from './sample-demand.js';
import { roundUp } from './sample-request.js';

/** A week: nine to ten of ten cards at work began their job within it (90 to 98 % over four seeds), and it is drawn within a second. */
const WARM_UP_HOURS = 168;
const LIMIT_STEP_SECONDS = 900;

/**
 * What would be running at `at`, had the service been there before: the jobs of the `hours` before it whose run is not over,
 * each with the rest of its run and of its limit, submitted at `at`. A first start then shows a busy system instead of a week of
 * filling up. Waiting is left out (each is taken to have started when it came), so is flexibility in time: they are under way.
 */
export function initialJobs(demand: SampleDemand, at: Instant, hours: number = WARM_UP_HOURS): SampleJob[] {
  return demand.between(at - hours * HOUR_MS, at).flatMap((job) => {
    const elapsedSeconds = Math.floor((at - job.at) / 1_000);
    const left = (job.request.run.simulated?.runSeconds ?? 0) - elapsedSeconds;
    return left > 0 ? [{ at, tenantId: job.tenantId, request: remainder(job.request, elapsedSeconds, left) }] : [];
  });
}

function remainder(request: JobRequest, elapsedSeconds: number, runSeconds: number): JobRequest {
  const { deadlineMs: _past, ...constraints } = request.constraints ?? {};
  const outcome = request.run.simulated?.outcome;
  return {
    ...request,
    timeLimitSeconds: Math.max(
      roundUp(request.timeLimitSeconds - elapsedSeconds, LIMIT_STEP_SECONDS),
      LIMIT_STEP_SECONDS,
    ),
    constraints,
    run: { ...request.run, simulated: { runSeconds, ...(outcome && { outcome }) } },
    labels: { ...request.labels, warmUp: 'true' },
  };
}
