import fc from 'fast-check';
import { ShapeSpans } from './shape-spans.js';

const perNode = { cards: 1, cores: 1, memory: 1 };

/** Spans of a shape on as many nodes as there are stretches, seen from an instant. */
function spansAt(now: number, stretches: readonly (readonly [first: number, last: number])[]): ShapeSpans {
  const spans = new ShapeSpans(perNode, stretches.length);
  for (const [node, [first, last]] of stretches.entries()) {
    spans.first[node] = first;
    spans.last[node] = last;
  }
  spans.now = now;
  return spans;
}
const NEVER = [Infinity, Infinity] as const;

describe('what is known of a shape', () => {
  it('is nothing at first: no state of a node has been read', () => {
    const spans = new ShapeSpans(perNode, 3);
    expect([...spans.stamps]).toEqual([-1, -1, -1]);
    expect([spans.version, spans.now, spans.perNode]).toEqual([-1, -Infinity, perNode]);
    expect([spans.first.length, spans.last.length]).toEqual([3, 3]);
  });
});

describe('nodes that have room now', () => {
  const cases: Record<string, { now: number; stretches: [number, number][]; want: number }> = {
    'those whose stretch began before': { now: 10, stretches: [[0, 50]], want: 1 },
    'those whose stretch begins now': { now: 10, stretches: [[10, 50]], want: 1 },
    'not those whose stretch begins in a second': { now: 10, stretches: [[11, 50]], want: 0 },
    'not those that never have room': { now: 10, stretches: [[...NEVER]], want: 0 },
    'all of them': { now: 10, stretches: [[0, 50], [5, Infinity], [10, 11]], want: 3 }, // prettier-ignore
    'none of none': { now: 10, stretches: [], want: 0 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { now, stretches, want }) => {
    expect(spansAt(now, stretches).free).toBe(want);
  });

  it('are more as soon as another stretch begins, though nothing was looked up again', () => {
    const spans = spansAt(0, [
      [0, 50],
      [20, 30],
      [10, 60],
    ]);
    const free = [0, 9, 10, 19, 20].map((now) => {
      spans.now = now;
      return spans.free;
    });
    expect(free).toEqual([1, 1, 2, 2, 3]);
  });

  it('are counted anew when what was sorted is true no longer, and not before', () => {
    const spans = spansAt(0, [[0, 50], NEVER]);
    expect(spans.free).toBe(1);
    spans.first[1] = 0;
    expect(spans.free).toBe(1);
    spans.spoil();
    expect(spans.free).toBe(2);
  });
});

describe('until when nodes have room together', () => {
  const spans = spansAt(10, [[0, 30], [5, 90], [20, 80], [10, 40], NEVER]); // prettier-ignore
  it('is the end of the shortest of the longest', () => {
    expect([1, 2, 3].map((count) => spans.lastOf(count))).toEqual([90, 40, 30]);
  });

  it('counts those that are free now, whose stretch may be longer when more are free', () => {
    spans.now = 20;
    expect([1, 2, 3, 4].map((count) => spans.lastOf(count))).toEqual([90, 80, 40, 30]);
  });

  it('is never for stretches without end', () => {
    expect(spansAt(0, [[0, Infinity], [0, 7]]).lastOf(1)).toBe(Infinity); // prettier-ignore
  });
});

describe('when nodes have each had room once', () => {
  const stretches = [[20, 30], [0, 5], [60, 70], NEVER] as const;
  const cases: Record<string, { now: number; count: number; want: number }> = {
    'one has it now, where its stretch began before': { now: 3, count: 1, want: 3 },
    'two when the second stretch begins': { now: 3, count: 2, want: 20 },
    'three when the third does': { now: 3, count: 3, want: 60 },
    'not before now, though the stretch began before': { now: 25, count: 2, want: 25 },
    'never, where one of them never has': { now: 3, count: 4, want: Infinity },
    'never, where there are not so many': { now: 3, count: 5, want: Infinity },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { now, count, want }) => {
    expect(spansAt(now, stretches).firstOf(count)).toBe(want);
  });

  it('is sorted once until that is true no longer', () => {
    const spans = spansAt(0, stretches);
    expect(spans.firstOf(2)).toBe(20);
    spans.first[0] = 40;
    expect(spans.firstOf(2)).toBe(20);
    spans.spoil();
    expect(spans.firstOf(2)).toBe(40);
    expect([...spans.first]).toEqual([40, 0, 60, Infinity]);
  });
});

describe('spans as time goes by and counting', () => {
  it('say the same at every instant', () => {
    const stretch = fc
      .tuple(fc.nat(40), fc.integer({ min: 1, max: 40 }))
      .map(([first, long]) => [first, first + long] as const);
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 6 }), fc.nat(40), (stretches, from) => {
        const spans = spansAt(from, stretches);
        for (let now = from; now < 45; now++) {
          spans.now = now;
          const lasts = stretches.flatMap(([first, last]) => (first <= now ? [last] : [])).sort((a, b) => b - a);
          const firsts = stretches.map(([first]) => first).sort((a, b) => a - b);
          expect(spans.free).toBe(lasts.length);
          for (const [index, last] of lasts.entries()) expect(spans.lastOf(index + 1)).toBe(last);
          for (const [index, first] of firsts.entries()) expect(spans.firstOf(index + 1)).toBe(Math.max(now, first));
        }
      }),
    );
  });
});
