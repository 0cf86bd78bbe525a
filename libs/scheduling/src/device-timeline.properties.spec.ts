import fc from 'fast-check';
import { DeviceTimeline, type Left, meets } from './device-timeline.js';
import type { DeviceNeed } from './shared-cards.js';
import { runs } from './testing/runs.js';

const CARDS = 3;
/** All that changes does so before. */
const END = 40;
const capacity = { cards: CARDS * 1000, cores: 6, memory: 8 };

interface Hold {
  readonly from: number;
  readonly until: number;
  readonly devices: number[];
  readonly need: DeviceNeed;
}

/** What is left in one second, counted from the list of holds. */
function countedAt(holds: readonly Hold[], second: number): Left {
  const there = holds.filter(({ from, until }) => from <= second && second < until);
  const sum = (of: (hold: Hold) => number): number => there.reduce((total, hold) => total + of(hold), 0);
  return {
    cores: capacity.cores - sum(({ need }) => need.cores),
    memory: capacity.memory - sum(({ need }) => need.memory),
    devices: [0, 1, 2].map((card) => 1000 - sum(({ devices, need }) => (devices.includes(card) ? need.milli : 0))),
  };
}

const lower = (a: Left, b: Left): Left => ({
  cores: Math.min(a.cores, b.cores),
  memory: Math.min(a.memory, b.memory),
  devices: a.devices.map((milli, card) => Math.min(milli, b.devices[card]!)),
});

/** One node as one would write it down first: what is left in each second, in a list. */
class Seconds {
  private readonly lefts: Left[];

  constructor(holds: readonly Hold[]) {
    this.lefts = Array.from({ length: 2 * END }, (_, second) => countedAt(holds, second));
  }

  lows(from: number, seconds: number): Left {
    return this.lefts.slice(from, from + Math.max(1, seconds)).reduce(lower);
  }

  room(at: number, need: DeviceNeed): number {
    let low = this.lefts[at]!;
    for (let second = at; second < 2 * END; second++) {
      low = lower(low, this.lefts[second]!);
      if (!isMet(low, need)) return second - at;
    }
    return Infinity;
  }

  firstFit(at: number, need: DeviceNeed): number {
    const ahead = this.lefts.slice(at).findIndex((left) => isMet(left, need));
    return ahead < 0 ? Infinity : at + ahead;
  }

  nextRise(after: number): number {
    const flat = this.lefts.map(({ cores, memory, devices }) => [cores, memory, ...devices]);
    const rise = flat.findIndex((left, at) => at > after && left.some((much, k) => much > flat[at - 1]![k]!));
    return rise < 0 ? Infinity : rise;
  }
}

const isMet = ({ cores, memory, devices }: Left, need: DeviceNeed): boolean =>
  cores >= need.cores && memory >= need.memory && devices.filter((milli) => milli >= need.milli).length >= need.count;

const upTo = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
const aNeed: fc.Arbitrary<DeviceNeed> = fc.record({
  count: upTo(CARDS + 1),
  milli: fc.constantFrom(250, 500, 1000),
  cores: upTo(4),
  memory: upTo(5),
});
const aHold: fc.Arbitrary<Hold> = fc
  .record({
    from: upTo(20),
    seconds: fc.oneof({ weight: 5, arbitrary: upTo(12) }, { weight: 1, arbitrary: fc.constant(Infinity) }),
    devices: fc.subarray([0, 1, 2]),
    milli: fc.constantFrom(250, 500, 1000),
    cores: upTo(2),
    memory: upTo(3),
  })
  .map(({ from, seconds, devices, ...part }) => ({
    from,
    until: from + seconds,
    devices,
    need: { count: devices.length, ...part },
  }));
// Holds may overdraw a node, as attempts do that run where the books say nothing is free.
const someHolds = fc.array(aHold, { maxLength: 7 });

function timelineOf(holds: readonly Hold[]): DeviceTimeline {
  const node = new DeviceTimeline(capacity);
  for (const hold of holds) node.shift(hold.from, hold.until, { ...hold, sign: -1 });
  return node;
}

describe('a node and counting every card of it in every second', () => {
  it('agree on what is left, for how long, from when and until when', () => {
    fc.assert(
      fc.property(someHolds, aNeed, upTo(35), upTo(15), (holds, need, at, seconds) => {
        const node = timelineOf(holds);
        const naive = new Seconds(holds);
        expect(node.lows(at, seconds)).toEqual(naive.lows(at, seconds));
        expect([node.room(at, need), node.firstFit(at, need), node.nextRise(at)]).toEqual([
          naive.room(at, need),
          naive.firstFit(at, need),
          naive.nextRise(at),
        ]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('agree on every start at which the same cards last', () => {
    fc.assert(
      fc.property(someHolds, aNeed, upTo(20), upTo(12, 1), (holds, need, from, seconds) => {
        const spans: [number, number][] = [];
        timelineOf(holds).eachStart(need, seconds, from, (first, last) => spans.push([first, last]));
        const naive = new Seconds(holds);
        const starts = Array.from({ length: END }, (_, start) => start);
        const told = starts.filter((start) => spans.some(([first, last]) => first <= start && start <= last));
        const counted = starts.filter((start) => start >= from && naive.room(start, need) >= seconds);
        expect(told).toEqual(counted);
        // Each comes once, in order of time, so that a sweep over many nodes counts a node once.
        expect(spans.every(([first], i) => i === 0 || first > spans[i - 1]![1])).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  it('agree on whether a moment meets a need', () => {
    const aLeft = fc.record({ cores: upTo(4), memory: upTo(5), devices: fc.array(fc.constantFrom(0, 250, 500, 1000)) });
    fc.assert(fc.property(aLeft, aNeed, (left, need) => expect(meets(left, need)).toBe(isMet(left, need))));
  });
});

describe('the history of a node', () => {
  const steps = (node: DeviceTimeline): unknown => JSON.parse(JSON.stringify(node));

  it('leaves no trace: what was given back never was, whatever went before what', () => {
    const histories = fc.array(fc.tuple(aHold, fc.boolean()), { maxLength: 8 });
    fc.assert(
      fc.property(histories, (history) => {
        const node = timelineOf(history.map(([hold]) => hold));
        const gone = history.filter(([, isGone]) => isGone).map(([hold]) => hold);
        for (const hold of gone) node.shift(hold.from, hold.until, { ...hold, sign: 1 });
        const kept = history.filter(([, isGone]) => !isGone).map(([hold]) => hold);
        expect(steps(node)).toEqual(steps(timelineOf(kept)));
        expect(steps(node)).toEqual(steps(timelineOf(kept.toReversed())));
      }),
      { numRuns: runs(300) },
    );
  });
});
