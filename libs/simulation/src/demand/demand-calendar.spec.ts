import { loadSeeds, renderFaults } from '#libs/config';
import { DAY_MS, HOUR_MS } from '#libs/domain';
import { DemandCalendar } from './demand-calendar.js';

let calendar: DemandCalendar;
beforeAll(async () => {
  const seeds = await loadSeeds('seeds');
  if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
  calendar = new DemandCalendar(seeds.catalogue.calendars[0]!);
});

const cases: Record<string, { at: string; series: string; wantFactor: number }> = {
  'an ordinary workday is the measure': { at: '2026-11-24T10:00', series: 'training', wantFactor: 1 },
  'a weekend slows government most': { at: '2026-11-22T10:00', series: 'inferenceGov', wantFactor: 0.45 },
  'a Sunday worked for a holiday is a workday': { at: '2026-09-20T10:00', series: 'inferenceGov', wantFactor: 1 },
  'a public holiday goes before the weekend it holds': { at: '2026-10-03T10:00', series: 'hpc', wantFactor: 0.65 },
  'a break is a season': { at: '2026-08-12T10:00', series: 'hpc', wantFactor: 0.9 },
  'a weekend within a break is both': { at: '2026-08-15T10:00', series: 'hpc', wantFactor: 0.9 * 0.85 },
  'the fortnight before a deadline rises': { at: '2026-05-14T10:00', series: 'training', wantFactor: 1.25 },
  'the day after a deadline is ordinary': { at: '2026-05-18T10:00', series: 'training', wantFactor: 1 },
  'Spring Festival stands for holiday and break together': {
    at: '2026-02-18T10:00',
    series: 'training',
    wantFactor: 0.6,
  },
  'three days before, it has begun': { at: '2026-02-14T10:00', series: 'hpc', wantFactor: 0.45 },
  "on New Year's Eve the public asks more at night": {
    at: '2026-02-16T21:00',
    series: 'inferencePublic',
    wantFactor: 2.5,
  },
  'and not yet in the afternoon': { at: '2026-02-16T19:00', series: 'inferencePublic', wantFactor: 1.3 },
  'the way back to work replaces the break': { at: '2026-02-26T10:00', series: 'training', wantFactor: 0.85 },
  'a weekend on the way back is a weekend': { at: '2026-03-01T10:00', series: 'inferenceGov', wantFactor: 0.9 * 0.45 },
  'a series that no row names is level': { at: '2026-02-18T10:00', series: 'unheard-of', wantFactor: 1 },
};
it.each(Object.entries(cases))('%s', (_sentence, { at, series, wantFactor }) => {
  expect(calendar.dayFactor(Date.parse(`${at}:00+08:00`), series)).toBeCloseTo(wantFactor, 12);
});

it.each(['training', 'hpc', 'batch', 'inferencePublic', 'inferenceGov'])(
  'the hours of an ordinary workday average one for %s',
  (series) => {
    const midnight = Date.parse('2026-11-24T00:00:00+08:00');
    let sum = 0;
    for (let at = midnight; at < midnight + DAY_MS; at += HOUR_MS) sum += calendar.factor(at, series);
    expect(sum / 24).toBeCloseTo(1, 12);
  },
);
