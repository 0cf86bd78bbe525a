import { DAY_MS, HOUR_MS } from '#libs/domain';
import { type Booking, bookingFaults } from './booking.js';
import type { Recurrence } from './occurrences.js';

// A Tuesday.
const now = Date.parse('2026-11-24T09:00:00+08:00');
const aBooking = (over: Partial<Booking> = {}): Booking => ({
  id: 'b',
  kind: 'booking',
  from: now,
  until: now + HOUR_MS,
  tenantId: 'blue',
  parts: [{ poolId: 'p', groupId: 'p-a', nodes: 'all' }],
  ...over,
});
const told = (booking: Booking, isGranted = false): string[] =>
  bookingFaults(booking, now, isGranted).map(({ field, detail }) => `${field} ${detail}`);

const notAfter = 'until is not after from';
const passed = 'until has passed';
const tooLong = 'until is after the next occurrence has begun';
const notShorter = 'giveBackAfterSeconds is not shorter than the window itself';
const exclude = 'recurrence.count and until exclude each other: give one';
const early = 'recurrence.until is before the first occurrence';
const lacks = (weekday: string): string =>
  `recurrence.weekdays lacks "${weekday}", the day in Asia/Shanghai on which the first occurrence begins`;

describe('the times of a booking', () => {
  const cases: Record<string, { over: Partial<Booking>; isGranted?: boolean; want: string[] }> = {
    'all that is wrong with the start and the end is told, each in its turn': {
      over: { from: now + 366 * DAY_MS + 1, until: now + 366 * DAY_MS + 1 },
      want: ['from has fractions of a second', 'until has fractions of a second', 'from is more than 366 days ahead', notAfter],
    },
    'only the start has fractions': { over: { from: now + 500 }, want: ['from has fractions of a second'] },
    'only the end has': { over: { until: now + 1500 }, want: ['until has fractions of a second'] },
    'an end before the start is not told to have passed as well': {
      over: { from: now + HOUR_MS, until: now - HOUR_MS },
      want: [notAfter],
    },
    'one that lies all before now has passed': { over: { from: now - 2 * HOUR_MS, until: now - HOUR_MS }, want: ['from has passed', passed] },
    'granted before and over now': { over: { from: now - HOUR_MS, until: now }, isGranted: true, want: [passed] },
    'granted before and over in a second': { over: { from: now - HOUR_MS, until: now + 1000 }, isGranted: true, want: [] },
    'granted before, it may still not be longer than 31 days': {
      over: { from: now - 30 * DAY_MS, until: now + DAY_MS + 1000 },
      isGranted: true,
      want: ['until is more than 31 days after from: book it in several stretches'],
    },
    'granted before, it may still not be moved too far ahead': {
      over: { from: now + 366 * DAY_MS + 1000, until: now + 367 * DAY_MS },
      isGranted: true,
      want: ['from is more than 366 days ahead'],
    },
    'granted before, it may still not have fractions': {
      over: { from: now - 1 },
      isGranted: true,
      want: ['from has fractions of a second'],
    },
    'a maintenance is judged alike': { over: { kind: 'maintenance', tenantId: undefined, until: now }, want: [notAfter] },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { over, isGranted, want }) => {
    expect(told(aBooking(over), isGranted)).toEqual(want);
  });
});

describe('when a booking is given back', () => {
  const cases: Record<string, { until: number; seconds: number; want: string[] }> = {
    'at once, where nobody is there at the start': { until: now + 1000, seconds: 0, want: [] },
    'not after a second of one second': { until: now + 1000, seconds: 1, want: [notShorter] },
    'after a second of two': { until: now + 2000, seconds: 1, want: [] },
    'not after more than it lasts': { until: now + 2000, seconds: 3, want: [notShorter] },
    'after a second less than 31 days': { until: now + 31 * DAY_MS, seconds: 31 * 86_400 - 1, want: [] },
    'not at once, where it does not last': { until: now, seconds: 0, want: [notAfter, notShorter] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { until, seconds, want }) => {
    expect(told(aBooking({ until, giveBackAfterSeconds: seconds }))).toEqual(want);
  });
});

describe('how long a booking that comes again may last', () => {
  const weekly = { frequency: 'weekly' as const, interval: 1 };
  const daily = { frequency: 'daily' as const, interval: 1 };
  const cases: Record<string, { recurrence: Recurrence; days: number }> = {
    'every third day: three days': { recurrence: { ...daily, interval: 3 }, days: 3 },
    'every week: seven days': { recurrence: weekly, days: 7 },
    'every other week: 14 days': { recurrence: { ...weekly, interval: 2 }, days: 14 },
    'Tuesdays and Thursdays: the two days between them': { recurrence: { ...weekly, weekdays: ['tue', 'thu'] }, days: 2 },
    'Tuesdays and Fridays: three, the shorter of both gaps': { recurrence: { ...weekly, weekdays: ['tue', 'fri'] }, days: 3 },
    'every other day, but Tuesdays alone: 14 days': {
      recurrence: { frequency: 'daily', interval: 2, weekdays: ['tue'] },
      days: 14,
    },
    'Mondays and Tuesdays of every other week: a day, though the first gap is 13': {
      recurrence: { ...weekly, interval: 2, weekdays: ['mon', 'tue'] },
      days: 1,
    },
    'the same, but twice alone: the 13 days': {
      recurrence: { ...weekly, interval: 2, weekdays: ['mon', 'tue'], count: 2 },
      days: 13,
    },
    'every week until the second occurrence: seven days': { recurrence: { ...weekly, until: now + 7 * DAY_MS }, days: 7 },
    'every day, the whole week long: a day': {
      recurrence: { ...weekly, weekdays: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
      days: 1,
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { recurrence, days }) => {
    expect(told(aBooking({ until: now + days * DAY_MS, recurrence }))).toEqual([]);
    expect(told(aBooking({ until: now + days * DAY_MS + 1000, recurrence }))).toEqual([tooLong]);
  });

  it('as long as any, where it ends before it would come again', () => {
    const recurrence = { ...weekly, until: now + 7 * DAY_MS - 1 };
    expect(told(aBooking({ until: now + 8 * DAY_MS, recurrence }))).toEqual([]);
  });
});

describe('how a booking comes again', () => {
  const tuesdays: Recurrence = { frequency: 'weekly', interval: 1, weekdays: ['tue'] };
  const cases: Record<string, { over: Partial<Booking>; want: string[] }> = {
    'its first day is the one of Asia/Shanghai: still Tuesday in the last second': {
      over: { from: Date.parse('2026-12-01T23:59:59+08:00'), until: Date.parse('2026-12-02T01:00:00+08:00') },
      want: [],
    },
    'Wednesday from midnight on, though it is Tuesday in London': {
      over: { from: Date.parse('2026-12-02T00:00:00+08:00'), until: Date.parse('2026-12-02T01:00:00+08:00') },
      want: [lacks('wed')],
    },
    'Monday until midnight': {
      over: { from: Date.parse('2026-11-30T23:59:59+08:00'), until: Date.parse('2026-12-01T01:00:00+08:00') },
      want: [lacks('mon')],
    },
    'a wrong first day is told, and how long it may last is then not asked': {
      over: { until: now + 20 * DAY_MS, recurrence: { ...tuesdays, weekdays: ['mon'] } },
      want: [lacks('tue')],
    },
    'no day at all is a wrong first day': { over: { recurrence: { ...tuesdays, weekdays: [] } }, want: [lacks('tue')] },
    'a count and a last time that is too early and a wrong day are told together': {
      over: { recurrence: { ...tuesdays, weekdays: ['mon'], count: 1, until: now - 1 } },
      want: [exclude, early, lacks('tue')],
    },
    'is not judged where the first one has no length': {
      over: { until: now, recurrence: { ...tuesdays, weekdays: ['mon'], count: 1, until: now - 1 } },
      want: [notAfter],
    },
    'is judged beside other faults': {
      over: { from: now - 1000, recurrence: { ...tuesdays, count: 2, until: now } },
      want: ['from has passed', exclude],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { over, want }) => {
    expect(told(aBooking({ recurrence: tuesdays, ...over }))).toEqual(want);
  });
});
