/**
 * JSON with object keys in code-unit order and without undefined members: equal values give equal text, so its hash names a plan
 * or a keyframe. Throws on what JSON cannot hold (NaN, infinities, functions): a hash of such a value would not be of the value.
 */
export function encodeCanonical(value: unknown): string {
  // A copy in order is written by the engine itself, five times as fast as piece by piece: a state of 100,000 jobs is 30 MB.
  const copy = ordered(value, []);
  return copy === awkward ? encode(value, '$') : JSON.stringify(copy);
}

interface Shape {
  readonly keys: readonly string[];
  /** Null: objects with these keys do not keep the order in which members are set. */
  readonly sorted: readonly string[] | null;
}
const awkward = Symbol('awkward');
/** Of the keys that a state's objects have there are few lists; the latest that were met are at hand. */
const SHAPES_AT_HAND = 16;

function ordered(value: unknown, shapes: Shape[]): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)) return value;
  if (typeof value !== 'object') return awkward;
  if (Array.isArray(value)) return orderedList(value, shapes);
  const { sorted } = shapeOf(value, shapes);
  if (!sorted) return awkward;
  const copy: Record<string, unknown> = {};
  for (const key of sorted) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined) continue;
    const inner = ordered(member, shapes);
    if (inner === awkward) return awkward;
    copy[key] = inner;
  }
  return copy;
}

function orderedList(items: readonly unknown[], shapes: Shape[]): unknown {
  const copy: unknown[] = [];
  for (const item of items) {
    const inner = ordered(item, shapes);
    if (inner === awkward) return awkward;
    copy.push(inner);
  }
  return copy;
}

function shapeOf(value: object, shapes: Shape[]): Shape {
  const keys = Object.keys(value);
  const known = shapes.find(
    (shape) => shape.keys.length === keys.length && keys.every((key, i) => key === shape.keys[i]),
  );
  if (known) return known;
  const holds = keys.every((key) => key !== '__proto__' && !/^\d+$/.test(key));
  const shape = { keys, sorted: holds ? keys.toSorted() : null };
  shapes.unshift(shape);
  if (shapes.length > SHAPES_AT_HAND) shapes.pop();
  return shape;
}

/** The definition; `path` is for the fault. */
function encode(value: unknown, path: string): string {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  // Array.from comes by places that are not there, which map passes over.
  if (Array.isArray(value))
    return `[${Array.from(value, (item, index) => encode(item, `${path}[${index}]`)).join(',')}]`;
  if (typeof value === 'object') {
    const members: string[] = [];
    for (const key of Object.keys(value).sort()) {
      const member: unknown = (value as Record<string, unknown>)[key];
      if (member !== undefined) members.push(`${JSON.stringify(key)}:${encode(member, `${path}.${key}`)}`);
    }
    return `{${members.join(',')}}`;
  }
  throw new TypeError(
    `${path}: ${typeof value === 'number' ? value : `a ${typeof value}`} has no canonical text; give a finite number, a string, a list or a plain object`,
  );
}
