import type { Refusal } from '#libs/domain';
import { type Diagnosis, Diagnostician, evidenceOf } from './diagnosis.js';
import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type { Evidence, QueuedJob, RunningJob, Snapshot } from './model.js';
import { aCpuGroup, aGroup, aJob, anAscendGroup, anAttempt, aPool, aSnapshot } from './testing/builders.js';

const NOW = 1000;

interface Ground {
  readonly fleet: Fleet;
  readonly kinds: JobKinds;
  readonly diagnostician: Diagnostician;
}

function groundOf(state: Partial<Snapshot>): Ground {
  const snapshot = aSnapshot(state);
  const fleet = new Fleet(snapshot);
  for (const { groupId, index, state: nodeState } of snapshot.nodeStates) fleet.setNodeState(groupId, index, nodeState);
  for (const window of snapshot.windows) fleet.setWindow(window);
  for (const attempt of snapshot.running) fleet.place(attempt);
  fleet.settle(NOW);
  return { fleet, kinds: new JobKinds(fleet), diagnostician: new Diagnostician(fleet) };
}

function diagnose(state: Partial<Snapshot>, job: Partial<QueuedJob> = {}): Diagnosis {
  const { kinds, diagnostician } = groundOf(state);
  const kind = kinds.join(aJob('j', job));
  kinds.refresh();
  return diagnostician.examine([kind])[kind.index]!;
}

const holding = (id: string, nodes: readonly number[], over: Partial<RunningJob> = {}): RunningJob =>
  anAttempt(id, 'g', { nodeIndices: nodes, endsBy: 5000, ...over });
const windowOn = (nodes: readonly number[], from: number, until: number) => ({
  id: 'w',
  groupId: 'g',
  nodeIndices: nodes,
  from,
  until,
});
const cores = { cards: 1, cores: 64, memoryGiB: 1 };
const small = { cards: 1, cores: 1, memoryGiB: 1 };

interface Case {
  readonly state: Partial<Snapshot>;
  readonly job?: Partial<QueuedJob>;
  readonly room: number;
  readonly roomWithoutWindows?: number;
  readonly shortOf?: Refusal;
  readonly best: Evidence['best'];
  readonly releases: readonly number[];
}
const g = (freeNodes: number, askedNodes = 1) => ({ groupId: 'g', freeNodes, askedNodes });

const cases: Record<string, Case> = {
  'an empty group has room for ever': {
    state: { groups: [aGroup('g')] },
    room: Infinity,
    best: g(4),
    releases: [NOW],
    shortOf: 'no-free-nodes',
  },
  'just as many nodes as are asked for are enough': {
    state: { groups: [aGroup('g')], running: [holding('r', [0, 1])] },
    job: { nodes: 2 },
    room: Infinity,
    best: g(2, 2),
    releases: [NOW],
    shortOf: 'no-free-nodes',
  },
  'one too few: no room, short of cards, and free when the work ends': {
    state: { groups: [aGroup('g')], running: [holding('r', [0, 1])] },
    job: { nodes: 3 },
    room: 0,
    best: g(2, 3),
    releases: [5000],
    shortOf: 'no-free-accelerators',
  },
  'cards are free on enough nodes, cores are not: short of nodes': {
    state: { groups: [aGroup('g')], running: [holding('r', [0, 1], { perNode: cores })] },
    job: { nodes: 3, perNode: small },
    room: 0,
    best: g(2, 3),
    releases: [5000],
    shortOf: 'no-free-nodes',
  },
  'without cards, it is nodes that are short': {
    state: {
      groups: [aCpuGroup('g')],
      running: [holding('r', [0, 1, 2, 3], { perNode: { cards: 0, cores: 64, memoryGiB: 1 } })],
    },
    job: { perNode: { cards: 0, cores: 1, memoryGiB: 1 } },
    room: 0,
    best: g(0),
    releases: [5000],
    shortOf: 'no-free-nodes',
  },
  'the group with the most free nodes is the nearest, and enough cards in any group are enough cards': {
    state: {
      groups: [aGroup('a'), aGroup('g')],
      running: [anAttempt('q', 'a', { nodeIndices: [0, 1, 2], endsBy: 3000, perNode: cores }), holding('r', [0, 1])],
    },
    job: { nodes: 4, perNode: small },
    room: 0,
    best: g(2, 4),
    releases: [3000, 5000],
    shortOf: 'no-free-nodes',
  },
  'of groups with as many, the first by id': {
    state: { groups: [aGroup('h'), aGroup('g')] },
    room: Infinity,
    best: g(4),
    releases: [NOW, NOW],
    shortOf: 'no-free-nodes',
  },
  'a window ahead ends the room, and is not there when windows are lifted': {
    state: { groups: [aGroup('g')], windows: [windowOn([0, 1, 2, 3], 3000, 4000)] },
    room: 2000,
    roomWithoutWindows: Infinity,
    best: g(4),
    releases: [NOW],
    shortOf: 'no-free-nodes',
  },
  'a window on some nodes leaves the room of the others': {
    state: { groups: [aGroup('g')], windows: [windowOn([0, 1, 2], 3000, 4000)] },
    room: Infinity,
    best: g(4),
    releases: [NOW],
    shortOf: 'no-free-nodes',
  },
  'in a window nothing is free, but cards would be': {
    state: { groups: [aGroup('g')], windows: [windowOn([0, 1, 2, 3], 500, 4000)] },
    room: 0,
    roomWithoutWindows: Infinity,
    best: g(0),
    releases: [4000],
    shortOf: 'no-free-accelerators',
  },
  'groups that are not open to it are not looked at': {
    state: { groups: [anAscendGroup('a'), aGroup('g'), aCpuGroup('p')], running: [holding('r', [0, 1, 2, 3])] },
    job: { stack: 'cuda' },
    room: 0,
    best: g(0),
    releases: [5000],
    shortOf: 'no-free-accelerators',
  },
  'of no group at all there is nothing to say but that cards are short': {
    state: { groups: [aGroup('g')], pools: [aPool('g', { reachable: false })] },
    room: 0,
    best: null,
    releases: [],
    shortOf: 'no-free-accelerators',
  },
};

describe('how the groups open to a job stand', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { state, job, room, roomWithoutWindows = room, ...want }) => {
    const { footing } = diagnose(state, job);
    expect({ ...footing, releases: [...footing.releases] }).toEqual({ room, roomWithoutWindows, ...want });
  });

  it('leaves the windows as they were', () => {
    const { kinds, diagnostician, fleet } = groundOf({
      groups: [aGroup('g')],
      windows: [windowOn([0, 1, 2, 3], 3000, 4000)],
    });
    const kind = kinds.join(aJob('j'));
    kinds.refresh();
    diagnostician.examine([kind]);
    expect(fleet.profiles[0]!.longest(kind.ask)).toBe(2000);
    expect(diagnostician.examine([kind])[kind.index]!.footing.room).toBe(2000);
  });

  it('is found once for kinds with the same groups and the same ask, and for each other ask by itself', () => {
    const { kinds, diagnostician } = groundOf({ groups: [aGroup('g')], running: [holding('r', [0], { perNode: small })] });
    const jobs = [{}, { class: 'inference' as const }, { nodes: 4 }, { perNode: small }];
    const [one, alike, larger, smaller] = jobs.map((job) => kinds.join(aJob('j', job)));
    kinds.refresh();
    const found = diagnostician.examine(kinds.byIndex);
    const footing = (kind = one) => found[kind!.index]!.footing;
    expect(footing(alike)).toBe(footing());
    expect([footing(), footing(larger), footing(smaller)].map(({ best }) => [best!.freeNodes, best!.askedNodes])).toEqual([
      [3, 1],
      [3, 4],
      [4, 1],
    ]);
  }); // prettier-ignore

  it('is not looked for where nobody waits', () => {
    const { kinds, diagnostician } = groundOf({ groups: [aGroup('g')] });
    const [gone, there] = [kinds.join(aJob('a')), kinds.join(aJob('b', { nodes: 2 }))];
    kinds.leave(gone);
    kinds.refresh();
    const found = diagnostician.examine(kinds.byIndex);
    expect([found[gone.index], found[there.index]?.footing.room]).toEqual([undefined, Infinity]);
  });
});

describe('what bars a kind', () => {
  it('is kept until something about the fleet changes', () => {
    const { kinds, diagnostician, fleet } = groundOf({ groups: [aGroup('g')] });
    const kind = kinds.join(aJob('j', { nodes: 4 }));
    const first = diagnostician.barred(kind);
    expect(first).toEqual({ refusal: null, nodesConsidered: 4, filteredBy: {} });
    expect(diagnostician.barred(kind)).toBe(first);
    fleet.setNodeState('g', 2, 'down');
    const then = { refusal: 'nodes-out-of-service', nodesConsidered: 4, filteredBy: { 'nodes-out-of-service': 4 } };
    expect(diagnostician.barred(kind)).toEqual(then);
  });

  it('is part of its evidence, with the nearest group and the jobs ahead', () => {
    const barred = { refusal: null, nodesConsidered: 7, filteredBy: { 'stack-mismatch': 3 } } as const;
    const { refusal: _refusal, ...counts } = barred;
    expect(evidenceOf(barred, g(1, 2), 5)).toEqual({ ...counts, best: g(1, 2), ahead: 5 });
    expect(evidenceOf(barred, null, 0)).toEqual({ ...counts, best: null, ahead: 0 });
  });
});
