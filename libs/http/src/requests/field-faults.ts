import { z } from 'zod';
import type { FieldFault } from '../problems/problem.js';
import { pointerTo } from './json-pointer.js';
import { nearestWord } from './nearest-word.js';

type Issue = z.core.$ZodIssue;
/** Says where a fault is: by pointer in a body, by name in a query. */
export type Locate = (path: readonly PropertyKey[]) => Omit<FieldFault, 'detail'>;
export const inBody: Locate = (path) => ({ pointer: pointerTo(path) });
export const inQuery: Locate = (path) => ({ parameter: String(path[0] ?? '') });

const MOST_FAULTS = 50;

/** Zod's issues as faults, each with its place and, for an unknown field, the known one it resembles. */
export function fieldFaults(schema: z.ZodType, issues: readonly Issue[], locate: Locate): FieldFault[] {
  const faults = issues.flatMap((issue) => faultsOf(schema, issue, locate));
  if (faults.length <= MOST_FAULTS) return faults;
  return [...faults.slice(0, MOST_FAULTS), { ...locate([]), detail: `and ${faults.length - MOST_FAULTS} more` }];
}

function faultsOf(schema: z.ZodType, issue: Issue, locate: Locate): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, issue.path);
    return issue.keys.map((key) => ({ ...locate([...issue.path, key]), detail: unknownField(key, known) }));
  }
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return [{ ...locate(issue.path), detail: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ ...locate(issue.path), detail: wordsOf(issue) }];
}

function unknownField(key: string, known: readonly string[]): string {
  const near = nearestWord(key, known);
  if (near !== undefined) return `unknown field; did you mean "${near}"?`;
  return known.length > 0 ? `unknown field; there are ${known.join(', ')}` : 'unknown field';
}

function wordsOf(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `is required (${issue.expected})`;
  const [first = '', ...rest] = issue.message;
  return first.toLowerCase() + rest.join('');
}

/** Names of the fields that an object of the schema may have at the path. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = bare(schema);
  for (const key of path) {
    if (at instanceof z.ZodObject) at = bare(at.shape[String(key)]);
    else if (at instanceof z.ZodArray) at = bare(at.element);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function bare(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault)
    inner = inner.unwrap();
  return inner;
}
