import { DeviceTimeline } from './device-timeline.js';
import type { DeviceNeed } from './shared-cards.js';

interface Hold {
  readonly over: readonly [number, number];
  readonly devices: readonly number[];
  readonly milli?: number;
  readonly cores?: number;
  readonly memory?: number;
}
const EVER = -Infinity;
const part = (milli: number, over: Partial<DeviceNeed> = {}): DeviceNeed => ({
  count: 1,
  milli,
  cores: 0,
  memory: 0,
  ...over,
});
const whole = (count: number): DeviceNeed => part(1000, { count });
const shiftBy = (node: DeviceTimeline, { over: [from, until], devices, ...need }: Hold, sign: 1 | -1): void =>
  node.shift(from, until, { need: part(need.milli ?? 1000, need), devices, sign });
function aNode(holds: readonly Hold[] = [], cards = 2): DeviceTimeline {
  const node = new DeviceTimeline({ cards: cards * 1000, cores: 10, memory: 20 });
  for (const hold of holds) shiftBy(node, hold, -1);
  return node;
}

const idle = [10, 20, 1000, 1000];
const stepsOf: Record<string, { holds: readonly Hold[]; want: readonly (readonly number[])[] }> = {
  'one that is idle has one step, since ever and for ever': { holds: [], want: [[EVER, ...idle]] },
  'a hold begins one step and ends in another': {
    holds: [{ over: [10, 20], devices: [1], cores: 3, memory: 4 }],
    want: [
      [EVER, ...idle],
      [10, 7, 16, 1000, 0],
      [20, ...idle],
    ],
  },
  'a hold since ever has nothing before it': {
    holds: [{ over: [EVER, 20], devices: [0] }],
    want: [
      [EVER, 10, 20, 0, 1000],
      [20, ...idle],
    ],
  },
  'a hold for ever has nothing after it': {
    holds: [{ over: [10, Infinity], devices: [0] }],
    want: [
      [EVER, ...idle],
      [10, 10, 20, 0, 1000],
    ],
  },
  'a hold since ever and for ever leaves one step': {
    holds: [{ over: [EVER, Infinity], devices: [0, 1], milli: 250 }],
    want: [[EVER, 10, 20, 750, 750]],
  },
  'one that follows another on the same card makes no step between them': {
    holds: [
      { over: [10, 20], devices: [0] },
      { over: [20, 30], devices: [0] },
    ],
    want: [
      [EVER, ...idle],
      [10, 10, 20, 0, 1000],
      [30, ...idle],
    ],
  },
  'nor does one that comes later and goes before': {
    holds: [
      { over: [20, 30], devices: [0] },
      { over: [10, 20], devices: [0] },
    ],
    want: [
      [EVER, ...idle],
      [10, 10, 20, 0, 1000],
      [30, ...idle],
    ],
  },
  'on another card it does': {
    holds: [
      { over: [10, 20], devices: [0] },
      { over: [20, 30], devices: [1] },
    ],
    want: [
      [EVER, ...idle],
      [10, 10, 20, 0, 1000],
      [20, 10, 20, 1000, 0],
      [30, ...idle],
    ],
  },
  'with another number of cores it does': {
    holds: [
      { over: [10, 20], devices: [0], cores: 1 },
      { over: [20, 30], devices: [0], cores: 2 },
    ],
    want: [
      [EVER, ...idle],
      [10, 9, 20, 0, 1000],
      [20, 8, 20, 0, 1000],
      [30, ...idle],
    ],
  },
  'parts of one card add up where they overlap': {
    holds: [
      { over: [10, 30], devices: [0], milli: 500 },
      { over: [20, 40], devices: [0], milli: 250 },
    ],
    want: [
      [EVER, ...idle],
      [10, 10, 20, 500, 1000],
      [20, 10, 20, 250, 1000],
      [30, 10, 20, 750, 1000],
      [40, ...idle],
    ],
  },
  'a stretch that ends before it begins is none': {
    holds: [{ over: [20, 19], devices: [0] }],
    want: [[EVER, ...idle]],
  },
  'a hold of nothing leaves no step': {
    holds: [{ over: [10, 20], devices: [] }],
    want: [[EVER, ...idle]],
  },
};

describe('steps of a node', () => {
  it.each(Object.entries(stepsOf))('%s', (_sentence, { holds, want }) => {
    expect(aNode(holds)).toMatchObject({ steps: want.flat() });
  });

  it.each(Object.entries(stepsOf))('and all is merged when holds go in the order in which they came: %s', (_, c) => {
    const node = aNode(c.holds);
    for (const hold of c.holds) shiftBy(node, hold, 1);
    expect(node).toMatchObject({ steps: [EVER, ...idle] });
  });
});

describe('boundaries in time', () => {
  // Card 0 is away in [10, 20), card 1 in [15, 30).
  const staggered = (): DeviceTimeline =>
    aNode([
      { over: [10, 20], devices: [0] },
      { over: [15, 30], devices: [1] },
    ]);

  it.each([
    // At, room for one card, room for two.
    [0, 15, 10],
    [9, 6, 1],
    [10, 5, 0],
    [14, 1, 0],
    [15, 0, 0],
    [19, 0, 0],
    [20, Infinity, 0],
    [29, Infinity, 0],
    [30, Infinity, Infinity],
  ])('at %d one card is to be had for %d s and two for %d s', (at, one, two) => {
    expect([staggered().room(at, whole(1)), staggered().room(at, whole(2))]).toEqual([one, two]);
  });

  it.each([
    // At, first time for one card, for two.
    [0, 0, 0],
    [9, 9, 9],
    [10, 10, 30],
    [14, 14, 30],
    [15, 20, 30],
    [29, 29, 30],
    [31, 31, 31],
  ])('from %d on one card is there first at %d and two at %d', (at, one, two) => {
    expect([staggered().firstFit(at, whole(1)), staggered().firstFit(at, whole(2))]).toEqual([one, two]);
  });

  it.each([
    [EVER, 20],
    [10, 20],
    [19, 20],
    [20, 30],
    [29, 30],
    [30, Infinity],
  ])('after %d something becomes more at %d', (after, want) => expect(staggered().nextRise(after)).toBe(want));

  it.each([
    // From, seconds, least of card 0 and card 1.
    [0, 0, [1000, 1000]],
    [0, 10, [1000, 1000]],
    [0, 11, [0, 1000]],
    [10, 0, [0, 1000]],
    [10, 5, [0, 1000]],
    [10, 6, [0, 0]],
    [20, 9, [1000, 0]],
    [20, Infinity, [1000, 0]],
    [30, Infinity, [1000, 1000]],
  ])('from %d on for %d s the cards have at least %j', (from, seconds, want) => {
    expect(staggered().lows(from, seconds).devices).toEqual(want);
  });

  it('what was told of the least does not change with the node', () => {
    const node = staggered();
    const before = node.lows(0, 5);
    shiftBy(node, { over: [0, 5], devices: [0, 1], cores: 1 }, -1);
    expect(before).toEqual({ cores: 10, memory: 20, devices: [1000, 1000] });
    node.lows(0, 5).devices[0] = 7;
    expect(node.lows(0, 5).devices).toEqual([0, 0]);
  });
});

describe('a rise', () => {
  const cases: Record<string, { holds: readonly Hold[]; want: number }> = {
    'of cores alone is one': { holds: [{ over: [EVER, 20], devices: [], cores: 1 }], want: 20 },
    'of memory alone is one': { holds: [{ over: [EVER, 20], devices: [], memory: 1 }], want: 20 },
    'of one slice of the last card is one': { holds: [{ over: [EVER, 20], devices: [1], milli: 1 }], want: 20 },
    'beside a fall is one': {
      holds: [
        { over: [EVER, 20], devices: [0], milli: 1 },
        { over: [20, Infinity], devices: [1], cores: 10, memory: 20 },
      ],
      want: 20,
    },
    'is not a fall': { holds: [{ over: [20, Infinity], devices: [0, 1], cores: 1, memory: 1 }], want: Infinity },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, want }) => {
    expect(aNode(holds).nextRise(0)).toBe(want);
  });
});

describe('starts that the same cards allow', () => {
  // Free: card 0 in [0, 30), card 1 in [10, 40), card 2 in [20, 50).
  const stairs = (): DeviceTimeline =>
    aNode(
      [0, 1, 2].flatMap((device) => [
        { over: [EVER, device * 10] as const, devices: [device] },
        { over: [device * 10 + 30, Infinity] as const, devices: [device] },
      ]),
      3,
    );
  const startsOf = (node: DeviceTimeline, need: DeviceNeed, seconds: number): [number, number][] => {
    const spans: [number, number][] = [];
    node.eachStart(need, seconds, 0, (first, last) => spans.push([first, last]));
    return spans;
  };

  it.each([
    ['one card or another', 1, 5, [[0, 45]]],
    ['two of three', 2, 5, [[10, 35]]],
    ['all three', 3, 5, [[20, 25]]],
    ['all three for as long as they are free together', 3, 10, [[20, 20]]],
    ['all three for a second longer', 3, 11, []],
    ['two, that are others after a gap', 2, 11, [[10, 19], [20, 29]]],
    ['two for as long as two are free', 2, 20, [[10, 10], [20, 20]]],
    ['two for a second longer', 2, 21, []],
    ['one for as long as each is free', 1, 30, [[0, 0], [10, 10], [20, 20]]],
    ['four, of three', 4, 1, []],
  ] as const)('%s', (_sentence, count, seconds, want) => {
    expect(startsOf(stairs(), whole(count), seconds)).toEqual(want);
  }); // prettier-ignore

  it('are cut by cores and by memory, that belong to no card', () => {
    const node = aNode([
      { over: [10, 20], devices: [], cores: 9 },
      { over: [30, 40], devices: [], memory: 19 },
    ]);
    const want = { cores: [[0, 5], [20, Infinity]], memory: [[0, 25], [40, Infinity]] }; // prettier-ignore
    expect(startsOf(node, part(1000, { cores: 2 }), 5)).toEqual(want.cores);
    expect(startsOf(node, part(1000, { memory: 2 }), 5)).toEqual(want.memory);
    expect(startsOf(node, part(1000, { cores: 1, memory: 1 }), 5)).toEqual([[0, Infinity]]);
  });
});
