import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import { runs } from './testing/runs.js';

const texts: Record<string, { value: unknown; want: string }> = {
  'names go by code units: what takes two of them stands before the last that take one': {
    value: { '\uffff': 1, '\u{1f600}': 2, 'z': 3, 'é': 4 },
    want: '{"z":3,"é":4,"\u{1f600}":2,"\uffff":1}',
  },
  'names go by code units, not by the alphabet of a country': { value: { ä: 1, b: 2, Z: 3, _: 4 }, want: '{"Z":3,"_":4,"b":2,"ä":1}' },
  'the same where a number is a name beside them': { value: { 'ä': 1, 'b': 2, '5': 0, '\uffff': 3 }, want: '{"5":0,"b":2,"ä":1,"\uffff":3}' },
  'a name that begins another goes before it': { value: { ab: 1, a: 2, abc: 3, '': 4 }, want: '{"":4,"a":2,"ab":1,"abc":3}' },
  'numbers as names go as texts do, not by their size': { value: { 10: 1, 9: 2, 100: 3 }, want: '{"10":1,"100":3,"9":2}' },
  'a nought before a number stays': { value: { '07': 1, '7': 2, '0': 3 }, want: '{"0":3,"07":1,"7":2}' },
  'half of a pair is written as its number': { value: '\ud83d', want: '"\\ud83d"' },
  'lines and tabs are written as signs': { value: 'a\tb\r\n\u0000', want: '"a\\tb\\r\\n\\u0000"' },
  'the largest whole number that is exact': { value: Number.MAX_SAFE_INTEGER, want: '9007199254740991' },
  'the largest and the smallest number': { value: [Number.MAX_VALUE, Number.MIN_VALUE], want: '[1.7976931348623157e+308,5e-324]' },
  'nothing below zero beside a number as a name': { value: { 1: -0 }, want: '{"1":0}' },
  'an object of undefined members alone is empty': { value: { a: undefined, b: undefined }, want: '{}' },
  'the same beside a number as a name': { value: { 1: undefined, b: undefined }, want: '{}' },
  'objects that differ in what is undefined are of equal text': {
    value: [{ a: 1, b: undefined }, { a: 1 }, { b: undefined, a: 1 }],
    want: '[{"a":1},{"a":1},{"a":1}]',
  },
  'the same names in another order are of equal text': { value: [{ a: 1, b: 2 }, { b: 2, a: 1 }], want: '[{"a":1,"b":2},{"a":1,"b":2}]' },
  'names that begin alike, and as many': { value: [{ a: 1, b: 2 }, { a: 3, c: 4 }, { a: 5 }], want: '[{"a":1,"b":2},{"a":3,"c":4},{"a":5}]' },
  'what an object has from its maker is not its own': { value: Object.create({ a: 1 }, { b: { value: 2, enumerable: true } }), want: '{"b":2}' },
  'what is hidden is not told': { value: Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false }), want: '{"a":1}' },
  'an object without a maker': { value: Object.assign(Object.create(null), { b: 1, a: 2 }), want: '{"a":2,"b":1}' },
}; // prettier-ignore

const refused: Record<string, { value: unknown; want: string }> = {
  'nothing at all': { value: undefined, want: '$: a undefined has no canonical text' },
  'a place of a list that nobody filled': { value: Array.from({ length: 2 }).fill(1, 0, 1), want: '$[1]: a undefined has no canonical text' },
  'a place of a list that is not there': { value: Object.assign([1, 2], { length: 3 }), want: '$[2]: a undefined has no canonical text' },
  'a function in a list in an object': { value: { a: [{ b: () => 1 }] }, want: '$.a[0].b: a function has no canonical text' },
  'not a number, beside a number as a name': { value: { 1: { x: [0, NaN] } }, want: '$.1.x[1]: NaN has no canonical text' },
  'a big integer behind a number as a name': { value: [{ 1: 1 }, 2n], want: '$[1]: a bigint has no canonical text' },
}; // prettier-ignore

describe('canonical text of what is seldom met', () => {
  it.each(Object.entries(texts))('%s', (_sentence, { value, want }) => expect(encodeCanonical(value)).toBe(want));

  it.each(Object.entries(refused))('there is none of %s', (_sentence, { value, want }) => {
    expect(() => encodeCanonical(value)).toThrow(want);
  });

  it('tells the first that has none, in the order of the text', () => {
    expect(() => encodeCanonical({ b: NaN, a: [Infinity] })).toThrow('$.a[0]: Infinity');
    expect(() => encodeCanonical([{ z: NaN }, { a: Infinity }])).toThrow('$[0].z: NaN');
  });
});

/** Whether two values of JSON are equal, in whatever order their members are. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [as, bs] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  return as.size === bs.size && [...as].every(([key, member]) => bs.has(key) && isSame(member, bs.get(key)));
}

describe('canonical text and equality', () => {
  const small = fc.jsonValue({ maxDepth: 2 });
  /** As JSON has it: nothing below zero is zero. */
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  it('texts are equal where values are, and differ where they differ', () => {
    const near = fc.oneof(fc.tuple(small, small), small.map((value) => [value, plain(value)] as const)); // prettier-ignore
    fc.assert(
      fc.property(near, ([a, b]) => {
        expect(encodeCanonical(a) === encodeCanonical(b)).toBe(isSame(plain(a), plain(b)));
      }),
      { numRuns: runs(300) },
    );
  });

  it('the text of a list or an object is made of those of its members', () => {
    const members = fc.dictionary(fc.string({ maxLength: 3 }), small, { maxKeys: 5 });
    fc.assert(
      fc.property(fc.array(small, { maxLength: 4 }), members, (list, object) => {
        expect(encodeCanonical(list)).toBe(`[${list.map((item) => encodeCanonical(item)).join()}]`);
        const names = Object.keys(object).toSorted();
        const pairs = names.map((name) => `${JSON.stringify(name)}:${encodeCanonical(object[name])}`);
        expect(encodeCanonical(object)).toBe(`{${pairs.join()}}`);
      }),
      { numRuns: runs(300) },
    );
  });

  it('is taken again without change: what was read from a text gives that text', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = encodeCanonical(value);
        expect(encodeCanonical(JSON.parse(text))).toBe(text);
      }),
      { numRuns: runs(200) },
    );
  });
});
