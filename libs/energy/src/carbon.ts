import { type EmissionFactor, type GridZone, type HourTable, type Instant, shanghai } from '#libs/domain';

/** Value of a 12 × 24 table at the local month and hour of `at`. */
export function tableAt(table: HourTable, at: Instant): number {
  const { month, hour } = shanghai(at);
  return cell(table, month, hour);
}

/** Sum over all hours of a year of a 12 × 24 table: full-load hours, when the table is a capacity factor. */
export function yearSum(table: HourTable, year: number): number {
  let sum = 0;
  for (let month = 1; month <= 12; month += 1) {
    let day = 0;
    for (let hour = 0; hour < 24; hour += 1) day += cell(table, month, hour);
    sum += day * daysOfMonth(year, month);
  }
  return sum;
}

export const hoursOfYear = (year: number): number => (daysOfMonth(year, 2) === 29 ? 8784 : 8760);

/** Newest factor of a scope that is not of a later year than `year`; the oldest before that. */
export function factorOf(grid: Pick<GridZone, 'id' | 'factors'>, scope: string, year: number): EmissionFactor {
  const rows = grid.factors.filter((row) => row.scope === scope).toSorted((a, b) => a.year - b.year);
  const row = rows.findLast((candidate) => candidate.year <= year) ?? rows[0];
  if (!row) throw new RangeError(`grid ${grid.id} has no emission factor of scope ${scope}: add it to its factors`);
  return row;
}

/**
 * What the hourly table is multiplied by so that a flat load pays exactly the official annual factor. The table orders
 * hours, the official factor is what a year must add up to (A-GRID-8): when a new official factor is entered, the hours follow.
 */
export const calibrationOf = (grid: GridZone, year: number): number =>
  (factorOf(grid, grid.locationScope, year).value * hoursOfYear(year)) / yearSum(grid.carbonIntensityKgPerKwh, year);

function cell(table: HourTable, month: number, hour: number): number {
  const value = table.values[month - 1]?.[hour];
  if (value === undefined)
    throw new RangeError(`an hour table has no value for month ${month}, hour ${hour}: it needs 12 × 24`);
  return value;
}

// Day 0 of the next month is the last of this one. Date is used as a calendar only: the year comes in as an argument.
const daysOfMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
