import type { DeviceProfile } from './device-profile.js';
import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type { QueuedJob, RunningJob } from './model.js';
import { aGroup, aJob, anAttempt, aPool } from './testing/builders.js';

describe('the mix of groups that share cards', () => {
  const shared = aGroup('shared', { poolId: 'east', nodes: ['n0', 'n1'], sharing: { kind: 'time-slice', slices: 4 } });
  const fleetOf = (): Fleet =>
    new Fleet({ pools: [aPool('east')], groups: [shared, aGroup('whole', { poolId: 'east' })] });
  const part = (cards: number) => ({ cards, cores: 1, memoryGiB: 1 });

  interface Case {
    readonly waiting?: QueuedJob[];
    /** Kinds of which nobody waits any more. */
    readonly gone?: QueuedJob[];
    readonly running?: RunningJob[];
    /** Cards, milli of each, how many. */
    readonly want: [count: number, milli: number, popularity: number][];
  }
  const cases: Record<string, Case> = {
    'nothing waits and nothing runs': { want: [] },
    'what waits counts with each of its nodes': {
      waiting: [aJob('j', { nodes: 2, perNode: part(1) })],
      want: [[1, 1000, 2]],
    },
    'jobs of one kind count each': {
      waiting: [aJob('j', { perNode: part(2) }), aJob('k', { perNode: part(2) })],
      want: [[2, 1000, 2]],
    },
    'parts of a card count as the slices that they hold': {
      waiting: [aJob('j', { perNode: part(0.3) })],
      want: [[1, 500, 1]],
    },
    'what could not run in the group does not count': {
      waiting: [aJob('j', { perNode: part(1), pools: ['west'] })],
      want: [],
    },
    'kinds of which nobody waits do not count': { gone: [aJob('j', { perNode: part(1) })], want: [] },
    'what runs in the group counts with each of its nodes': {
      running: [anAttempt('a', 'shared', { nodeIndices: [0, 1], perNode: part(1), devices: [[0], [0]] })],
      want: [[1, 1000, 2]],
    },
    'what runs elsewhere does not': { running: [anAttempt('a', 'whole', { perNode: part(1) })], want: [] },
    'what waits and what runs are counted together': {
      waiting: [aJob('j', { perNode: part(0.25) })],
      running: [anAttempt('a', 'shared', { perNode: part(0.25), devices: [[0]] })],
      want: [[1, 250, 2]],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { waiting = [], gone = [], running = [], want }) => {
    const fleet = fleetOf();
    for (const attempt of running) fleet.place(attempt);
    const kinds = new JobKinds(fleet);
    for (const job of waiting) kinds.join(job);
    const left = gone.map((job) => kinds.join(job));
    kinds.refresh();
    for (const kind of left) kinds.leave(kind);
    const told = jest.spyOn(fleet.profiles[0] as DeviceProfile, 'setMix');
    fleet.heedMix(kinds.byIndex);
    const { tasks } = told.mock.calls[0]![0];
    expect(tasks.map(({ need, popularity }) => [need.count, need.milli, popularity])).toEqual(want);
    expect(told).toHaveBeenCalledTimes(1);
  });
});
