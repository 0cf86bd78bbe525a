import { DAY_MS, HOUR_MS, type Instant } from '#libs/domain';

/** Monday first, as weeks begin in Asia/Shanghai and in ISO 8601. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** When something comes again, at the same time of day in Asia/Shanghai, which has no summer time. */
export interface Recurrence {
  readonly frequency: 'daily' | 'weekly';
  /** Every so many days or weeks. */
  readonly interval: number;
  /** Only on these days; the first occurrence is on one of them. Absent: daily on every day, weekly on the day of the first. */
  readonly weekdays?: readonly Weekday[];
  /** The last occurrence begins at this time or before. */
  readonly until?: Instant;
  /** So many occurrences, the first included. */
  readonly count?: number;
}

/** The first occurrence and how it comes again. */
export interface Series {
  readonly from: Instant;
  readonly until: Instant;
  readonly recurrence?: Recurrence;
}

/** [from, until) */
export interface Stretch {
  readonly from: Instant;
  readonly until: Instant;
}

/** Days of the calendar of Asia/Shanghai, counted from 1970-01-01. */
const dayOf = (at: Instant): number => Math.floor((at + 8 * HOUR_MS) / DAY_MS);
// 1970-01-01 was a Thursday.
const weekdayIndex = (day: number): number => (day + 3) % 7;
export const weekdayOf = (at: Instant): Weekday => weekdays[weekdayIndex(dayOf(at))]!;

/** The occurrences that overlap the stretch, in order. A day that a calendar does not have cannot be asked for: days are counted, not named. */
export function occurrences(series: Series, { from, until }: Stretch): Stretch[] {
  const length = series.until - series.from;
  const found: Stretch[] = [];
  for (const start of startsOf(series)) {
    if (start >= until) break;
    if (start + length > from) found.push({ from: start, until: start + length });
  }
  return found;
}

/** When the first `count` occurrences begin, or all where there are fewer. */
export function firstStarts(series: Series, count: number): Instant[] {
  const starts: Instant[] = [];
  for (const start of startsOf(series)) {
    if (starts.length === count) break;
    starts.push(start);
  }
  return starts;
}

/** Whether an occurrence begins at `at` or later. */
export function goesOn(series: Series, at: Instant): boolean {
  for (const start of startsOf(series)) if (start >= at) return true;
  return false;
}

function* startsOf({ from, recurrence }: Series): Generator<Instant> {
  if (!recurrence) {
    yield from;
    return;
  }
  const { until = Infinity, count = Infinity } = recurrence;
  let given = 0;
  for (const day of daysOf(from, recurrence)) {
    const start = from + day * DAY_MS;
    if (given === count || start > until) return;
    yield start;
    given++;
  }
}

/** Days after the first occurrence on which there is one: without end, ascending from 0. */
function* daysOf(from: Instant, { frequency, interval, weekdays: named }: Recurrence): Generator<number> {
  const first = weekdayIndex(dayOf(from));
  const wanted = named && new Set(named.map((name) => weekdays.indexOf(name)));
  if (frequency === 'daily') {
    for (let day = 0; ; day += interval) if (!wanted || wanted.has((first + day) % 7)) yield day;
  }
  for (let week = 0; ; week += interval) {
    for (let weekday = week === 0 ? first : 0; weekday < 7; weekday++) {
      if (wanted ? wanted.has(weekday) : weekday === first) yield week * 7 + weekday - first;
    }
  }
}
