import { Lane, mergeLanes } from './lane.js';

// Slots that go by their number, all alike in urgency: the second key is the slot.
const keys = {
  urgency: new Float64Array(2000),
  second: Float64Array.from({ length: 2000 }, (_, slot) => slot),
  sequence: new Float64Array(2000),
};
const from = (first: number, count: number, step = 1): number[] =>
  Array.from({ length: count }, (_, index) => first + index * step);
const laneOf = (...portions: readonly (readonly number[])[]): Lane => {
  const lane = new Lane('lane', 0);
  for (const portion of portions) {
    for (const slot of portion) lane.add(slot);
    lane.settle(keys, true);
  }
  return lane;
};
const inOrder = (slots: readonly number[]): number[] => slots.toSorted((a, b) => a - b);

describe('portions that come to a lane', () => {
  // Up to 32 are placed one by one, more are merged, but for a sixteenth of a long lane.
  const cases: Record<string, number[][]> = {
    'of one': [[3]],
    'of none after some': [[3, 1], []],
    'of just as many as a lane has room for at first': [from(1, 16).toReversed()],
    'of one more than that': [from(1, 16), [0]],
    'of seventeen at once': [from(1, 17).toReversed()],
    'that are few': [from(0, 40, 2), from(1, 32, 2).toReversed()],
    'that are one more than few': [from(0, 40, 2), from(1, 33, 2).toReversed()],
    'that are many, into nothing': [from(0, 100).toReversed()],
    'that are many, all before the rest': [from(500, 40), from(0, 60).toReversed()],
    'that are many, all behind the rest': [from(0, 40), from(500, 60).toReversed()],
    'that are many, the first and the last of all among them': [
      from(10, 40, 2),
      [...from(11, 40, 2), 0, 999].toReversed(),
    ],
    'of a sixteenth of a long lane': [from(0, 640, 2), from(1, 40, 2).toReversed()],
    'of one more than a sixteenth': [from(0, 640, 2), from(1, 41, 2).toReversed()],
    'again and again': [from(0, 50, 3), from(1, 50, 3).toReversed(), from(2, 50, 3), [700, 600, 650]],
  };
  it.each(Object.entries(cases))('%s stand in their order', (_sentence, portions) => {
    const lane = laneOf(...portions);
    expect([...lane.view()]).toEqual(inOrder(portions.flat()));
    expect(lane.size).toBe(portions.flat().length);
  });
});

describe('a slot that leaves a lane', () => {
  const cases: Record<string, { settled: number[]; pending: number[]; gone: number; want: number[] }> = {
    'may be the first': { settled: [1, 2, 3], pending: [], gone: 1, want: [2, 3] },
    'may be the last': { settled: [1, 2, 3], pending: [], gone: 3, want: [1, 2] },
    'may be the only one': { settled: [1], pending: [], gone: 1, want: [] },
    'may have come since the last look': { settled: [1, 3], pending: [2, 0], gone: 2, want: [0, 1, 3] },
    'may have come first since the last look': { settled: [1, 3], pending: [2, 0, 9], gone: 2, want: [0, 1, 3, 9] },
    'may have been there while others came': { settled: [1, 3], pending: [2], gone: 3, want: [1, 2] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { settled, pending, gone, want }) => {
    const lane = laneOf(settled);
    for (const slot of pending) lane.add(slot);
    expect(lane.size).toBe(settled.length + pending.length);
    lane.remove(gone, keys, true);
    expect(lane.size).toBe(want.length);
    lane.settle(keys, true);
    expect([...lane.view()]).toEqual(want);
  });
});

describe('lanes that are merged', () => {
  const cases: Record<string, number[][]> = {
    'none at all': [],
    'one, as it is': [[1, 2, 3]],
    'an empty one alone': [[]],
    'two that alternate': [from(0, 5, 2), from(1, 5, 2)],
    'two, one wholly before the other': [from(10, 3), from(0, 3)],
    'empty ones among others': [[], [2], [], [1]],
    'five, the last one first': [
      [8, 9],
      [6, 7],
      [4, 5],
      [2, 3],
      [0, 1],
    ],
    'seven of many lengths': [[6], [5, 20], [4, 21, 22], [3], [2, 30, 31, 32], [1, 25], [0, 7]],
  };
  it.each(Object.entries(cases))('%s', (_sentence, portions) => {
    const slots = portions.flat();
    const into = new Int32Array(slots.length + 3).fill(-7);
    const lanes = portions.map((portion) => laneOf(portion));
    expect(mergeLanes(lanes, into, 2, keys)).toBe(slots.length + 2);
    expect([...into]).toEqual([-7, -7, ...inOrder(slots), -7]);
  });
});
