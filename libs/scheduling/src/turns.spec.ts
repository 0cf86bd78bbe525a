import fc from 'fast-check';
import { inTurn, lengthStep } from './turns.js';

describe('the step of a length', () => {
  const cases: Record<string, [number, number]> = {
    'of less than a second is that of a second': [0, 1],
    'of a second': [1, 1],
    'of part of a second more is the same': [1.9, 1],
    'of two seconds is an octave on': [2, 17],
    'of three is half an octave more': [3, 25],
    'of four': [4, 33],
    'of five is a quarter more': [5, 37],
    'of seven': [7, 45],
    'of fifteen': [15, 63],
    'of thirty-two': [32, 81],
    'of thirty-three is that of thirty-two': [33, 81],
    'of thirty-four': [34, 82],
    'of an hour': [3600, 189],
    'of the longest that counts': [0x7fffffff, 496],
    'of more than that': [1e12, 496],
  };
  it.each(Object.entries(cases))('%s', (_sentence, [seconds, want]) => expect(lengthStep(seconds)).toBe(want));

  it('never falls as the length grows', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(lengthStep(Math.min(a, b))).toBeLessThanOrEqual(lengthStep(Math.max(a, b)));
      }),
    );
  });
});

describe('jobs in turn', () => {
  const turnsOf = (holds: readonly number[], reserved: readonly number[] = []): number[] => [
    ...inTurn(
      Int32Array.from(holds.keys()),
      (slot) => reserved.includes(slot),
      (slot) => holds[slot]!,
    ),
  ];
  const cases: Record<string, { holds: number[]; reserved?: number[]; want: number[] }> = {
    'go by their length': { holds: [300, 100, 200], want: [1, 2, 0] },
    'go as they stand in the line where they are about as long': { holds: [101, 100, 102], want: [0, 1, 2] },
    'go first with a reservation, however long': { holds: [10, 9000, 20, 500], reserved: [1, 3], want: [1, 3, 0, 2] },
    'may be none': { holds: [], want: [] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, reserved, want }) =>
    expect(turnsOf(holds, reserved)).toEqual(want),
  );

  it('are those of a stable sort by reservation and step', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ hold: fc.nat(1e6), isReserved: fc.boolean() })), (jobs) => {
        const keyOf = (slot: number): number => (jobs[slot]!.isReserved ? 0 : lengthStep(jobs[slot]!.hold));
        const want = [...jobs.keys()].sort((a, b) => keyOf(a) - keyOf(b));
        const reserved = [...jobs.keys()].filter((slot) => jobs[slot]!.isReserved);
        expect(
          turnsOf(
            jobs.map(({ hold }) => hold),
            reserved,
          ),
        ).toEqual(want);
      }),
    );
  });
});
