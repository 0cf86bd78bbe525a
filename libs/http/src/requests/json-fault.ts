export interface JsonFault {
  /** Characters from the start. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

// oxlint-disable no-control-regex -- JSON forbids raw control characters in strings, so the pattern names them
const token =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

type Expected = 'value' | 'value or ]' | 'name or }' | 'name' | ':' | ', or }' | ', or ]' | 'end';

/**
 * Where a text stops being JSON (RFC 8259). JSON.parse refuses the same texts, but its messages name a position for some of them
 * only. Null when the text is JSON.
 */
export function jsonFaultIn(text: string): JsonFault | null {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match) break;
    const next = follow(expected, match[1] ?? (match[2] === undefined ? 'literal' : 'string'), open);
    if (next === null) break;
    expected = next;
    at = token.lastIndex;
  }
  const offset = at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
  if (expected === 'end' && offset === text.length) return null;
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - before.lastIndexOf('\n');
  const found = offset === text.length ? 'the text ends' : `there is ${JSON.stringify(text[offset])}`;
  return {
    offset,
    line,
    column,
    problem: `${found} where ${expected === 'end' ? 'the end of the text' : expected} is expected`,
  };
}

/** What is expected after the token; null when the token is not what was expected. Keeps `open` up to date. */
function follow(expected: Expected, found: string, open: ('{' | '[')[]): Expected | null {
  if (expected === 'value' || expected === 'value or ]') {
    if (found === '{' || found === '[') {
      open.push(found);
      return found === '{' ? 'name or }' : 'value or ]';
    }
    if (found === 'string' || found === 'literal') return afterValue(open);
    return found === ']' && expected === 'value or ]' ? closed(open) : null;
  }
  if (expected === 'name' || expected === 'name or }') {
    if (found === 'string') return ':';
    return found === '}' && expected === 'name or }' ? closed(open) : null;
  }
  if (expected === ':') return found === ':' ? 'value' : null;
  if (expected === 'end') return null;
  if (found === ',') return expected === ', or }' ? 'name' : 'value';
  return found === (expected === ', or }' ? '}' : ']') ? closed(open) : null;
}

function closed(open: ('{' | '[')[]): Expected {
  open.pop();
  return afterValue(open);
}
function afterValue(open: readonly ('{' | '[')[]): Expected {
  const inside = open.at(-1);
  if (inside === undefined) return 'end';
  return inside === '{' ? ', or }' : ', or ]';
}
