import { DAY_MS, type Instant, type JobClass } from '#libs/domain';
import { type Recurrence, firstStarts, weekdayOf } from './occurrences.js';

export const bookingKinds = ['booking', 'maintenance'] as const;
export type BookingKind = (typeof bookingKinds)[number];

/** Some nodes of one group: so many of them, these, or all that it has when the occurrence is given its nodes. */
export interface BookingPart {
  readonly poolId: string;
  readonly groupId: string;
  readonly nodes: number | readonly string[] | 'all';
}

/** Capacity that is set aside, once or again and again. A maintenance is open to nobody. Times are service time, whole seconds. */
export interface Booking {
  readonly id: string;
  readonly kind: BookingKind;
  /** The first occurrence: [from, until). */
  readonly from: Instant;
  readonly until: Instant;
  readonly recurrence?: Recurrence;
  /** Jobs of this tenant and of those below it, of this class; both where both are given. Absent in a maintenance. */
  readonly tenantId?: string;
  readonly class?: JobClass;
  /** All of them or none; a group is named once. */
  readonly parts: readonly BookingPart[];
  /** An occurrence that those it is open to have left unused for so long is given back. */
  readonly giveBackAfterSeconds?: number;
}

/** An occurrence lasts this long at most. */
export const LONGEST_OCCURRENCE_MS = 31 * DAY_MS;
/** The first one begins this far ahead at most. */
export const FARTHEST_START_MS = 366 * DAY_MS;

export interface BookingFault {
  /** Field of Booking, with dots. */
  readonly field: string;
  /** Continues the field's name: "is not after from". */
  readonly detail: string;
}

/** What is wrong with the times of a booking that is asked for at `now`; empty: nothing. A start that was granted before is not judged again. */
export function bookingFaults(booking: Booking, now: Instant, isGranted = false): BookingFault[] {
  const faults: BookingFault[] = [];
  const fault = (field: string, detail: string): void => void faults.push({ field, detail });
  const { from, until, giveBackAfterSeconds } = booking;
  if (from % 1000 !== 0) fault('from', 'has fractions of a second');
  if (until % 1000 !== 0) fault('until', 'has fractions of a second');
  if (from < now && !isGranted) fault('from', 'has passed');
  if (from > now + FARTHEST_START_MS) fault('from', 'is more than 366 days ahead');
  if (until <= from) fault('until', 'is not after from');
  else if (until - from > LONGEST_OCCURRENCE_MS)
    fault('until', 'is more than 31 days after from: book it in several stretches');
  else if (until <= now) fault('until', 'has passed');
  if (giveBackAfterSeconds !== undefined && giveBackAfterSeconds * 1000 >= until - from)
    fault('giveBackAfterSeconds', 'is not shorter than the window itself');
  if (booking.recurrence && until > from) recurrenceFaults(booking, booking.recurrence, fault);
  return faults;
}

function recurrenceFaults(
  booking: Booking,
  { until, count, weekdays }: Recurrence,
  fault: (field: string, detail: string) => void,
): void {
  const weekday = weekdayOf(booking.from);
  if (until !== undefined && count !== undefined) fault('recurrence.count', 'and until exclude each other: give one');
  if (until !== undefined && until < booking.from) fault('recurrence.until', 'is before the first occurrence');
  if (weekdays && !weekdays.includes(weekday)) {
    fault('recurrence.weekdays', `lacks "${weekday}", the day in Asia/Shanghai on which the first occurrence begins`);
    return;
  }
  const starts = firstStarts(booking, 8);
  const long = starts.some((start, index) => index > 0 && start - starts[index - 1]! < booking.until - booking.from);
  if (long) fault('until', 'is after the next occurrence has begun');
}
