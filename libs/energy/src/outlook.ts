import {
  type GridZone,
  type Instant,
  type SiteSupply,
  type SupplyContract,
  type Tariff,
  hourStart,
  shanghai,
} from '#libs/domain';
import { calibrationOf, factorOf, tableAt, yearSum } from './carbon.js';
import { type HourPrice, hourPrice } from './tariff.js';

/** A site as its energy is seen: what feeds it, the grid behind it and what it pays. */
export interface SiteEnergy {
  readonly supply: SiteSupply;
  readonly grid: GridZone;
  readonly tariff: Tariff;
  readonly planId: string;
}

/** One hour of a site: what could feed it, and what that would cost and emit. Powers are means over the hour, watts. */
export interface SupplyHour {
  readonly from: Instant;
  readonly directPvWatts: number;
  /** Part of the load that a hydro station feeds on its own line, 0..1. */
  readonly hydroDirectShare: number;
  /** What a store can give in this hour; only surplus of the direct line charges it, so it is green. */
  readonly storageWatts: number;
  readonly contractWatts: number;
  /** Hydro, wind and photovoltaics in the grid's mix, 0..1. */
  readonly gridGreenShare: number;
  /** Hourly, its yearly mean the official factor of the province. */
  readonly locationGramsPerKwh: number;
  /** Residual mix: the nation without what was sold by contract, so that no green kilowatt-hour counts for two users. */
  readonly marketGramsPerKwh: number;
  readonly price: HourPrice;
  /** Contracted energy: the grid's price and the premium, weighted over the hour's contracts. */
  readonly contractYuanPerKwh: number;
}

/** The outlook of a site for the hour that `at` falls in. For many hours of one site, keep what `outlookFor` returns. */
export const outlookHour = (site: SiteEnergy, at: Instant): SupplyHour => outlookFor(site)(at);

/** Sums over a year are reckoned once a year and site, not once an hour. */
export function outlookFor(site: SiteEnergy): (at: Instant) => SupplyHour {
  const years = new Map<number, YearSums>();
  return (at) => {
    const { year } = shanghai(at);
    const sums = years.get(year) ?? sumsOf(site.grid, year);
    years.set(year, sums);
    return supplyHour(site, hourStart(at), sums);
  };
}

interface YearSums {
  readonly pvHours: number;
  readonly windHours: number;
  readonly calibration: number;
  readonly residualKgPerKwh: number;
}

const sumsOf = (grid: GridZone, year: number): YearSums => ({
  pvHours: yearSum(grid.pvCapacityFactor, year),
  windHours: yearSum(grid.windCapacityFactor, year),
  calibration: calibrationOf(grid, year),
  residualKgPerKwh: factorOf(grid, grid.residualScope, year).value,
});

function supplyHour({ supply, grid, tariff, planId }: SiteEnergy, from: Instant, sums: YearSums): SupplyHour {
  const pv = tableAt(grid.pvCapacityFactor, from);
  const wind = tableAt(grid.windCapacityFactor, from);
  const price = hourPrice(tariff, planId, from);
  const running = supply.contracts
    .filter((contract) => isRunning(contract, from))
    .map((contract) => ({ watts: contractWatts(contract, pv / sums.pvHours, wind / sums.windHours), contract }));
  const watts = running.reduce((sum, row) => sum + row.watts, 0);
  const premium = running.reduce((sum, row) => sum + row.watts * row.contract.premiumYuanPerKwh, 0) / (watts || 1);
  return {
    from,
    directPvWatts: supply.directPv.enabled ? supply.directPv.megawatts * 1e6 * pv : 0,
    hydroDirectShare: supply.hydroDirectShare?.value ?? 0,
    storageWatts: 0,
    contractWatts: watts,
    gridGreenShare: tableAt(grid.gridGreenShare, from),
    locationGramsPerKwh: tableAt(grid.carbonIntensityKgPerKwh, from) * sums.calibration * 1000,
    marketGramsPerKwh: sums.residualKgPerKwh * 1000,
    price,
    contractYuanPerKwh: price.gridYuanPerKwh + premium,
  };
}

/** The contract's year of energy, given the shape of its plants: parts of the year's full-load hours that fall in this one. */
const contractWatts = (contract: SupplyContract, pvPart: number, windPart: number): number =>
  contract.annualMWh * 1e6 * (contract.mix.pv * pvPart + contract.mix.wind * windPart);

function isRunning(contract: SupplyContract, at: Instant): boolean {
  const today = shanghai(at).date;
  return contract.validFrom <= today && today <= contract.validUntil;
}
