import fc from 'fast-check';
import type { Problem } from '../problems/problem.js';
import { readJson } from './read-json.js';

function refusal(text: string): Problem | null {
  try {
    readJson(text);
    return null;
  } catch (error) {
    return error as Problem;
  }
}
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('a body', () => {
  it('is read as JSON.parse reads it', () => {
    const tame = fc
      .jsonValue({ maxDepth: 6, noUnicodeString: true })
      .filter((value) => !/\\u0000|__proto__/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(tame, (value) => expect(readJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))),
    );
  });

  it('may be 32 levels deep and no deeper, however deep it is', () => {
    expect(refusal(nested(32))).toBeNull();
    expect(refusal(nested(33))?.code).toBe('body-unsafe');
    expect(refusal(nested(400_000))?.code).toBe('body-unsafe');
  });

  const unsafe: Record<string, { text: string; wantPointer: string }> = {
    'a NUL in a text': { text: '{"a": ["x", "b\\u0000"]}', wantPointer: '#/a/1' },
    'a NUL in a name': { text: '{"a\\u0000": 1}', wantPointer: '#/a%00' },
    'a lone surrogate': { text: '{"a": "\\udc00"}', wantPointer: '#/a' },
    'the prototype': { text: '{"a": {"__proto__": {}}}', wantPointer: '#/a/__proto__' },
    'a name with a slash and a tilde': { text: '{"a/b~c": "\\u0000"}', wantPointer: '#/a~1b~0c' },
  };
  it.each(Object.entries(unsafe))('names where it holds %s', (_sentence, { text, wantPointer }) => {
    expect(refusal(text)?.extras.errors).toMatchObject([{ pointer: wantPointer }]);
  });
});
