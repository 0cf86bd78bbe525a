import fc from 'fast-check';
import { DeviceProfile } from './device-profile.js';
import { Fragmentation, type WorkloadMix } from './fragmentation.js';
import type { WindowModel } from './model.js';
import type { Ask, Holding } from './profile.js';
import { askFor, closing, heldCards, twoCards } from './testing/asks-and-holds.js';

function aProfile(count: number, holds: readonly Holding[] = [], blocks?: number[]): DeviceProfile {
  const profile = new DeviceProfile(count, twoCards, 4, blocks);
  profile.turnTo(0);
  for (const hold of holds) profile.occupy(hold, -Infinity, 100);
  return profile;
}
const aWindow = (id: string, node: number, from: number): WindowModel => closing(id, [node], from, from + 10);

describe('slices of a card', () => {
  it.each([1, 2, 7, 30, 40, 125, 1000])('may be %d', (slices) => {
    expect(new DeviceProfile(1, twoCards, slices).nextEdge(0)).toBe(Infinity);
  });

  it.each([0, -1, 31, 33, 999, 1001, 2000, 0.5, NaN])('may not be %d', (slices) => {
    expect(() => new DeviceProfile(1, twoCards, slices)).toThrow(
      `a card cannot be cut into ${slices} slices: give 1 to 30, or a divisor of 1000`,
    );
  });

  it('are of whole cards: what is left over of the last is none', () => {
    expect(new DeviceProfile(1, { ...twoCards, cards: 2999 }, 4).left(0).devices).toEqual([1000, 1000]);
  });
});

describe('where an attempt is put that has not told', () => {
  const cases: Record<string, { holds?: Holding[]; out?: number[]; count: number; want: number[] }> = {
    'the node with most of its cards left': {
      holds: [heldCards(0, [0], 250), heldCards(1, [0], 1000)],
      count: 1,
      want: [2],
    },
    'then the one with the next most, told by index': {
      holds: [heldCards(0, [0], 1000), heldCards(1, [0], 250), heldCards(2, [0], 500)],
      count: 2,
      want: [1, 2],
    },
    'of nodes with as many cards, the one with more cores': {
      holds: [heldCards(0, [0], 500, 3000), heldCards(1, [1], 500, 2000), heldCards(2, [0], 500, 3000)],
      count: 1,
      want: [1],
    },
    'cards go before cores': {
      holds: [heldCards(0, [0], 250, 8000), heldCards(1, [1], 500), heldCards(2, [1], 500)],
      count: 1,
      want: [0],
    },
    'of equal ones the smallest index': { count: 2, want: [0, 1] },
    'one that is out only after all others': { out: [0], count: 1, want: [1] },
    'but it must be somewhere': { out: [0, 2], count: 2, want: [0, 1] },
    'all there are, where there are not so many': { count: 9, want: [0, 1, 2] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, out = [], count, want }) => {
    const profile = aProfile(3, holds);
    profile.setOut(new Set(out));
    expect(profile.leastLoaded(count)).toEqual(want);
  });

  const cards: Record<string, { taken?: Holding[]; cards: number; want: number[] }> = {
    'on the first card where all have as much': { cards: 500, want: [0] },
    'on the card with most left': { taken: [heldCards(0, [0], 250)], cards: 500, want: [1] },
    'on as many cards as it has, in their order': { taken: [heldCards(0, [0], 250)], cards: 2000, want: [0, 1] },
    'on none, where it asks for none': { cards: 0, want: [] },
  };
  it.each(Object.entries(cards))('%s', (_sentence, c) => {
    const told = aProfile(1, c.taken).leastLoadedDevices({ nodes: [0], count: 1, perNode: askFor(c.cards).perNode });
    expect(told).toEqual({ nodes: [0], count: 1, perNode: askFor(c.cards).perNode, devices: [c.want] });
  });

  it('and holds the first cards until somebody names others', () => {
    const profile = aProfile(1);
    profile.occupy({ nodes: [0], count: 1, perNode: askFor(500).perNode }, 0, 10);
    expect(profile.left(0)).toEqual({ cores: 7000, memory: 1023, devices: [500, 1000] });
  });

  it('nothing is held on a node that is not there', () => {
    const profile = aProfile(1);
    const undo = profile.occupy(heldCards(7, [0], 1000), 0, 10);
    expect(profile.left(0).devices).toEqual([1000, 1000]);
    undo();
    expect(profile.nextEdge(-1)).toBe(Infinity);
  });
});

describe('where a reservation is put', () => {
  const cases: Record<string, { holds?: Holding[]; out?: number[]; ask: Ask; want: [number[], number[][]] }> = {
    'on the node with fewest of its cards left': {
      holds: [heldCards(1, [0], 500)],
      ask: askFor(250),
      want: [[1], [[0]]],
    },
    'of those, with fewest cores': {
      holds: [heldCards(0, [0], 500), heldCards(1, [0], 500, 2000)],
      ask: askFor(250),
      want: [[1], [[0]]],
    },
    'of equal ones, the smallest': {
      holds: [heldCards(1, [0], 500), heldCards(2, [0], 500)],
      ask: askFor(250),
      want: [[1], [[0]]],
    },
    'on it, on the card with least left': { holds: [heldCards(0, [1], 500)], ask: askFor(250), want: [[0], [[1]]] },
    'not on a card with too little left': { holds: [heldCards(0, [1], 500)], ask: askFor(750), want: [[0], [[0]]] },
    'whole cards on the first that are free': {
      holds: [heldCards(0, [0], 500)],
      ask: askFor(1000),
      want: [[0], [[1]]],
    },
    'not on a node that is out': { holds: [heldCards(0, [0], 500)], out: [0], ask: askFor(250), want: [[1], [[0]]] },
    'a gang on the tightest, told by index': {
      holds: [heldCards(2, [0], 500)],
      ask: askFor(250, { nodes: 2 }),
      want: [
        [0, 2],
        [[0], [0]],
      ],
    },
    'without cards, on no cards': { ask: askFor(0), want: [[0], [[]]] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { holds, out = [], ask: asked, want }) => {
    const profile = aProfile(3, holds);
    profile.setOut(new Set(out));
    const { nodes, devices } = profile.take(asked, 50, 10);
    expect([nodes, devices]).toEqual(want);
  });

  it('is held from then on, and a start of now since ever', () => {
    const profile = aProfile(1);
    profile.take(askFor(1000), 50, 10);
    profile.take(askFor(1000), 0, 10);
    const seen = [-9, 0, 9, 10, 49, 50, 59, 60].map((now) => {
      profile.turnTo(now);
      return profile.left(0).devices;
    });
    const [one, two, none] = [[1000, 0], [1000, 1000], [0, 1000]]; // prettier-ignore
    expect(seen).toEqual([one, one, one, two, two, none, none, two]);
  });
});

describe('gangs and blocks', () => {
  it('stay together, while a single node goes where it fits best', () => {
    const blocks = [0, 1, 1, 2];
    const single = aProfile(4, [], blocks);
    expect(single.take(askFor(1000), 0, 10).nodes).toEqual([0]);
    expect(aProfile(4, [], blocks).take(askFor(1000, { nodes: 2 }), 0, 10).nodes).toEqual([1, 2]);
    expect(aProfile(4).take(askFor(1000, { nodes: 2 }), 0, 10).nodes).toEqual([0, 1]);
  });
});

describe('numbers of the states of shared cards', () => {
  it('are new after every change, old after an undo, and the same where nothing changed', () => {
    const profile = aProfile(2);
    const seen: number[] = [profile.version];
    const isNew = (act: () => unknown): boolean => {
      act();
      const is = !seen.includes(profile.version);
      seen.push(profile.version);
      return is;
    };
    const window = aWindow('w', 0, 60);
    expect(isNew(() => profile.occupy(heldCards(0, [0], 500), 0, 10))).toBe(true);
    expect(isNew(() => profile.vacate(heldCards(0, [0], 500), 0, 10))).toBe(true);
    expect(isNew(() => profile.setOut(new Set([1])))).toBe(true);
    expect(isNew(() => profile.setWindows([window]))).toBe(true);
    expect(isNew(() => profile.setWindows([window]))).toBe(false);
    expect(isNew(() => profile.turnTo(5))).toBe(false);
    expect(isNew(() => profile.setMix({ tasks: [] }))).toBe(false);
    expect(isNew(() => profile.liftWindows(new Set(['another'])))).toBe(false);
    const before = profile.version;
    const lay = profile.liftWindows();
    expect(profile.version).not.toBe(before);
    lay();
    expect(profile.version).toBe(before);
    const { undo } = profile.take(askFor(500), 5, 10);
    expect(profile.version).not.toBe(before);
    undo();
    expect(profile.version).toBe(before);
  });
});

describe('windows over shared cards', () => {
  const longest = (profile: DeviceProfile): number => profile.longest(askFor(250, { nodes: 2 }));

  it('are lifted by name, and only those come back', () => {
    const profile = aProfile(2);
    profile.setWindows([aWindow('w', 0, 60), aWindow('v', 1, 80)]);
    expect(longest(profile)).toBe(60);
    const lay = profile.liftWindows(new Set(['w']));
    expect(longest(profile)).toBe(80);
    const layAll = profile.liftWindows();
    expect(longest(profile)).toBe(Infinity);
    layAll();
    expect(longest(profile)).toBe(80);
    lay();
    expect(longest(profile)).toBe(60);
  });

  it('are exchanged one for another', () => {
    const profile = aProfile(2);
    profile.setWindows([aWindow('w', 0, 60)]);
    profile.setWindows([aWindow('v', 1, 80)]);
    expect(longest(profile)).toBe(80);
    profile.setWindows([]);
    expect(longest(profile)).toBe(Infinity);
  });
});

describe('what is kept of a shape', () => {
  it('is for its cores and its memory too, since numbers of shapes are used again', () => {
    const profile = aProfile(1, [heldCards(0, [0], 500, 4000)]);
    expect(profile.free(askFor(500, { shape: 0 }))).toBe(1);
    expect(profile.free(askFor(500, { shape: 0, cores: 4001 }))).toBe(0);
    expect(profile.free(askFor(500, { shape: 0, cores: 4000 }))).toBe(1);
    expect(profile.free(askFor(500, { shape: 0, memory: 1024 }))).toBe(0);
    expect(profile.free(askFor(500, { shape: 0, memory: 1023 }))).toBe(1);
  });

  it('is looked up again when time goes on, when a node changes, and when one goes out', () => {
    const profile = aProfile(2, [heldCards(0, [0, 1], 2000)]);
    const all = askFor(250, { nodes: 2 });
    expect([profile.free(all), profile.longest(all)]).toEqual([1, 0]);
    profile.turnTo(100);
    expect([profile.free(all), profile.longest(all)]).toEqual([2, Infinity]);
    const undo = profile.occupy(heldCards(1, [0, 1], 2000), 130, 140);
    expect(profile.longest(all)).toBe(30);
    undo();
    expect(profile.longest(all)).toBe(Infinity);
    profile.setOut(new Set([1]));
    expect(profile.free(all)).toBe(1);
  });

  const wholes = { tasks: [{ need: { count: 1, milli: 1000, cores: 0 }, popularity: 1 }] };
  it('leaves offers for short runs apart from those for longer ones', () => {
    const profile = aProfile(1);
    profile.setMix(wholes);
    profile.occupy(heldCards(0, [0], 500), -Infinity, Infinity);
    profile.occupy(heldCards(0, [0], 500), 20, 30);
    profile.occupy(heldCards(0, [1], 1000), 200, 210);
    expect([20, 21, 20].map((seconds) => profile.bestOffer(askFor(500), seconds)?.devices)).toEqual([[0], [1], [0]]);
  });

  it('offers a card that is free for ever, where there is one, to runs of any length', () => {
    const profile = aProfile(1);
    profile.setMix(wholes);
    profile.occupy(heldCards(0, [0], 500), -Infinity, Infinity);
    profile.occupy(heldCards(0, [0], 500), 20, 30);
    expect([5, 50, 5].map((seconds) => profile.bestOffer(askFor(500), seconds)?.devices)).toEqual([[1], [1], [1]]);
  });
});

describe('the mix that cards are kept useful for', () => {
  const task = (milli: number, popularity: number, cores = 0) => ({ need: { count: 1, milli, cores }, popularity });
  const gains = (profile: DeviceProfile): number[] => profile.offers(askFor(500), 10).map(({ gain }) => gain);

  it('is another as soon as anything of it is, and the same in another order', () => {
    const profile = aProfile(2, [heldCards(1, [1], 500)]);
    profile.setMix({ tasks: [task(1000, 1), task(250, 1)] });
    const first = gains(profile);
    profile.setMix({ tasks: [task(250, 1), task(1000, 1)] });
    expect(gains(profile)).toEqual(first);
    profile.setMix({ tasks: [task(250, 1)] });
    expect(gains(profile)).toEqual([0, 0]);
    profile.setMix({ tasks: [task(1000, 1)] });
    // The half that is left over of a card is lost to whole cards already; on an idle card another half would be.
    expect([profile.bestOffer(askFor(500), 10)?.node, gains(profile)]).toEqual([1, [5, -5]]);
  });

  const someMix: fc.Arbitrary<WorkloadMix> = fc.record({
    tasks: fc.array(
      fc.record({
        need: fc.record({
          count: fc.integer({ min: 0, max: 2 }),
          milli: fc.constantFrom(250, 500, 1000),
          cores: fc.constantFrom(1000, 4000),
        }),
        popularity: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 4 },
    ),
  });
  const someHolds = fc.array(fc.record({ node: fc.nat(2), device: fc.nat(1), cards: fc.constantFrom(250, 500) }), {
    maxLength: 4,
  });

  it('decides where a start goes: where it gains most, then the smallest node, then the smallest card', () => {
    fc.assert(
      fc.property(someMix, someHolds, fc.constantFrom(250, 500, 1000, 2000), (mix, holds, cards) => {
        const profile = aProfile(
          3,
          holds.map(({ node, device, cards: milli }) => heldCards(node, [device], milli)),
        );
        profile.setMix(mix);
        const fragmentation = new Fragmentation(mix);
        const [count, milli] = cards === 2000 ? [2, 1000] : [1, cards];
        const places = [0, 1, 2].flatMap((node) => {
          const { cores, devices } = profile.left(node);
          const sets = count === 2 ? [[0, 1]] : [[0], [1]];
          return sets
            .filter((set) => cores >= 1000 && set.every((device) => devices[device]! >= milli))
            .map((set) => {
              const after = devices.map((left, device) => (set.includes(device) ? left - milli : left));
              const gain = fragmentation.steps(fragmentation.of(cores, devices), fragmentation.of(cores - 1000, after));
              return { node, devices: set, gain };
            });
        });
        const best = places.toSorted((a, b) => b.gain - a.gain || a.node - b.node || a.devices[0]! - b.devices[0]!)[0];
        // Whole cards are alike: the first of them.
        expect(profile.bestOffer(askFor(cards), 10)).toEqual(best);
        expect(profile.offers(askFor(cards), 10)[0]).toEqual(best);
      }),
    );
  });
});
