import { Backlog } from './backlog.js';
import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type { QueuedJob, Snapshot } from './model.js';
import { aGroup, aJob, anAscendGroup, anAttempt, aSnapshot } from './testing/builders.js';

const NOW = 1000;

interface Case {
  readonly state: Partial<Snapshot>;
  /** Jobs ahead, each with the seconds that it is charged with. */
  readonly ahead?: readonly (readonly [Partial<QueuedJob>, number])[];
  /** Jobs that go to a known group. */
  readonly placed?: readonly (readonly [groupId: string, Partial<QueuedJob>, number])[];
  /** Seconds of work ahead by group. */
  readonly want: Readonly<Record<string, number>>;
}

const one = [aGroup('g')];
const two = [aGroup('g'), aGroup('h', { nodes: ['x', 'y'] })];
const running = (groupId: string, nodes: readonly number[], endsBy: number) =>
  anAttempt(`in ${groupId}`, groupId, { nodeIndices: nodes, endsBy });
const down = (groupId: string, index: number) => ({ groupId, index, state: 'down' as const });
const half = { cards: 4, cores: 1, memoryGiB: 1 };

const cases: Record<string, Case> = {
  'nothing runs and nobody is ahead': { state: { groups: one }, want: { g: 0 } },
  'what runs counts until its limit, shared out among the nodes that are up': {
    state: { groups: one, running: [running('g', [0, 1], NOW + 600)] },
    want: { g: 300 },
  },
  'fewer nodes that are up have more to do each': {
    state: { groups: one, running: [running('g', [0, 1], NOW + 600)], nodeStates: [down('g', 2), down('g', 3)] },
    want: { g: 600 },
  },
  'a group with no node up counts as one node': {
    state: { groups: two, running: [running('h', [0], NOW + 600)], nodeStates: [down('h', 0), down('h', 1)] },
    want: { g: 0, h: 600 },
  },
  'what has outlived its limit counts a second': {
    state: { groups: one, running: [running('g', [0], NOW - 500)] },
    want: { g: 0.25 },
  },
  'a job ahead is shared out among all that the group could carry at a time': {
    state: { groups: one },
    ahead: [[{}, 400]],
    want: { g: 100 },
  },
  'a gang takes as many shares as it has nodes': { state: { groups: one }, ahead: [[{ nodes: 4 }, 400]], want: { g: 400 } },
  'half a node takes half a share': { state: { groups: one }, ahead: [[{ perNode: half }, 400]], want: { g: 50 } },
  'the scarcest of what it asks for tells its share': {
    state: { groups: one },
    ahead: [[{ perNode: { cards: 1, cores: 48, memoryGiB: 1 } }, 400]],
    want: { g: 75 },
  },
  'jobs ahead add up': { state: { groups: one }, ahead: [[{}, 400], [{}, 400], [{ nodes: 2 }, 100]], want: { g: 250 } },
  'one that may go to two groups delays both by the same, and by what both together can carry': {
    state: { groups: two },
    ahead: [[{}, 600]],
    want: { g: 100, h: 100 },
  },
  'one that may go to one of them delays that one alone': {
    state: { groups: two },
    ahead: [[{ nodes: 3 }, 600]],
    want: { g: 450, h: 0 },
  },
  'both kinds of jobs ahead add up where they meet': {
    state: { groups: two },
    ahead: [[{}, 600], [{ nodes: 3 }, 600]],
    want: { g: 550, h: 100 },
  },
  'one that may go nowhere delays nobody': { state: { groups: one }, ahead: [[{ nodes: 5 }, 600]], want: { g: 0 } },
  'one for other groups delays nobody here': {
    state: { groups: [aGroup('g'), anAscendGroup('h')] },
    ahead: [[{ stack: 'cann' }, 400]],
    want: { g: 0, h: 100 },
  },
  'one that goes to a known group counts there alone, on its nodes': {
    state: { groups: two },
    placed: [['h', {}, 600]],
    want: { g: 0, h: 300 },
  },
  'by the part of a node that it takes': { state: { groups: one }, placed: [['g', { nodes: 2, perNode: half }, 600]], want: { g: 150 } },
  'to the millisecond': { state: { groups: [aGroup('g', { nodes: ['n'] })] }, placed: [['g', {}, 0.0004], ['g', {}, 0.0006]], want: { g: 0.001 } },
  'beside what runs': {
    state: { groups: one, running: [running('g', [0], NOW + 400)] },
    placed: [['g', {}, 400]],
    ahead: [[{}, 400]],
    want: { g: 300 },
  },
}; // prettier-ignore

function groundOf({ state, ahead = [], placed = [] }: Case) {
  const snapshot = aSnapshot(state);
  const fleet = new Fleet(snapshot);
  for (const node of snapshot.nodeStates) fleet.setNodeState(node.groupId, node.index, node.state);
  for (const attempt of snapshot.running) fleet.place(attempt);
  fleet.settle(NOW);
  const kinds = new JobKinds(fleet);
  const waiting = ahead.map(([job, seconds], i) => ({ kind: kinds.join(aJob(`a${i}`, job)), seconds }));
  const going = placed.map(([groupId, job, seconds], i) => ({
    group: fleet.indexOf(groupId),
    kind: kinds.join(aJob(`p${i}`, job)),
    seconds,
  }));
  kinds.refresh();
  return { fleet, kinds, waiting, going };
}

function told(one: Case): Record<string, number> {
  const { fleet, kinds, waiting, going } = groundOf(one);
  const backlog = new Backlog(fleet, kinds, NOW);
  for (const { kind, seconds } of waiting) backlog.charge(kind.index, seconds);
  for (const { group, kind, seconds } of going) backlog.chargeGroup(group, kind, seconds);
  return Object.fromEntries(fleet.candidates.map(({ group }, index) => [group.id, backlog.at(index)]));
}

describe('the work ahead', () => {
  it.each(Object.entries(cases))('%s', (_sentence, one) => {
    const seconds = told(one);
    expect(Object.keys(seconds)).toEqual(Object.keys(one.want));
    for (const [groupId, want] of Object.entries(one.want)) expect(seconds[groupId]).toBeCloseTo(want, 9);
  });

  it.each(Object.entries(cases))('is the same whoever is charged first: %s', (_sentence, one) => {
    const turned = { ...one, ahead: one.ahead?.toReversed(), placed: one.placed?.toReversed() } as Case;
    expect(told(turned)).toEqual(told(one));
  });

  it('of one backlog is none of another: each plan charges its own', () => {
    const { fleet, kinds, waiting } = groundOf({ state: { groups: one }, ahead: [[{}, 400]], want: {} });
    new Backlog(fleet, kinds, NOW).charge(waiting[0]!.kind.index, 400);
    expect(new Backlog(fleet, kinds, NOW).at(0)).toBe(0);
  });

  it('of what runs becomes less as time goes by', () => {
    const { fleet, kinds } = groundOf({ state: { groups: one, running: [running('g', [0], NOW + 400)] }, want: {} });
    const at = (now: number): number => new Backlog(fleet, kinds, now).at(0);
    expect([at(NOW), at(NOW + 200), at(NOW + 396)]).toEqual([100, 50, 1]);
  });
});
