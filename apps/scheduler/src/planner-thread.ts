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
