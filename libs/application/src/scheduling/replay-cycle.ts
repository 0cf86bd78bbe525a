import {
  type Planner,
  type PlanningPolicy,
  type WaitingVerdict,
  createPlanner,
  decisionOf,
  encodeCanonical,
} from '#libs/scheduling';
import type { CycleLog, CycleLoss, KeptCycle } from '../ports.js';
import { type PlanDifference, comparePlans } from './compare-plans.js';

export interface NotKept {
  readonly kind: 'not-kept';
  readonly cycle: number;
  readonly why: CycleLoss;
}
export type Replayed =
  | NotKept
  | {
      readonly kind: 'same' | 'different';
      readonly cycle: number;
      readonly policySha256: string;
      readonly recordedSha256: string;
      readonly replayedSha256: string;
      readonly starts: number;
      readonly considered: number;
      /** What was decided, in the canonical encoding that the hash is of. */
      readonly decision: string;
    };

/** A record that is not as it was written: says which, and what is wrong with it. */
export class CycleRecordBroken extends Error {
  readonly code = 'cycle-record-broken';
  constructor(
    readonly cycle: number,
    readonly part: 'keyframe' | 'deltas',
    why: string,
  ) {
    super(
      `The ${part} of cycle ${cycle} cannot be read (${why}): this cycle and those after it up to the next keyframe cannot be replayed. ` +
        'Nothing else depends on it; if nobody wrote into the tables, look into the logs and disks of the database.',
    );
  }
}

/** Plans a past cycle again from its keyframe and deltas: the same input must give the same plan, to the byte (DESIGN.md 5). */
export class ReplayCycle {
  constructor(
    private readonly log: Pick<CycleLog, 'read'>,
    private readonly sha256: (text: string) => string,
  ) {}

  /** @throws CycleRecordBroken */
  async execute(cycle: number): Promise<Replayed> {
    const found = await this.restore(cycle);
    if (found.kind === 'not-kept') return found;
    const { entry } = found;
    const plan = found.planner().plan(entry.nowSeconds, { verdicts: 'none' });
    const decision = encodeCanonical(decisionOf(plan));
    const replayedSha256 = this.sha256(decision);
    return {
      kind: replayedSha256 === entry.planSha256 ? 'same' : 'different',
      cycle,
      policySha256: entry.policy.sha256,
      recordedSha256: entry.planSha256,
      replayedSha256,
      starts: plan.starts.length,
      considered: plan.counts.considered,
      decision,
    };
  }

  /** Why the job waited as things stood in the cycle; a null verdict: it did not wait, or it started then. */
  async explain(
    cycle: number,
    jobId: string,
  ): Promise<NotKept | { readonly kind: 'explained'; readonly verdict: WaitingVerdict | null }> {
    const found = await this.restore(cycle);
    if (found.kind === 'not-kept') return found;
    return { kind: 'explained', verdict: found.planner().explain(jobId, found.entry.nowSeconds) };
  }

  /** What another policy would have done with the state of the cycle, beside what its own does (`one`). */
  async under(
    cycle: number,
    policy: PlanningPolicy,
  ): Promise<NotKept | { readonly kind: 'compared'; readonly difference: PlanDifference }> {
    const found = await this.restore(cycle);
    if (found.kind === 'not-kept') return found;
    const now = found.entry.nowSeconds;
    const own = found.planner();
    const state = own.snapshot(now);
    const one = own.plan(now, { verdicts: 'none' });
    const other = found.planner(policy).plan(now, { verdicts: 'none' });
    return { kind: 'compared', difference: comparePlans(state, one, other) };
  }

  private async restore(cycle: number): Promise<NotKept | Restored> {
    const kept = await this.log.read(cycle);
    if (kept.kind === 'not-kept') return { ...kept, cycle };
    const entry = kept.entries.at(-1);
    if (entry?.cycle !== cycle)
      throw new Error(`The log gave the cycles up to ${entry?.cycle} instead of up to ${cycle}`);
    return {
      kind: 'restored',
      entry,
      planner: (policy = entry.policy.planning) => {
        const planner = createPlanner(kept.keyframe, policy);
        for (const step of kept.entries) planner.advance(step.deltas);
        return planner;
      },
    };
  }
}

interface Restored {
  readonly kind: 'restored';
  readonly entry: KeptCycle;
  planner(policy?: PlanningPolicy): Planner;
}
