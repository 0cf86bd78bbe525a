import type { PlanningPolicy } from '#libs/scheduling';

/** What the service runs by: how to plan, and the knobs of the use cases around the planner. As a policy file says it (libs/config). */
export interface ServicePolicy {
  readonly name: string;
  readonly planning: PlanningPolicy;
  /** Seconds after which a latency probe counts as stale. */
  readonly latencyStaleSeconds: number;
}

/**
 * What production plans by until a policy is imported, and what seeds/policy.yaml says: fair order, reservations for the first
 * two of each set of groups that cannot start, everybody else where they delay none of these, the shortest first. Two was
 * chosen by measurement on the open traces (libs/simulation, "What our policy is worth"): more reservations cost slowdown, one is
 * not conservative. Holds last as predicted, which starts more jobs sooner; promises are intervals, and their calibration knows
 * that predictions fail. Starting soon outweighs the rest; price and green break the near-ties.
 */
export const defaultPolicy: PlanningPolicy = {
  order: 'fair',
  backfill: 'conservative',
  reservationDepth: 2,
  backfillOrder: 'shortest-first',
  maxStarts: 500,
  runTimes: 'predicted',
  predictor: 'believing',
  weights: { startDelay: 0.5, tightFit: 0.2, price: 0.1, green: 0.15, nearness: 0.05 },
  fairShare: { halfLifeSeconds: 14 * 86_400, accrualSeconds: 60, entryPenaltySeconds: 600 },
  preemption: { bandsBelow: 2, reclaim: true, minRunSeconds: 1_800, maxPreemptors: 10 },
};

export const defaultServicePolicy: ServicePolicy = {
  name: 'default',
  planning: defaultPolicy,
  latencyStaleSeconds: 86_400,
};
