import fc from 'fast-check';
import type { PowerCapModel } from './model.js';
import { idleWattsOf, PowerBook, wattsOf } from './power-book.js';
import { aGroup, aPool } from './testing/builders.js';
import { askOf } from './vector.js';
import { runs } from './testing/runs.js';

const site = 'g-site';
const watts = { idle: 100, peak: 900 };
/** Four nodes of 100 W idle and 900 W at full load: the site draws 400 W at rest. */
const group = aGroup('g', { watts });
const cap = (from: number, until: number, most: number, over: Partial<PowerCapModel> = {}): PowerCapModel => ({
  id: `${from}-${until}-${most}`,
  siteId: site,
  from,
  until,
  watts: most,
  ...over,
});
const bookWith = (caps: readonly PowerCapModel[]): PowerBook => new PowerBook([{ group, pool: aPool('g') }], caps);

/** Watts that the site may draw more in the second from `at` on; Infinity without a cap. */
function roomIn(book: PowerBook, at: number, of = site): number {
  const fits = (more: number): boolean => book.earliest(of, more, 1, at) === at;
  if (fits(1e9)) return Infinity;
  let [low, high] = [0, 1e9];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
/** Seconds from `from` on during which the site may draw so much more. */
function longestFor(book: PowerBook, watts: number, from: number, of = site): number {
  if (book.earliest(of, watts, 1e9, from) === from) return Infinity;
  let seconds = 0;
  while (book.earliest(of, watts, seconds + 1, from) === from) seconds++;
  return seconds;
}

describe('watts that a run adds', () => {
  const cases: Record<string, { nodes?: number; perNode?: object; over?: Parameters<typeof aGroup>[1]; want: number }> =
    {
      'a whole node adds what lies between idle and peak': { want: 800 },
      'two nodes add twice that': { nodes: 2, want: 1600 },
      'one card of eight adds an eighth': { perNode: { cards: 1 }, want: 100 },
      'the dominant share counts': { perNode: { cards: 1, cores: 32 }, want: 400 },
      'parts of a watt round up, on each node': {
        nodes: 2,
        perNode: { cards: 1 },
        over: { watts: { idle: 0, peak: 9 } },
        want: 4,
      },
      'a group without watts adds none': { over: { watts: undefined }, want: 0 },
      'a node asked for beyond what it has draws no more than its peak': { perNode: { cards: 80 }, want: 800 },
      'a peak below idle adds none': { over: { watts: { idle: 9, peak: 4 } }, want: 0 },
    };
  it.each(Object.entries(cases))('%s', (_sentence, { nodes = 1, perNode, over, want }) => {
    const ask = { nodes, perNode: askOf({ cards: 8, cores: 1, memoryGiB: 1, ...perNode }) };
    expect(wattsOf(ask, aGroup('g', { watts, ...over }))).toBe(want);
  });

  it('idle nodes count all the same, a part of a watt as a whole one', () => {
    expect(idleWattsOf(aGroup('g', { watts: { idle: 99.2, peak: 1 } }))).toBe(400);
    expect(idleWattsOf(aGroup('g', { nodes: 7, watts }))).toBe(700);
    expect(idleWattsOf(aGroup('g'))).toBe(0);
  });
});

interface Asked {
  readonly caps: PowerCapModel[];
  readonly holds?: readonly (readonly [watts: number, from: number, until: number])[];
  readonly now?: number;
  readonly add: number;
  readonly seconds?: number;
  readonly wantLongest: number;
  readonly wantEarliest: number;
}
const cases: Record<string, Asked> = {
  'no cap, no end': { caps: [], add: 10_000, wantLongest: Infinity, wantEarliest: 0 },
  'just under the cap': { caps: [cap(0, 100, 1200)], add: 800, wantLongest: Infinity, wantEarliest: 0 },
  'a watt above it': { caps: [cap(0, 100, 1199)], add: 800, wantLongest: 0, wantEarliest: 100 },
  'nothing to add, nothing in the way': { caps: [cap(0, 100, 0)], add: 0, wantLongest: Infinity, wantEarliest: 0 },
  'a cap to come ends the room': { caps: [cap(50, 100, 1000)], add: 800, wantLongest: 50, wantEarliest: 100 },
  'a run that ends as the cap begins': {
    caps: [cap(50, 100, 1000)],
    add: 800,
    seconds: 50,
    wantLongest: 50,
    wantEarliest: 0,
  },
  'a cap that is over as it is asked for': {
    caps: [cap(0, 100, 0)],
    now: 100,
    add: 1,
    wantLongest: Infinity,
    wantEarliest: 100,
  },
  'a second before that': { caps: [cap(0, 100, 0)], now: 99, add: 1, wantLongest: 0, wantEarliest: 100 },
  'the lowest of overlapping caps holds': {
    caps: [cap(0, 100, 1200), cap(40, 60, 1000)],
    add: 800,
    wantLongest: 40,
    wantEarliest: 60,
  },
  'and the one that goes on longer, after it': {
    caps: [cap(0, 200, 1000), cap(40, 60, 900)],
    add: 800,
    wantLongest: 0,
    wantEarliest: 200,
  },
  'what others hold counts, and only while they hold it': {
    caps: [cap(0, 1000, 2000)],
    holds: [
      [800, 0, 30],
      [800, 10, 60],
    ],
    add: 800,
    wantLongest: 10,
    wantEarliest: 30,
  },
  'a gap too short is passed over': {
    caps: [cap(0, 1000, 2000)],
    holds: [
      [1600, -Infinity, 10],
      [1600, 40, 60],
    ],
    add: 800,
    seconds: 31,
    wantLongest: 0,
    wantEarliest: 60,
  },
  'a gap just long enough is not': {
    caps: [cap(0, 1000, 2000)],
    holds: [
      [1600, -Infinity, 10],
      [1600, 40, 60],
    ],
    add: 800,
    seconds: 30,
    wantLongest: 0,
    wantEarliest: 10,
  },
  'a cap without an end leaves no room ever': {
    caps: [cap(0, Infinity, 500)],
    add: 101,
    wantLongest: 0,
    wantEarliest: Infinity,
  },
  'what is held for ever under a cap without an end': {
    caps: [cap(0, Infinity, 1000)],
    holds: [[500, 20, Infinity]],
    add: 101,
    wantLongest: 20,
    wantEarliest: Infinity,
  },
  'a cap of another site is none of its business': {
    caps: [cap(0, 100, 1, { siteId: 'elsewhere' })],
    add: 800,
    wantLongest: Infinity,
    wantEarliest: 0,
  },
  'parts of a watt of a cap are not there': { caps: [cap(0, 100, 401.9)], add: 2, wantLongest: 0, wantEarliest: 100 },
};

describe('the power book', () => {
  it.each(Object.entries(cases))('%s', (_sentence, asked) => {
    const { caps, holds = [], now = 0, add, seconds = 60, wantLongest, wantEarliest } = asked;
    const book = bookWith(caps);
    for (const [held, from, until] of holds) book.hold(site, held, from, until);
    expect(longestFor(book, add, now)).toBe(wantLongest);
    expect(book.earliest(site, add, seconds, now)).toBe(wantEarliest);
  });

  it('what may still be added is the cap less what is drawn: nothing while that is above it', () => {
    const book = bookWith([cap(10, 100, 1000)]);
    expect([9, 10, 99, 100].map((at) => roomIn(book, at))).toEqual([Infinity, 600, 600, Infinity]);
    book.hold(site, 800, 20, 30);
    expect([19, 20, 29, 30].map((at) => roomIn(book, at))).toEqual([600, 0, 0, 600]);
    expect(roomIn(book, 20, 'elsewhere')).toBe(Infinity);
    expect(roomIn(bookWith([]), 0)).toBe(Infinity);
  });

  it('on the turn of the hour one cap gives way to the next', () => {
    const book = bookWith([cap(0, 3600, 1000), cap(3600, 7200, 1400)]);
    expect([3599, 3600, 7199, 7200].map((at) => roomIn(book, at))).toEqual([600, 1000, 1000, Infinity]);
    // A run of an hour that needs the second hour's cap starts with it; one that fits both starts at once.
    expect(book.earliest(site, 601, 3600, 1800)).toBe(3600);
    expect(book.earliest(site, 600, 3600, 1800)).toBe(1800);
    // And one that would still run when the lower of them comes waits until both are over.
    expect(bookWith([cap(0, 3600, 1400), cap(3600, 7200, 1000)]).earliest(site, 601, 3600, 1)).toBe(7200);
    expect(bookWith([cap(0, 3600, 1400), cap(3600, 7200, 1000)]).earliest(site, 601, 3600, 0)).toBe(0);
  });

  it('knows the next time at which a cap changes', () => {
    const book = bookWith([cap(10, 100, 1), cap(50, 60, 1, { siteId: 'elsewhere' })]);
    expect([0, 10, 50, 60, 100].map((after) => book.nextEdge(after))).toEqual([10, 50, 60, 100, Infinity]);
  });

  it('all pools of a site draw on its cap: their idle watts and whatever runs in any of them', () => {
    const east = aPool('east', { siteId: site });
    const west = aPool('west', { siteId: site });
    const far = aPool('far');
    const groups = [aGroup('e', { watts }), aGroup('w', { nodes: ['one'], watts }), aGroup('f', { watts })];
    const book = new PowerBook(
      [east, west, far].map((pool, index) => ({ group: groups[index]!, pool })),
      [cap(0, 100, 1000)],
    );
    expect(roomIn(book, 0)).toBe(500);
    book.hold(site, 300, 0, 50);
    expect([roomIn(book, 49), roomIn(book, 50)]).toEqual([200, 500]);
    expect(roomIn(book, 0, 'far-site')).toBe(Infinity);
  });

  it('a cap of a site that has no nodes here lets nothing more than itself be drawn', () => {
    const book = bookWith([cap(0, 100, 40, { siteId: 'empty' })]);
    expect(roomIn(book, 0, 'empty')).toBe(40);
  });

  it('holds of nothing and for no time leave nothing', () => {
    const book = bookWith([cap(0, 100, 400)]);
    book.hold(site, 5, 10, 10);
    book.hold(site, 5, 20, 10);
    book.hold(site, 0, 10, 20);
    expect([9, 10, 15, 20].map((at) => roomIn(book, at))).toEqual([0, 0, 0, 0]);
    book.hold(site, -5, 10, 20);
    expect([9, 10, 19, 20].map((at) => roomIn(book, at))).toEqual([0, 5, 5, 0]);
  });

  it('what is held where no cap is, is not written down, and in the way of nobody', () => {
    const book = bookWith([]);
    book.hold(site, 1e9, 0, Infinity);
    book.release('nowhere', 5, 0, 10);
    expect(book.earliest(site, 1e9, 60, 7)).toBe(7);
    expect(book.nextEdge(0)).toBe(Infinity);
  });

  it('what is released is gone, for ever and in between', () => {
    const book = bookWith([cap(0, Infinity, 1000)]);
    book.hold(site, 100, -Infinity, Infinity);
    book.hold(site, 200, 10, Infinity);
    book.hold(site, 200, 20, 30);
    expect([0, 10, 20, 30].map((at) => roomIn(book, at))).toEqual([500, 300, 100, 300]);
    book.release(site, 200, 10, Infinity);
    expect([0, 10, 20, 30].map((at) => roomIn(book, at))).toEqual([500, 500, 300, 500]);
    book.release(site, 100, -Infinity, Infinity);
    book.release(site, 200, 20, 30);
    expect([0, 10, 20, 30].map((at) => roomIn(book, at))).toEqual([600, 600, 600, 600]);
  });
});

const anyCap = fc
  .record({ from: fc.nat({ max: 60 }), seconds: fc.integer({ min: 1, max: 40 }), watts: fc.nat({ max: 3000 }) })
  .map(({ from, seconds, watts: most }) => cap(from, from + seconds, most));
const anyHold = fc.record({
  from: fc.oneof(fc.nat({ max: 80 }), fc.constant(-Infinity)),
  until: fc.oneof(fc.nat({ max: 100 }), fc.constant(Infinity)),
  watts: fc.nat({ max: 900 }),
});
type Hold = { from: number; until: number; watts: number };

/** Second by second, as slow as it is plain. */
function naive(caps: readonly PowerCapModel[], holds: readonly Hold[]) {
  const room = (at: number): number => {
    const load = holds.reduce((sum, hold) => sum + (hold.from <= at && at < hold.until ? hold.watts : 0), 400);
    return Math.min(...caps.filter(({ from, until }) => from <= at && at < until).map((one) => one.watts)) - load;
  };
  const END = 130;
  const fits = (at: number, add: number): boolean => room(at) >= add;
  return {
    room,
    longest(add: number, now: number): number {
      for (let at = now; at < END; at++) if (!fits(at, add)) return at - now;
      return Infinity;
    },
    earliest(add: number, seconds: number, from: number): number {
      for (let start = from; start < END; start++) {
        if (Array.from({ length: seconds }, (_, i) => start + i).every((at) => fits(at, add))) return start;
      }
      return Infinity;
    },
  };
}

describe('what must always hold of the power book', () => {
  const scene = fc.record({
    caps: fc.array(anyCap, { maxLength: 6 }),
    holds: fc.array(anyHold, { maxLength: 8 }),
    gone: fc.array(anyHold, { maxLength: 8 }),
    add: fc.integer({ min: 1, max: 1500 }),
    seconds: fc.integer({ min: 1, max: 30 }),
    now: fc.nat({ max: 100 }),
  });

  it('the book answers as counting second by second does, whatever was held and released before', () => {
    fc.assert(
      fc.property(scene, ({ caps, holds, gone, add, seconds, now }) => {
        const book = bookWith(caps);
        for (const hold of gone) book.hold(site, hold.watts, hold.from, hold.until);
        for (const hold of holds) book.hold(site, hold.watts, hold.from, hold.until);
        for (const hold of gone) book.release(site, hold.watts, hold.from, hold.until);
        const slow = naive(caps, holds);
        expect(longestFor(book, add, now)).toBe(slow.longest(add, now));
        expect(book.earliest(site, add, seconds, now)).toBe(slow.earliest(add, seconds, now));
        expect(roomIn(book, now)).toBe(Math.max(0, slow.room(now)));
      }),
      { numRuns: runs(1000) },
    );
  });

  it('power caps are held at every hour by whoever asks the book before he holds', () => {
    const anyRun = fc.record({ watts: fc.integer({ min: 1, max: 900 }), seconds: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(fc.array(anyCap, { maxLength: 6 }), fc.array(anyRun, { maxLength: 20 }), (caps, runs) => {
        const book = bookWith(caps);
        const held: Hold[] = [];
        for (const run of runs) {
          const from = book.earliest(site, run.watts, run.seconds, 0);
          expect(from).toBeLessThan(Infinity);
          const hold = { watts: run.watts, from, until: from + run.seconds };
          book.hold(site, hold.watts, hold.from, hold.until);
          held.push(hold);
        }
        const { room } = naive(caps, held);
        for (const { from, until } of held) {
          for (let at = from; at < until; at++) expect(room(at)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
