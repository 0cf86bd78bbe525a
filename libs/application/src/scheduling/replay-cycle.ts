import { createPlanner, encodeCanonical } from '#libs/scheduling';
import type { CycleLog } from '../ports.js';
import { planCore } from './run-cycle.js';

export type Replayed =
  | { readonly kind: 'not-kept'; readonly cycle: number }
  | {
      readonly kind: 'same' | 'different';
      readonly cycle: number;
      readonly recordedSha256: string;
      readonly replayedSha256: string;
      readonly starts: number;
      readonly considered: number;
      readonly plan: unknown;
    };

/** Plans a past cycle again from its keyframe and deltas: the same input must give the same plan, to the byte (DESIGN.md 5). */
export class ReplayCycle {
  constructor(
    private readonly log: CycleLog,
    private readonly sha256: (text: string) => string,
  ) {}

  async execute(cycle: number): Promise<Replayed> {
    const kept = await this.log.read(cycle);
    const entry = kept?.entries.find((it) => it.cycle === cycle);
    if (!kept || !entry) return { kind: 'not-kept', cycle };
    const planner = createPlanner(kept.keyframe, entry.policy.planning);
    for (const step of kept.entries) planner.advance(step.deltas);
    const plan = planner.plan(entry.nowSeconds);
    const replayedSha256 = this.sha256(encodeCanonical(planCore(plan)));
    return {
      kind: replayedSha256 === entry.planSha256 ? 'same' : 'different',
      cycle,
      recordedSha256: entry.planSha256,
      replayedSha256,
      starts: plan.starts.length,
      considered: plan.counts.considered,
      plan: planCore(plan),
    };
  }
}
