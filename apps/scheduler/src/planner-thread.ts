import { parentPort } from 'node:worker_threads';
import { InProcessPlanner } from '#libs/application';
import type { PlannerCall, PlannerReply } from './worker-planner.js';

const planner = new InProcessPlanner(() => performance.now() / 1000);

function answer(call: PlannerCall): Promise<unknown> {
  switch (call.verb) {
    case 'start':
      return planner.start(call.snapshot, call.policy);
    case 'advance':
      return planner.advance(call.deltas);
    case 'plan':
      return planner.plan(call.now);
    case 'keyframe':
      return planner.keyframe(call.now);
    case 'packed':
      return planner.packed(call.deltas);
    case 'quote':
      return planner.quote(call.job, call.now);
    case 'whatIf':
      return planner.whatIf(call.asked, call.now, call.changes);
    case 'explain':
      return planner.explain(call.jobId, call.now);
    case 'admit':
      return planner.admit(call.job);
  }
}

parentPort?.on('message', ({ id, call }: { readonly id: number; readonly call: PlannerCall }) => {
  answer(call).then(
    (value) => parentPort?.postMessage({ id, kind: 'ok', value } satisfies PlannerReply),
    (error: unknown) =>
      parentPort?.postMessage({
        id,
        kind: 'failed',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies PlannerReply),
  );
});
