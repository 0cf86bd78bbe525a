import { type Instant, type PriceRow, type Tariff, type TariffPeriod, shanghai } from '#libs/domain';
import { rowInForce } from './power-model.js';

/** What a kilowatt-hour costs in one hour, and what that is made of; yuan a kWh throughout. */
export interface HourPrice {
  readonly period: TariffPeriod;
  readonly gridYuanPerKwh: number;
  /** Parts of the grid price. */
  readonly components: {
    readonly energyYuanPerKwh: number;
    readonly transmissionYuanPerKwh: number;
    readonly systemOperationYuanPerKwh: number;
    readonly governmentFundYuanPerKwh: number;
  };
  /** Generation on a dedicated line, with the fees that notice 650 leaves due. */
  readonly directYuanPerKwh: number;
}

/**
 * Price of the hour of `at` under a plan: base × multiplier of the period + transmission + system charge + funds. Only the
 * base floats (FACTS.md 3.3). The monthly demand charge is not in it: it does not depend on the hour's energy.
 * Throws RangeError for an unknown plan and for an hour that no period covers.
 */
export function hourPrice(tariff: Tariff, planId: string, at: Instant): HourPrice {
  const local = shanghai(at);
  const period = tariffPeriodOf(tariff, local.month, local.hour);
  const row = priceRowOf(tariff, planId);
  const { components } = tariff;
  const parts = {
    energyYuanPerKwh: components.baseYuanPerKwh * tariff.multipliers.byPeriod[period],
    transmissionYuanPerKwh: row.transmissionYuanPerKwh,
    systemOperationYuanPerKwh: components.systemOperationYuanPerKwh,
    governmentFundYuanPerKwh: components.governmentFundYuanPerKwh,
  };
  const fees = {
    transmission: parts.transmissionYuanPerKwh,
    systemOperation: parts.systemOperationYuanPerKwh,
    governmentFund: parts.governmentFundYuanPerKwh,
  };
  const { directLine } = tariff;
  return {
    period,
    gridYuanPerKwh: rowPrice(tariff, row, period),
    components: parts,
    directYuanPerKwh: directLine.feesDue.fees.reduce(
      (sum, fee) => sum + fees[fee],
      directLine.generationYuanPerKwh.value,
    ),
  };
}

/** What a row of the published table must show for a period, reckoned from the tariff's components; yuan a kWh. */
export function rowPrice(
  tariff: Pick<Tariff, 'components' | 'multipliers'>,
  row: PriceRow,
  period: TariffPeriod,
): number {
  const { baseYuanPerKwh, governmentFundYuanPerKwh, systemOperationYuanPerKwh } = tariff.components;
  const fixed = row.transmissionYuanPerKwh + governmentFundYuanPerKwh + systemOperationYuanPerKwh;
  const adjustment = period === 'flat' ? row.flatAdjustmentYuanPerKwh : 0;
  return baseYuanPerKwh * tariff.multipliers.byPeriod[period] + fixed + adjustment;
}

/** @param month 1..12 @param hour 0..23, local */
export function tariffPeriodOf(tariff: Pick<Tariff, 'id' | 'periods'>, month: number, hour: number): TariffPeriod {
  const row = tariff.periods.find(
    ({ months, hours }) => months.includes(month) && hours.some(([from, until]) => from <= hour && hour < until),
  );
  if (!row)
    throw new RangeError(`tariff ${tariff.id} has no period for month ${month}, hour ${hour}: complete its periods`);
  return row.period;
}

export function priceRowOf(tariff: Pick<Tariff, 'id' | 'plans' | 'rows'>, planId: string): PriceRow {
  const plan = tariff.plans.find(({ id }) => id === planId);
  const row = plan && tariff.rows.find(({ id }) => id === plan.rowId);
  if (!row) throw new RangeError(`tariff ${tariff.id} has no plan ${planId} with a price row: name one of its plans`);
  return row;
}

/** The tariff of an id in force at `at`; a month's new table is a new dated tariff (A-TAR-2). */
export const tariffAt = (tariffs: readonly Tariff[], id: string, at: Instant): Tariff | undefined =>
  rowInForce(
    tariffs.filter((tariff) => tariff.id === id),
    at,
  );
