import { encodeCanonical } from './canonical.js';
import type { CyclePlan } from './model.js';
import { decisionOf } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

const plan = (): CyclePlan => {
  const snapshot = aSnapshot({
    groups: [aGroup('g')],
    running: [anAttempt('r', 'g', { nodeIndices: [0, 1] })],
    queued: [aJob('now', { nodes: 2, sequence: 1 }), aJob('later', { nodes: 3, sequence: 2 })],
  });
  return createPlanner(snapshot, aPolicy()).plan(1000);
};

describe('what a plan decides', () => {
  it('is the instant, the starts, the preemptions, the claims and the reservations', () => {
    const { now, starts, preemptions, claims, reservations } = plan();
    expect(decisionOf(plan())).toEqual({ now, starts, preemptions, claims, reservations });
    expect([now, starts.length, reservations.length]).toEqual([1000, 1, 1]);
  });

  const idle: Record<string, Partial<CyclePlan>> = {
    'the verdicts': { waiting: [] },
    'how long it took': { stages: { order: 7, place: 9 } },
    'how many were looked at': { looked: 99 },
    'what it counted': { counts: { considered: 0, backfilled: 0, reserved: 0 } },
  };
  it.each(Object.entries(idle))('is not %s', (_sentence, over) => {
    expect(encodeCanonical(decisionOf({ ...plan(), ...over }))).toBe(encodeCanonical(decisionOf(plan())));
  });

  const decisive: Record<string, Partial<CyclePlan>> = {
    'the instant': { now: 1001 },
    'the starts': { starts: [] },
    'the reservations': { reservations: [] },
    'the claims': { claims: [{ jobId: 'j', groupId: 'g', poolId: 'g', nodeIndices: [0] }] },
    'the preemptions': {
      preemptions: [{ attemptId: 'r', jobId: 'j', reason: 'priority', forJobId: 'k', at: 1000, lostNodeSeconds: 0 }],
    },
  };
  it.each(Object.entries(decisive))('is another with %s', (_sentence, over) => {
    expect(encodeCanonical(decisionOf({ ...plan(), ...over }))).not.toBe(encodeCanonical(decisionOf(plan())));
  });
});
