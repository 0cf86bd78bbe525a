import { DAY_MS, HOUR_MS } from '#libs/domain';
import { type Booking, bookingFaults } from './booking.js';

const now = Date.parse('2026-11-24T09:00:00+08:00');
const aBooking = (named: Partial<Booking> = {}): Booking => ({
  id: 'b',
  kind: 'booking',
  from: now + HOUR_MS,
  until: now + 3 * HOUR_MS,
  tenantId: 'blue',
  parts: [{ poolId: 'p', groupId: 'p-a', nodes: 2 }],
  ...named,
});
const daily = { frequency: 'daily' as const, interval: 1 };

describe('faults of a booking', () => {
  const cases: Record<string, { booking: Booking; want: string[] }> = {
    'none': { booking: aBooking(), want: [] },
    'it may begin now': { booking: aBooking({ from: now }), want: [] },
    'it may not have begun': { booking: aBooking({ from: now - 1000 }), want: ['from has passed'] },
    'it may begin 366 days ahead': { booking: aBooking({ from: now + 366 * DAY_MS, until: now + 367 * DAY_MS }), want: [] },
    'it may not begin later': {
      booking: aBooking({ from: now + 366 * DAY_MS + 1000, until: now + 367 * DAY_MS }),
      want: ['from is more than 366 days ahead'],
    },
    'it may not end as it begins': { booking: aBooking({ until: now + HOUR_MS }), want: ['until is not after from'] },
    'it may last a second': { booking: aBooking({ until: now + HOUR_MS + 1000 }), want: [] },
    'it may last 31 days': { booking: aBooking({ until: now + HOUR_MS + 31 * DAY_MS }), want: [] },
    'it may not last longer': {
      booking: aBooking({ until: now + HOUR_MS + 31 * DAY_MS + 1000 }),
      want: ['until is more than 31 days after from: book it in several stretches'],
    },
    'both ends past are told once each': {
      booking: aBooking({ from: now - 2000, until: now }),
      want: ['from has passed', 'until has passed'],
    },
    'fractions of a second are not booked': {
      booking: aBooking({ from: now + 1, until: now + HOUR_MS + 1 }),
      want: ['from has fractions of a second', 'until has fractions of a second'],
    },
    'it may be given back a second before its end': { booking: aBooking({ giveBackAfterSeconds: 7199 }), want: [] },
    'it may not be given back at its end': {
      booking: aBooking({ giveBackAfterSeconds: 7200 }),
      want: ['giveBackAfterSeconds is not shorter than the window itself'],
    },
    'it may come again every day': { booking: aBooking({ recurrence: daily }), want: [] },
    'it may last until it comes again': { booking: aBooking({ until: now + 25 * HOUR_MS, recurrence: daily }), want: [] },
    'it may not last longer than that': {
      booking: aBooking({ until: now + 25 * HOUR_MS + 1000, recurrence: daily }),
      want: ['until is after the next occurrence has begun'],
    },
    'two days that meet are the shortest gap': {
      booking: aBooking({ until: now + 26 * HOUR_MS, recurrence: { frequency: 'weekly', interval: 1, weekdays: ['tue', 'sun', 'mon'] } }),
      want: ['until is after the next occurrence has begun'],
    },
    'a second occurrence that never comes is in nobody’s way': {
      booking: aBooking({ until: now + 48 * HOUR_MS, recurrence: { ...daily, count: 1 } }),
      want: [],
    },
    'the first day must be among those named': {
      booking: aBooking({ recurrence: { ...daily, weekdays: ['mon', 'wed'] } }),
      want: ['recurrence.weekdays lacks "tue", the day in Asia/Shanghai on which the first occurrence begins'],
    },
    'a last time and a count exclude each other': {
      booking: aBooking({ recurrence: { ...daily, count: 2, until: now + 9 * DAY_MS } }),
      want: ['recurrence.count and until exclude each other: give one'],
    },
    'the last time may be the first': { booking: aBooking({ recurrence: { ...daily, until: now + HOUR_MS } }), want: [] },
    'the last time may not be before the first': {
      booking: aBooking({ recurrence: { ...daily, until: now + HOUR_MS - 1 } }),
      want: ['recurrence.until is before the first occurrence'],
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { booking, want }) =>
    expect(bookingFaults(booking, now).map(({ field, detail }) => `${field} ${detail}`)).toEqual(want),
  );

  it('a start that was granted before is not judged again, the end is', () => {
    const begun = aBooking({ from: now - HOUR_MS });
    expect(bookingFaults(begun, now, true)).toEqual([]);
    expect(bookingFaults({ ...begun, until: now }, now, true)).toEqual([{ field: 'until', detail: 'has passed' }]);
  });
});
