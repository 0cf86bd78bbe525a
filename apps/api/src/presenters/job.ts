import type { JobEventView, JobPromises, JobView, Principal, PromiseView, QueuedBody } from '#libs/application';
import { type JobClass, type JobRequest, refusalTexts, rfc3339 } from '#libs/domain';
import type { z } from 'zod';
import type { JobAccepted, JobEvent, JobShown, JobSummary, PromiseShown } from '../jobs/job-views.js';
import type { Reference } from '../reference.js';
import { timeOrNull } from './amounts.js';

/** What a job says of its request is the body as it was stored: the store keeps it as JSON, the submission wrote it as JobRequest. */
const requestOf = (job: JobView): JobRequest => job.request as JobRequest;

export function jobSummary(job: JobView, reference: Reference): JobSummary {
  const request = requestOf(job);
  return {
    ...sharedOf(job, reference),
    resources: request.resources as JobSummary['resources'],
    timeLimitSeconds: request.timeLimitSeconds,
  };
}

export function jobShown(
  job: JobView,
  principal: Principal,
  { reference, promises }: { readonly reference: Reference; readonly promises: JobPromises | null },
): JobShown {
  const request = requestOf(job);
  const { run, constraints, ...rest } = request;
  // What is run is the tenant's own business; operators need it to help, planners and auditors do not.
  const mayRead = principal.role === 'tenant' || principal.role === 'operator';
  const { simulated: _simulated, ...shownRun } = run ?? {};
  return {
    ...sharedOf(job, reference),
    promise: promiseShown(promises),
    request: {
      ...(rest as Omit<JobShown['request'], 'run' | 'constraints'>),
      ...(constraints && { constraints: constraintsShown(constraints) }),
      run: mayRead
        ? (shownRun as JobShown['request']['run'])
        : { ...(run?.image !== undefined && { image: run.image }), withheld: true },
    },
    notes: notesOn(request),
  };
}

function notesOn({ flexibility }: JobRequest): JobShown['notes'] {
  if (!flexibility?.interruptible) return [];
  return [
    {
      zh: 'interruptible 已记录；本版本不会为等待更绿或更便宜的时段而中断作业，只有 preemptible 的作业会为他人让出节点。',
      en: 'interruptible is recorded; this version interrupts no job to wait for greener or cheaper hours, and puts out only preemptible ones for others.',
    },
  ];
}

export function promiseShown(promises: JobPromises | null): PromiseShown {
  if (promises === null) return null;
  return { ...toldShown(promises.latest), first: toldShown(promises.first), kept: promises.kept };
}

const toldShown = ({ madeAt, point, basis, p50, p90 }: PromiseView): NonNullable<PromiseShown>['first'] => ({
  madeAt: rfc3339(madeAt),
  point: rfc3339(point),
  basis,
  p50: timeOrNull(p50),
  p90: timeOrNull(p90),
});

function sharedOf(job: JobView, reference: Reference): Omit<JobSummary, 'resources' | 'timeLimitSeconds'> {
  const { placement, verdict } = job;
  return {
    id: job.id,
    tenant: job.tenantId,
    name: job.name,
    class: job.class as JobClass,
    state: job.state,
    sample: job.sample,
    simulated: placement !== null && reference.isSimulated(placement.poolId),
    channel: job.channel,
    submittedAt: rfc3339(job.submittedAt),
    startedAt: timeOrNull(job.startedAt),
    endedAt: timeOrNull(job.endedAt),
    exitCode: job.exitCode,
    detail: job.detail,
    attempts: job.attempts,
    placement: placement && placementShown(placement, reference),
    staging: stagingShown(job),
    waiting: verdict && {
      refusal: verdict.refusal,
      text: refusalTexts[verdict.refusal],
      estimatedStart: timeOrNull(verdict.estimatedStart),
      basis: verdict.basis,
      pool: verdict.poolId,
      decidedAt: rfc3339(verdict.decidedAt),
    },
  };
}

/** While it lasts: from the word of the engine that it brings the inputs in to the word that it runs, or is over. */
function stagingShown(job: JobView): JobSummary['staging'] {
  const staging = job.placement?.staging;
  if (!staging || job.startedAt !== null || (job.state !== 'placed' && job.state !== 'starting')) return null;
  const inputs = requestOf(job).inputs ?? [];
  return {
    inputs: inputs.map(({ dataset, site, sizeGiB }) => ({ dataset, site, sizeGiB })),
    seconds: staging.seconds,
    until: rfc3339(staging.until),
  };
}

const placementShown = (
  placement: NonNullable<JobView['placement']>,
  reference: Reference,
): NonNullable<JobSummary['placement']> => ({
  attemptId: placement.attemptId,
  pool: placement.poolId,
  group: placement.groupId,
  nodes: [...placement.nodeIds],
  state: placement.state,
  placedAt: rfc3339(placement.placedAt),
  startedAt: timeOrNull(placement.startedAt),
  endsBy: rfc3339(placement.endsBy),
  sharedAccelerators: placement.sharing && {
    kind: placement.sharing.kind,
    heldFraction: placement.sharing.milli / 1000,
    devices: placement.sharing.devices.map((cards) => [...cards]),
  },
  backfilled: placement.backfilled,
  simulated: reference.isSimulated(placement.poolId),
});

type Constraints = NonNullable<JobRequest['constraints']>;
function constraintsShown({
  earliestStartMs,
  deadlineMs,
  ...rest
}: Constraints): NonNullable<JobShown['request']['constraints']> {
  return {
    ...(rest as Omit<NonNullable<JobShown['request']['constraints']>, 'earliestStart' | 'deadline'>),
    ...(earliestStartMs !== undefined && { earliestStart: rfc3339(earliestStartMs) }),
    ...(deadlineMs !== undefined && { deadline: rfc3339(deadlineMs) }),
  };
}

export const jobAccepted = (body: QueuedBody): z.infer<typeof JobAccepted> => ({
  id: body.id,
  state: body.state,
  tenant: body.tenant,
  submittedAt: rfc3339(body.submittedAtMs),
});

export const jobEvent = ({ id, at, kind, detail }: JobEventView): JobEvent => ({
  id,
  at: rfc3339(at),
  kind,
  detail: detail ?? {},
});
