/**
 * JSON with object keys in code-unit order and without undefined members: equal values give equal text, so its hash names a plan
 * or a keyframe. Throws on what JSON cannot hold (NaN, infinities, functions): a hash of such a value would not be of the value.
 */
export function encodeCanonical(value: unknown): string {
  return encode(value, '$');
}

function encode(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item, index) => encode(item, `${path}[${index}]`)).join(',')}]`;
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
