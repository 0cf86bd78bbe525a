import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { architectures, jobClasses, stacks } from '#libs/domain';
import { z } from 'zod';
import { SeedDocument, type SeedFault, type SeedPath } from './seed-document.js';
import { id, name } from './seed-schema-parts.js';

const positive = z.number().positive();
const units = z.int().positive().optional();
const seconds = z.int().nonnegative().optional();
const classRule = z.strictObject({
  class: z.enum(jobClasses),
  minUnits: units,
  maxUnits: units,
  minRunSeconds: seconds,
  maxRunSeconds: seconds,
});
const model = z.strictObject({
  weight: positive,
  models: z.array(id).min(1).optional(),
  stack: z.enum(stacks).optional(),
  architecture: z.enum(architectures).optional(),
});
const texts = z.array(z.string().min(1)).min(1).optional();
const number = z.string().regex(/^-?\d+$/, 'is no number of a user, group or queue');

const traceMapping = z
  .strictObject({
    schema: z.literal('trace-mapping/v1'),
    id,
    name,
    match: z.strictObject({ names: texts, headers: texts }).optional(),
    unit: z.enum(['card', 'core', 'node']),
    perUnit: z.strictObject({ cores: z.int().positive(), memoryGiB: z.int().nonnegative() }),
    tenants: z.strictObject({
      by: z.enum(['user', 'group', 'queue']),
      named: z.record(number, id).optional(),
      spread: z.array(id).min(1).optional(),
    }),
    classes: z.array(classRule).min(1),
    models: z.array(model),
    limit: z.strictObject({ factor: z.number().min(1), roundToSeconds: z.int().positive() }),
    tooLarge: z.enum(['clip', 'skip']),
  })
  .superRefine(({ classes, models, unit }, context) => {
    const last = classes.at(-1);
    if (last && Object.values(last).filter((value) => value !== undefined).length > 1) {
      context.addIssue({
        code: 'custom',
        path: ['classes', classes.length - 1],
        message: 'is the last rule and has bounds: some jobs would have no class',
      });
    }
    if (unit === 'card' && models.length === 0) {
      context.addIssue({ code: 'custom', path: ['models'], message: 'is empty, and cards are of some model' });
    }
  });

/** As libs/simulation reads it; the shapes are compared by trace-mapping.spec.ts. */
export type TraceMappingFile = Omit<z.infer<typeof traceMapping>, 'schema'>;
export type LoadedTraceMappings =
  | { readonly kind: 'ok'; readonly mappings: readonly TraceMappingFile[] }
  | { readonly kind: 'faults'; readonly faults: readonly SeedFault[] };

/** Reads every mapping of the directory (`traces` in the seeds), or says all that is wrong with them. Throws where it cannot be read. */
export async function loadTraceMappings(directory: string): Promise<LoadedTraceMappings> {
  const files = (await readdir(directory)).filter((file) => /\.ya?ml$/.test(file)).toSorted();
  const documents = await Promise.all(
    files.map(async (file) => new SeedDocument(file, await readFile(join(directory, file), 'utf8'))),
  );
  const faults: SeedFault[] = [];
  const mappings: TraceMappingFile[] = [];
  for (const document of documents) {
    const syntax = document.syntaxFaults();
    faults.push(...syntax);
    if (syntax.length > 0) continue;
    const parsed = traceMapping.safeParse(document.data);
    if (parsed.success) {
      const { schema: _schema, ...mapping } = parsed.data;
      faults.push(...clashes(document, mapping, mappings));
      mappings.push(mapping);
    } else {
      faults.push(...parsed.error.issues.map((issue) => faultOf(document, issue)));
    }
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'ok', mappings };
}

function faultOf(document: SeedDocument, issue: z.core.$ZodIssue): SeedFault {
  const path = issue.path as SeedPath;
  const [where, problem] =
    issue.code === 'unrecognized_keys'
      ? [[...path, issue.keys[0] ?? ''], `is not known: ${issue.keys.join(', ')}`]
      : [path, issue.message];
  return document.fault(where, problem, 'compare seeds/traces/default.yaml, which names every field');
}

function clashes(document: SeedDocument, mapping: TraceMappingFile, others: readonly TraceMappingFile[]): SeedFault[] {
  const sameId = others.some((other) => other.id === mapping.id);
  const secondDefault = mapping.match === undefined && others.some((other) => other.match === undefined);
  return [
    ...(sameId
      ? [document.fault(['id'], `"${mapping.id}" is the id of another mapping too`, 'give each its own')]
      : []),
    ...(secondDefault
      ? [document.fault([], 'is a second mapping without match', 'only the default has none: say which logs it is for')]
      : []),
  ];
}
