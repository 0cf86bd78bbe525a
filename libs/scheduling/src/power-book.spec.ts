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
function bookWith(caps: readonly PowerCapModel[], now = 0): PowerBook {
  const book = new PowerBook([{ group, pool: aPool('g') }], caps);
  book.turnTo(now);
  return book;
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
    const book = bookWith(caps, now);
    for (const [held, from, until] of holds) book.hold(site, held, from, until);
    expect(book.longest(site, add)).toBe(wantLongest);
    expect(book.earliest(site, add, seconds, now)).toBe(wantEarliest);
  });

  it('tells what may still be added, and by how much a site is above its cap already', () => {
    const book = bookWith([cap(10, 100, 1000)]);
    expect(book.headroom(site, 9)).toBe(Infinity);
    expect(book.headroom(site, 10)).toBe(600);
    book.hold(site, 800, 20, 30);
    expect([book.headroom(site, 19), book.headroom(site, 20), book.headroom(site, 30)]).toEqual([600, -200, 600]);
    expect(book.headroom('elsewhere', 20)).toBe(Infinity);
    expect(bookWith([]).headroom(site, 0)).toBe(Infinity);
  });

  it('knows the next time at which a cap changes', () => {
    const book = bookWith([cap(10, 100, 1), cap(50, 60, 1, { siteId: 'elsewhere' })]);
    expect([0, 10, 50, 60, 100].map((after) => book.nextEdge(after))).toEqual([10, 50, 60, 100, Infinity]);
  });

  it('other caps replace all that were there, and are told by the version', () => {
    const book = bookWith([cap(0, 100, 500)]);
    const before = book.version;
    book.setCaps([cap(0, 100, 400, { siteId: 'elsewhere' })]);
    expect(book.version).toBeGreaterThan(before);
    expect(book.longest(site, 10_000)).toBe(Infinity);
    expect(book.longest('elsewhere', 401)).toBe(0);
  });

  it('a site of several groups draws the idle watts of all', () => {
    const pool = aPool('g');
    const book = new PowerBook(
      [group, aGroup('h', { watts })].map((one) => ({ group: one, pool })),
      [cap(0, 9, 1000)],
    );
    expect(book.headroom(site, 0)).toBe(200);
  });

  it('holds of nothing and for no time leave nothing', () => {
    const book = bookWith([cap(0, 100, 400)]);
    book.hold(site, 5, 10, 10);
    book.hold(site, 5, 20, 10);
    expect(book.headroom(site, 10)).toBe(0);
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
        const book = bookWith(caps, now);
        for (const hold of gone) book.hold(site, hold.watts, hold.from, hold.until);
        for (const hold of holds) book.hold(site, hold.watts, hold.from, hold.until);
        for (const hold of gone) book.release(site, hold.watts, hold.from, hold.until);
        const slow = naive(caps, holds);
        expect(book.longest(site, add)).toBe(slow.longest(add, now));
        expect(book.earliest(site, add, seconds, now)).toBe(slow.earliest(add, seconds, now));
        expect(book.headroom(site, now)).toBe(slow.room(now));
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
