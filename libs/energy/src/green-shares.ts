import type { Joules } from '#libs/domain';
import type { SupplyStack } from './supply-stack.js';

/** Green shares of a stretch of hours, each 0..1, or null without load. They answer different questions and are never added. */
export interface GreenShares {
  /** Σ min(load, green) / Σ load, hour by hour. */
  readonly hourMatched: number | null;
  /** Of the hour-matched: what came over a direct line or out of its store. */
  readonly physical: number | null;
  /** Of the hour-matched: what a contract covered. */
  readonly contractual: number | null;
  /** min(1, Σ green / Σ load): as if any hour could lend to any other. */
  readonly volumetric: number | null;
  /** Green share of the grid's mix while the site drew from it, by energy; null when it drew nothing. */
  readonly gridAverage: number | null;
}

export interface GreenHour {
  readonly stack: SupplyStack;
  readonly gridGreenShare: number;
}

export function greenShares(hours: readonly GreenHour[]): GreenShares {
  const total = (part: (stack: SupplyStack) => bigint): bigint =>
    hours.reduce((sum, hour) => sum + part(hour.stack), 0n);
  const load = total((stack) => stack.loadJoules);
  const contract = total(({ bySource }) => bySource.contract);
  const direct = total(({ bySource }) => bySource.directPv + bySource.directHydro + bySource.storage);
  const overWires = (stack: SupplyStack): number => Number(stack.bySource.contract + stack.bySource.grid);
  const drawn = hours.reduce((sum, { stack }) => sum + overWires(stack), 0);
  const drawnGreen = hours.reduce((sum, { stack, gridGreenShare }) => sum + overWires(stack) * gridGreenShare, 0);
  const volumetric = ratio(
    total((stack) => stack.availableGreenJoules),
    load,
  );
  return {
    hourMatched: ratio(
      total((stack) => stack.matchedGreenJoules),
      load,
    ),
    physical: ratio(direct, load),
    contractual: ratio(contract, load),
    volumetric: volumetric === null ? null : Math.min(1, volumetric),
    gridAverage: drawn > 0 ? Math.min(1, drawnGreen / drawn) : null,
  };
}

const ratio = (part: bigint, whole: Joules | bigint): number | null =>
  whole > 0n ? Number(part) / Number(whole) : null;
