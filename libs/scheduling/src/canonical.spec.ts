import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import { runs } from './testing/runs.js';

const texts: Record<string, { value: unknown; want: string }> = {
  'null is null': { value: null, want: 'null' },
  'truth values are words': { value: [true, false], want: '[true,false]' },
  'a text is quoted as JSON quotes it': { value: '楚"算\n', want: '"楚\\"算\\n"' },
  'an empty text is a text': { value: '', want: '""' },
  'whole numbers have no point': { value: [0, 1, -7, 1e21], want: '[0,1,-7,1e+21]' },
  'fractions have as many digits as they need': { value: 0.1 + 0.2, want: '0.30000000000000004' },
  'nothing below zero is nothing': { value: -0, want: '0' },
  'a list keeps its order': { value: [3, 1, 2], want: '[3,1,2]' },
  'an empty list': { value: [], want: '[]' },
  'members go by their names, in code units': { value: { b: 1, a: 2, B: 3, 10: 4, 9: 5 }, want: '{"10":4,"9":5,"B":3,"a":2,"b":1}' },
  'names are quoted': { value: { 'a"b': 1 }, want: '{"a\\"b":1}' },
  'an empty object': { value: {}, want: '{}' },
  'what is undefined is not there': { value: { a: undefined, b: null }, want: '{"b":null}' },
  'objects beside each other keep their own members': {
    value: [{ a: 1 }, { b: 2, a: 1 }, { c: 1 }, { b: 2, c: 1 }, { a: 3, b: 4 }],
    want: '[{"a":1},{"a":1,"b":2},{"c":1},{"b":2,"c":1},{"a":3,"b":4}]',
  },
  'so do those of more kinds than are remembered, and those that come again': {
    value: [...Array.from({ length: 20 }, (_none, i) => ({ [`m${i % 18}`]: i, a: 0 })), { m0: 7, a: 1 }],
    want: `[${Array.from({ length: 20 }, (_none, i) => `{"a":0,"m${i % 18}":${i}}`).join()},{"a":1,"m0":7}]`,
  },
  'numbers as names stand where their digits do, wherever else digits stand': {
    value: [{ a1: 1, '1a': 2, 10: 3, 9: 4 }, { 2: [], 1: {} }],
    want: '[{"10":3,"1a":2,"9":4,"a1":1},{"1":{},"2":[]}]',
  },
  'a member may be called __proto__': { value: JSON.parse('{"b":1,"__proto__":{"a":2}}'), want: '{"__proto__":{"a":2},"b":1}' },
  'all that JSON has beside a number as a name': { value: { 7: [true, null, 'x', 1.5], a: undefined, b: {} }, want: '{"7":[true,null,"x",1.5],"b":{}}' },
  'a list in which the awkward comes last': { value: [[1, { a: [{ 1: 2 }, 3] }], 'x'], want: '[[1,{"a":[{"1":2},3]}],"x"]' },
  'the same at every depth': { value: [{ y: [{ d: 1, c: undefined }], x: {} }], want: '[{"x":{},"y":[{"d":1}]}]' },
}; // prettier-ignore

const refused: Record<string, { value: unknown; want: string }> = {
  'not a number': { value: NaN, want: '$: NaN has no canonical text; give a finite number, a string, a list or a plain object' },
  'an infinite one, with its place': { value: { a: { b: [1, Infinity] } }, want: '$.a.b[1]: Infinity has no canonical text' },
  'one below all': { value: [-Infinity], want: '$[0]: -Infinity has no canonical text' },
  'a function': { value: { f: () => 1 }, want: '$.f: a function has no canonical text' },
  'a big integer': { value: [1n], want: '$[0]: a bigint has no canonical text' },
  'undefined in a list, where it cannot be left out': { value: [undefined], want: '$[0]: a undefined has no canonical text' },
  'a symbol': { value: Symbol('s'), want: '$: a symbol has no canonical text' },
}; // prettier-ignore

/** The same value with the members of its objects put in from the last to the first. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, turned(member)]),
  );
}

describe('canonical text', () => {
  it.each(Object.entries(texts))('%s', (_sentence, { value, want }) => {
    expect(encodeCanonical(value)).toBe(want);
  });

  it.each(Object.entries(refused))('there is none of %s', (_sentence, { value, want }) => {
    expect(() => encodeCanonical(value)).toThrow(TypeError);
    expect(() => encodeCanonical(value)).toThrow(want);
  });

  const ways: Record<string, { value: unknown; pieces: number }> = {
    'a state, with all that JSON has': {
      value: { z: 'a', b: [1, -0.5, true, null, {}], a: undefined, c: [[], { y: 1, x: false }] },
      pieces: 1,
    },
    'names with digits behind a letter or before one': { value: [{ a1: 1, '1a': 2, '-1': 3, '1-2': 4 }], pieces: 1 },
    'a name of one digit is awkward: its number and its name are told apart': { value: { 7: 1 }, pieces: 2 },
    'and one of many': { value: { 420106: 1 }, pieces: 2 },
    'wherever it stands, all of the value is written by pieces': { value: [{ b: [{ 10: 'x' }], a: 3 }], pieces: 5 },
    'a proto of its own': { value: JSON.parse('{"__proto__":1}'), pieces: 2 },
  };
  it.each(Object.entries(ways))(
    'is written in one go where names keep their order: %s',
    (_sentence, { value, pieces }) => {
      const written = jest.spyOn(JSON, 'stringify');
      try {
        encodeCanonical(value);
        expect(written).toHaveBeenCalledTimes(pieces);
      } finally {
        written.mockRestore();
      }
    },
  );

  it('is JSON of the same value, and the same in whatever order the members were put in', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = encodeCanonical(value);
        // As JSON has it: nothing below zero is zero.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(encodeCanonical(turned(value))).toBe(text);
      }),
      { numRuns: runs(200) },
    );
  });
});
