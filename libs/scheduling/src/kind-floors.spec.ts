import type { JobKind } from './job-kinds.js';
import { KindFloors } from './kind-floors.js';

const kindAt = (index: number) => ({ index }) as JobKind;
const NOW = 1000;

interface Case {
  /** Limits and starts of reservations, in the order in which they were found. */
  readonly reserved: readonly (readonly [number, number])[];
  /** Where to begin for jobs with these limits. */
  readonly want: Readonly<Record<number, number>>;
}

const cases: Record<string, Case> = {
  'is now where nobody has reserved': { reserved: [], want: { 1: NOW, 9999: NOW } },
  'is the start of a reservation for who is as long or longer': {
    reserved: [[60, 2000]],
    want: { 59: NOW, 60: 2000, 61: 2000 },
  },
  'is that of the longest that is not longer': {
    reserved: [
      [60, 2000],
      [120, 3000],
    ],
    want: { 59: NOW, 60: 2000, 119: 2000, 120: 3000, 500: 3000 },
  },
  'does not depend on who reserved first, as long as the longer has the later place': {
    reserved: [
      [120, 3000],
      [60, 2000],
    ],
    want: { 60: 2000, 120: 3000 },
  },
  'rises for the longer when a shorter one finds only a later place': {
    reserved: [
      [120, 3000],
      [60, 3500],
    ],
    want: { 59: NOW, 60: 3500, 120: 3500, 500: 3500 },
  },
  'rises for all that the later place covers, and for no others': {
    reserved: [
      [60, 2000],
      [120, 3000],
      [180, 4000],
      [90, 3000],
    ],
    want: { 60: 2000, 89: 2000, 90: 3000, 120: 3000, 180: 4000 },
  },
  'rises for those with the same limit': {
    reserved: [
      [60, 2000],
      [60, 2500],
    ],
    want: { 59: NOW, 60: 2500 },
  },
};

describe('where to begin to look', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { reserved, want }) => {
    const floors = new KindFloors();
    for (const [limit, start] of reserved) floors.raise(kindAt(3), limit, start);
    const told = Object.keys(want).map((limit) => [limit, floors.of(kindAt(3), Number(limit), NOW)]);
    expect(Object.fromEntries(told)).toEqual(want);
  });

  it('is known of each kind by itself', () => {
    const floors = new KindFloors();
    floors.raise(kindAt(0), 60, 2000);
    expect([0, 1].map((index) => floors.of(kindAt(index), 60, NOW))).toEqual([2000, NOW]);
  });
});
