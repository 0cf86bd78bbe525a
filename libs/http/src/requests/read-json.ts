import { Problem } from '../problems/problem.js';
import { jsonFaultIn } from './json-fault.js';
import { type PathKey, pointerTo } from './json-pointer.js';

const DEEPEST = 32;

/**
 * Reads the body's text. Throws the problems body-missing, body-malformed (with line and column) and body-unsafe: nested too
 * deeply, a "__proto__" key, or text that no UTF-8 column can hold (NUL, lone surrogates).
 */
export function readJson(text: string): unknown {
  if (text.trim() === '') throw new Problem('body-missing', 'The body is empty; this route needs a JSON object.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const fault = jsonFaultIn(text);
    if (!fault) throw new Problem('body-malformed', 'The body is not valid JSON.');
    const where = `line ${fault.line}, column ${fault.column} (character ${fault.offset})`;
    throw new Problem('body-malformed', `The body is not valid JSON: at ${where} ${fault.problem}.`, {
      members: { line: fault.line, column: fault.column, offset: fault.offset },
    });
  }
  checkSafe(value);
  return value;
}

interface Visit {
  readonly value: unknown;
  readonly depth: number;
  readonly key: PathKey | null;
  readonly parent: Visit | null;
}

// With a stack of its own: recursion would end where the caller's stack does, and the caller is who chooses the depth.
function checkSafe(root: unknown): void {
  const waiting: Visit[] = [{ value: root, depth: 1, key: null, parent: null }];
  for (let visit = waiting.pop(); visit; visit = waiting.pop()) {
    const { value, depth } = visit;
    if (typeof value === 'string') checkText(value, visit);
    if (typeof value !== 'object' || value === null) continue;
    if (depth > DEEPEST) throw unsafe(visit, `is nested deeper than ${DEEPEST} levels`);
    for (const [key, child] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      const next = { value: child, depth: depth + 1, key, parent: visit };
      if (key === '__proto__') throw unsafe(next, 'is not a name that a body may use');
      if (typeof key === 'string') checkText(key, next);
      waiting.push(next);
    }
  }
}

function checkText(text: string, visit: Visit): void {
  if (text.includes('\u0000')) throw unsafe(visit, 'contains a NUL character (U+0000)');
  if (!text.isWellFormed()) throw unsafe(visit, 'contains a lone surrogate, which is no character');
}

function unsafe(visit: Visit, what: string): Problem {
  const path: PathKey[] = [];
  for (let at: Visit | null = visit; at; at = at.parent) if (at.key !== null) path.unshift(at.key);
  const pointer = pointerTo(path).toWellFormed();
  return new Problem('body-unsafe', `A field of the body ${what}.`, { errors: [{ pointer, detail: what }] });
}
