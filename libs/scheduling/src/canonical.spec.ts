import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';

/** The definition, in the plainest words. */
function wantText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(wantText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const inOrder = members.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${inOrder.map(([key, member]) => `${JSON.stringify(key)}:${wantText(member)}`).join(',')}}`;
}

describe('the text of a value', () => {
  const cases: Record<string, { value: unknown; want: string }> = {
    'members are in the order of their keys, at every depth': {
      value: { b: 1, a: [{ d: 'x', c: null }, true] },
      want: '{"a":[{"c":null,"d":"x"},true],"b":1}',
    },
    'undefined members are left out': { value: { b: undefined, a: 1, c: undefined }, want: '{"a":1}' },
    'keys of digits are ordered as text, not as numbers': {
      value: { 10: 'a', 9: 'b', '-': 'c' },
      want: '{"-":"c","10":"a","9":"b"}',
    },
    'one object with keys of digits, deep inside, spoils nothing': {
      value: { b: { 10: 1, 9: { z: 1, y: 2 } }, a: 0 },
      want: '{"a":0,"b":{"10":1,"9":{"y":2,"z":1}}}',
    },
    'a key that would set a prototype is a key': {
      value: JSON.parse('{"b":1,"__proto__":{"a":2}}'),
      want: '{"__proto__":{"a":2},"b":1}',
    },
    'capitals come before small letters, and both before other scripts': {
      value: { 鄂: 1, a: 2, B: 3 },
      want: '{"B":3,"a":2,"鄂":1}',
    },
    'numbers are as JSON writes them': { value: [1e21, -0, 0.1 + 0.2, -5], want: '[1e+21,0,0.30000000000000004,-5]' },
    'nothing but a list': { value: [], want: '[]' },
    'nothing but an object': { value: {}, want: '{}' },
    'a bare null': { value: null, want: 'null' },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { value, want }) => expect(encodeCanonical(value)).toBe(want));

  it('is the definition for any value of JSON, whatever the keys', () => {
    const key = fc.oneof(fc.string(), fc.nat(30).map(String), fc.constantFrom('a', 'b', '__proto__', 'toJSON', '01'));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null),
        fc.array(tie('tree'), { maxLength: 4 }), fc.dictionary(key, tie('tree'), { maxKeys: 5 })),
    })); // prettier-ignore
    fc.assert(
      fc.property(tree, (value) => {
        expect(encodeCanonical(value)).toBe(wantText(value));
        expect(wantText(JSON.parse(encodeCanonical(value)))).toBe(wantText(value));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order in which members were set, though more kinds of objects are met than are remembered', () => {
    const kinds = Array.from({ length: 40 }, (_, kind) => ({ [`z${kind}`]: kind, shared: { b: 1, a: 2 }, a: kind }));
    const turned = kinds.map((it) => Object.fromEntries(Object.entries(it).reverse()));
    expect(encodeCanonical([...kinds, ...kinds])).toBe(encodeCanonical([...turned, ...turned]));
    expect(encodeCanonical([kinds[39], kinds[0]])).toBe(
      '[{"a":39,"shared":{"a":2,"b":1},"z39":39},{"a":0,"shared":{"a":2,"b":1},"z0":0}]',
    );
  });
});

describe('what has no text is told with its place', () => {
  const cases: Record<string, { value: unknown; want: string }> = {
    'no number': { value: { a: [1, NaN] }, want: '$.a[1]: NaN has no canonical text; ' },
    'an infinity': { value: [{ x: -Infinity }], want: '$[0].x: -Infinity has no canonical text; ' },
    'a function': { value: { b: 1, f: () => 1 }, want: '$.f: a function has no canonical text; ' },
    'an undefined item of a list': { value: [1, undefined], want: '$[1]: a undefined has no canonical text; ' },
    'nothing at all': { value: undefined, want: '$: a undefined has no canonical text; ' },
    'a bigint': { value: { n: 5n }, want: '$.n: a bigint has no canonical text; ' },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { value, want }) => {
    expect(() => encodeCanonical(value)).toThrow(TypeError);
    expect(() => encodeCanonical(value)).toThrow(want);
  });
});
