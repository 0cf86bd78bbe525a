import type { Name, Provenance, Sourced, NamedFigure, Series, HourTable } from './catalogue-parts.js';
import type { Figure } from './topology.js';

export const tariffPeriods = ['sharp', 'peak', 'flat', 'valley'] as const;
export type TariffPeriod = (typeof tariffPeriods)[number];
export interface Tariff {
  readonly id: string;
  readonly name: Name;
  /** YYYY-MM-DD. */
  readonly validFrom: string;
  readonly periods: readonly TariffPeriodRow[];
  readonly multipliers: Sourced<{ readonly byPeriod: Readonly<Record<TariffPeriod, number>> }>;
  readonly components: TariffComponents;
  readonly rows: readonly PriceRow[];
  readonly plans: readonly TariffPlan[];
  readonly directLine: DirectLineRules;
  readonly greenTrade: Sourced<{ readonly premiumYuanPerKwh: number; readonly gecYuanPerCertificate: number }>;
}
export interface TariffPeriodRow extends Provenance {
  readonly period: TariffPeriod;
  readonly name: Name;
  readonly months: readonly number[];
  /** [from, until) local hours. */
  readonly hours: readonly (readonly [number, number])[];
}
export type TariffComponents = Sourced<{
  /** Agent purchase plus line loss: the only part that floats with the period. */
  readonly baseYuanPerKwh: number;
  readonly agentPurchaseYuanPerKwh: number;
  readonly lineLossYuanPerKwh: number;
  readonly governmentFundYuanPerKwh: number;
  readonly systemOperationYuanPerKwh: number;
}>;
/** A row of the published table: `listed` is what the table prints, and what the components must reproduce. */
export interface PriceRow extends Provenance {
  readonly id: string;
  readonly structure: 'single-part' | 'two-part';
  readonly voltage: string;
  readonly transmissionYuanPerKwh: number;
  /** The table's flat price of single-part users is this much off the sum of its parts. */
  readonly flatAdjustmentYuanPerKwh: number;
  readonly listedYuanPerKwh: Readonly<Record<TariffPeriod, number>>;
  readonly demandYuanPerKwMonth?: number;
  readonly capacityYuanPerKvaMonth?: number;
}
export interface TariffPlan extends Provenance {
  readonly id: string;
  readonly name: Name;
  readonly rowId: string;
}
export const directLineFees = ['transmission', 'systemOperation', 'governmentFund'] as const;
export interface DirectLineRules {
  readonly generationYuanPerKwh: Figure;
  readonly feesDue: Sourced<{ readonly fees: readonly (typeof directLineFees)[number][] }>;
  readonly selfUseOfGenerationMin: Figure;
  readonly selfUseOfLoadMin: Figure;
  readonly selfUseOfLoadMinNewFrom2030: Figure;
  readonly exportShareMax: Figure;
}

export interface GridZone {
  readonly id: string;
  readonly name: Name;
  readonly factors: readonly EmissionFactor[];
  /** Scope of the factor that location-based figures follow, and of the residual mix for market-based ones. */
  readonly locationScope: string;
  readonly residualScope: string;
  readonly carbonIntensityKgPerKwh: HourTable;
  readonly gridGreenShare: HourTable;
  readonly pvCapacityFactor: HourTable;
  readonly windCapacityFactor: HourTable;
  readonly monthlyGenerationTWh: Readonly<Record<string, Series>>;
  readonly installed: readonly NamedFigure[];
  readonly method: readonly Name[];
}
export interface EmissionFactor extends Figure {
  readonly scope: string;
  readonly name: Name;
  readonly year: number;
}

export interface Calendar {
  readonly id: string;
  readonly timezone: string;
  readonly holidays: readonly Holiday[];
  readonly adjustedWorkdays: Sourced<{ readonly dates: readonly string[] }>;
  /** First day of the lunar year, by year. */
  readonly springFestivalDay: Sourced<{ readonly byYear: Readonly<Record<string, string>> }>;
  readonly terms: readonly Term[];
  readonly demandFactors: readonly DemandFactorRow[];
  readonly hourlyShapes: readonly HourlyShape[];
  readonly seasons: readonly Season[];
  readonly events: readonly CalendarEvent[];
}
export interface Holiday extends Provenance {
  readonly id: string;
  readonly name: Name;
  readonly from: string;
  /** Included. */
  readonly to: string;
  /** Not yet announced officially. */
  readonly provisional: boolean;
}
export interface Term extends Provenance {
  readonly id: string;
  readonly kind: 'autumn' | 'winter-break' | 'spring' | 'summer-break';
  readonly from: string;
  readonly to: string;
}
/** Demand of a kind of day relative to an ordinary workday, by series. */
export interface DemandFactorRow extends Provenance {
  readonly id: string;
  readonly name: Name;
  /** Days relative to the first day of the lunar year, both included. */
  readonly springFestivalDays?: readonly [number, number];
  /** [from, until) local hours. */
  readonly hours?: readonly [number, number];
  readonly factors: Readonly<Record<string, number>>;
}
export interface HourlyShape extends Series {
  readonly id: string;
  readonly name: Name;
  readonly series: readonly string[];
}
export interface Season extends Provenance {
  readonly id: string;
  readonly name: Name;
  readonly months: readonly number[];
}
export interface CalendarEvent extends Provenance {
  readonly id: string;
  readonly name: Name;
  /** MM-DD */
  readonly day: string;
}
