import fc from 'fast-check';
import { NodeTimeline } from './node-timeline.js';
import type { Vector } from './vector.js';

const capacity = { cards: 4, cores: 6, memory: 8 };
const NOTHING = { cards: 0, cores: 0, memory: 0 };
const of = (over: Partial<Vector>): Vector => ({ ...NOTHING, ...over });

type Span = readonly [from: number, until: number];
function held(...holds: readonly (readonly [...Span, Partial<Vector>])[]): NodeTimeline {
  const node = new NodeTimeline(capacity);
  for (const [from, until, by] of holds) node.shift(from, until, of(by), -1);
  return node;
}
/** What fits at each of these instants, by cards, cores and memory apart: what is left. */
function leftAt(node: NodeTimeline, at: number): Vector {
  const most = (fits: (count: number) => Vector, bound: number): number => {
    let count = 0;
    while (count < bound && node.room(at, fits(count + 1)) > 0) count++;
    return count;
  };
  const left = { cards: node.cardsAt(at), cores: node.coresAt(at), memory: most((memory) => of({ memory }), 8) };
  expect(most((cards) => of({ cards }), 4)).toBe(Math.max(0, left.cards));
  expect(most((cores) => of({ cores }), 6)).toBe(Math.max(0, left.cores));
  return left;
}
function spanOf(
  node: NodeTimeline,
  ask: Partial<Vector>,
  [seconds, from, limit = Infinity]: readonly number[],
): number[] {
  node.findSpan(of(ask), seconds!, from!, limit);
  return [node.first, node.last];
}

describe('what a node has left', () => {
  it('is all it has, for ever', () => {
    const node = held();
    expect([leftAt(node, -1e9), leftAt(node, 0), leftAt(node, 1e9)]).toEqual([capacity, capacity, capacity]);
    expect(node.room(0, capacity)).toBe(Infinity);
  });

  it('is less by what is held, from the first second of a hold to the last', () => {
    const node = held([10, 20, { cards: 1, cores: 2, memory: 3 }]);
    const less = { cards: 3, cores: 4, memory: 5 };
    expect([9, 10, 19, 20].map((at) => leftAt(node, at))).toEqual([capacity, less, less, capacity]);
  });

  it('is less by the sum where holds overlap', () => {
    const node = held([10, 20, { cards: 1 }], [15, 30, { cards: 2 }], [15, 18, { cards: 1 }]);
    expect([14, 15, 17, 18, 19, 20, 29, 30].map((at) => node.cardsAt(at))).toEqual([3, 0, 0, 1, 1, 2, 2, 4]);
  });

  it('is less for ever where a hold has no end, and has been where it has no beginning', () => {
    expect([-1e9, 9, 10, 1e9].map((at) => held([10, Infinity, { cores: 5 }]).coresAt(at))).toEqual([6, 6, 1, 1]);
    expect([-1e9, 9, 10, 1e9].map((at) => held([-Infinity, 10, { cores: 5 }]).coresAt(at))).toEqual([1, 1, 6, 6]);
    expect([0, 9].map((at) => held([-Infinity, Infinity, { cores: 5 }]).coresAt(at))).toEqual([1, 1]);
  });

  it('may be less than nothing: a window is laid over what runs', () => {
    const node = held([0, 50, { cards: 3 }], [10, 20, { cards: 4 }]);
    expect([9, 10, 20].map((at) => node.cardsAt(at))).toEqual([1, -3, 1]);
  });

  const empty: Record<string, Span> = {
    'nothing is held between a second and the same': [10, 10],
    'nor between a second and one before it': [20, 10],
  };
  it.each(Object.entries(empty))('%s', (_sentence, [from, until]) => {
    const node = held([from, until, capacity]);
    expect([9, 10, 15, 20].map((at) => node.cardsAt(at))).toEqual([4, 4, 4, 4]);
    expect(node.nextRise(-Infinity)).toBe(Infinity);
  });

  it('is again what it was when a hold is given back, in whatever order', () => {
    const spans: Span[] = [
      [10, 20],
      [10, 30],
      [15, 20],
      [-Infinity, 12],
      [20, Infinity],
    ];
    const node = held(...spans.map(([from, until]) => [from, until, { cards: 1 }] as const));
    for (const [from, until] of [3, 0, 4, 2, 1].map((i) => spans[i]!)) node.shift(from, until, of({ cards: 1 }), 1);
    expect(node.nextRise(-Infinity)).toBe(Infinity);
    expect(node.room(-1e9, capacity)).toBe(Infinity);
  });

  it('keeps as many steps as there are', () => {
    const node = held(...Array.from({ length: 40 }, (_, i) => [10 * i, 10 * i + 5, { cards: 1 + (i % 4) }] as const));
    const seen = Array.from({ length: 40 }, (_, i) => [
      node.cardsAt(10 * i),
      node.cardsAt(10 * i + 4),
      node.cardsAt(10 * i + 5),
    ]);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => [3 - (i % 4), 3 - (i % 4), 4]));
  });
});

describe('how long an ask fits from an instant on', () => {
  const node = held([10, 20, { cards: 2 }], [30, 40, { cores: 3 }], [50, 60, { memory: 4 }], [70, 80, capacity]);
  const cases: Record<string, { ask: Partial<Vector>; at: number; want: number }> = {
    'until there are too few cards': { ask: { cards: 3 }, at: 0, want: 10 },
    'through a hold that leaves just enough cards': { ask: { cards: 2 }, at: 0, want: 70 },
    'until there are too few cores': { ask: { cores: 4 }, at: 10, want: 20 },
    'through a hold that leaves just enough cores': { ask: { cores: 3 }, at: 10, want: 60 },
    'until there is too little memory': { ask: { memory: 5 }, at: 0, want: 50 },
    'through a hold that leaves just enough memory': { ask: { memory: 4 }, at: 0, want: 70 },
    'a second, right before': { ask: { cards: 3 }, at: 9, want: 1 },
    'not at all, right at the beginning of what is in the way': { ask: { cards: 3 }, at: 10, want: 0 },
    'not at all in its last second': { ask: { cards: 3 }, at: 19, want: 0 },
    'from its end on': { ask: { cards: 3 }, at: 20, want: 50 },
    'for ever after the last of all': { ask: capacity, at: 80, want: Infinity },
    'never, where it is more than the node': { ask: { cards: 5 }, at: 90, want: 0 },
    'the smallest part does not fit on a full node': { ask: { memory: 1 }, at: 75, want: 0 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { ask, at, want }) => expect(node.room(at, of(ask))).toBe(want));
});

describe('when a node next has more of anything', () => {
  const node = held([10, 30, { cards: 2 }], [20, 40, { cores: 3 }], [40, 60, { memory: 4 }]);
  const cases: Record<string, { after: number; want: number }> = {
    'when cards are given back': { after: 0, want: 30 },
    'strictly after: not at the instant itself': { after: 30, want: 40 },
    'the second before it is the next': { after: 29, want: 30 },
    'when cores are, though memory becomes less in the same second': { after: 39, want: 40 },
    'when memory is': { after: 40, want: 60 },
    'never after the last': { after: 60, want: Infinity },
    'from the beginning of time': { after: -Infinity, want: 30 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { after, want }) => expect(node.nextRise(after)).toBe(want));
});

describe('the first stretch in which an ask fits', () => {
  //                   free 0-10, 20-30, 45-50, and from 70 on
  const node = held([10, 20, { cards: 4 }], [30, 45, { cards: 4 }], [50, 70, { cards: 4 }]);
  interface Case {
    readonly ask?: Partial<Vector>;
    /** Seconds, from, and where there is one a limit. */
    readonly question: readonly number[];
    readonly want: readonly [first: number, last: number];
  }
  const cases: Record<string, Case> = {
    'begins where the stretch begins, which may be before': { question: [0, 5], want: [-Infinity, 10] },
    'is long enough from the instant on': { question: [5, 5], want: [-Infinity, 10] },
    'and is passed over where it is a second too short from there': { question: [6, 5], want: [20, 30] },
    'is the next from the end of the one before on': { question: [0, 10], want: [20, 30] },
    'is long enough as a whole': { question: [10, 10], want: [20, 30] },
    'is the last, which has no end, where all others are too short': { question: [11, 10], want: [70, Infinity] },
    'skips all that are too short': { question: [6, 21 + 4], want: [70, Infinity] },
    'is the one that the instant falls in': { question: [1, 29], want: [20, 30] },
    'is there for an ask that what is held leaves room for': {
      ask: { cores: 6, memory: 8 },
      question: [1000, 0],
      want: [-Infinity, Infinity],
    },
    'is none where the ask is more than the node': { ask: { cards: 5 }, question: [0, 0], want: [Infinity, Infinity] },
    'is none where it has too many cores': { ask: { cores: 7 }, question: [0, 0], want: [Infinity, Infinity] },
    'is none where it has too much memory': { ask: { memory: 9 }, question: [0, 0], want: [Infinity, Infinity] },
    'is not looked for from the limit on: the step where it was given up is told': {
      question: [0, 10, 20],
      want: [20, -Infinity],
    },
    'is looked for right before the limit': { question: [0, 10, 21], want: [20, 30] },
    'may go on beyond the limit when it began before': { question: [8, 20, 25], want: [20, 30] },
    'is given up at the first step from the limit on, fits or not': { question: [20, 20, 31], want: [45, -Infinity] },
    'is looked for in the step of the instant, where that began before the limit': {
      question: [0, 5, 5],
      want: [-Infinity, 10],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { ask = { cards: 1 }, question, want }) => {
    expect(spanOf(node, ask, question)).toEqual(want);
  });

  it('goes through steps in which enough is left', () => {
    const steps = held([0, 5, { cards: 4 }], [10, 20, { cards: 1 }], [20, 30, { cores: 1 }], [40, 50, { memory: 8 }]);
    expect(spanOf(steps, { cards: 3, cores: 5, memory: 8 }, [35, 0])).toEqual([5, 40]);
    expect(spanOf(steps, { cards: 3, cores: 6, memory: 8 }, [15, 0])).toEqual([5, 20]);
    expect(spanOf(steps, { cards: 4, cores: 5, memory: 8 }, [6, 0])).toEqual([20, 40]);
  });
});

describe('a timeline and counting every second', () => {
  const END = 60;
  const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
  const some = fc.record({ cards: whole(2), cores: whole(2), memory: whole(2) });
  const hold = fc.record({
    from: fc.oneof(whole(50), fc.constant(-Infinity)),
    seconds: fc.oneof(whole(20), fc.constant(Infinity)),
    by: some,
  });
  const untilOf = ({ from, seconds }: { from: number; seconds: number }): number =>
    from === -Infinity ? (seconds === Infinity ? Infinity : seconds) : from + seconds;

  it('say the same of every instant, and nothing is left of holds that are given back', () => {
    fc.assert(
      fc.property(fc.array(hold, { maxLength: 12 }), some, whole(20), (holds, ask, seconds) => {
        const node = new NodeTimeline(capacity);
        for (const it of holds) node.shift(it.from, untilOf(it), it.by, -1);
        const left = (at: number): Vector =>
          holds.reduce(
            (sum, { from, by, ...rest }) =>
              from <= at && at < untilOf({ from, ...rest })
                ? { cards: sum.cards - by.cards, cores: sum.cores - by.cores, memory: sum.memory - by.memory }
                : sum,
            capacity as Vector,
          );
        const fits = (at: number): boolean => {
          const { cards, cores, memory } = left(at);
          return cards >= ask.cards && cores >= ask.cores && memory >= ask.memory;
        };
        // After the end nothing changes any more.
        const roomAt = (at: number): number => {
          let until = at;
          while (until <= 2 * END && fits(until)) until++;
          return until > 2 * END ? Infinity : until - at;
        };
        for (let at = 0; at < END; at++) {
          const { cards, cores } = left(at);
          expect([node.cardsAt(at), node.coresAt(at), node.room(at, ask)]).toEqual([cards, cores, roomAt(at)]);
        }
        for (const from of [0, 7, 23, END]) {
          let start = from;
          while (start <= 2 * END && roomAt(start) < Math.max(1, seconds)) start++;
          node.findSpan(ask, seconds, from, Infinity);
          const isFound = start <= 2 * END;
          expect([Math.max(node.first, from), node.last]).toEqual(
            isFound ? [start, start + roomAt(start)] : [Infinity, Infinity],
          );
        }
        for (const it of holds) node.shift(it.from, untilOf(it), it.by, 1);
        expect([node.nextRise(-Infinity), node.room(-1e9, capacity)]).toEqual([Infinity, Infinity]);
      }),
    );
  });
});
