import type { PlanningPolicy } from '#libs/scheduling';

/**
 * What production plans by until a policy is imported: fair order, reservations for the first 50 that cannot start, everybody
 * else where they delay none of these. Slurm's own default looks 100 deep every 30 s; 50 reservations keep a cycle short while
 * large gangs still get their turn. Starting soon outweighs the rest; price and green break the near-ties.
 */
export const defaultPolicy: PlanningPolicy = {
  order: 'fair',
  backfill: 'conservative',
  reservationDepth: 50,
  maxStarts: 500,
  weights: { startDelay: 0.5, tightFit: 0.2, price: 0.1, green: 0.15, nearness: 0.05 },
};
