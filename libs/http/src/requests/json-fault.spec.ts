import fc from 'fast-check';
import { jsonFaultIn } from './json-fault.js';

const cases: Record<string, { text: string; want: [line: number, column: number, problem: RegExp] }> = {
  'a value is missing': { text: '{"a": }', want: [1, 7, /"}" where value is expected/] },
  'a comma too many in an object': { text: '{"a": 1,\n}', want: [2, 1, /"}" where name is expected/] },
  'a comma too many in a list': { text: '[1, ]', want: [1, 5, /"]" where value is expected/] },
  'a name without quotes': { text: '{a: 1}', want: [1, 2, /"a" where name or } is expected/] },
  'single quotes': { text: "{'a': 1}", want: [1, 2, /"'" where name or }/] },
  'a colon is missing': { text: '{"a" 1}', want: [1, 6, /where : is expected/] },
  'the text breaks off': { text: '{"a": [1, 2', want: [1, 12, /the text ends where , or ] is expected/] },
  'something follows': { text: '{} {}', want: [1, 4, /where the end of the text is expected/] },
  'a number that is none': { text: '[01]', want: [1, 3, /where , or ] is expected/] },
  'a raw line break in a string': { text: '["a\nb"]', want: [1, 2, /where value or ] is expected/] },
  'the wrong bracket': { text: '{"a": [1}', want: [1, 9, /where , or ] is expected/] },
};

describe('the place where a text stops being JSON', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { text, want: [line, column, problem] }) => {
    expect(parses(text)).toBe(false);
    expect(jsonFaultIn(text)).toMatchObject({ line, column, problem: expect.stringMatching(problem) });
  });

  it('is nowhere in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) =>
        expect(jsonFaultIn(JSON.stringify(value, null, indent))).toBeNull(),
      ),
    );
  });

  it('is found exactly when JSON.parse refuses', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', ':', '1', 'x', '\\'))
      .map(([text, at, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + 1);
      });
    fc.assert(
      fc.property(damaged, (text) => expect(jsonFaultIn(text) === null).toBe(parses(text))),
      { numRuns: 2_000 },
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
