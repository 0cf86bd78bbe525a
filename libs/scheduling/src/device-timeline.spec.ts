import { DeviceTimeline, meets } from './device-timeline.js';
import type { DeviceNeed } from './shared-cards.js';

const need = (count: number, milli: number, over: Partial<DeviceNeed> = {}): DeviceNeed => ({
  count,
  milli,
  cores: 1,
  memory: 1,
  ...over,
});
const aNode = (): DeviceTimeline => new DeviceTimeline({ cards: 2999, cores: 10, memory: 20 });
const hold = (node: DeviceTimeline, [from, until]: [number, number], devices: number[], what = need(1, 1000)): void =>
  node.shift(from, until, { need: what, devices, sign: -1 });

function startsOf(node: DeviceTimeline, what: DeviceNeed, [seconds, from]: [number, number]): [number, number][] {
  const spans: [number, number][] = [];
  node.eachStart(what, seconds, from, (first, last) => spans.push([first, last]));
  return spans;
}

describe('whether what is left meets a need', () => {
  const left = { cores: 4, memory: 8, devices: [1000, 500, 0] };
  const cases: Record<string, { need: DeviceNeed; want: boolean }> = {
    'one card with just enough': { need: need(1, 1000), want: true },
    'as many cards as have enough': { need: need(2, 500), want: true },
    'one card more than have enough': { need: need(2, 501), want: false },
    'all cores and all memory': { need: need(1, 1, { cores: 4, memory: 8 }), want: true },
    'a core too many': { need: need(1, 1, { cores: 5 }), want: false },
    'a MiB too many': { need: need(1, 1, { memory: 9 }), want: false },
    'no cards': { need: need(0, 1000), want: true },
    'no cards but too many cores': { need: need(0, 1000, { cores: 5 }), want: false },
  };
  it.each(Object.entries(cases))('%s', (_sentence, c) => expect(meets(left, c.need)).toBe(c.want));
});

describe('cards of a node over time', () => {
  it('has the whole cards of its capacity', () => {
    expect(aNode().devices).toBe(2);
    expect(aNode().lows(0, 100)).toEqual({ cores: 10, memory: 20, devices: [1000, 1000] });
  });

  it('takes cores, memory and the named cards, in the half-open stretch alone', () => {
    const node = aNode();
    hold(node, [10, 20], [1], need(1, 300, { cores: 2, memory: 3 }));
    const held = { cores: 8, memory: 17, devices: [1000, 700] };
    const free = { cores: 10, memory: 20, devices: [1000, 1000] };
    expect([node.lows(9, 1), node.lows(9, 2), node.lows(10, 1), node.lows(19, 5), node.lows(20, 5)]).toEqual([
      free,
      held,
      held,
      held,
      free,
    ]);
  });

  it('an empty stretch takes nothing', () => {
    const node = aNode();
    hold(node, [10, 10], [0]);
    expect(node.lows(0, 100).devices).toEqual([1000, 1000]);
    expect(node.nextRise(-1)).toBe(Infinity);
  });

  it('is as it was when a hold is given back', () => {
    const node = aNode();
    hold(node, [10, 20], [0]);
    hold(node, [15, Infinity], [1]);
    node.shift(10, 20, { need: need(1, 1000), devices: [0], sign: 1 });
    node.shift(15, Infinity, { need: need(1, 1000), devices: [1], sign: 1 });
    expect(node).toMatchObject({ steps: [-Infinity, 10, 20, 1000, 1000] });
  });
});

describe('where the same cards are to be had', () => {
  it('tells room by the same card: the second that is free later does not help', () => {
    const node = aNode();
    hold(node, [0, 50], [0]);
    hold(node, [50, 90], [1]);
    expect([node.room(0, need(1, 500)), node.room(49, need(1, 500)), node.room(50, need(1, 500))]).toEqual([
      50,
      1,
      Infinity,
    ]);
    expect([node.room(0, need(2, 500)), node.room(90, need(2, 500))]).toEqual([0, Infinity]);
  });

  it('tells the first moment at which enough is there', () => {
    const node = aNode();
    hold(node, [0, 50], [0]);
    expect([node.firstFit(0, need(2, 1)), node.firstFit(60, need(2, 1)), node.firstFit(0, need(3, 1))]).toEqual([
      50,
      60,
      Infinity,
    ]);
  });

  it('tells the starts that the same cards allow', () => {
    const node = aNode();
    hold(node, [30, 50], [0]);
    hold(node, [0, 20], [1]);
    hold(node, [60, 70], [1]);
    expect(startsOf(node, need(1, 1000), [10, 0])).toEqual([[0, Infinity]]);
    expect(startsOf(node, need(1, 1000), [31, 0])).toEqual([
      [20, 29],
      [50, Infinity],
    ]);
    expect(startsOf(node, need(2, 1000), [10, 0])).toEqual([
      [20, 20],
      [50, 50],
      [70, Infinity],
    ]);
    expect(startsOf(node, need(2, 1000), [11, 0])).toEqual([[70, Infinity]]);
    expect(startsOf(node, need(2, 1000), [10, 80])).toEqual([[80, Infinity]]);
  });

  it('without cards the starts are those of cores and memory', () => {
    const node = aNode();
    hold(node, [10, 20], [], need(0, 1000, { cores: 10 }));
    expect(startsOf(node, need(0, 1000), [10, 0])).toEqual([
      [0, 0],
      [20, Infinity],
    ]);
    expect(startsOf(node, need(1, 1000), [11, 0])).toEqual([[20, Infinity]]);
  });

  it('tells when anything becomes more', () => {
    const node = aNode();
    hold(node, [10, 20], [0]);
    hold(node, [15, 40], [1], need(1, 10, { cores: 0, memory: 0 }));
    expect([node.nextRise(0), node.nextRise(20), node.nextRise(40)]).toEqual([20, 40, Infinity]);
  });
});
