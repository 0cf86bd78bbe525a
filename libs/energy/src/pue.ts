import { type Instant, type Site, shanghai } from '#libs/domain';

/** Facility over IT energy that a site is expected to have in the month of `at`: annual value × monthly factor, at least 1. */
export function pueAt({ annual, monthlyFactor }: Site['pue'], at: Instant): number {
  const { month } = shanghai(at);
  const factor = monthlyFactor.values[month - 1];
  if (factor === undefined)
    throw new RangeError(`the monthly PUE factors have no value for month ${month}: give twelve`);
  return Math.max(1, annual.value * factor);
}
