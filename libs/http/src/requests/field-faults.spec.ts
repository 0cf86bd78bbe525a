import { z } from 'zod';
import { fieldFaults, inBody } from './field-faults.js';
import { nearestWord } from './nearest-word.js';

const schema = z.strictObject({
  name: z.string(),
  list: z.array(z.strictObject({ nodes: z.int() })).optional(),
  labels: z.record(z.string().regex(/^[a-z]+$/, { error: 'is not a label name' }), z.string()).optional(),
});
const faultsOf = (value: unknown) => {
  const result = schema.safeParse(value);
  return result.success ? [] : fieldFaults(schema, result.error.issues, inBody);
};

const cases: Record<string, { value: unknown; want: { pointer: string; detail: string } }> = {
  'a missing field': { value: {}, want: { pointer: '#/name', detail: 'is required (string)' } },
  'an unknown field near a known one': {
    value: { name: 'a', nmae: 'b' },
    want: { pointer: '#/nmae', detail: 'unknown field; did you mean "name"?' },
  },
  'an unknown field near none': {
    value: { name: 'a', colour: 'b' },
    want: { pointer: '#/colour', detail: 'unknown field; there are name, list, labels' },
  },
  'an unknown field in a list of optional objects': {
    value: { name: 'a', list: [{ nodes: 1, node: 1 }] },
    want: { pointer: '#/list/0/node', detail: 'unknown field; did you mean "nodes"?' },
  },
  'a faulty key of a record': {
    value: { name: 'a', labels: { '9/9': 'x' } },
    want: { pointer: '#/labels/9~19', detail: 'is not a label name' },
  },
};

describe('faults of fields', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { value, want }) => expect(faultsOf(value)).toEqual([want]));

  it('are cut off with a count, so that an answer is never larger than its question', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`zzzzzzzzz${index}`, 1]));
    const faults = faultsOf({ name: 'a', ...many });
    expect(faults).toHaveLength(51);
    expect(faults.at(-1)?.detail).toBe('and 450 more');
  });

  it('suggest the nearest word, and none that is far', () => {
    const words = ['acceleratorsPerNode', 'nodes', 'architecture'];
    expect(nearestWord('acceleratorPerNodes', words)).toBe('acceleratorsPerNode');
    expect(nearestWord('Nodes', words)).toBe('nodes');
    expect(nearestWord('x', words)).toBeUndefined();
  });
});
