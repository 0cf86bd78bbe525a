import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type PlanningPolicy, backfillModes, orderNames, predictorNames } from '#libs/scheduling';
import { z } from 'zod';
import { nearestWord } from './fault.js';
import { isMapping } from './seed-collection.js';
import { SeedDocument, type SeedFault, type SeedPath } from './seed-document.js';
import { id } from './seed-schema-parts.js';

const YEAR_SECONDS = 31_536_000;
const DAY_SECONDS = 86_400;
const weight = z.number().min(0).max(1);
const seconds = (least: number, most: number) => z.int().min(least).max(most);
const share = { startDelay: weight, tightFit: weight, price: weight, green: weight, nearness: weight };
const isSumOne = (weights: Readonly<Record<string, number>>): boolean =>
  Math.abs(Object.values(weights).reduce((sum, part) => sum + part, 0) - 1) < 1e-9;

const preemption = z.strictObject({
  bandsBelow: z.int().min(1).max(3).optional(),
  reclaim: z.boolean().default(false),
  minRunSeconds: seconds(0, 7 * DAY_SECONDS),
  maxPreemptors: z.int().min(1).max(1000),
});

const policyFile = z.strictObject({
  schema: z.literal('policy/v1'),
  name: id,
  order: z.enum(orderNames),
  backfill: z.enum(backfillModes),
  reservationDepth: z.int().min(0).max(100_000),
  backfillOrder: z.enum(['queue', 'shortest-first']).optional(),
  maxStarts: z.int().min(1).max(100_000),
  runTimes: z.enum(['limit', 'predicted']).default('limit'),
  predictor: z.enum(predictorNames).default('tsafrir'),
  weights: z.strictObject(share).refine(isSumOne, 'do not add up to 1'),
  fairShare: z
    .strictObject({
      halfLifeSeconds: seconds(60, YEAR_SECONDS).default(14 * DAY_SECONDS),
      accrualSeconds: seconds(1, DAY_SECONDS).default(60),
      entryPenaltySeconds: seconds(0, DAY_SECONDS).default(600),
    })
    .prefault({}),
  quotas: z.enum(['on', 'off']).default('on'),
  preemption: z.union([z.literal('off'), preemption]).default('off'),
  elastic: z.enum(['on', 'off']).default('on'),
  latencyStaleSeconds: seconds(1, 7 * DAY_SECONDS).default(DAY_SECONDS),
});

/** What a policy file says, with its defaults filled in; as the use cases take it (compared by load-policy.spec.ts). */
export interface PolicyFile {
  readonly name: string;
  readonly planning: PlanningPolicy;
  /** Seconds after which a latency probe counts as stale. */
  readonly latencyStaleSeconds: number;
}
export type LoadedPolicy =
  | { readonly kind: 'ok'; readonly policy: PolicyFile }
  | { readonly kind: 'faults'; readonly faults: readonly SeedFault[] };

/** Reads a policy file, or says everything that is wrong with it. Throws where it cannot be read. */
export const loadPolicy = async (file: string): Promise<LoadedPolicy> =>
  parsePolicy(basename(file), await readFile(file, 'utf8'));

/** The same of a text, YAML or JSON; `file` names it in the faults. */
export function parsePolicy(file: string, text: string): LoadedPolicy {
  const document = new SeedDocument(file, text);
  const syntax = document.syntaxFaults();
  if (syntax.length > 0) return { kind: 'faults', faults: syntax };
  const parsed = policyFile.safeParse(document.data);
  if (parsed.success) return { kind: 'ok', policy: policyOf(parsed.data) };
  return { kind: 'faults', faults: parsed.error.issues.flatMap((issue) => faultsOf(document, issue, [])) };
}

function policyOf(file: z.infer<typeof policyFile>): PolicyFile {
  const { schema: _schema, name, latencyStaleSeconds, quotas, elastic, preemption: putting, ...planning } = file;
  return {
    name,
    latencyStaleSeconds,
    planning: {
      ...planning,
      ...(quotas === 'off' ? { quotas } : {}),
      ...(elastic === 'off' ? { elastic } : {}),
      ...(putting === 'off' ? {} : { preemption: putting }),
    },
  };
}

/** The text of a policy as a file has it: what `parsePolicy` reads back as the same policy. */
export function renderPolicy({ name, planning, latencyStaleSeconds }: PolicyFile): string {
  const { quotas = 'on', elastic = 'on', preemption: putting = 'off', ...rest } = planning;
  const file = { schema: 'policy/v1', name, ...rest, quotas, elastic, preemption: putting, latencyStaleSeconds };
  return JSON.stringify(file, null, 2);
}

const keysAt: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(policyFile.shape),
  weights: Object.keys(share),
  fairShare: ['halfLifeSeconds', 'accrualSeconds', 'entryPenaltySeconds'],
  preemption: Object.keys(preemption.shape),
};
const remedy = 'seeds/policy.yaml names every key with its range';

function faultsOf(document: SeedDocument, issue: z.core.$ZodIssue, above: SeedPath): SeedFault[] {
  const path: SeedPath = [...above, ...(issue.path as SeedPath)];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const near = nearestWord(key, keysAt[path.join('.')] ?? []);
        const help = near ? `did you mean "${near}"?` : `remove it; ${remedy}`;
        return document.fault([...path, key], `"${key}" is no key of a policy here`, help);
      });
    case 'invalid_union': {
      // A mapping was meant to be the mapping: its own faults help, "neither fits" does not.
      const inner = issue.errors.at(-1) ?? [];
      const isMeant = inner.some((it) => it.path.length > 0 || it.code === 'unrecognized_keys');
      if (isMeant) return inner.flatMap((it) => faultsOf(document, it, path));
      return [document.fault(path, 'is neither off nor a mapping', remedy)];
    }
    case 'invalid_value': {
      const words = issue.values.map(String);
      const written = path.reduce<unknown>((at, step) => (isMapping(at) ? at[step] : undefined), document.data);
      const near = typeof written === 'string' ? nearestWord(written, words) : undefined;
      return [document.fault(path, `is none of ${words.join(', ')}`, near ? `did you mean "${near}"?` : remedy)];
    }
    case 'too_small':
      return [document.fault(path, `is below ${issue.minimum}`, remedy)];
    case 'too_big':
      return [document.fault(path, `is above ${issue.maximum}`, remedy)];
    case 'invalid_type':
      return [document.fault(path, `is missing or is no ${issue.expected}`, remedy)];
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
      return [document.fault(path, issue.message, path[0] === 'weights' ? 'mend the five weights' : remedy)];
  }
}
