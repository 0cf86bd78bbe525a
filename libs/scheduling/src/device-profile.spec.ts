import fc from 'fast-check';
import { DeviceProfile } from './device-profile.js';
import type { Ask } from './profile.js';

const capacity = { cards: 2000, cores: 16_000, memory: 1024 };
const cards = [250, 500, 1000, 2000];
const ask = (shape: number, nodes = 1): Ask => ({
  nodes,
  shape,
  perNode: { cards: cards[shape]!, cores: 1000, memory: 1 },
});
const [QUARTER, HALF, CARD, NODE] = [0, 1, 2, 3];

function aProfile(nodes: number): DeviceProfile {
  const profile = new DeviceProfile(nodes, capacity, 4);
  profile.turnTo(0);
  return profile;
}

const held = (nodes: number[], devices: number[][], shape: number) => ({
  nodes,
  devices,
  count: nodes.length,
  perNode: ask(shape).perNode,
});
const task = (count: number, milli: number, popularity: number) => ({
  need: { count, milli, cores: 1000 },
  popularity,
});

describe('cards that jobs share', () => {
  it('gives parts of one card to several jobs, and the rest of it to nobody who wants it whole', () => {
    const profile = aProfile(1);
    expect(profile.take(ask(HALF), 0, 100)).toMatchObject({ nodes: [0], devices: [[0]] });
    expect(profile.take(ask(HALF), 0, 100).devices).toEqual([[0]]);
    expect(profile.take(ask(QUARTER), 0, 50).devices).toEqual([[1]]);
    expect(profile.left(0).devices).toEqual([0, 750]);
    expect(profile.free(ask(CARD))).toBe(0);
    expect(profile.longest(ask(CARD))).toBe(0);
    expect(profile.longest(ask(HALF))).toBe(Infinity);
    expect(profile.earliest(ask(CARD), 10, 0)).toBe(50);
    expect(profile.earliest(ask(NODE), 10, 0)).toBe(100);
    expect(profile.release(ask(NODE))).toBe(100);
  });

  it('needs the same card from beginning to end', () => {
    const profile = aProfile(1);
    profile.occupy(held([0], [[0]], CARD), 0, 50);
    profile.occupy(held([0], [[1]], CARD), 50, 100);
    expect(profile.longest(ask(HALF))).toBe(50);
    expect(profile.earliest(ask(HALF), 50, 0)).toBe(0);
    expect(profile.earliest(ask(HALF), 51, 0)).toBe(50);
    expect(profile.earliest(ask(NODE), 1, 0)).toBe(100);
    expect(profile.take(ask(HALF), 0, 50).devices).toEqual([[1]]);
  });

  it('keeps cards free for the whole-card work of the mix', () => {
    const profile = aProfile(2);
    profile.setMix({ tasks: [task(1, 1000, 5), task(1, 500, 1)] });
    profile.occupy(held([1], [[1]], HALF), -Infinity, 100);
    expect(profile.take(ask(HALF), 0, 100)).toMatchObject({ nodes: [1], devices: [[1]] });
    expect(profile.take(ask(HALF), 0, 100)).toMatchObject({ nodes: [0], devices: [[0]] });
  });

  it('goes to the smallest node and its smallest card where places are as good', () => {
    const profile = aProfile(3);
    profile.setMix({ tasks: [task(1, 250, 1)] });
    expect(profile.offers(ask(QUARTER), 10)).toEqual([0, 1, 2].map((node) => ({ node, devices: [0], gain: 0 })));
    expect(profile.bestOffer(ask(QUARTER), 10)).toEqual({ node: 0, devices: [0], gain: 0 });
  });

  it('has no offer where nothing fits', () => {
    const profile = aProfile(1);
    profile.take(ask(NODE), 0, 10);
    expect(profile.bestOffer(ask(QUARTER), 1)).toBeUndefined();
    expect(profile.offers(ask(QUARTER), 0)).toEqual([]);
    expect(() => profile.take(ask(QUARTER), 0, 1)).toThrow(
      /1 nodes were to be taken for 1 s from 0, but only 0 have room/,
    );
  });

  it('puts reservations on the tightest node and card', () => {
    const profile = aProfile(2);
    profile.occupy(held([1], [[1]], HALF), -Infinity, Infinity);
    expect(profile.take(ask(QUARTER), 20, 10)).toMatchObject({ nodes: [1], devices: [[1]] });
    expect(profile.take(ask(CARD), 20, 10)).toMatchObject({ nodes: [1], devices: [[0]] });
    expect(profile.take(ask(CARD, 2), 40, 10)).toMatchObject({ nodes: [0, 1], devices: [[0], [0]] });
  });
});

describe('nodes and cards over time', () => {
  it('gives a window all cards of its nodes, and has them back when it is lifted', () => {
    const profile = aProfile(2);
    const window = { id: 'w', groupId: 'g', nodeIndices: [0], from: 60, until: 90 };
    profile.setWindows([window]);
    expect(profile.longest(ask(QUARTER, 2))).toBe(60);
    expect(profile.earliest(ask(QUARTER, 2), 61, 0)).toBe(90);
    expect(profile.take(ask(QUARTER), 0, 100).nodes).toEqual([1]);
    const before = profile.version;
    const restore = profile.liftWindows(new Set(['w']));
    expect(profile.longest(ask(QUARTER, 2))).toBe(Infinity);
    restore();
    expect(profile.version).toBe(before);
    expect(profile.longest(ask(QUARTER, 2))).toBe(60);
    profile.liftWindows(new Set(['another']))();
    profile.setWindows([]);
    expect(profile.longest(ask(QUARTER, 2))).toBe(Infinity);
  });

  it('does not give nodes that are not up', () => {
    const profile = aProfile(2);
    profile.setOut(new Set([0]));
    expect(profile.free(ask(QUARTER))).toBe(1);
    expect(profile.take(ask(QUARTER), 0, 5).nodes).toEqual([1]);
    expect(profile.earliest(ask(QUARTER, 2), 1, 0)).toBe(Infinity);
    expect(profile.release(ask(QUARTER, 2))).toBe(Infinity);
    expect(profile.longest(ask(QUARTER, 3))).toBe(0);
    expect(profile.leastLoaded(2)).toEqual([0, 1]);
    expect(profile.leastLoaded(1)).toEqual([1]);
  });

  it('does not take a shape for another that had its number before', () => {
    const profile = aProfile(1);
    profile.occupy(held([0], [[0]], HALF), -Infinity, 10);
    expect(profile.free(ask(NODE))).toBe(0);
    expect(profile.free({ ...ask(NODE), perNode: ask(HALF).perNode })).toBe(1);
  });

  it('names the cards with most left for an attempt that told none', () => {
    const profile = aProfile(1);
    profile.occupy(held([0], [[0]], QUARTER), -Infinity, 10);
    const untold = { nodes: [0], count: 1, perNode: ask(HALF).perNode };
    expect(profile.leastLoadedDevices(untold).devices).toEqual([[1]]);
    profile.occupy(held([0], [[1]], HALF), -Infinity, 10);
    expect(profile.leastLoadedDevices(untold).devices).toEqual([[0]]);
    expect(profile.leastLoadedDevices({ ...untold, perNode: ask(NODE).perNode }).devices).toEqual([[0, 1]]);
  });

  it('tells the next time at which anything comes free', () => {
    const profile = aProfile(2);
    profile.occupy(held([1], [[1]], QUARTER), -Infinity, 40);
    profile.occupy(held([0], [[1]], QUARTER), 10, 50);
    expect([profile.nextEdge(0), profile.nextEdge(40), profile.nextEdge(50)]).toEqual([40, 50, Infinity]);
  });

  it.each([0, 2.5, 31])('cannot cut a card into %d slices', (slices) => {
    expect(() => new DeviceProfile(1, capacity, slices)).toThrow(/give 1 to 30, or a divisor of 1000/);
  });

  it('takes gangs in one topology block', () => {
    const profile = new DeviceProfile(4, capacity, 4, [0, 1, 1, 2]);
    profile.turnTo(0);
    expect(profile.take(ask(CARD, 2), 0, 10).nodes).toEqual([1, 2]);
  });
});

describe('what never happens to a card', () => {
  const span = fc.record({
    shape: fc.integer({ min: 0, max: 3 }),
    nodes: fc.integer({ min: 1, max: 2 }),
    from: fc.integer({ min: 0, max: 20 }),
    seconds: fc.integer({ min: 1, max: 12 }),
  });

  it('holds at most 1000 milli, and a whole-card job shares with nobody, second by second', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 14 }), span, (spans, wanted) => {
        const profile = aProfile(2);
        profile.setMix({ tasks: [task(1, 500, 3), task(2, 1000, 1)] });
        const used = Array.from({ length: 2 }, () => [0, 1].map(() => Array<number>(600).fill(0)));
        const undos = spans.map(({ shape, nodes, from, seconds }) => {
          const start = profile.earliest(ask(shape, nodes), seconds, from);
          const taken = profile.take(ask(shape, nodes), start, seconds);
          taken.nodes.forEach((node, place) => {
            for (const device of taken.devices![place]!) {
              for (let s = start; s < start + seconds; s++) used[node]![device]![s]! += Math.min(1000, cards[shape]!);
            }
          });
          return taken.undo;
        });
        expect(Math.max(...used.flat(2))).toBeLessThanOrEqual(1000);
        const need = { count: wanted.shape === NODE ? 2 : 1, milli: Math.min(1000, cards[wanted.shape]!) };
        const ableAt = (start: number): number =>
          used.filter(
            (node) =>
              node.filter((device) =>
                device.slice(start, start + wanted.seconds).every((milli) => milli + need.milli <= 1000),
              ).length >= need.count,
          ).length;
        let want = wanted.from;
        while (ableAt(want) < wanted.nodes) want++;
        const asked = ask(wanted.shape, wanted.nodes);
        expect(profile.earliest(asked, wanted.seconds, wanted.from)).toBe(want);
        expect(profile.longest(asked) >= wanted.seconds).toBe(ableAt(0) >= wanted.nodes);
        for (const undo of undos.reverse()) undo();
        expect([profile.left(0), profile.left(1)]).toEqual(
          Array(2).fill({ cores: 16_000, memory: 1024, devices: [1000, 1000] }),
        );
        expect(profile.nextEdge(-1)).toBe(Infinity);
      }),
    );
  });
});
