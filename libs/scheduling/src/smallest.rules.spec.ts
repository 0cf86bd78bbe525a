import { Smallest } from './smallest.js';

/** The bound after each offer. */
function boundsOf(smallest: Smallest, width: number, offers: readonly number[]): number[] {
  smallest.reset(width);
  return offers.map((value) => {
    smallest.offer(value);
    return smallest.bound;
  });
}

/** The same by sorting all that were offered so far. */
const sortedBounds = (width: number, offers: readonly number[]): number[] =>
  offers.map((_, i) => offers.slice(0, i + 1).toSorted((a, b) => a - b)[width - 1] ?? Infinity);

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

describe('the bound of the smallest', () => {
  const none = Infinity;
  const cases: Record<string, { width: number; offers: readonly number[]; want: readonly number[] }> = {
    'of one is the smallest so far': { width: 1, offers: [5, 7, 5, 3, 4], want: [5, 5, 5, 3, 3] },
    'is not moved by what is as large': { width: 2, offers: [4, 6, 6, 6], want: [none, 6, 6, 6] },
    'is not moved by what is just larger': { width: 2, offers: [4, 6, 7], want: [none, 6, 6] },
    'falls to what is just smaller': { width: 2, offers: [4, 6, 5], want: [none, 6, 5] },
    'falls to the next of them, where that is larger than what comes': { width: 2, offers: [4, 6, 1], want: [none, 6, 4] },
    'falls with every one of a falling row': { width: 3, offers: [9, 8, 7, 6, 5, 4], want: [none, none, 9, 8, 7, 6] },
    'stays in a rising row': { width: 3, offers: [1, 2, 3, 4, 5], want: [none, none, 3, 3, 3] },
    'counts equal ones one by one': { width: 3, offers: [2, 2, 9, 2, 1], want: [none, none, 9, 2, 2] },
    'stays until all of the equal ones are driven out': { width: 2, offers: [5, 5, 1, 1], want: [none, 5, 5, 1] },
    'is found below zero and between whole numbers': { width: 2, offers: [-0.5, 0.25, -7, -0.75], want: [none, 0.25, -0.5, -0.75] },
    'is infinite where too few are not': { width: 2, offers: [3, Infinity, Infinity, 8], want: [none, none, none, 8] },
    'is minus infinity where enough are': { width: 2, offers: [-Infinity, 3, -Infinity, 0], want: [none, 3, -Infinity, -Infinity] },
    'of as many as are offered is the largest': { width: 4, offers: [3, 9, 1, 4], want: [none, none, none, 9] },
    'of more than are offered is none': { width: 5, offers: [3, 9, 1, 4], want: [none, none, none, none] },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { width, offers, want }) => {
    expect(boundsOf(new Smallest(8), width, offers)).toEqual(want);
  });

  it.each([1, 2, 3, 4, 5, 6])('of %i is that of a sort after every offer, in whatever order six numbers come', (width) => {
    const smallest = new Smallest(6);
    for (const offers of permutations([1, 2, 3, 4, 5, 6])) {
      expect(boundsOf(smallest, width, offers)).toEqual(sortedBounds(width, offers));
    }
  }); // prettier-ignore

  it.each([3, 5, 6])('of %i is that of a sort where some of the numbers are alike', (width) => {
    const smallest = new Smallest(6);
    for (const offers of permutations([1, 1, 2, 2, 3, 3])) {
      expect(boundsOf(smallest, width, offers)).toEqual(sortedBounds(width, offers));
    }
  });

  it('knows nothing of what was offered before it was set back', () => {
    const smallest = new Smallest(4);
    expect(boundsOf(smallest, 4, [1, 2, 3, 4])).toEqual([none, none, none, 4]);
    expect(boundsOf(smallest, 2, [9, 8, 7])).toEqual([none, 9, 8]);
    expect(boundsOf(smallest, 3, [6, 6, 6])).toEqual([none, none, 6]);
  });
});
