import type { PowerModelRow } from '#libs/domain';
import fc from 'fast-check';
import { nodeWatts, powerModelAt } from './index.js';

const model = { idleWatts: 1560, peakWatts: 5200, exponent: 0.75 };

describe('power of a node', () => {
  const cases: Record<string, { utilisation: number; wantWatts: number }> = {
    'at rest it draws its idle watts': { utilisation: 0, wantWatts: 1560 },
    'under full load it draws its peak': { utilisation: 1, wantWatts: 5200 },
    'half a load takes more than half of the dynamic power': {
      utilisation: 0.5,
      wantWatts: 1560 + 3640 * 0.5946035575,
    },
    'a reading over one counts as full load': { utilisation: 1.02, wantWatts: 5200 },
    'a reading under zero counts as rest': { utilisation: -0.01, wantWatts: 1560 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { utilisation, wantWatts }) => {
    expect(nodeWatts(model, utilisation)).toBeCloseTo(wantWatts, 5);
  });

  it('never leaves idle..peak and never falls as load grows', () => {
    const load = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(load, load, (a, b) => {
        const [low, high] = [nodeWatts(model, Math.min(a, b)), nodeWatts(model, Math.max(a, b))];
        expect(1560 <= low && low <= high && high <= 5200).toBe(true);
      }),
    );
  });
});

describe('dated power models', () => {
  const row = (validFrom: string, idle: number): PowerModelRow => ({
    validFrom,
    idleWatts: { value: idle },
    peakWatts: { value: 5200 },
    exponent: { value: 0.75 },
  });
  const rows = [row('2026-07-01', 1700), row('2021-01-01', 1560)];
  const cases: Record<string, { at: string; wantIdle: number }> = {
    'an hour before the measured row keeps the old one': { at: '2026-06-30T23:00:00+08:00', wantIdle: 1560 },
    'the measured row holds from its first local hour': { at: '2026-07-01T00:00:00+08:00', wantIdle: 1700 },
    'an hour before every row takes the earliest': { at: '2020-01-01T00:00:00+08:00', wantIdle: 1560 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { at, wantIdle }) => {
    expect(powerModelAt(rows, Date.parse(at)).idleWatts).toBe(wantIdle);
  });

  it('no row at all is an error that says where to add one', () => {
    expect(() => powerModelAt([], 0)).toThrow(/give it one row under "power"/);
  });
});
