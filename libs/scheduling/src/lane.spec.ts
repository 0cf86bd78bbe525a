import fc from 'fast-check';
import { compareInLane, Lane, mergeLanes } from './lane.js';

const keysOf = (rows: readonly (readonly [urgency: number, second: number])[]) => ({
  urgency: Float64Array.from(rows, ([urgency]) => urgency),
  second: Float64Array.from(rows, ([, second]) => second),
  sequence: Float64Array.from(rows, (_row, slot) => slot),
});
const anyRows = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 4 })), { maxLength: 120 });
const laneWith = (slots: readonly number[]): Lane => {
  const lane = new Lane('lane', 0);
  for (const slot of slots) lane.add(slot);
  return lane;
};

describe('lane', () => {
  it('goes by urgency, then the second key, then the sequence', () => {
    const keys = keysOf([
      [1, 0],
      [0, 9],
      [0, 3],
      [0, 3],
    ]);
    const lane = laneWith([0, 1, 3, 2]);
    lane.settle(keys, true);
    expect([...lane.view()]).toEqual([2, 3, 1, 0]);
    expect(compareInLane(keys, 2, 2)).toBe(0);
  });

  it('is sorted whatever comes and goes, in whatever portions', () => {
    fc.assert(
      fc.property(
        anyRows,
        fc.array(fc.nat({ max: 119 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 90 }),
        (rows, gone, portion) => {
          const keys = keysOf(rows);
          const lane = new Lane('lane', 0);
          const there = new Set<number>();
          rows.forEach((_row, slot) => {
            lane.add(slot);
            there.add(slot);
            if (slot % portion === 0) lane.settle(keys, true);
          });
          for (const slot of gone) if (there.delete(slot)) lane.remove(slot, keys, true);
          expect(lane.size).toBe(there.size);
          lane.settle(keys, true);
          expect([...lane.view()]).toEqual([...there].sort((a, b) => compareInLane(keys, a, b)));
          expect(lane.size).toBe(there.size);
        },
      ),
    );
  });

  it('keeps what is unsorted in the order of arrival, and finds it to take it out', () => {
    const keys = keysOf([
      [0, 3],
      [0, 2],
      [0, 1],
    ]);
    const lane = laneWith([0, 1, 2]);
    lane.settle(keys, false);
    expect([...lane.view()]).toEqual([0, 1, 2]);
    lane.remove(1, keys, false);
    expect([...lane.view()]).toEqual([0, 2]);
    lane.sort(keys);
    expect([...lane.view()]).toEqual([2, 0]);
  });

  it('merges lanes as one sort would', () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 1, max: 7 }), (rows, count) => {
        const keys = keysOf(rows);
        const lanes = Array.from({ length: count }, (_, index) =>
          laneWith(rows.flatMap((_row, slot) => (slot % count === index ? [slot] : []))),
        );
        for (const lane of lanes) lane.settle(keys, true);
        const into = new Int32Array(rows.length + 1).fill(-7);
        expect(mergeLanes(lanes, into, 1, keys)).toBe(rows.length + 1);
        const want = rows.map((_row, slot) => slot).sort((a, b) => compareInLane(keys, a, b));
        expect([...into]).toEqual([-7, ...want]);
      }),
    );
  });
});
