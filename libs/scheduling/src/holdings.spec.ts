import { CounterProfile } from './counter-profile.js';
import { DeviceProfile } from './device-profile.js';
import { Holdings } from './holdings.js';
import type { PlanningPolicy, RunningJob } from './model.js';
import { NodeProfile } from './node-profile.js';
import type { Ask, Profile } from './profile.js';
import { onAQuarter } from './testing/asks-and-holds.js';
import { askOf, capacityOf } from './vector.js';

const capacity = capacityOf({ cards: 8, cores: 64, memoryGiB: 512 });

function books(): Holdings {
  const profiles = [new NodeProfile(4, capacity), new NodeProfile(4, capacity)];
  return new Holdings(profiles, [capacity, capacity], 'limit');
}

describe('node-milliseconds that are held', () => {
  const cases: Record<string, [Partial<RunningJob>, number]> = {
    'a quarter of a node for its hundred seconds': [{}, 25_000],
    'as many nodes as are named': [{ nodeIndices: [1, 2, 3] }, 75_000],
    'as many nodes as are counted where none is named': [{ nodeIndices: [], nodeCount: 2 }, 50_000],
    'the dominant resource counts': [{ perNode: { cards: 2, cores: 32, memoryGiB: 8 } }, 50_000],
    'one second when the limit is now': [{ endsBy: 0 }, 250],
    'one second when the limit is past': [{ endsBy: -50 }, 250],
    'one second just before the limit': [{ endsBy: 1 }, 250],
    'two seconds before that': [{ endsBy: 2 }, 500],
  };
  it.each(Object.entries(cases))('%s', (_name, [about, expected]) => {
    const holdings = books();
    holdings.place(onAQuarter('a', about), 1, about.nodeIndices?.length === 0);
    expect([...holdings.nodeMilliseconds(0)]).toEqual([0, expected]);
  });

  const predictedCases: Record<string, [Partial<RunningJob>, number]> = {
    'until it is predicted to end': [{ predictedEnd: 40 }, 10_000],
    'until its limit once the prediction is outlived': [{ predictedEnd: 0 }, 25_000],
    'until its limit where nothing was predicted': [{}, 25_000],
    'one second when the limit is past': [{ predictedEnd: -60, endsBy: -50 }, 250],
  };
  it.each(Object.entries(predictedCases))('by predicted run times: %s', (_name, [about, expected]) => {
    const holdings = new Holdings([new NodeProfile(4, capacity)], [capacity], 'predicted');
    holdings.place(onAQuarter('a', about), 0, false);
    expect([...holdings.nodeMilliseconds(0)]).toEqual([expected]);
  });

  it('add up by group, in whole numbers', () => {
    const holdings = books();
    holdings.place(onAQuarter('a'), 0, false);
    holdings.place(onAQuarter('b', { perNode: { cards: 0.001, cores: 0, memoryGiB: 0 }, endsBy: 1 }), 0, false);
    holdings.place(onAQuarter('c'), 1, false);
    expect([...holdings.nodeMilliseconds(0)]).toEqual([25_000, 25_000]);
    holdings.end('c');
    expect([...holdings.nodeMilliseconds(0)]).toEqual([25_000, 0]);
  });
});

describe('node-milliseconds later on', () => {
  it('are those from now to the limit', () => {
    const holdings = books();
    holdings.place(onAQuarter('a'), 0, false);
    expect([0, 40, 98, 99, 100, 200].map((now) => holdings.nodeMilliseconds(now)[0])).toEqual([
      25_000, 15_000, 500, 250, 250, 250,
    ]);
  });
});

/** Free cards of each node: how many jobs of one card fit. */
const oneCard: Ask = { nodes: 1, shape: 0, perNode: askOf({ cards: 1, cores: 0, memoryGiB: 0 }) };
const wholeNode: Ask = { nodes: 1, shape: 1, perNode: askOf({ cards: 8, cores: 0, memoryGiB: 0 }) };

function holdingsOf(profile: Profile, runTimes: PlanningPolicy['runTimes'] = 'limit'): Holdings {
  return new Holdings([profile], [capacity], runTimes);
}
/** Second by second the nodes that are wholly free, as seen from a planner that stands there. */
function freeOver(holdings: Holdings, profile: Profile, times: readonly number[]): number[] {
  return times.map((now) => {
    profile.turnTo(now);
    const undo = holdings.settle(now);
    const free = profile.free(wholeNode);
    undo();
    return free;
  });
}

describe('what runs, laid into its group', () => {
  it('is held until its limit, and to the next minutes when it has outlived that', () => {
    const profile = new NodeProfile(2, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(onAQuarter('a'), 0, false);
    profile.turnTo(0);
    expect(profile.earliest({ ...wholeNode, nodes: 2 }, 1, 0)).toBe(100);
    const later = [99, 100, 119, 120, 179, 180].map((now) => {
      profile.turnTo(now);
      holdings.settle(now)();
      return profile.earliest({ ...wholeNode, nodes: 2 }, 1, now);
    });
    expect(later).toEqual([100, 120, 120, 180, 180, 240]);
  });

  it('is held as predicted, then to its limit', () => {
    const profile = new NodeProfile(1, capacity);
    const holdings = holdingsOf(profile, 'predicted');
    holdings.place(onAQuarter('a', { predictedEnd: 40 }), 0, false);
    const ends = [0, 39, 40, 99].map((now) => {
      profile.turnTo(now);
      holdings.settle(now)();
      return profile.nextEdge(now);
    });
    expect(ends).toEqual([40, 40, 100, 100]);
  });

  it('is as if it had never been there when it has ended', () => {
    const profile = new NodeProfile(2, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(onAQuarter('a'), 0, false);
    profile.turnTo(150);
    holdings.settle(150)();
    holdings.end('a');
    expect([profile.free(wholeNode), profile.nextEdge(-1)]).toEqual([2, Infinity]);
    expect([...holdings.attempts()]).toEqual([]);
  });

  it('replaces what was known of the same attempt', () => {
    const profile = new NodeProfile(3, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(onAQuarter('a', { nodeIndices: [0, 1] }), 0, false);
    const told = onAQuarter('a', { nodeIndices: [2], endsBy: 70 });
    holdings.place(told, 0, false);
    profile.turnTo(0);
    expect([profile.free(wholeNode), profile.nextEdge(0)]).toEqual([2, 70]);
    expect([...holdings.attempts()]).toEqual([told]);
  });

  it('goes by count where nodes have no names', () => {
    const profile = new CounterProfile(5);
    const holdings = holdingsOf(profile);
    holdings.place(onAQuarter('a', { nodeIndices: [], nodeCount: 3 }), 0, false);
    expect(freeOver(holdings, profile, [0, 99, 100, 120])).toEqual([2, 2, 2, 2]);
    holdings.end('a');
    expect(freeOver(holdings, profile, [0])).toEqual([5]);
  });

  it('has another version after it began, was replaced and ended, and the same one when nothing ended', () => {
    const holdings = holdingsOf(new NodeProfile(1, capacity));
    const seen = [holdings.version];
    for (const act of [
      () => holdings.place(onAQuarter('a'), 0, false),
      () => holdings.place(onAQuarter('a'), 0, false),
      () => holdings.end('a'),
    ]) {
      act();
      expect(seen).not.toContain(holdings.version);
      seen.push(holdings.version);
    }
    holdings.end('a');
    holdings.settle(0)();
    expect(holdings.version).toBe(seen.at(-1));
  });
});

const adrift = (id: string, over: Partial<RunningJob> = {}): RunningJob =>
  onAQuarter(id, { nodeIndices: [], nodeCount: 1, perNode: { cards: 8, cores: 8, memoryGiB: 8 }, ...over });

describe('attempts adrift', () => {
  it('are laid over the least loaded nodes, from the instant of planning to their end, and only until undone', () => {
    const profile = new NodeProfile(3, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(onAQuarter('known', { nodeIndices: [0] }), 0, false);
    holdings.place(adrift('lost', { nodeCount: 2 }), 0, true);
    profile.turnTo(10);
    expect(profile.free(wholeNode)).toBe(2);
    const undo = holdings.settle(10);
    expect([profile.free(wholeNode), profile.free(oneCard), profile.nextEdge(10)]).toEqual([0, 1, 100]);
    undo();
    expect([profile.free(wholeNode), profile.free(oneCard)]).toEqual([2, 3]);
  });

  it('that have outlived their limit end at the next full minute', () => {
    const profile = new NodeProfile(1, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(adrift('lost'), 0, true);
    profile.turnTo(130);
    holdings.settle(130);
    expect(profile.nextEdge(130)).toBe(180);
  });

  it('are no longer adrift when their engine has told their nodes', () => {
    const profile = new NodeProfile(2, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(adrift('a'), 0, true);
    expect(holdings.held(() => true)).toEqual([]);
    holdings.place(adrift('a', { nodeIndices: [1] }), 0, false);
    profile.turnTo(0);
    expect(profile.leastLoaded(1)).toEqual([0]);
    expect(holdings.held(() => true)).toHaveLength(1);
    holdings.end('a');
    expect(profile.free(wholeNode)).toBe(2);
  });

  it('end without having held anything', () => {
    const profile = new NodeProfile(1, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(adrift('a'), 0, true);
    profile.turnTo(0);
    holdings.settle(0)();
    holdings.end('a');
    expect([profile.free(wholeNode), profile.nextEdge(-1)]).toEqual([1, Infinity]);
  });
});

describe('attempts adrift, several of them', () => {
  const endsOn = (list: readonly RunningJob[]): readonly number[] => {
    const profile = new NodeProfile(2, capacity);
    const holdings = holdingsOf(profile);
    for (const attempt of list) holdings.place(attempt, 0, true);
    profile.turnTo(0);
    const undo = holdings.settle(0);
    const ends = [0, 1].map((node) => profile.lastChangeOf(node));
    undo();
    expect(profile.free(wholeNode)).toBe(2);
    return ends;
  };
  it('go one after the other in the order of their ids, whatever came first', () => {
    const [a, b] = [adrift('a', { endsBy: 50 }), adrift('b', { endsBy: 70 })];
    expect([endsOn([a, b]), endsOn([b, a])]).toEqual([[50, 70], [50, 70]]); // prettier-ignore
  });

  const sizes: Record<string, [small: RunningJob['perNode'], large: RunningJob['perNode']]> = {
    'more cards': [{ cards: 1, cores: 60, memoryGiB: 8 }, { cards: 2, cores: 8, memoryGiB: 8 }],
    'as many cards and more cores': [{ cards: 1, cores: 8, memoryGiB: 60 }, { cards: 1, cores: 9, memoryGiB: 8 }],
    'as many of both and more memory': [{ cards: 1, cores: 8, memoryGiB: 8 }, { cards: 1, cores: 8, memoryGiB: 9 }],
  }; // prettier-ignore
  it.each(Object.entries(sizes))('but those that take %s of a node go first', (_more, [small, large]) => {
    const [a, b] = [adrift('a', { endsBy: 50, perNode: small }), adrift('b', { endsBy: 70, perNode: large })];
    expect(endsOn([a, b])).toEqual([70, 50]);
  });

  it('so that small ones leave nodes whole: what fills a group leaves nothing free in it', () => {
    const profile = new NodeProfile(2, capacity);
    const holdings = holdingsOf(profile);
    const cards = { a: 1, b: 1, c: 8, d: 6 };
    for (const [id, each] of Object.entries(cards))
      holdings.place(adrift(id, { perNode: { cards: each, cores: 1, memoryGiB: 1 } }), 0, true);
    profile.turnTo(0);
    holdings.settle(0);
    expect(profile.free(oneCard)).toBe(0);
  });
});

describe('attempts adrift where cards are shared', () => {
  const cardsOf = (profile: DeviceProfile, node: number): readonly number[] => profile.left(node).devices;
  const ofFour = capacityOf({ cards: 4, cores: 64, memoryGiB: 512 });
  const half = { cards: 0.5, cores: 1, memoryGiB: 1 };

  it('stay on their nodes where these are known, on the cards with most left', () => {
    const profile = new DeviceProfile(2, ofFour, 2);
    const holdings = new Holdings([profile], [ofFour], 'limit');
    holdings.place(onAQuarter('told', { perNode: half, devices: [[0]] }), 0, false);
    holdings.place(onAQuarter('untold', { perNode: half }), 0, true);
    profile.turnTo(0);
    holdings.settle(0);
    expect([cardsOf(profile, 0), cardsOf(profile, 1)]).toEqual([
      [500, 500, 1000, 1000],
      [1000, 1000, 1000, 1000],
    ]);
  });

  it('leave nothing behind when they end', () => {
    const profile = new DeviceProfile(1, ofFour, 2);
    const holdings = new Holdings([profile], [ofFour], 'limit');
    holdings.place(onAQuarter('untold', { perNode: half }), 0, true);
    profile.turnTo(0);
    holdings.settle(0)();
    holdings.end('untold');
    expect([cardsOf(profile, 0), profile.nextEdge(-1)]).toEqual([[1000, 1000, 1000, 1000], Infinity]);
  });

  it('are put on nodes and cards where neither is known', () => {
    const profile = new DeviceProfile(2, ofFour, 2);
    const holdings = new Holdings([profile], [ofFour], 'limit');
    holdings.place(onAQuarter('told', { perNode: half, devices: [[0]] }), 0, false);
    holdings.place(onAQuarter('lost', { perNode: half, nodeIndices: [] }), 0, true);
    profile.turnTo(0);
    const undo = holdings.settle(0);
    expect([cardsOf(profile, 0), cardsOf(profile, 1)]).toEqual([
      [500, 1000, 1000, 1000],
      [500, 1000, 1000, 1000],
    ]);
    undo();
    expect(cardsOf(profile, 1)).toEqual([1000, 1000, 1000, 1000]);
  });
});

describe('attempts that are looked at', () => {
  const withTwo = (): { profile: NodeProfile; holdings: Holdings } => {
    const profile = new NodeProfile(3, capacity);
    const holdings = holdingsOf(profile);
    holdings.place(onAQuarter('b', { nodeIndices: [1] }), 0, false);
    holdings.place(onAQuarter('a', { nodeIndices: [0], endsBy: 60 }), 0, false);
    holdings.place(onAQuarter('lost', { nodeIndices: [], nodeCount: 1 }), 0, true);
    profile.turnTo(0);
    return { profile, holdings };
  };

  it('are told in the order of their ids, those that are asked for, and never those adrift', () => {
    const { holdings } = withTwo();
    const ids = (isWanted: Parameters<Holdings['held']>[0]): string[] =>
      holdings.held(isWanted).map((held) => held.attempt.attemptId);
    expect(ids(() => true)).toEqual(['a', 'b']);
    expect(ids(({ attempt: { endsBy } }) => endsBy > 60)).toEqual(['b']);
    expect(ids(({ group }) => group !== 0)).toEqual([]);
  });

  it('are away from now to their end when withdrawn, until undone', () => {
    const { profile, holdings } = withTwo();
    const undo = holdings.withdraw('a');
    expect([profile.free(wholeNode), profile.nextEdge(0)]).toEqual([2, 100]);
    undo();
    expect([profile.free(wholeNode), profile.nextEdge(0)]).toEqual([1, 60]);
  });

  it('are withdrawn for as long as they are held, not for as long as their limit says', () => {
    const { profile, holdings } = withTwo();
    profile.turnTo(70);
    holdings.settle(70)();
    const undo = holdings.withdraw('a');
    expect([profile.free(wholeNode), profile.nextEdge(70)]).toEqual([2, 100]);
    undo();
    holdings.end('b');
    expect(profile.nextEdge(70)).toBe(120);
  });

  it.each(['lost', 'nobody'])('%s cannot be withdrawn', (id) => {
    expect(() => withTwo().holdings.withdraw(id)).toThrow(
      `attempt ${id} holds no known nodes: withdraw only what held() has told`,
    );
  });
});
