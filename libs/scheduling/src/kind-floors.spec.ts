import fc from 'fast-check';
import type { JobKind } from './job-kinds.js';
import { KindFloors } from './kind-floors.js';
import type { PlanningPolicy, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';
import { anyRichPolicy, anyRichSnapshot, RICH_NOW } from './testing/rich-states.js';
import { runs } from './testing/runs.js';

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

/** Where jobs of one kind reserve, while a node is held until 4000. */
function reservedOf(over: Partial<Snapshot>, policy: Partial<PlanningPolicy> = {}): Record<string, number> {
  const snapshot = aSnapshot({
    now: 1000,
    pools: [aPool('east')],
    groups: [aGroup('east', { nodes: ['e0'], watts: { idle: 0, peak: 100 } })],
    running: [anAttempt('first', 'east', { endsBy: 4000 })],
    ...over,
  });
  const { reservations } = createPlanner(snapshot, aPolicy({ backfill: 'conservative', ...policy })).plan(1000);
  return Object.fromEntries(reservations.map(({ jobId, start }) => [jobId, start]));
}

describe('a job of the kind that goes on before the one that reserved', () => {
  it('waits for nodes alone, when the other waited for green hours until its deadline', () => {
    const green = { minGreenShare: 0.5, limit: 100 };
    const queued = [
      aJob('late', { ...green, sequence: 1, deadline: 9100 }),
      aJob('soon', { ...green, sequence: 2, deadline: 6100 }),
    ];
    expect(reservedOf({ queued })).toEqual({ late: 9000, soon: 6000 });
  });

  it('takes what is before a window, when the other was predicted shorter but may run into it', () => {
    const window = {
      id: 'w',
      groupId: 'east',
      nodeIndices: [0],
      from: 5000,
      until: 6000,
      kind: 'maintenance' as const,
    };
    const queued = [
      aJob('into', { sequence: 1, limit: 2000, predicted: 10 }),
      aJob('before', { sequence: 2, limit: 900, predicted: 20 }),
    ];
    const reserved = reservedOf({ queued, windows: [window] }, { runTimes: 'predicted' });
    expect(reserved).toEqual({ into: 6000, before: 4000 });
  });

  it('takes what is before a power cap, when the other was predicted shorter but may run into it', () => {
    const cap = { id: 'c', siteId: 'east-site', from: 5000, until: 6000, watts: 50 };
    const queued = [
      aJob('into', { sequence: 1, limit: 2000, predicted: 10 }),
      aJob('before', { sequence: 2, limit: 900, predicted: 20 }),
    ];
    const reserved = reservedOf({ queued, powerCaps: [cap] }, { runTimes: 'predicted' });
    expect(reserved).toEqual({ into: 6000, before: 4000 });
  });
});

describe('whatever waits and whatever is in its way', () => {
  it('is planned as if every search began now', () => {
    const planned = (snapshot: Snapshot, policy: PlanningPolicy) => {
      const { starts, reservations } = createPlanner(snapshot, policy).plan(RICH_NOW);
      return { starts, reservations };
    };
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, (drafted, policy) => {
        // Where a window is open to somebody nothing is remembered.
        const windows = drafted.windows.map(({ openTo: _openTo, ...window }) => ({
          ...window,
          kind: 'maintenance' as const,
        }));
        const snapshot = { ...drafted, windows };
        const remembering = planned(snapshot, policy);
        const forgetful = jest.spyOn(KindFloors.prototype, 'of').mockImplementation((_kind, _limit, now) => now);
        try {
          expect(remembering).toEqual(planned(snapshot, policy));
        } finally {
          forgetful.mockRestore();
        }
      }),
      { numRuns: runs(200) },
    );
  });
});
