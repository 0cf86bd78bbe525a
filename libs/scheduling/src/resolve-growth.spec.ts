import { createPlanner } from './planner.js';
import type { RunningJob } from './model.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

// A checkpoint a minute: at 600 one has just been made.
const NOW = 600;
const elastic = (over: Partial<RunningJob> = {}): RunningJob =>
  anAttempt('e', 'g', { jobId: 'elastic', checkpointInterval: 60, nodesMin: 1, nodesMax: 3, endsBy: 9000, ...over });
const plannerOf = (running: RunningJob, nodes: readonly string[] | number = ['a', 'b', 'c', 'd']) =>
  createPlanner(
    aSnapshot({
      now: NOW,
      groups: [aGroup('g', { nodes })],
      running: [running],
      queued: [aJob('late', { earliestStart: 2000 })],
    }),
    aPolicy(),
  );

describe('an elastic job that grows', () => {
  it('is told to stop at its checkpoint and claims as many nodes as it may have', () => {
    expect(plannerOf(elastic()).plan(NOW)).toMatchObject({
      preemptions: [{ attemptId: 'e', reason: 'grow', forJobId: 'elastic', lostNodeSeconds: 0 }],
      claims: [{ jobId: 'elastic', groupId: 'g', nodeIndices: [0, 1, 2] }],
    });
  });

  it('holds its nodes until it has stopped: the plan leaves nothing behind, and the next says the same', () => {
    const planner = plannerOf(elastic());
    const first = planner.plan(NOW);
    expect(planner.plan(NOW)).toEqual(first);
    planner.advance([{ kind: 'job-queued', job: aJob('wide', { nodes: 4, limit: 60 }) }]);
    expect(planner.plan(NOW).starts).toEqual([]);
  });

  it('stays as it is where nodes have no names: no claim could keep them for it', () => {
    const grows = (nodeCount: number, nodesMax: number): number =>
      plannerOf(elastic({ nodeIndices: [], nodeCount, nodesMax }), 4).plan(NOW).preemptions.length;
    expect([grows(1, 1), grows(2, 2), grows(1, 2)]).toEqual([0, 0, 0]);
  });
});
