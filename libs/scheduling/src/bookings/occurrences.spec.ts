import { DAY_MS, HOUR_MS, rfc3339, shanghai } from '#libs/domain';
import fc from 'fast-check';
import { type Recurrence, type Series, firstStarts, goesOn, occurrences, weekdayOf, weekdays } from './occurrences.js';

const at = (text: string): number => Date.parse(`${text}+08:00`);
/** A series whose first occurrence is [from, from + hours). */
const aSeries = (from: string, recurrence?: Recurrence, hours = 2): Series => ({
  from: at(from),
  until: at(from) + hours * HOUR_MS,
  ...(recurrence && { recurrence }),
});
const days = (starts: readonly { readonly from: number }[]): string[] =>
  starts.map(({ from }) => rfc3339(from).slice(0, 16));

const within: Record<string, { series: Series; from: string; until: string; want: string[] }> = {
    'that happens once is there once': {
      series: aSeries('2026-12-01T09:00:00'),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-12-01T09:00'],
    },
    'that happens once is not there when it has ended as the stretch begins': {
      series: aSeries('2026-12-01T09:00:00'),
      from: '2026-12-01T11:00:00', until: '2027-11-01T00:00:00',
      want: [],
    },
    'is there while its last second lies in the stretch': {
      series: aSeries('2026-12-01T09:00:00'),
      from: '2026-12-01T10:59:59', until: '2027-11-01T00:00:00',
      want: ['2026-12-01T09:00'],
    },
    'is not there when it begins as the stretch ends': {
      series: aSeries('2026-12-01T09:00:00'),
      from: '2026-11-01T00:00:00', until: '2026-12-01T09:00:00',
      want: [],
    },
    'is there when it begins a second before the stretch ends': {
      series: aSeries('2026-12-01T09:00:00'),
      from: '2026-11-01T00:00:00', until: '2026-12-01T09:00:01',
      want: ['2026-12-01T09:00'],
    },
    'daily goes over the end of a month': {
      series: aSeries('2026-11-29T22:00:00', { frequency: 'daily', interval: 1 }),
      from: '2026-11-29T00:00:00', until: '2026-12-03T00:00:00',
      want: ['2026-11-29T22:00', '2026-11-30T22:00', '2026-12-01T22:00', '2026-12-02T22:00'],
    },
    'daily has a leap day in 2028': {
      series: aSeries('2028-02-27T08:00:00', { frequency: 'daily', interval: 1, count: 4 }),
      from: '2028-01-01T00:00:00', until: '2029-01-01T00:00:00',
      want: ['2028-02-27T08:00', '2028-02-28T08:00', '2028-02-29T08:00', '2028-03-01T08:00'],
    },
    'daily has none in 2027': {
      series: aSeries('2027-02-27T08:00:00', { frequency: 'daily', interval: 1, count: 3 }),
      from: '2027-01-01T00:00:00', until: '2028-01-01T00:00:00',
      want: ['2027-02-27T08:00', '2027-02-28T08:00', '2027-03-01T08:00'],
    },
    'every third day crosses the new year': {
      series: aSeries('2026-12-30T08:00:00', { frequency: 'daily', interval: 3, count: 3 }),
      from: '2026-01-01T00:00:00', until: '2028-01-01T00:00:00',
      want: ['2026-12-30T08:00', '2027-01-02T08:00', '2027-01-05T08:00'],
    },
    'daily on working days leaves out Saturday and Sunday': {
      series: aSeries('2026-11-26T08:00:00', { frequency: 'daily', interval: 1, weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'] }),
      from: '2026-11-26T00:00:00', until: '2026-12-02T00:00:00',
      want: ['2026-11-26T08:00', '2026-11-27T08:00', '2026-11-30T08:00', '2026-12-01T08:00'],
    },
    'every second day on Mondays comes every second week': {
      series: aSeries('2026-11-23T08:00:00', { frequency: 'daily', interval: 2, weekdays: ['mon'], count: 3 }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-23T08:00', '2026-12-07T08:00', '2026-12-21T08:00'],
    },
    'weekly comes on the weekday of the first': {
      series: aSeries('2026-11-24T08:00:00', { frequency: 'weekly', interval: 1, count: 3 }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-24T08:00', '2026-12-01T08:00', '2026-12-08T08:00'],
    },
    'weekly on several days takes those of the first week that are not over, then all': {
      series: aSeries('2026-11-25T08:00:00', { frequency: 'weekly', interval: 1, weekdays: ['mon', 'wed', 'sun'], count: 5 }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-25T08:00', '2026-11-29T08:00', '2026-11-30T08:00', '2026-12-02T08:00', '2026-12-06T08:00'],
    },
    'every second week counts weeks from Monday to Sunday': {
      series: aSeries('2026-11-29T08:00:00', { frequency: 'weekly', interval: 2, weekdays: ['mon', 'sun'], count: 4 }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-29T08:00', '2026-12-07T08:00', '2026-12-13T08:00', '2026-12-21T08:00'],
    },
    'the weekday is that of Asia/Shanghai, where Monday 00:30 is still Sunday in UTC': {
      series: aSeries('2026-11-30T00:30:00', { frequency: 'weekly', interval: 1, weekdays: ['mon', 'tue'], count: 3 }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-30T00:30', '2026-12-01T00:30', '2026-12-07T00:30'],
    },
    'and Sunday 23:59 is no Monday': {
      series: aSeries('2026-11-29T23:59:00', { frequency: 'weekly', interval: 1, weekdays: ['sun'], count: 2 }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-29T23:59', '2026-12-06T23:59'],
    },
    'ends with an occurrence that begins at its last time': {
      series: aSeries('2026-11-24T08:00:00', { frequency: 'daily', interval: 1, until: at('2026-11-26T08:00:00') }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-24T08:00', '2026-11-25T08:00', '2026-11-26T08:00'],
    },
    'ends before one that would begin a second later than its last time': {
      series: aSeries('2026-11-24T08:00:00', { frequency: 'daily', interval: 1, until: at('2026-11-26T07:59:59') }),
      from: '2026-11-01T00:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-24T08:00', '2026-11-25T08:00'],
    },
    'counts from its first occurrence, not from the stretch': {
      series: aSeries('2026-11-24T08:00:00', { frequency: 'daily', interval: 1, count: 3 }),
      from: '2026-11-25T12:00:00', until: '2027-11-01T00:00:00',
      want: ['2026-11-26T08:00'],
    },
    'over midnight is found by the day on which it ends': {
      series: aSeries('2026-11-24T23:00:00', { frequency: 'daily', interval: 1 }),
      from: '2026-11-26T00:00:00', until: '2026-11-26T20:00:00',
      want: ['2026-11-25T23:00'],
    },
  }; // prettier-ignore
describe('a series within a stretch', () => {
  it.each(Object.entries(within))('%s', (_sentence, { series, from, until, want }) => {
    const found = occurrences(series, { from: at(from), until: at(until) });
    expect(days(found)).toEqual(want);
    for (const one of found) expect(one.until - one.from).toBe(2 * HOUR_MS);
  });
});

describe('the first starts', () => {
  const daily = aSeries('2026-11-24T08:00:00', { frequency: 'daily', interval: 1, count: 3 });
  it.each([
    [0, 0],
    [2, 2],
    [3, 3],
    [4, 3],
  ])('asked for %d of three are %d', (asked, want) => expect(firstStarts(daily, asked)).toHaveLength(want));
  it('of what happens once is its start', () =>
    expect(firstStarts(aSeries('2026-11-24T08:00:00'), 8)).toEqual([at('2026-11-24T08:00:00')]));
});

describe('whether a series goes on', () => {
  const weekly = aSeries('2026-11-24T08:00:00', { frequency: 'weekly', interval: 1, count: 2 });
  const cases: Record<string, { series: Series; at: string; want: boolean }> = {
    'once, before it': { series: aSeries('2026-11-24T08:00:00'), at: '2026-11-24T07:59:59', want: true },
    'once, as it begins': { series: aSeries('2026-11-24T08:00:00'), at: '2026-11-24T08:00:00', want: true },
    'once, a second after it began': { series: aSeries('2026-11-24T08:00:00'), at: '2026-11-24T08:00:01', want: false },
    'twice, between the two': { series: weekly, at: '2026-11-25T00:00:00', want: true },
    'twice, as the second begins': { series: weekly, at: '2026-12-01T08:00:00', want: true },
    'twice, after the second': { series: weekly, at: '2026-12-01T08:00:01', want: false },
    'for ever': { series: aSeries('2026-11-24T08:00:00', { frequency: 'daily', interval: 1 }), at: '2030-01-01T00:00:00', want: true },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, c) => expect(goesOn(c.series, at(c.at))).toBe(c.want));
});

it.each([
  ['2026-11-22T23:59:59', 'sun'],
  ['2026-11-23T00:00:00', 'mon'],
  ['2026-11-23T07:59:59', 'mon'],
  ['2026-11-24T12:00:00', 'tue'],
  ['2026-11-25T12:00:00', 'wed'],
  ['2026-11-26T12:00:00', 'thu'],
  ['2026-11-27T12:00:00', 'fri'],
  ['2026-11-28T12:00:00', 'sat'],
  ['1970-01-01T08:00:00', 'thu'],
])('%s in Asia/Shanghai is a %s', (text, want) => expect(weekdayOf(at(text))).toBe(want));

describe('for every series', () => {
  const anySeries = fc
    .record({
      day: fc.integer({ min: 20_000, max: 22_000 }),
      minute: fc.integer({ min: 0, max: 1439 }),
      frequency: fc.constantFrom('daily' as const, 'weekly' as const),
      interval: fc.integer({ min: 1, max: 5 }),
      named: fc.option(fc.subarray([...weekdays]), { nil: undefined }),
      count: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      hours: fc.integer({ min: 1, max: 24 }),
    })
    .map(({ day, minute, frequency, interval, named, count, hours }): Series => {
      const from = day * DAY_MS - 8 * HOUR_MS + minute * 60_000;
      const own = named && weekdays.filter((name) => named.includes(name) || name === weekdayOf(from));
      const recurrence = { frequency, interval, ...(own && { weekdays: own }), ...(count !== undefined && { count }) };
      return { from, until: from + hours * HOUR_MS, recurrence };
    });

  it('occurrences keep the time of day, the wanted weekdays, the order and the count', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const found = occurrences(series, { from: 0, until: series.from + 400 * DAY_MS });
        const { weekdays: named, count } = series.recurrence!;
        const first = shanghai(series.from);
        expect(found[0]?.from).toBe(series.from);
        expect(found.length).toBeLessThanOrEqual(count ?? Infinity);
        for (const one of found) {
          const local = shanghai(one.from);
          expect([local.hour, local.minute]).toEqual([first.hour, first.minute]);
          expect(named ?? weekdays).toContain(weekdayOf(one.from));
        }
        const starts = found.map((one) => one.from);
        expect([...new Set(starts)].sort((a, b) => a - b)).toEqual(starts);
      }),
    );
  });

  it('two stretches that meet find what one over both finds, and an occurrence over the seam twice', () => {
    fc.assert(
      fc.property(anySeries, fc.integer({ min: -10, max: 300 }), (series, offset) => {
        const seam = series.from + offset * 7 * HOUR_MS;
        const end = series.from + 60 * DAY_MS;
        if (seam > end) return;
        const whole = occurrences(series, { from: 0, until: end });
        const [left, right] = [
          occurrences(series, { from: 0, until: seam }),
          occurrences(series, { from: seam, until: end }),
        ];
        const starts = new Set([...left, ...right].map((one) => one.from));
        expect([...starts]).toEqual(whole.map((one) => one.from));
        expect(left.length + right.length - whole.length).toBe(
          whole.filter((one) => one.from < seam && one.until > seam).length,
        );
      }),
    );
  });
});
