import { DepthBook } from './depth-book.js';
import type { PlanningPolicy } from './model.js';

interface Case {
  readonly policy: Pick<PlanningPolicy, 'backfill' | 'reservationDepth'>;
  /** Sets that there are. */
  readonly sets: number;
  /** Sets that give a reservation, in order. */
  readonly given: readonly number[];
  readonly full: readonly number[];
  readonly everywhere: boolean;
}

const deep = (reservationDepth: number) => ({ backfill: 'conservative' as const, reservationDepth });
const easy = { backfill: 'easy' as const, reservationDepth: 7 };

const cases: Record<string, Case> = {
  'nobody reserves without backfilling': {
    policy: { backfill: 'none', reservationDepth: 7 },
    sets: 2,
    given: [],
    full: [0, 1],
    everywhere: true,
  },
  'nobody reserves at a depth of 0': { policy: deep(0), sets: 1, given: [], full: [0], everywhere: true },
  'all may before anybody has': { policy: deep(1), sets: 2, given: [], full: [], everywhere: false },
  'easy has one for each set, whatever the depth': { policy: easy, sets: 2, given: [1], full: [1], everywhere: false },
  'the others go on while one set is full': { policy: deep(2), sets: 2, given: [0, 0], full: [0], everywhere: false },
  'one less than the depth is not full': { policy: deep(3), sets: 1, given: [0, 0], full: [], everywhere: false },
  'the depth itself is full': { policy: deep(3), sets: 1, given: [0, 0, 0], full: [0], everywhere: true },
  'all are full when each is': { policy: deep(2), sets: 2, given: [1, 0, 0, 1], full: [0, 1], everywhere: true },
  'a set is counted full once only': { policy: deep(1), sets: 2, given: [1, 1], full: [1], everywhere: false },
  'without end never': { policy: deep(Infinity), sets: 1, given: [0, 0, 0, 0], full: [], everywhere: false },
  'where there are no sets at all it is full everywhere': {
    policy: deep(1), sets: 0, given: [], full: [], everywhere: true,
  }, // prettier-ignore
};

describe('depth of reservations', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { policy, sets, given, full, everywhere }) => {
    const book = new DepthBook(policy, { setCount: sets });
    for (const set of given) book.give({ set });
    const all = Array.from({ length: sets }, (_, set) => set);
    expect(all.filter((set) => book.isFull({ set }))).toEqual(full);
    expect(book.isFullEverywhere).toBe(everywhere);
  });
});
