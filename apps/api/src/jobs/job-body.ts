import { z } from 'zod';
import { architectures, dataLevels, jobClasses, stacks } from '#libs/domain';
import { notOffered } from '#libs/http';
import { Slug, TimeText, printableText } from '../schemas/common.js';

const MOST_NODES = 10_000;
const LONGEST_LIMIT_SECONDS = 90 * 86_400;
const COMMAND_BYTES = 65_536;
const SCRIPT_CHARACTERS = 262_144;

const MOST_GIB = 1_048_576;

const NodeCount = z.int().min(1).max(MOST_NODES);
const isThousandths = (value: number): boolean => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-9;

const NodesAsked = z
  .union([NodeCount, z.strictObject({ min: NodeCount, max: NodeCount })], {
    error: `is neither a whole number (int) of nodes from 1 to ${MOST_NODES} nor a range {min, max} of them`,
  })
  .meta({
    description:
      'A number, or {min, max}: an elastic job gets what fits best, and may shrink or grow at its checkpoints',
  });

const Resources = z
  .strictObject({
    nodes: NodesAsked,
    acceleratorsPerNode: z
      .int()
      .min(0)
      .max(64)
      .optional()
      .meta({ description: 'Needed unless `acceleratorFraction` is given' }),
    acceleratorFraction: z
      .number()
      .gt(0)
      .lt(1)
      .refine(isThousandths, { error: 'has more than three decimals' })
      .optional()
      .meta({
        description:
          'A part of one card of each node, for inference and interactive jobs, where a pool shares its cards (vNPU, MIG, time ' +
          'slices). What is held and accounted is whole slices: a quarter of a card that is cut into seven is two of them.',
      }),
    acceleratorModels: z.array(Slug).min(1).max(20).optional(),
    minAcceleratorMemoryGiB: z.int().min(1).max(1024).optional().meta({
      description: 'Of what the job gets of a card: a slice has its part of the memory, a time slice all of it',
    }),
    cpuCoresPerNode: z.int().min(1).max(4096).optional(),
    memoryGiBPerNode: z.int().min(1).max(65_536).optional(),
    architecture: z.enum(architectures).optional(),
    stack: z.enum(stacks).optional(),
  })
  .refine((asked) => asked.acceleratorsPerNode !== undefined || asked.acceleratorFraction !== undefined, {
    path: ['acceleratorsPerNode'],
    error: 'is required (number), unless acceleratorFraction is given',
    when: ({ value }) => typeof value === 'object' && value !== null, // beside other faults too
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
    dataSite: Slug.optional().meta({
      description: 'Site that its data must not leave: it runs in pools of this site only',
    }),
    minGreenShare: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .meta({
        description:
          'Green or by the deadline: it starts when the expected green share over its predicted run reaches this, at the latest ' +
          'when waiting longer would miss the deadline; without a deadline, when it has waited as long as the outlook is long.',
      }),
    earliestStart: TimeText.optional(),
    deadline: TimeText.optional(),
  })
  .meta({ id: 'ConstraintsRequest' });

const Flexibility = z
  .strictObject({
    preemptible: z.boolean().optional(),
    interruptible: z.boolean().optional().meta({ description: 'Taken down; this version does not act on it' }),
    checkpointIntervalSeconds: z.int().min(1).max(LONGEST_LIMIT_SECONDS).optional(),
  })
  .meta({ id: 'FlexibilityRequest' });

const Input = z
  .strictObject({
    dataset: z.string().min(1).max(200).regex(printableText, { error: 'contains control characters or line breaks' }),
    site: Slug.meta({ description: 'Site where the data is' }),
    sizeGiB: z.number().positive().max(MOST_GIB),
    dataLevel: z.enum(dataLevels).optional().meta({ description: 'Default: that of the job; never above it' }),
  })
  .meta({ id: 'InputRequest' });
const Inputs = z
  .array(Input)
  .min(1)
  .max(100)
  .refine((inputs) => inputs.reduce((sum, input) => sum + input.sizeGiB, 0) <= MOST_GIB, {
    error: `are larger than ${MOST_GIB} GiB together`,
  })
  .optional()
  .meta({
    description:
      'Data to be brought to its site before it runs, over the declared links; timed in quotes and shown as a stage of the job. ' +
      'The service itself moves and keeps no data: the engine of the pool does.',
  });

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
    inputs: Inputs,
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
