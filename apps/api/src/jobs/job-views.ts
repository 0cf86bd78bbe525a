import { z } from 'zod';
import { architectures, dataLevels, jobClasses, jobStates, refusals, sharingKinds, stacks } from '#libs/domain';
import type { JobState } from '#libs/domain';
import { CounterfactualsShown } from '../quotes/counterfactual-views.js';
import { Text, TimeText, pageSchema } from '../schemas/common.js';
import { EvidenceShown, RefusalShown } from '../schemas/evidence.js';
import { StagingSeconds } from '../schemas/offer.js';

const Count = z.int().min(0);
const State = z.enum(jobStates as [JobState, ...JobState[]]);

const ResourcesShown = z
  .strictObject({
    nodes: Count,
    nodesMax: Count.optional().meta({ description: 'Elastic: any number of nodes from `nodes` to this' }),
    acceleratorsPerNode: Count,
    acceleratorFraction: z.number().optional().meta({ description: 'A part of one card of each node' }),
    acceleratorModels: z.array(z.string()).optional(),
    minAcceleratorMemoryGiB: z.number().optional(),
    cpuCoresPerNode: Count.optional(),
    memoryGiBPerNode: Count.optional(),
    architecture: z.enum(architectures).optional(),
    stack: z.enum(stacks).optional(),
  })
  .meta({ id: 'Resources' });

const ConstraintsShown = z
  .strictObject({
    pools: z.array(z.string()).optional(),
    maxLatencyMs: z.number().optional(),
    fromDistrict: z.string().optional(),
    dataLevel: z.enum(dataLevels).optional(),
    dataSite: z.string().optional(),
    minGreenShare: z.number().optional(),
    earliestStart: TimeText.optional(),
    deadline: TimeText.optional(),
  })
  .meta({ id: 'Constraints' });

const RunShown = z
  .strictObject({
    image: z.string().optional(),
    command: z.array(z.string()).optional(),
    script: z.string().optional(),
    environment: z.record(z.string(), z.string()).optional(),
    withheld: z
      .literal(true)
      .optional()
      .meta({ description: 'What runs is shown to the tenant and to operators only' }),
  })
  .meta({ id: 'Run' });

const RequestShown = z
  .strictObject({
    name: z.string(),
    class: z.enum(jobClasses),
    resources: ResourcesShown,
    timeLimitSeconds: Count,
    inputs: z
      .array(
        z.strictObject({
          dataset: z.string(),
          site: z.string(),
          sizeGiB: z.number(),
          dataLevel: z.enum(dataLevels).optional(),
        }),
      )
      .optional(),
    constraints: ConstraintsShown.optional(),
    flexibility: z
      .strictObject({
        preemptible: z.boolean().optional(),
        interruptible: z.boolean().optional(),
        checkpointIntervalSeconds: z.int().optional(),
      })
      .optional(),
    run: RunShown,
    labels: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'RequestAsAccepted', description: 'The request with what it left open filled in' });

const Placement = z
  .strictObject({
    attemptId: z.string(),
    pool: z.string(),
    group: z.string(),
    nodes: z.array(z.string()),
    state: z.string(),
    placedAt: TimeText,
    startedAt: TimeText.nullable(),
    endsBy: TimeText,
    sharedAccelerators: z
      .strictObject({
        kind: z.enum(sharingKinds),
        heldFraction: z.number().meta({ description: 'Of each card, in whole slices; 1: whole cards' }),
        devices: z
          .array(z.array(Count))
          .meta({ description: 'Which cards of each node, in the order of `nodes`; counted from 0' }),
      })
      .nullable()
      .meta({ description: 'null where the pool gives out whole cards only' }),
    backfilled: z.boolean(),
    simulated: z.boolean(),
  })
  .meta({ id: 'Placement' });

const Staging = z
  .strictObject({
    inputs: z.array(z.strictObject({ dataset: z.string(), site: z.string(), sizeGiB: z.number() })),
    seconds: Count.meta({ description: 'What it was planned to take, over the declared links between the sites' }),
    until: TimeText,
  })
  .meta({ id: 'Staging', description: 'Its inputs are being brought to where it will run' });

const Waiting = z
  .strictObject({
    refusal: z.enum(refusals),
    text: Text,
    estimatedStart: TimeText.nullable(),
    basis: z.string(),
    pool: z.string().nullable(),
    decidedAt: TimeText,
  })
  .meta({ id: 'Waiting', description: 'Why it has not started, as of the last cycle that had something new to say' });

const told = {
  madeAt: TimeText,
  point: TimeText.meta({ description: 'Where the plan put it' }),
  basis: z.string(),
  p50: TimeText.nullable().meta({
    description: 'Half of the starts come no later; null while too few outcomes are known',
  }),
  p90: TimeText.nullable().meta({ description: 'Nine of ten starts come no later' }),
};
const PromiseShown = z
  .strictObject({
    ...told,
    first: z.strictObject(told),
    kept: z.boolean().nullable().meta({ description: 'Whether the first promise was kept; null until it has started' }),
  })
  .nullable()
  .meta({
    id: 'StartPromise',
    description:
      'Told anew only when P50 moved by more than ten minutes and a fifth of the wait ahead; null for a job that did not have to wait',
  });
export type PromiseShown = z.infer<typeof PromiseShown>;

const shared = {
  id: z.string(),
  tenant: z.string(),
  name: z.string(),
  class: z.enum(jobClasses),
  state: State,
  sample: z.boolean().meta({ description: 'Made up: the job of a sample tenant, not of anybody' }),
  simulated: z.boolean().meta({ description: 'Its engine is simulated: no real hardware runs it' }),
  channel: z.string(),
  submittedAt: TimeText,
  startedAt: TimeText.nullable(),
  endedAt: TimeText.nullable(),
  exitCode: z.int().nullable(),
  detail: z.string().nullable(),
  attempts: Count,
  placement: Placement.nullable(),
  staging: Staging.nullable().meta({ description: 'null: nothing is brought in, or it is there' }),
  waiting: Waiting.nullable(),
};

export const JobSummary = z
  .strictObject({ ...shared, resources: ResourcesShown, timeLimitSeconds: Count })
  .meta({ id: 'JobSummary' });
export const JobShown = z
  .strictObject({
    ...shared,
    promise: PromiseShown,
    request: RequestShown,
    notes: z.array(Text).meta({ description: 'What of the request this version takes down but does not act on' }),
  })
  .meta({ id: 'Job' });
export const JobPage = pageSchema('JobPage', JobSummary);
export type JobSummary = z.infer<typeof JobSummary>;
export type JobShown = z.infer<typeof JobShown>;

export const JobAccepted = z
  .strictObject({ id: z.string(), state: z.literal('queued'), tenant: z.string(), submittedAt: TimeText })
  .meta({ id: 'JobAccepted' });
export const JobCancelled = z
  .strictObject({ id: z.string(), state: z.enum(['cancelled', 'cancelling']) })
  .meta({ id: 'JobCancelled', description: 'cancelling: its engine was asked; the end is told by the job’s state' });

const LatencyShown = z
  .strictObject({
    fromDistrict: z.string(),
    maxOneWayMs: z.number(),
    pools: z.array(
      z.strictObject({
        pool: z.string(),
        oneWayMs: z.number().nullable().meta({ description: 'null: nobody has measured or assumed it' }),
        basis: z.enum(['measured', 'stale', 'assumed', 'unknown']).meta({
          description: 'stale: it was measured, but too long ago; what is assumed counts again',
        }),
        within: z.boolean(),
      }),
    ),
    isStale: z.boolean().meta({ description: 'Whether a measurement of any of these pools is stale' }),
    text: Text,
  })
  .meta({
    id: 'LatencyLimit',
    description: 'The latency limit of a job that waits, against the pools that it may use',
  });

export const Explanation = z
  .strictObject({
    id: z.string(),
    state: State,
    asOf: TimeText,
    text: Text,
    refusal: RefusalShown.nullable(),
    evidence: EvidenceShown.nullable(),
    estimatedStart: TimeText.nullable(),
    stagingSeconds: StagingSeconds,
    basis: z
      .string()
      .nullable()
      .meta({ description: 'reservation: a place in the plan; backlog: work ahead over capacity; none' }),
    pool: z.string().nullable(),
    promise: PromiseShown,
    latency: LatencyShown.nullable().meta({ description: 'null: it waits for nothing, or limits no latency' }),
    counterfactuals: CounterfactualsShown.optional().meta({ description: 'Only when they were asked for' }),
    cycle: z.int().nullable(),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof Explanation>;

export const JobEvent = z
  .strictObject({ id: z.int(), at: TimeText, kind: z.string(), detail: z.unknown() })
  .meta({ id: 'JobEvent' });
export const JobEvents = z.strictObject({ items: z.array(JobEvent) }).meta({ id: 'JobEvents' });
export type JobEvent = z.infer<typeof JobEvent>;

export const JobLogs = z
  .strictObject({ attemptId: z.string(), pool: z.string(), stdout: z.string(), stderr: z.string() })
  .meta({ id: 'JobLogs' });
