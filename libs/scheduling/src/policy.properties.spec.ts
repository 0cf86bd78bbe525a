import fc from 'fast-check';
import type { CyclePlan, PlanningPolicy, Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { anyRichPolicy, anyRichSnapshot, RICH_NOW } from './testing/rich-states.js';
import { expectJudged, runs } from './testing/runs.js';

const anyScene = fc.record({ snapshot: anyRichSnapshot, policy: anyRichPolicy });
interface Scene {
  readonly snapshot: Snapshot;
  readonly policy: PlanningPolicy;
}
const planOf = ({ snapshot, policy }: Scene): CyclePlan => createPlanner(snapshot, policy).plan(RICH_NOW);

interface GreenStart {
  readonly jobId: string;
  /** Of green power, in the mean over the seconds of its run; 0..1. */
  readonly share: number;
  readonly wanted: number;
}

/** Jobs for green hours that were started with time left before their deadline. */
function greenStarts(snapshot: Snapshot, plan: CyclePlan): GreenStart[] {
  return plan.starts.flatMap(({ jobId, poolId, stagingSeconds = 0 }) => {
    const job = snapshot.queued.find(({ id }) => id === jobId)!;
    const pool = snapshot.pools.find(({ id }) => id === poolId)!;
    const outlook = snapshot.outlooks.find(({ siteId }) => siteId === pool.siteId);
    if (job.minGreenShare === undefined || job.deadline === undefined || !outlook) return [];
    if (RICH_NOW >= job.deadline - job.limit - stagingSeconds) return [];
    const seconds = Array.from({ length: job.predicted }, (_, n) => RICH_NOW + stagingSeconds + n);
    const shares = seconds.flatMap((at) => outlook.greenShare[Math.floor((at - outlook.from) / 3600)] ?? []);
    const share = shares.length > 0 ? shares.reduce((sum, each) => sum + each, 0) / shares.length : 0;
    return { jobId, share, wanted: job.minGreenShare };
  });
}

it('what a plan starts is green enough, second by second in the mean, or at its last second', () => {
  let judged = 0;
  fc.assert(
    fc.property(anyScene, (scene) => {
      const started = greenStarts(scene.snapshot, planOf(scene));
      judged += started.length;
      expect(started.filter(({ share, wanted }) => share < wanted - 1e-6)).toEqual([]);
    }),
    { numRuns: runs(500) },
  );
  expectJudged(judged, 2);
});

describe('the states that plans are tried on have what the rules are about', () => {
  const scenes = fc.sample(anyScene, { numRuns: 200, seed: 3 });
  const waits = (word: string) => (scene: Scene) => planOf(scene).waiting.some(({ refusal }) => refusal === word);
  const cases: Record<string, (scene: Scene) => boolean> = {
    'tenants with quotas': ({ snapshot }) => snapshot.tenants.some(({ quota }) => quota),
    'elastic jobs': ({ snapshot }) => snapshot.queued.some(({ nodesMax }) => nodesMax),
    'data to be brought in': ({ snapshot }) => snapshot.queued.some(({ inputs }) => inputs),
    'a policy that preempts': ({ policy }) => policy.preemption !== undefined,
    'work that may be put out': ({ snapshot }) => snapshot.running.some(({ preemptible }) => preemptible),
    'jobs that a quota keeps back': waits('quota-spent'),
    'jobs that a power cap keeps back': waits('power-cap-reached'),
    'jobs that wait for green hours': waits('green-share-too-low'),
    'jobs that wait for what others hold': (scene) => planOf(scene).reservations.length > 0,
  };
  it.each(Object.entries(cases))('%s, in one of forty at least', (_sentence, isThere) => {
    expect(scenes.filter(isThere).length).toBeGreaterThanOrEqual(5);
  });

  // Much has to come together for it; planner.places.properties.spec.ts makes up states for it alone.
  it('work that makes room, in one of a hundred at least', () => {
    expect(scenes.filter((scene) => planOf(scene).preemptions.length > 0).length).toBeGreaterThanOrEqual(2);
  });
});
