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
 * 50 that cannot start, everybody else where they delay none of these. Slurm's own default looks 100 deep every 30 s; 50
 * reservations keep a cycle short while large gangs still get their turn. Starting soon outweighs the rest; price and green
 * break the near-ties. Holds last until the kill limit, so that a promise breaks only by a failure.
 */
export const defaultPolicy: PlanningPolicy = {
  order: 'fair',
  backfill: 'conservative',
  reservationDepth: 50,
  maxStarts: 500,
  runTimes: 'limit',
  weights: { startDelay: 0.5, tightFit: 0.2, price: 0.1, green: 0.15, nearness: 0.05 },
  fairShare: { halfLifeSeconds: 14 * 86_400, accrualSeconds: 60, entryPenaltySeconds: 600 },
  preemption: { bandsBelow: 2, reclaim: true, minRunSeconds: 1_800, maxPreemptors: 10 },
};

export const defaultServicePolicy: ServicePolicy = {
  name: 'default',
  planning: defaultPolicy,
  latencyStaleSeconds: 86_400,
};
