import { partOf, recurrenceOf, secondsOf, timeOf } from './booking-words.js';

describe('nodes', () => {
  const cases: Record<string, { text: string; want: object }> = {
    'of a whole pool': { text: 'yueke', want: { pool: 'yueke' } },
    'of a whole group': { text: 'yueke/a2', want: { pool: 'yueke', group: 'a2' } },
    'so many of a group': { text: 'yueke/a2=4', want: { pool: 'yueke', group: 'a2', nodes: 4 } },
    'so many of a pool': { text: 'yueke=4', want: { pool: 'yueke', nodes: 4 } },
    'all, said': { text: 'yueke/a2=all', want: { pool: 'yueke', group: 'a2', nodes: 'all' } },
    'one by name': { text: 'yueke/a2=a2-0001', want: { pool: 'yueke', group: 'a2', nodes: ['a2-0001'] } },
    'two by name': { text: 'yueke=a2-0001,a2-0002', want: { pool: 'yueke', nodes: ['a2-0001', 'a2-0002'] } },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { text, want }) => expect(partOf(text)).toEqual(want));
  it.each(['', '/a', 'a/b/c', 'a=', 'a=1=2', 'a b'])('not of "%s"', (text) =>
    expect(() => partOf(text)).toThrow(/names no nodes/),
  );
});

it.each([
  ['45s', 45],
  ['90m', 5_400],
  ['2h', 7_200],
  ['3d', 259_200],
  ['1h30m', 5_400],
])('%s are %d seconds', (text, want) => expect(secondsOf(text)).toBe(want));
it.each(['', '2', 'h', '2 h', '1w', '-1h'])('"%s" is no duration', (text) =>
  expect(() => secondsOf(text)).toThrow(/no duration/),
);

it.each([
  ['2026-12-01 08:00', '2026-12-01T08:00:00+08:00'],
  ['2026-12-01T08:00:30', '2026-12-01T08:00:30+08:00'],
  ['2026-12-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['2026-12-01T08:00:00+08:00', '2026-12-01T08:00:00+08:00'],
])('%s is the time %s', (text, want) => expect(timeOf(text)).toBe(want));
it.each(['tomorrow', '2026-12-01', '2026-13-01T00:00:00Z'])('"%s" is no time', (text) =>
  expect(() => timeOf(text)).toThrow(/no time/),
);

describe('what comes again', () => {
  const cases: Record<string, { given: Parameters<typeof recurrenceOf>[0]; want: object | undefined }> = {
    'once': { given: {}, want: undefined },
    'every day': { given: { daily: true }, want: { frequency: 'daily' } },
    'every second day, five times': { given: { daily: true, every: '2', times: '5' }, want: { frequency: 'daily', interval: 2, count: 5 } },
    'every week on the day of the first': { given: { weekly: true }, want: { frequency: 'weekly' } },
    'every week on two days until a time': {
      given: { weekly: 'mon,thu', last: '2026-12-31 00:00' },
      want: { frequency: 'weekly', weekdays: ['mon', 'thu'], until: '2026-12-31T00:00:00+08:00' },
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { given, want }) => expect(recurrenceOf(given)).toEqual(want));
  it('is daily or weekly, not both, and says so', () => {
    expect(() => recurrenceOf({ daily: true, weekly: true })).toThrow(/exclude/);
    expect(() => recurrenceOf({ times: '3' })).toThrow(/--daily or --weekly/);
  });
});
