import { CounterProfile } from './counter-profile.js';
import { DeviceProfile } from './device-profile.js';
import { Fleet } from './fleet.js';
import type { GroupModel, WindowModel } from './model.js';
import { NodeProfile } from './node-profile.js';
import type { Ask } from './profile.js';
import { aFleet, changed, EAST, eastAndWest, WEST } from './testing/a-fleet.js';
import { aGroup, anAttempt, aPool } from './testing/builders.js';
import { askOf } from './vector.js';

const whole: Ask = { nodes: 1, shape: 0, perNode: askOf({ cards: 8, cores: 8, memoryGiB: 32 }) };
const aWindow = (id: string, over: Partial<WindowModel> = {}): WindowModel => ({
  id,
  groupId: 'east',
  nodeIndices: [0],
  from: 100,
  until: 200,
  ...over,
});

const freeAt = (fleet: Fleet, now: number): number[] => {
  const undo = fleet.settle(now);
  const free = fleet.profiles.map((profile) => profile.free(whole));
  undo();
  return free;
};

describe('a fleet as it begins', () => {
  it('has its groups in the order of their ids, whatever the order of the snapshot', () => {
    const fleet = aFleet();
    expect(fleet.candidates.map(({ group }) => group.id)).toEqual(['east', 'west']);
    expect([fleet.indexOf('east'), fleet.indexOf('west')]).toEqual([EAST, WEST]);
    expect([fleet.group(EAST), fleet.group(WEST)]).toEqual([eastAndWest[1], eastAndWest[0]]);
  });

  it('has all nodes installed and up, and knows each group its pool', () => {
    expect(aFleet().candidates).toMatchObject([
      { installed: 4, up: 4, pool: { id: 'east' } },
      { installed: 2, up: 2, pool: { id: 'west' } },
    ]);
  });

  it('counts nodes without names, names others, and shares cards where the group does', () => {
    const kinds = [
      aGroup('a', { poolId: 'east', nodes: 7 }),
      aGroup('b', { poolId: 'east', sharing: { kind: 'mig', slices: 4 } }),
      aGroup('c', { poolId: 'east' }),
    ];
    const { profiles } = aFleet({ groups: kinds });
    expect(profiles.map((profile) => profile.constructor)).toEqual([CounterProfile, DeviceProfile, NodeProfile]);
    for (const profile of profiles) profile.turnTo(0);
    expect(profiles.map((profile) => profile.free(whole))).toEqual([7, 4, 4]);
  });

  it('says which pool is missing', () => {
    expect(() => aFleet({ pools: [aPool('west')] })).toThrow(
      'group east belongs to pool east, which is not in the snapshot: add it',
    );
  });

  it('says of a group that it does not know to start again', () => {
    expect(() => aFleet().indexOf('north')).toThrow(
      "group north is not in the planner's state: start it again from a fresh snapshot",
    );
  });

  it('keeps gangs in the blocks of the group', () => {
    for (const sharing of [undefined, { kind: 'mig' as const, slices: 2 }]) {
      const [profile] = aFleet({
        groups: [aGroup('east', { blocks: [0, 1, 1, 2], ...(sharing && { sharing }) })],
      }).profiles;
      profile!.turnTo(0);
      expect(profile!.take({ ...whole, nodes: 2 }, 0, 10).nodes).toEqual([1, 2]);
    }
  });

  it('has links, by the site at the other end, where the snapshot has some', () => {
    const links = [{ fromSiteId: 'west-site', toSiteId: 'east-site', gbitPerSecond: 10 }];
    const fleet = aFleet({ links });
    expect(fleet.candidates.map((candidate) => [...candidate.links!])).toEqual([
      [['west-site', 10]],
      [['east-site', 10]],
    ]);
    expect(fleet.links).toBe(links);
    expect(aFleet().links).toEqual([]);
  });
});

describe('what runs in a fleet', () => {
  it('holds its nodes in its group until its limit', () => {
    const fleet = aFleet();
    fleet.place(anAttempt('a', 'east', { nodeIndices: [1, 2], endsBy: 50 }));
    expect([freeAt(fleet, 0), freeAt(fleet, 49)]).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(fleet.nodeMilliseconds(0)).toEqual(Float64Array.of(100_000, 0));
    fleet.end('a');
    expect(freeAt(fleet, 0)).toEqual([4, 2]);
  });

  it('is planned with predicted ends where the policy says so, and with limits where it says nothing', () => {
    const attempt = anAttempt('a', 'east', { endsBy: 50, predictedEnd: 20 });
    const edges = (['predicted', 'limit', undefined] as const).map((runTimes) => {
      const fleet = new Fleet({ pools: [aPool('east')], groups: [aGroup('east')] }, runTimes);
      fleet.place(attempt);
      fleet.settle(0);
      return fleet.profiles[EAST]!.nextEdge(0);
    });
    expect(edges).toEqual([20, 50, 50]);
  });

  it('is told by attempt, and taken away to see what would be', () => {
    const fleet = aFleet();
    fleet.place(anAttempt('b', 'west'));
    fleet.place(anAttempt('a', 'east'));
    expect([...fleet.attempts()].map(({ attemptId }) => attemptId)).toEqual(['b', 'a']);
    expect(fleet.held(() => true).map(({ attempt, group }) => [attempt.attemptId, group])).toEqual([
      ['a', EAST],
      ['b', WEST],
    ]);
    expect(fleet.held(({ group }) => group === WEST)).toHaveLength(1);
    const undo = fleet.withdraw('b');
    expect(freeAt(fleet, 0)).toEqual([3, 2]);
    undo();
    expect(freeAt(fleet, 0)).toEqual([3, 1]);
  });
});

describe('attempts whose nodes or cards are not known', () => {
  interface Adrift {
    readonly group: GroupModel;
    readonly attempt: Parameters<typeof anAttempt>[2];
    readonly isHeld: boolean;
  }
  const sharing = { kind: 'mig', slices: 2 } as const;
  const cases: Record<string, Adrift> = {
    'named nodes are held': { group: aGroup('east'), attempt: {}, isHeld: true },
    'without names it is adrift in a group that has them': {
      group: aGroup('east'),
      attempt: { nodeIndices: [], nodeCount: 1 },
      isHeld: false,
    },
    'without names it is not adrift where nodes have none': {
      group: aGroup('east', { nodes: 4 }),
      attempt: { nodeIndices: [], nodeCount: 1 },
      isHeld: true,
    },
    'with nodes and no cards it is adrift where cards are shared': {
      group: aGroup('east', { sharing }),
      attempt: {},
      isHeld: false,
    },
    'with nodes and cards it is held there': {
      group: aGroup('east', { sharing }),
      attempt: { devices: [[0, 1, 2, 3, 4, 5, 6, 7]] },
      isHeld: true,
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { group, attempt, isHeld }) => {
    const fleet = new Fleet({ pools: [aPool('east')], groups: [group] });
    fleet.place(anAttempt('a', 'east', attempt));
    expect(fleet.held(() => true)).toHaveLength(isHeld ? 1 : 0);
    expect(freeAt(fleet, 0)).toEqual([3]);
  });
});

describe('nodes that are not there', () => {
  const strays: Record<string, { nodes: number[]; stray: number }> = {
    'the node after the last': { nodes: [0, 4], stray: 4 },
    'one below the first': { nodes: [-1], stray: -1 },
    'half a node': { nodes: [3, 0.5], stray: 0.5 },
  };
  it.each(Object.entries(strays))('%s is named where it is not there', (_sentence, { nodes, stray }) => {
    const message = (what: string): string =>
      `${what} names node ${stray} of group east, which has 4: indices count from 0; ` +
      'start the planner again from a fresh snapshot if nodes were added';
    const fleet = aFleet();
    expect(() => fleet.place(anAttempt('a', 'east', { nodeIndices: nodes }))).toThrow(message('attempt a'));
    expect(() => fleet.setWindow(aWindow('w', { nodeIndices: nodes }))).toThrow(message('window w'));
    expect(() => fleet.setNodeState('east', stray, 'down')).toThrow(message('a node state'));
    expect(changed(fleet, () => fleet.place(anAttempt('a', 'east', { nodeIndices: [3, 0] })))).toEqual(['holdings']);
  });
});

describe('states of nodes', () => {
  it('takes a node out, tells how many are up, and has it back', () => {
    const fleet = aFleet();
    fleet.setNodeState('east', 1, 'down');
    fleet.setNodeState('east', 3, 'drained');
    fleet.settle(0);
    expect([fleet.candidates[EAST]!.up, fleet.profiles[EAST]!.free(whole), fleet.candidates[WEST]!.up]).toEqual([
      2, 2, 2,
    ]);
    expect(fleet.picture().nodeStates).toEqual([
      { groupId: 'east', index: 1, state: 'down' },
      { groupId: 'east', index: 3, state: 'drained' },
    ]);
    fleet.setNodeState('east', 1, 'up');
    expect([fleet.candidates[EAST]!.up, fleet.profiles[EAST]!.free(whole)]).toEqual([3, 3]);
    expect(fleet.candidates[EAST]!.installed).toBe(4);
  });

  const cases: Record<string, { before?: 'down'; after: 'up' | 'down' | 'drained'; want: string[] }> = {
    'a node goes down': { after: 'down', want: ['version'] },
    'a node comes up': { before: 'down', after: 'up', want: ['version'] },
    'a node that is down is drained': { before: 'down', after: 'drained', want: ['version'] },
    'a node that is up is said to be up': { after: 'up', want: [] },
    'a node that is down is said to be down': { before: 'down', after: 'down', want: [] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { before, after, want }) => {
    const fleet = aFleet();
    if (before) fleet.setNodeState('east', 0, before);
    expect(changed(fleet, () => fleet.setNodeState('east', 0, after))).toEqual(want);
  });
});

describe('windows of a fleet', () => {
  const longest = (fleet: Fleet): number[] => {
    fleet.settle(0);
    return fleet.profiles.map((profile, index) => profile.longest({ ...whole, nodes: index === EAST ? 4 : 2 }));
  };

  it('are laid into their group, and taken off when they are gone', () => {
    const fleet = aFleet();
    expect([fleet.hasWindows(), longest(fleet)]).toEqual([false, [Infinity, Infinity]]);
    expect(changed(fleet, () => fleet.setWindow(aWindow('w')))).toEqual(['windows']);
    expect([fleet.hasWindows(), longest(fleet)]).toEqual([true, [100, Infinity]]);
    expect(changed(fleet, () => fleet.dropWindow('w'))).toEqual(['windows']);
    expect([fleet.hasWindows(), longest(fleet)]).toEqual([false, [Infinity, Infinity]]);
    expect(changed(fleet, () => fleet.dropWindow('w'))).toEqual([]);
  });

  it('replace one of the same id, in another group as well', () => {
    const fleet = aFleet();
    fleet.setWindow(aWindow('w'));
    fleet.setWindow(aWindow('w', { from: 150 }));
    expect(longest(fleet)).toEqual([150, Infinity]);
    fleet.setWindow(aWindow('w', { groupId: 'west', from: 70 }));
    expect(longest(fleet)).toEqual([Infinity, 70]);
    expect(fleet.allWindows()).toHaveLength(1);
  });

  it('are lifted all together until undone', () => {
    const fleet = aFleet();
    fleet.liftWindows()();
    fleet.setWindow(aWindow('w'));
    fleet.setWindow(aWindow('v', { groupId: 'west', from: 160 }));
    const lay = fleet.liftWindows();
    expect(longest(fleet)).toEqual([Infinity, Infinity]);
    lay();
    expect(longest(fleet)).toEqual([100, 160]);
  });

  it('are ahead of a group until the last of them has ended', () => {
    const fleet = aFleet();
    expect(fleet.hasWindowsIn(EAST, 0)).toBe(false);
    fleet.setWindow(aWindow('w', { until: 300 }));
    fleet.setWindow(aWindow('v', { until: 250 }));
    expect([250, 299, 300].map((now) => fleet.hasWindowsIn(EAST, now))).toEqual([true, true, false]);
    expect(fleet.hasWindowsIn(WEST, 0)).toBe(false);
    fleet.dropWindow('w');
    expect([249, 250].map((now) => fleet.hasWindowsIn(EAST, now))).toEqual([true, false]);
    fleet.dropWindow('v');
    expect(fleet.hasWindowsIn(EAST, 0)).toBe(false);
  });
});
