import fc from 'fast-check';
import { NodeTimeline } from './node-timeline.js';
import { runs } from './testing/runs.js';
import type { Vector } from './vector.js';

const capacity = { cards: 4, cores: 6, memory: 8 };
const of = (over: Partial<Vector>): Vector => ({ cards: 0, cores: 0, memory: 0, ...over });
type Hold = readonly [from: number, until: number, by: Partial<Vector>];
type Left = readonly [cards: number, cores: number, memory: number];

function held(...holds: readonly Hold[]): NodeTimeline {
  const node = new NodeTimeline(capacity);
  for (const [from, until, by] of holds) node.shift(from, until, of(by), -1);
  return node;
}

interface Asked {
  readonly origin: number;
  readonly width: number;
  /** 0, where it is not named. */
  readonly first?: number;
  readonly last: number;
  readonly isOpenEnded?: boolean;
}
function mostIn(node: NodeTimeline, { first = 0, last, isOpenEnded = false, ...rest }: Asked): Left[] {
  const most = new Float64Array(3 * (last - first + 1));
  node.mostIn({ ...rest, first, last, isOpenEnded }, most);
  return Array.from({ length: last - first + 1 }, (_, i) => [most[3 * i]!, most[3 * i + 1]!, most[3 * i + 2]!]);
}

const ALL: Left = [4, 6, 8];
describe('the most that is left in equal spans of time', () => {
  const node = held([10, 20, { cards: 4 }], [20, 30, { cards: 1, cores: 6 }], [40, 50, { memory: 8 }]);
  const cases: Record<string, { asked: Asked; want: readonly Left[] }> = {
    'is what is left, where steps and spans are the same': {
      asked: { origin: 0, width: 10, last: 5 },
      want: [ALL, [0, 6, 8], [3, 0, 8], ALL, [4, 6, 0], ALL],
    },
    'is the most of the steps that a span touches': {
      asked: { origin: 5, width: 10, last: 3 },
      want: [ALL, [3, 6, 8], ALL, ALL],
    },
    'is of each kind at its own best instant': { asked: { origin: 10, width: 20, last: 0 }, want: [[3, 6, 8]] },
    'is that of the step, where spans are within it': {
      asked: { origin: 12, width: 4, last: 1 },
      want: [[0, 6, 8], [0, 6, 8]],
    },
    'counts a step whose last second is the first of the span': { asked: { origin: 9, width: 2, last: 0 }, want: [ALL] },
    'does not count a step that ends as the span begins': { asked: { origin: 10, width: 2, last: 0 }, want: [[0, 6, 8]] },
    'counts a step whose first second is the last of the span': { asked: { origin: 19, width: 2, last: 0 }, want: [[3, 6, 8]] },
    'does not count a step that begins as the span ends': { asked: { origin: 18, width: 2, last: 0 }, want: [[0, 6, 8]] },
    'begins with the span that is named': {
      asked: { origin: 0, width: 10, first: 2, last: 4 },
      want: [[3, 0, 8], ALL, [4, 6, 0]],
    },
    'begins in the middle of a step': {
      asked: { origin: 3, width: 4, first: 3, last: 4 },
      want: [[0, 6, 8], [3, 6, 8]],
    },
    'is all before anything was held': { asked: { origin: -100, width: 10, last: 1 }, want: [ALL, ALL] },
    'is all after all is over': { asked: { origin: 50, width: 7, last: 1 }, want: [ALL, ALL] },
    'of the last span ends with it': { asked: { origin: 40, width: 5, last: 1 }, want: [[4, 6, 0], [4, 6, 0]] },
    'of a last span without end is of all that comes': {
      asked: { origin: 40, width: 5, last: 1, isOpenEnded: true },
      want: [[4, 6, 0], ALL],
    },
    'of the spans before that one is not': {
      asked: { origin: 10, width: 5, last: 2, isOpenEnded: true },
      want: [[0, 6, 8], [0, 6, 8], ALL],
    },
    'of one span without end': { asked: { origin: 45, width: 1, last: 0, isOpenEnded: true }, want: [ALL] },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { asked, want }) => expect(mostIn(node, asked)).toEqual(want));

  it('may be less than nothing', () => {
    const over = held([0, 20, { cards: 5, cores: 7, memory: 9 }], [0, 10, { cards: 1 }]);
    expect(mostIn(over, { origin: 0, width: 10, last: 2 })).toEqual([[-2, -1, -1], [-1, -1, -1], ALL]);
  });

  it('is less in a last span without end where a hold has none', () => {
    const node2 = held([5, Infinity, { cores: 2 }], [8, 9, { cores: 1 }]);
    expect(mostIn(node2, { origin: 5, width: 3, last: 1, isOpenEnded: true })).toEqual([
      [4, 4, 8],
      [4, 4, 8],
    ]);
  });

  it('is the most of every second', () => {
    const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
    const hold = fc.record({ from: whole(40), seconds: whole(15, 1), cards: whole(3), cores: whole(3) });
    const spans = fc.record({ origin: whole(30, -5), width: whole(9, 1), first: whole(3), more: whole(4) });
    fc.assert(
      fc.property(fc.array(hold, { maxLength: 8 }), spans, fc.boolean(), (holds, { more, ...rest }, isOpenEnded) => {
        const some = held(...holds.map(({ from, seconds, ...by }): Hold => [from, from + seconds, by]));
        const last = rest.first + more;
        const leftAt = (second: number): Left => {
          const now = holds.filter(({ from, seconds }) => from <= second && second < from + seconds);
          return [4 - now.reduce((sum, it) => sum + it.cards, 0), 6 - now.reduce((sum, it) => sum + it.cores, 0), 8];
        };
        const want = Array.from({ length: more + 1 }, (_, i): Left => {
          const begin = rest.origin + (rest.first + i) * rest.width;
          const length = isOpenEnded && i === more ? 100 : rest.width;
          const seconds = Array.from({ length }, (_none, k) => leftAt(begin + k));
          return [Math.max(...seconds.map(([cards]) => cards)), Math.max(...seconds.map(([, cores]) => cores)), 8];
        });
        expect(mostIn(some, { ...rest, last, isOpenEnded })).toEqual(want);
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('the last change', () => {
  const cases: Record<string, { holds: readonly Hold[]; want: number }> = {
    'never comes on a node that holds nothing': { holds: [], want: -Infinity },
    'is the end of the last hold': { holds: [[10, 20, { cards: 1 }], [5, 15, { cores: 1 }]], want: 20 },
    'is the beginning of one that has no end': { holds: [[10, Infinity, { cards: 1 }], [5, 9, { cores: 1 }]], want: 10 },
    'never comes where a hold has neither': { holds: [[-Infinity, Infinity, { cards: 1 }]], want: -Infinity },
    'is where a hold without end begins, though another ends there': {
      holds: [[5, 10, { cards: 1 }], [10, Infinity, { cores: 1 }]],
      want: 10,
    },
    'is before that where the one follows the other as large': {
      holds: [[5, 10, { cards: 1 }], [10, Infinity, { cards: 1 }]],
      want: 5,
    },
    'is not made by a hold of nothing': { holds: [[5, 10, { memory: 1 }], [20, 30, {}]], want: 10 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { holds, want }) => expect(held(...holds).lastChange()).toBe(want));

  it('is an earlier one again once the last hold is given back', () => {
    const node = held([10, 20, { cards: 1 }], [15, 40, { cores: 2 }]);
    node.shift(15, 40, of({ cores: 2 }), 1);
    expect(node.lastChange()).toBe(20);
    node.shift(10, 20, of({ cards: 1 }), 1);
    expect(node.lastChange()).toBe(-Infinity);
  });

  it('is where the rest of a hold is given back early', () => {
    const node = held([10, 40, { cards: 2 }]);
    node.shift(25, 40, of({ cards: 2 }), 1);
    expect([node.lastChange(), node.cardsAt(24), node.cardsAt(25)]).toEqual([25, 2, 4]);
  });
});

describe('steps that are alike', () => {
  // A search that is given up tells the first step from its limit on: there is one for every change that is kept.
  const cases: Record<string, { holds: readonly Hold[]; limit: number; want: number }> = {
    'two holds that meet are one step where they are as large': {
      holds: [[0, 10, { cards: 1 }], [10, 20, { cards: 1 }]],
      limit: 5,
      want: 20,
    },
    'in whatever order they came': { holds: [[10, 20, { cards: 1 }], [0, 10, { cards: 1 }]], limit: 5, want: 20 },
    'they are two where one has more cards': { holds: [[0, 10, { cards: 1 }], [10, 20, { cards: 2 }]], limit: 5, want: 10 },
    'they are two where one has more cores': {
      holds: [[0, 10, { cards: 1 }], [10, 20, { cards: 1, cores: 1 }]],
      limit: 5,
      want: 10,
    },
    'they are two where one has more memory': {
      holds: [[0, 10, { cards: 1 }], [10, 20, { cards: 1, memory: 1 }]],
      limit: 5,
      want: 10,
    },
    'one that fills the gap between two makes one of three': {
      holds: [[0, 10, { cards: 1 }], [20, 30, { cards: 1 }], [10, 20, { cards: 1 }]],
      limit: 5,
      want: 30,
    },
    'a step at the limit is not looked at': { holds: [[0, 10, { cards: 1 }]], limit: 10, want: 10 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { holds, limit, want }) => {
    const node = held(...holds);
    node.findSpan(capacity, 1, 0, limit);
    expect([node.first, node.last]).toEqual([want, -Infinity]);
  });
});
