import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type { GroupModel, LinkModel, PowerCapModel, QueuedJob, RunningJob, Seconds } from './model.js';
import { orderOf } from './order.js';
import { createPlanner } from './planner.js';
import { PowerGate } from './power-gate.js';
import { aGroup, aJob, anAttempt, aPolicy, aPool, aSnapshot } from './testing/builders.js';
import { WaitingQueue } from './waiting-queue.js';

// Four nodes of 100 W idle and 500 W at full load: 400 W at rest, and 400 W more for each whole node that runs.
const watts = { idle: 100, peak: 500 };
const capOf = (most: number, from = 0, until = 7200, over: Partial<PowerCapModel> = {}): PowerCapModel => ({
  id: 'c', siteId: 'g-site', from, until, watts: most, ...over,
}); // prettier-ignore

interface Scene {
  readonly caps?: readonly PowerCapModel[];
  readonly running?: readonly RunningJob[];
  readonly job?: Partial<QueuedJob>;
  readonly groups?: readonly GroupModel[];
  readonly runTimes?: 'limit' | 'predicted';
  readonly links?: readonly LinkModel[];
}
function gateOf({ caps = [], running = [], job = {}, groups = [aGroup('g', { watts })], runTimes, links = [] }: Scene) {
  const pools = groups.map(({ poolId }) => aPool(poolId, { siteId: 'g-site' }));
  const fleet = new Fleet({ pools, groups, links, powerCaps: caps }, runTimes);
  for (const attempt of running) fleet.place(attempt);
  const queue = new WaitingQueue(new JobKinds(fleet), orderOf('fcfs'));
  queue.add(aJob('j', job));
  return { gate: new PowerGate(fleet, queue), fleet };
}
const bid = { slot: 0, group: 0, nodes: 1, seconds: 3600 };
const earliest = (scene: Scene, now: Seconds, from = now, over: Partial<typeof bid> = {}): Seconds => {
  const { gate } = gateOf(scene);
  gate.turnTo(now);
  return gate.earliest({ ...bid, ...over }, from);
};

describe('when a power cap lets a start in', () => {
  interface Case extends Scene {
    readonly over?: Partial<typeof bid>;
    readonly now?: Seconds;
    readonly from?: Seconds;
    readonly want: Seconds;
  }
  const cases: Record<string, Case> = {
    'no cap: at once': { want: 1000 },
    'just as many watts as the cap leaves': { caps: [capOf(800)], want: 1000 },
    'one watt too many: when the cap ends': { caps: [capOf(799)], want: 7200 },
    'each node of the start counts': { caps: [capOf(1200)], over: { nodes: 2 }, want: 1000 },
    'one node too many': { caps: [capOf(1200)], over: { nodes: 3 }, want: 7200 },
    'half a node draws half': { caps: [capOf(600)], job: { perNode: { cards: 4, cores: 1, memoryGiB: 1 } }, want: 1000 },
    'and no less than half': { caps: [capOf(599)], job: { perNode: { cards: 4, cores: 1, memoryGiB: 1 } }, want: 7200 },
    'a cap to come is in the way of what would still run': { caps: [capOf(799, 4000)], want: 7200 },
    'and not of what ends as it begins': { caps: [capOf(799, 4600)], want: 1000 },
    'by its limit, though it is planned to end sooner': {
      caps: [capOf(799, 4599)], job: { limit: 3600, predicted: 60 }, over: { seconds: 60 }, want: 7200,
    },
    'and by the time that its data takes before it': {
      caps: [capOf(799, 4986)], job: { inputs: [{ siteId: 'far', sizeGiB: 45 }] }, links: [{ fromSiteId: 'far', toSiteId: 'g-site', gbitPerSecond: 1 }], want: 7200,
    },
    'to the second': {
      caps: [capOf(799, 4987)], job: { inputs: [{ siteId: 'far', sizeGiB: 45 }] }, links: [{ fromSiteId: 'far', toSiteId: 'g-site', gbitPerSecond: 1 }], want: 1000,
    },
    'or by what it is planned with, if that is longer': { caps: [capOf(799, 4600)], over: { seconds: 3601 }, want: 7200 },
    'what runs counts until its limit': { caps: [capOf(1199)], running: [anAttempt('r', 'g', { endsBy: 5000 })], want: 5000 },
    'though it is predicted to end before': {
      caps: [capOf(1199)], running: [anAttempt('r', 'g', { endsBy: 5000, predictedEnd: 2000 })], runTimes: 'predicted', want: 5000,
    },
    'all nodes of what runs': { caps: [capOf(1599)], running: [anAttempt('r', 'g', { nodeIndices: [0, 1], endsBy: 5000 })], want: 5000 },
    'as many nodes as are counted while the engine has not named them': {
      caps: [capOf(1599)], running: [anAttempt('r', 'g', { nodeIndices: [], nodeCount: 2, endsBy: 5000 })], want: 5000,
    },
    'what runs in another pool of the site counts': {
      caps: [capOf(1599)], groups: [aGroup('g', { watts }), aGroup('h', { watts })], running: [anAttempt('r', 'h', { endsBy: 5000 })], want: 5000,
    },
    'a cap of another site does not': { caps: [capOf(0, 0, 7200, { siteId: 'elsewhere' })], want: 1000 },
    'a group that states no watts is not seen': { caps: [capOf(0)], groups: [aGroup('g')], want: 1000 },
    'a cap that is over': { caps: [capOf(0, 0, 1000)], want: 1000 },
    'what outlived its limit goes on until the next minute': {
      caps: [capOf(1199)], running: [anAttempt('r', 'g', { endsBy: 900 })], want: 1020,
    },
    'so does what is being stopped': {
      caps: [capOf(1199)], running: [anAttempt('r', 'g', { endsBy: 5000, leaving: true })], want: 1020,
    },
    'a reservation is looked for from its time on': { caps: [capOf(799)], from: 7300, want: 7300 },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { over, now = 1000, from = now, want, ...scene }) => {
    expect(earliest(scene, now, from, over)).toBe(want);
  });
});

describe('what the plan takes', () => {
  it('counts from its start to its end, until undone', () => {
    const { gate } = gateOf({ caps: [capOf(800, 0, 90_000)] });
    gate.turnTo(1000);
    const undoNow = gate.take(bid, 1000);
    expect(gate.earliest(bid, 1000)).toBe(4600);
    const undoLater = gate.take(bid, 5000);
    expect(gate.earliest(bid, 1000)).toBe(8600);
    undoNow();
    expect([gate.earliest(bid, 1000), gate.earliest({ ...bid, seconds: 4001 }, 1000)]).toEqual([1000, 8600]);
    undoLater();
    expect(gate.earliest({ ...bid, seconds: 80_000 }, 1000)).toBe(1000);
  });

  it('costs nothing and leaves nothing where there is no cap', () => {
    const { gate, fleet } = gateOf({});
    gate.turnTo(1000);
    gate.take(bid, 1000);
    fleet.setPowerCap(capOf(800));
    gate.turnTo(1000);
    expect(gate.earliest(bid, 1000)).toBe(1000);
  });
});

describe('what the gate was told before makes no difference', () => {
  it('a cap that comes, changes and goes is seen at the next turn', () => {
    const { gate, fleet } = gateOf({});
    const seen = (): Seconds => (gate.turnTo(1000), gate.earliest(bid, 1000));
    expect(seen()).toBe(1000);
    fleet.setPowerCap(capOf(799));
    expect(seen()).toBe(7200);
    fleet.setPowerCap(capOf(799, 0, 9000));
    expect(seen()).toBe(9000);
    fleet.dropPowerCap('c');
    expect(seen()).toBe(1000);
  });

  it('work that comes and goes is seen at the next turn', () => {
    const { gate, fleet } = gateOf({ caps: [capOf(1199)] });
    const seen = (): Seconds => (gate.turnTo(1000), gate.earliest(bid, 1000));
    expect(seen()).toBe(1000);
    fleet.place(anAttempt('r', 'g', { endsBy: 5000 }));
    expect(seen()).toBe(5000);
    fleet.end('r');
    expect(seen()).toBe(1000);
  });

  it('what runs is weighed anew when the first of it ends, and not before', () => {
    const running = [anAttempt('r', 'g', { endsBy: 1990 }), anAttempt('s', 'g', { nodeIndices: [1], endsBy: 5000 })];
    const { gate } = gateOf({ caps: [capOf(1599)], running });
    gate.turnTo(1985);
    expect([gate.earliest(bid, 1985), gate.nextEdge(1985)]).toEqual([1990, 1990]);
    gate.turnTo(1989);
    expect(gate.earliest(bid, 1989)).toBe(1990);
    gate.turnTo(1990); // it has outlived its limit: until the next minute
    expect([gate.earliest(bid, 1990), gate.nextEdge(1990)]).toEqual([2040, 2040]);
  });

  it('asked at an earlier time than before, it says what it would have said then', () => {
    const { gate } = gateOf({ caps: [capOf(1199)], running: [anAttempt('r', 'g', { endsBy: 1990 })] });
    gate.turnTo(2000);
    expect(gate.earliest(bid, 2000)).toBe(2040);
    gate.turnTo(1985);
    expect(gate.earliest(bid, 1985)).toBe(1990);
  });
});

describe('when the gate is to be asked again', () => {
  it('its state is the same while its answers are: until a cap or what runs changes, or their hour comes', () => {
    const { gate, fleet } = gateOf({ caps: [capOf(1599, 0, 3000)], running: [anAttempt('r', 'g', { endsBy: 2000 })] });
    const stateAt = (now: Seconds): number => (gate.turnTo(now), gate.state());
    const first = stateAt(1000);
    expect(first).toBe(1);
    expect([stateAt(1500), stateAt(1999)]).toEqual([first, first]);
    expect(stateAt(2000)).toBe(first + 1); // what ran is at its limit
    expect(stateAt(2039)).toBe(first + 1);
    expect(stateAt(2040)).toBe(first + 2); // and goes on until the next minute
    fleet.end('r');
    expect(stateAt(2041)).toBe(first + 3);
    expect(stateAt(2999)).toBe(first + 3);
    expect(stateAt(3000)).toBe(first + 4); // the cap is over
    expect(stateAt(9000)).toBe(first + 4);
    fleet.dropPowerCap('c');
    expect(stateAt(9000)).toBe(first + 5);
    expect(stateAt(90_000)).toBe(first + 5);
  });

  it('and never the same while something of the plan is taken', () => {
    const { gate } = gateOf({ caps: [capOf(1599)] });
    gate.turnTo(1000);
    const before = gate.state();
    expect(before).toBe(1);
    const undos = [gate.take(bid, 1000), gate.take(bid, 5000)];
    expect(gate.state()).toBeNaN();
    undos[0]!();
    expect(gate.state()).toBeNaN();
    undos[1]!();
    expect(gate.state()).toBe(before);
  });

  it('the next time that changes anything is that of a cap or of what runs, whichever comes first', () => {
    const running = [anAttempt('r', 'g', { endsBy: 5000 })];
    const edgeOf = (scene: Scene): Seconds => {
      const { gate } = gateOf(scene);
      gate.turnTo(1000);
      return gate.nextEdge(1000);
    };
    expect(edgeOf({ caps: [capOf(800, 0, 4000)], running })).toBe(4000);
    expect(edgeOf({ caps: [capOf(800, 0, 7200)], running })).toBe(5000);
    expect(edgeOf({ caps: [capOf(800, 2000, 7200)], running })).toBe(2000);
    expect(edgeOf({ running })).toBe(Infinity);
  });
});

describe('a power cap in the plan', () => {
  const plannedAt = (most: number, endsBy: Seconds, ...times: Seconds[]) => {
    const planner = createPlanner(
      aSnapshot({
        groups: [aGroup('g', { nodes: ['a', 'b'], watts })],
        running: [anAttempt('r', 'g', { endsBy })],
        powerCaps: [capOf(most)],
        queued: [aJob('j', { limit: 60 })],
      }),
      aPolicy(),
    );
    return times.map((now) => planner.plan(now)).at(-1)!;
  };

  // Two nodes here: 200 W at rest, and one run more than the one that is there needs 1000 W.
  it('lets in what stays just under it', () => {
    expect(plannedAt(1000, 9000, 1000).starts).toHaveLength(1);
  });

  it('keeps back what passes it by a watt, and reserves where it ends', () => {
    const plan = plannedAt(999, 9000, 1000);
    expect(plan.starts).toEqual([]);
    expect(plan.waiting).toMatchObject([{ refusal: 'power-cap-reached', estimatedStart: 7200 }]);
  });

  it('holds for the whole limit of a start, whatever is predicted', () => {
    const capped = { id: 'c', siteId: 'g-site', from: 1060, until: 7200, watts: 999 };
    const startsWith = (limit: number) =>
      createPlanner(
        aSnapshot({
          groups: [aGroup('g', { nodes: ['a', 'b'], watts: { idle: 100, peak: 500 } })],
          running: [anAttempt('r', 'g', { endsBy: 9000 })],
          powerCaps: [capped],
          queued: [aJob('j', { limit, predicted: 5 })],
        }),
        aPolicy({ runTimes: 'predicted' }),
      ).plan(1000).starts.length;
    expect([startsWith(60), startsWith(61)]).toEqual([1, 0]);
  });

  it('takes what outlived its limit to go on, whenever it was asked before', () => {
    expect(plannedAt(999, 1990, 1985, 1990).starts).toEqual(plannedAt(999, 1990, 1990).starts);
    expect(plannedAt(999, 1990, 1985, 1990).starts).toEqual([]);
  });

  it('holds when a prediction does not: what might still run under a lower cap is not started before it', () => {
    const startsBefore = (limit: number): number =>
      createPlanner(
        aSnapshot({
          groups: [aGroup('g', { watts })],
          powerCaps: [capOf(799, 2000)],
          queued: [aJob('j', { limit, predicted: 60 })],
        }),
        aPolicy({ runTimes: 'predicted' }),
      ).plan(1000).starts.length;
    expect([startsBefore(1000), startsBefore(1001)]).toEqual([1, 0]);
  });

  it('of a site is shared by its pools: the plan starts in both together what the cap lets in', () => {
    const groups = [aGroup('east', { watts }), aGroup('west', { watts })];
    const plan = createPlanner(
      aSnapshot({
        groups,
        pools: groups.map(({ id }) => aPool(id, { siteId: 'g-site' })),
        powerCaps: [capOf(800 + 3 * 400)],
        queued: [1, 2, 3, 4, 5].map((n) => aJob(`j${n}`, { limit: 60, pools: [n % 2 ? 'east' : 'west'] })),
      }),
      aPolicy(),
    ).plan(1000);
    expect(plan.starts.map(({ jobId, poolId }) => `${jobId} ${poolId}`)).toEqual(['j1 east', 'j2 west', 'j3 east']);
    expect(plan.waiting.map(({ jobId, refusal }) => `${jobId} ${refusal}`)).toEqual([
      'j4 power-cap-reached',
      'j5 power-cap-reached',
    ]);
  });
});
