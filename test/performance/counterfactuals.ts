import { defaultPolicy } from '#libs/application';
import { createPlanner } from '#libs/scheduling';
import { fleet } from './fleet.js';
import { round, timed } from './timing.js';

const SIZE = { pools: 40, nodes: 1_000, queued: 10_000, running: 1_000 } as const;
const ASKED = 40;

/** All changes that make sense for a job, of jobs that wait all over the queue and of jobs to be submitted. */
export function counterfactualsBench(): unknown {
  const snapshot = fleet(SIZE);
  return (['fair', 'sjf'] as const).map((order) => {
    const planner = createPlanner(snapshot, { ...defaultPolicy, order });
    planner.plan(snapshot.now);
    const step = Math.floor(SIZE.queued / ASKED);
    const jobs = snapshot.queued.filter((_job, index) => index % step === 0);
    let changes = 0;
    const waiting = jobs.map((job) => {
      const { ms, value } = timed(() => planner.whatIf(job.id, snapshot.now));
      changes += value?.changes.length ?? 0;
      return ms;
    });
    const submitted = jobs.map((job, i) => timed(() => planner.whatIf({ ...job, id: `new-${i}` }, snapshot.now)).ms);
    return {
      ...SIZE,
      order,
      asked: ASKED,
      changesEach: round(changes / ASKED),
      waitingMs: summary(waiting),
      quotedMs: summary(submitted),
    };
  });
}

function summary(times: readonly number[]): unknown {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: round(sorted[Math.floor(sorted.length / 2)] ?? 0), max: round(sorted.at(-1) ?? 0) };
}
