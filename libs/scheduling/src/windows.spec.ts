import type { WindowModel } from './model.js';
import { changesOf, unionOf } from './windows.js';

const aWindow = (id: string, over: Partial<WindowModel> = {}): WindowModel => ({
  id,
  groupId: 'g',
  nodeIndices: [0],
  from: 10,
  until: 20,
  ...over,
});

describe('what changes between two sets of windows', () => {
  const a = aWindow('a');
  const b = aWindow('b');
  const standing = new Map([a, b].map((window) => [window.id, window]));

  it('leaves alone what is the very same', () => {
    expect(changesOf(standing, [b, a])).toMatchObject({ gone: [], come: [] });
  });

  it('takes off what is no longer wanted and lays what is new', () => {
    const c = aWindow('c');
    const { gone, come, byId } = changesOf(standing, [b, c]);
    expect(gone).toEqual([a]);
    expect(come).toEqual([c]);
    expect([...byId.values()]).toEqual([b, c]);
  });

  it('replaces one that has the same id but is another', () => {
    const later = aWindow('a', { until: 21 });
    expect(changesOf(standing, [later, b])).toMatchObject({ gone: [a], come: [later] });
  });
});

describe('union of intervals', () => {
  const cases: Record<string, { spans: [number, number][]; union: [number, number][] }> = {
    nothing: { spans: [], union: [] },
    'apart, in the order of time': {
      spans: [
        [30, 40],
        [10, 20],
      ],
      union: [
        [10, 20],
        [30, 40],
      ],
    },
    'touching ones are one': {
      spans: [
        [10, 20],
        [20, 30],
      ],
      union: [[10, 30]],
    },
    'a second apart stay two': {
      spans: [
        [10, 20],
        [21, 30],
      ],
      union: [
        [10, 20],
        [21, 30],
      ],
    },
    'one within another': {
      spans: [
        [10, 40],
        [20, 30],
      ],
      union: [[10, 40]],
    },
    'the same twice, and one without end': {
      spans: [
        [10, 20],
        [10, 20],
        [15, Infinity],
      ],
      union: [[10, Infinity]],
    },
  };
  it.each(Object.entries(cases))('%s', (_, { spans, union }) => {
    const given = spans.map(([from, until]) => ({ from, until }));
    expect(unionOf(given)).toEqual(union.map(([from, until]) => ({ from, until })));
    expect(given).toEqual(spans.map(([from, until]) => ({ from, until })));
  });
});
