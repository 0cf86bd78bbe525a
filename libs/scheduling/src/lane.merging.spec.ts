import fc from 'fast-check';
import { compareInLane, Lane, type LaneKeys, mergeLanes } from './lane.js';
import { runs } from './testing/runs.js';

type Row = readonly [urgency: number, second: number, sequence: number];
const keysOf = (rows: readonly Row[]): LaneKeys => ({
  urgency: Float64Array.from(rows, ([urgency]) => urgency),
  second: Float64Array.from(rows, ([, second]) => second),
  sequence: Float64Array.from(rows, ([, , sequence]) => sequence),
});
// By its number each goes behind those with a smaller one.
const byNumber = keysOf(Array.from({ length: 200 }, (_none, slot): Row => [0, 0, slot]));
const laneOf = (slots: readonly number[], keys: LaneKeys | null, isSorted = true): Lane => {
  const lane = new Lane('lane', 0);
  for (const slot of slots) lane.add(slot);
  if (keys) lane.settle(keys, isSorted);
  return lane;
};
const numbers = (count: number): number[] => Array.from({ length: count }, (_none, index) => index);

describe('of two slots in a lane', () => {
  const pairs: Record<string, { one: Row; other: Row; want: number }> = {
    'the more urgent goes first, whatever else': { one: [0, 9, 9], other: [1, 0, 0], want: -1 },
    'the less urgent goes behind, whatever else': { one: [3, 0, 0], other: [1, 9, 9], want: 2 },
    'alike in urgency the smaller second key goes first, whatever the sequence': {
      one: [1, 2, 9],
      other: [1, 5, 0],
      want: -3,
    },
    'alike in urgency the larger second key goes behind': { one: [1, 5, 0], other: [1, 2, 9], want: 3 },
    'alike in both the one that came first goes first': { one: [1, 2, 3], other: [1, 2, 4], want: -1 },
    'alike in both the one that came later goes behind': { one: [1, 2, 8], other: [1, 2, 4], want: 4 },
    'keys below nothing go before nothing': { one: [-1, 0, 0], other: [0, 0, 0], want: -1 },
    'a part of a second tells them apart': { one: [0, 0.25, 9], other: [0, 0.5, 0], want: -0.25 },
    'alike in all neither goes first': { one: [1, 2, 3], other: [1, 2, 3], want: 0 },
  };
  it.each(Object.entries(pairs))('%s', (_sentence, { one, other, want }) => {
    const keys = keysOf([one, other]);
    expect(compareInLane(keys, 0, 1)).toBe(want);
    expect(compareInLane(keys, 1, 0)).toBeCloseTo(-want, 12);
  });
});

describe('a lane between two looks', () => {
  it('is empty at first, and holds what it is called and its first key', () => {
    const lane = new Lane('2 institute', 7);
    expect([lane.name, lane.first, lane.size, lane.view().length]).toEqual(['2 institute', 7, 0, 0]);
  });

  it('counts what has come, but shows it at the next look only', () => {
    const lane = laneOf([3, 1], byNumber);
    lane.add(2);
    expect([lane.size, [...lane.view()]]).toEqual([3, [1, 3]]);
    lane.settle(byNumber, true);
    expect([lane.size, [...lane.view()]]).toEqual([3, [1, 2, 3]]);
  });

  it('is not changed by a look when nothing has come', () => {
    const lane = laneOf([3, 1], byNumber);
    const before = lane.view();
    lane.settle(byNumber, true);
    expect([lane.size, [...lane.view()], lane.view().buffer === before.buffer]).toEqual([2, [1, 3], true]);
  });

  it('takes a slot again that has left, in its place under the keys that it has then', () => {
    const keys = keysOf([[0, 1, 0], [0, 2, 1], [0, 3, 2]]); // prettier-ignore
    const lane = laneOf([0, 1, 2], keys);
    lane.remove(0, keys, true);
    keys.second[0] = 9;
    lane.add(0);
    lane.settle(keys, true);
    expect([...lane.view()]).toEqual([1, 2, 0]);
  });

  it('lets all go one by one, from the front, from the back, and takes others', () => {
    for (const leaving of [numbers(20), numbers(20).toReversed()]) {
      const lane = laneOf(numbers(20), byNumber);
      for (const slot of leaving) lane.remove(slot, byNumber, true);
      expect([lane.size, [...lane.view()]]).toEqual([0, []]);
      lane.add(5);
      lane.settle(byNumber, true);
      expect([...lane.view()]).toEqual([5]);
    }
  });

  it('sorted anew after keys have changed, stands by those', () => {
    const keys = keysOf([[0, 1, 0], [0, 2, 1], [0, 3, 2], [0, 4, 3]]); // prettier-ignore
    const lane = laneOf([0, 1, 2, 3], keys);
    lane.remove(3, keys, true);
    keys.urgency.set([2, 1, 0, 0]);
    lane.sort(keys);
    expect([lane.size, [...lane.view()]]).toEqual([3, [2, 1, 0]]);
  });
});

describe('a lane that is not kept sorted', () => {
  const sizes = [0, 1, 15, 16, 17, 31, 32, 33, 64, 65];
  it.each(sizes)('holds %i that come at once in the order in which they came', (count) => {
    const slots = numbers(count).toReversed();
    const lane = laneOf(slots, byNumber, false);
    expect([lane.size, [...lane.view()]]).toEqual([count, slots]);
  });

  const leaving: Record<string, { gone: number; want: number[] }> = {
    'the first': { gone: 7, want: [1, 4, 2] },
    'one between others': { gone: 1, want: [7, 4, 2] },
    'the last': { gone: 4, want: [7, 1, 2] },
    'one that has come since the last look': { gone: 2, want: [7, 1, 4] },
  };
  it.each(Object.entries(leaving))('lets %s go, and the others stay as they are', (_sentence, { gone, want }) => {
    const lane = laneOf([7, 1, 4], byNumber, false);
    lane.add(2);
    lane.remove(gone, byNumber, false);
    lane.settle(byNumber, false);
    expect([lane.size, [...lane.view()]]).toEqual([3, want]);
  });

  it('is a list, whatever comes and goes', () => {
    const anyMove = fc.tuple(fc.nat({ max: 99 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(anyMove, { maxLength: 120 }), (moves) => {
        const lane = new Lane('lane', 0);
        let list: number[] = [];
        for (const [slot, isLook] of moves) {
          if (list.includes(slot)) {
            lane.remove(slot, byNumber, false);
            list = list.filter((other) => other !== slot);
          } else {
            lane.add(slot);
            list.push(slot);
          }
          if (isLook) lane.settle(byNumber, false);
        }
        lane.settle(byNumber, false);
        expect([...lane.view()]).toEqual(list);
      }),
      { numRuns: runs(100) },
    );
  });
});

describe('lanes that are merged', () => {
  it('stay as they are, without what has come to them since', () => {
    const lanes = [laneOf([4, 1], byNumber), laneOf([3, 0], byNumber)];
    lanes[0]!.add(2);
    const into = new Int32Array(4);
    expect(mergeLanes(lanes, into, 0, byNumber)).toBe(4);
    expect([...into]).toEqual([0, 1, 3, 4]);
    expect(lanes.map((lane) => [lane.size, [...lane.view()]])).toEqual([
      [3, [1, 4]],
      [2, [0, 3]],
    ]);
  });

  const ties: Record<string, { rows: Row[]; lanes: number[][]; want: number[] }> = {
    'by sequence where the other keys are alike, whichever lane is named first': {
      rows: [[0, 5, 3], [0, 5, 1], [0, 5, 2], [0, 5, 0]],
      lanes: [[0, 1], [2, 3]],
      want: [3, 1, 2, 0],
    },
    'by urgency before the second key': {
      rows: [[1, 0, 0], [2, 0, 1], [0, 9, 2], [1, 1, 3]],
      lanes: [[0, 1], [2, 3]],
      want: [2, 0, 3, 1],
    },
    'one of which is empty as the other alone': { rows: [[0, 1, 0], [0, 0, 1]], lanes: [[0, 1], []], want: [1, 0] },
    'three of one slot each': { rows: [[2, 0, 0], [0, 0, 1], [1, 0, 2]], lanes: [[0], [1], [2]], want: [1, 2, 0] },
  }; // prettier-ignore
  it.each(Object.entries(ties))('go %s', (_sentence, { rows, lanes, want }) => {
    const keys = keysOf(rows);
    for (const order of [lanes, lanes.toReversed()]) {
      const into = new Int32Array(want.length);
      const merged = order.map((slots) => laneOf(slots, keys));
      expect(mergeLanes(merged, into, 0, keys)).toBe(want.length);
      expect([...into]).toEqual(want);
    }
  });

  it('are one sorted list, however many they are and however long each is', () => {
    const anyRow = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 2 }), fc.nat({ max: 24 }));
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 150 }), (drawn) => {
        const rows = drawn.map(([urgency, second], slot): Row => [urgency, second, (slot * 61) % 151]);
        const keys = keysOf(rows);
        const slots = numbers(rows.length);
        const lanes = numbers(25).map((lane) =>
          laneOf(
            slots.filter((slot) => drawn[slot]![2] === lane),
            keys,
          ),
        );
        const into = new Int32Array(rows.length);
        expect(mergeLanes(lanes, into, 0, keys)).toBe(rows.length);
        expect([...into]).toEqual(slots.toSorted((a, b) => compareInLane(keys, a, b)));
      }),
      { numRuns: runs(100) },
    );
  });
});
