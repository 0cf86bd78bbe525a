import { type Calendar, type DemandFactorRow, type Instant, DAY_MS, shanghai } from '#libs/domain';

/**
 * Days (MM-DD) that the research world works towards, and the fortnight before each rises (assumption A-CAL-5 of the seeds):
 * large conferences in late January, mid-May and late September; applications to the National Natural Science Foundation in
 * mid-March.
 */
const DEADLINE_DAYS = ['01-25', '03-15', '05-15', '09-25'];
const FORTNIGHT_DAYS = 14;

/**
 * How demand of a series in an hour compares with its average over an ordinary workday. A day's factor is the product of what
 * kind of day it is (holiday, weekend) and of its season (break, deadline fortnight); the rows of Spring Festival are told
 * against an ordinary workday: while the festival lasts they stand for both, and in the days after it for the season.
 */
export class DemandCalendar {
  private readonly rows: ReadonlyMap<string, DemandFactorRow>;
  private readonly festivalRows: readonly DemandFactorRow[];
  private readonly newYearDays: readonly number[];
  private readonly workdays: ReadonlySet<string>;
  private readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Some forty streams ask for the same hour in turn, in five series. */
  private readonly asked = { at: NaN, factors: new Map<string, number>() };

  constructor(private readonly calendar: Calendar) {
    this.rows = new Map(calendar.demandFactors.map((row) => [row.id, row]));
    this.festivalRows = calendar.demandFactors.filter((row) => row.springFestivalDays !== undefined);
    this.newYearDays = Object.values(calendar.springFestivalDay.byYear).map(dayNumber);
    this.workdays = new Set(calendar.adjustedWorkdays.dates);
    this.shapes = new Map(
      calendar.hourlyShapes.flatMap((shape) =>
        shape.series.map((series) => [series, normalised(shape.values)] as const),
      ),
    );
  }

  /** Day factor × shape of the hour; 1 on average over an ordinary workday. A series that no row or shape names is level. */
  factor(at: Instant, series: string): number {
    const { asked } = this;
    if (asked.at !== at) {
      asked.at = at;
      asked.factors.clear();
    }
    const known = asked.factors.get(series);
    if (known !== undefined) return known;
    const factor = this.dayFactor(at, series) * (this.shapes.get(series)?.[shanghai(at).hour] ?? 1);
    asked.factors.set(series, factor);
    return factor;
  }

  /** Of the day, or of the hour where a row is for some hours only. */
  dayFactor(at: Instant, series: string): number {
    const { date, hour, weekday } = shanghai(at);
    const festival = this.festivalRow(date, hour);
    if (festival && lastsThrough(festival)) return factorOf(festival, series);
    const season = festival ? factorOf(festival, series) : this.seasonFactor(date, series);
    return season * this.kindOfDayFactor(date, weekday, series);
  }

  private kindOfDayFactor(date: string, weekday: number, series: string): number {
    if (this.workdays.has(date)) return 1;
    if (this.calendar.holidays.some(covers(date))) return this.named('public-holiday', series);
    return weekday === 0 || weekday === 6 ? this.named('weekend', series) : 1;
  }

  private seasonFactor(date: string, series: string): number {
    const term = this.calendar.terms.find(covers(date));
    const ofTerm = term ? this.named(term.kind, series) : 1;
    return beforeDeadline(date) ? ofTerm * this.named('deadline-fortnight', series) : ofTerm;
  }

  /** A row for some hours goes before one for whole days: New Year's Eve lies in the festival's days. */
  private festivalRow(date: string, hour: number): DemandFactorRow | undefined {
    const day = dayNumber(date);
    const covering = this.festivalRows.filter((row) => {
      const [first, last] = row.springFestivalDays!;
      const inHours = !row.hours || (hour >= row.hours[0] && hour < row.hours[1]);
      return inHours && this.newYearDays.some((newYear) => day - newYear >= first && day - newYear <= last);
    });
    return covering.find((row) => row.hours) ?? covering[0];
  }

  private named(id: string, series: string): number {
    const row = this.rows.get(id);
    return row ? factorOf(row, series) : 1;
  }
}

const factorOf = (row: DemandFactorRow, series: string): number => row.factors[series] ?? 1;

/** Rows that begin before New Year's Day describe the holiday itself, those after it the way back to work. */
const lastsThrough = (row: DemandFactorRow): boolean => row.springFestivalDays![0] <= 0;

const covers =
  (date: string) =>
  (range: { readonly from: string; readonly to: string }): boolean =>
    range.from <= date && date <= range.to;

function beforeDeadline(date: string): boolean {
  const year = date.slice(0, 4);
  const day = dayNumber(date);
  return DEADLINE_DAYS.some((deadline) => {
    const left = dayNumber(`${year}-${deadline}`) - day;
    return left >= 0 && left < FORTNIGHT_DAYS;
  });
}

/** Days since the epoch of a YYYY-MM-DD. */
const dayNumber = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY_MS;

/** Shapes are published with a mean of about one; exactly one keeps `perWorkday` what its name says. */
function normalised(values: readonly number[]): readonly number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean > 0 ? values.map((value) => value / mean) : values;
}
