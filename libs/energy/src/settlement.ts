import type { Instant, JobClass, Joules, MicroYuan, MilliCardMilliseconds, Milligrams } from '#libs/domain';
import type { NodeUse, PoweredGroup } from './node-energy.js';
import type { SupplyHour } from './outlook.js';
import type { JoulesBySource, SupplyStack } from './supply-stack.js';

/** One site, one hour: all that its settlement depends on. The same input settles to the same lines. */
export interface SettlementInput {
  readonly siteId: string;
  readonly supply: SupplyHour;
  /** Facility over IT energy, ≥ 1, of the month. Not used where the facility was metered. */
  readonly pue: number;
  /** Every group that was powered, of all pools of the site; its start is `supply.from`. */
  readonly groups: readonly PoweredGroup[];
  readonly uses: readonly NodeUse[];
  /** What meters say of the hour: replaces the model's total, and the model only divides it. */
  readonly metered?: {
    readonly itJoulesByPool?: Readonly<Record<string, Joules>>;
    readonly facilityJoules?: Joules;
  };
}

export interface SettledAmounts {
  readonly itJoules: Joules;
  readonly overheadJoules: Joules;
  /** IT and overhead; the five sources sum to it. */
  readonly facilityJoules: Joules;
  readonly bySource: JoulesBySource;
  /** Direct lines, storage and contracts of this very hour. */
  readonly greenMatchedJoules: Joules;
  /** All that came over the grid, contracted or not, at the hour's factor. A direct line emits nothing. */
  readonly locationMilligrams: Milligrams;
  /** What no contract covers, at the factor of the residual mix. */
  readonly marketMilligrams: Milligrams;
  readonly costMicroYuan: MicroYuan;
  readonly milliCardMilliseconds: MilliCardMilliseconds;
  readonly coreMilliseconds: bigint;
}

export type SettlementSubject =
  | { readonly kind: 'attempt'; readonly attemptId: string; readonly tenantId: string; readonly jobClass: JobClass }
  | { readonly kind: 'idle' };

export interface SettlementLine extends SettledAmounts {
  readonly poolId: string;
  readonly subject: SettlementSubject;
}
export interface PoolSettlement extends SettledAmounts {
  readonly poolId: string;
  /** The IT energy is modelled: no meter told it. */
  readonly estimated: boolean;
}
export interface SiteSettlement extends SettledAmounts {
  readonly stack: SupplyStack;
  /** Overhead is PUE × modelled or metered IT energy: the facility was not metered. */
  readonly estimated: boolean;
}

/** Append-only record of an hour. Lines sum to the pools, pools to the site, to the last joule, milligram and micro-yuan. */
export interface HourSettlement {
  readonly siteId: string;
  readonly from: Instant;
  /** What the hour offered, at which factors and prices: kept with the amounts, so that they can be checked and shown. */
  readonly supply: SupplyHour;
  /** Attempts by id, then one idle line a pool. */
  readonly lines: readonly SettlementLine[];
  readonly pools: readonly PoolSettlement[];
  readonly site: SiteSettlement;
}
