import { z } from 'zod';
import { architectures, dataLevels, jobClasses, stacks } from '#libs/domain';
import { NOT_OFFERED, notOffered } from '#libs/http';
import { Slug, TimeText, printableText } from '../schemas/common.js';

const MOST_NODES = 10_000;
const LONGEST_LIMIT_SECONDS = 90 * 86_400;
const COMMAND_BYTES = 65_536;
const SCRIPT_CHARACTERS = 262_144;

const NodeCount = z
  .int({
    error: (issue) =>
      typeof issue.input === 'object' && issue.input !== null
        ? `a range of nodes ${NOT_OFFERED}; give a whole number`
        : undefined,
  })
  .min(1)
  .max(MOST_NODES);

const Resources = z
  .strictObject({
    nodes: NodeCount,
    acceleratorsPerNode: z.int().min(0).max(64),
    acceleratorFraction: notOffered(),
    acceleratorModels: z.array(Slug).min(1).max(20).optional(),
    minAcceleratorMemoryGiB: z.int().min(1).max(1024).optional(),
    cpuCoresPerNode: z.int().min(1).max(4096).optional(),
    memoryGiBPerNode: z.int().min(1).max(65_536).optional(),
    architecture: z.enum(architectures).optional(),
    stack: z.enum(stacks).optional(),
  })
  .meta({ id: 'ResourcesRequest' });

const Constraints = z
  .strictObject({
    pools: z.array(Slug).min(1).max(100).optional(),
    maxLatencyMs: z
      .number()
      .positive()
      .max(10_000)
      .optional()
      .meta({ description: 'One-way milliseconds from `fromDistrict`' }),
    fromDistrict: Slug.optional().meta({ description: 'Default: the home district of the tenant' }),
    dataLevel: z.enum(dataLevels).optional().meta({ description: 'GB/T 43697-2024; default general' }),
    dataSite: notOffered(),
    minGreenShare: z.number().min(0).max(1).optional().meta({
      description: 'Recorded with the job. This version weighs green hours but does not hold a job back for them.',
    }),
    earliestStart: TimeText.optional(),
    deadline: TimeText.optional(),
  })
  .meta({ id: 'ConstraintsRequest' });

const Flexibility = z
  .strictObject({
    preemptible: z.boolean().optional(),
    interruptible: z.boolean().optional(),
    checkpointIntervalSeconds: z.int().min(1).max(LONGEST_LIMIT_SECONDS).optional(),
  })
  .meta({ id: 'FlexibilityRequest' });

const Environment = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: 'is not the name of an environment variable' }),
    z.string().max(32_768),
  )
  .refine((environment) => Object.keys(environment).length <= 100, { error: 'has more than 100 variables' });

const Run = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[\x21-\x7e]+$/, { error: 'is not the name of an image' })
      .optional(),
    command: z
      .array(z.string())
      .min(1)
      .max(1000)
      .refine((args) => Buffer.byteLength(args.join(' ')) <= COMMAND_BYTES, {
        error: `is longer than ${COMMAND_BYTES} bytes; use script`,
      })
      .optional()
      .meta({ description: 'Program and arguments; no shell reads them. At most 64 kB.' }),
    script: z.string().min(1).max(SCRIPT_CHARACTERS).optional(),
    environment: Environment.optional(),
  })
  .meta({ id: 'RunRequest' });

const Labels = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, { error: 'is not a label name' }),
    z.string().max(200).regex(printableText),
  )
  .refine((labels) => Object.keys(labels).length <= 32, { error: 'has more than 32 labels' });

/** The body of POST /v1/jobs and of POST /v1/quotes (DESIGN.md 10), closed: an unknown field is a fault, never ignored. */
export const JobBody = z
  .strictObject({
    name: z.string().min(1).max(200).regex(printableText, { error: 'contains control characters or line breaks' }),
    class: z.enum(jobClasses),
    tenant: Slug.optional().meta({ description: 'Needed when the key covers several tenants' }),
    resources: Resources,
    timeLimitSeconds: z.int().min(1).max(LONGEST_LIMIT_SECONDS),
    inputs: notOffered(),
    constraints: Constraints.optional(),
    flexibility: Flexibility.optional(),
    after: notOffered(),
    array: notOffered(),
    run: Run,
    labels: Labels.optional(),
    callbackUrl: notOffered(),
  })
  .meta({ id: 'JobRequest' });
export type JobBody = z.infer<typeof JobBody>;
