import { loadSeeds } from '#libs/config';
import { type Catalogue, HOUR_MS, tariffPeriods } from '#libs/domain';
import { type SiteEnergy, factorOf, outlookFor, outlookHour, rowPrice, tariffAt, tariffPeriodOf } from './index.js';

let catalogue: Catalogue;
beforeAll(async () => {
  const seeds = await loadSeeds('seeds');
  if (seeds.kind === 'faults') throw new Error(`the seeds have ${seeds.faults.length} faults`);
  catalogue = seeds.catalogue;
});

function siteEnergy(siteId: string, change: Partial<SiteEnergy['supply']> = {}): SiteEnergy {
  const site = catalogue.sites.find(({ id }) => id === siteId);
  const grid = catalogue.grids.find(({ id }) => id === site?.gridId);
  const tariff = tariffAt(catalogue.tariffs, site?.tariff.id ?? '', Date.parse('2026-06-01T00:00:00+08:00'));
  if (!site || !grid || !tariff) throw new Error(`${siteId} is not in the seeds`);
  return { supply: { ...site.supply, ...change }, grid, tariff, planId: site.tariff.planId };
}

const hoursOf = (year: number): number[] => {
  const from = Date.parse(`${year}-01-01T00:00:00+08:00`);
  const until = Date.parse(`${year + 1}-01-01T00:00:00+08:00`);
  return Array.from({ length: (until - from) / HOUR_MS }, (_, index) => from + index * HOUR_MS);
};

describe("Hubei's tariff", () => {
  it('gives every price that the published table prints, to a millionth of a yuan', () => {
    const [tariff] = catalogue.tariffs;
    const off = tariff?.rows.flatMap((row) =>
      tariffPeriods
        .map((period) => ({ row: row.id, period, by: rowPrice(tariff, row, period) - row.listedYuanPerKwh[period] }))
        .filter(({ by }) => Math.abs(by) > 1e-6),
    );
    expect(off).toEqual([]);
    expect(tariff?.rows).toHaveLength(7);
  });

  const cases: Record<string, { at: string; wantPeriod: string; wantYuanPerKwh: number }> = {
    'the night valley ends at six': { at: '2026-03-02T05:59:00+08:00', wantPeriod: 'valley', wantYuanPerKwh: 0.395024 },
    'the noon valley is as cheap': { at: '2026-03-02T12:00:00+08:00', wantPeriod: 'valley', wantYuanPerKwh: 0.395024 },
    'mornings are flat': { at: '2026-03-02T06:00:00+08:00', wantPeriod: 'flat', wantYuanPerKwh: 0.613986 },
    'outside summer 18-20 h is sharp': {
      at: '2026-03-02T19:30:00+08:00',
      wantPeriod: 'sharp',
      wantYuanPerKwh: 1.012099,
    },
    'in July sharp moves to 20-22 h': {
      at: '2026-07-02T20:00:00+08:00',
      wantPeriod: 'sharp',
      wantYuanPerKwh: 1.012099,
    },
    'in July 18-20 h is peak': { at: '2026-07-02T19:30:00+08:00', wantPeriod: 'peak', wantYuanPerKwh: 0.809061 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { at, wantPeriod, wantYuanPerKwh }) => {
    const { price } = outlookHour(siteEnergy('ezhou-yueke'), Date.parse(at));
    expect(price.period).toBe(wantPeriod);
    expect(price.gridYuanPerKwh).toBeCloseTo(wantYuanPerKwh, 6);
    const { energyYuanPerKwh, transmissionYuanPerKwh, systemOperationYuanPerKwh, governmentFundYuanPerKwh } =
      price.components;
    const sum = energyYuanPerKwh + transmissionYuanPerKwh + systemOperationYuanPerKwh + governmentFundYuanPerKwh;
    expect(sum).toBeCloseTo(price.gridYuanPerKwh, 9);
  });

  it('a direct line pays its generation and the fees that stay due', () => {
    const { price } = outlookHour(siteEnergy('ezhou-yueke'), Date.parse('2026-03-02T12:00:00+08:00'));
    expect(price.directYuanPerKwh).toBeCloseTo(0.35 + 0.0884 + 0.082273 + 0.0452, 9);
  });

  it('an hour that no period covers is an error that names it', () => {
    const gap = { id: 'gap', periods: [] };
    expect(() => tariffPeriodOf(gap, 3, 4)).toThrow(/tariff gap has no period for month 3, hour 4/);
  });
});

describe("carbon of Hubei's grid", () => {
  it('the table as it is written has the official factor as its mean, within half a percent', () => {
    const table = catalogue.grids[0]?.carbonIntensityKgPerKwh.values.flat() ?? [];
    const mean = table.reduce((sum, value) => sum + value, 0) / table.length;
    expect(table).toHaveLength(288);
    expect(Math.abs(mean / 0.4044 - 1)).toBeLessThan(0.005);
  });

  it('a flat load pays exactly the official factor over a year', () => {
    const outlook = outlookFor(siteEnergy('ezhou-yueke'));
    const hours = hoursOf(2026).map((at) => outlook(at).locationGramsPerKwh);
    expect(hours).toHaveLength(8760);
    expect(hours.reduce((sum, value) => sum + value, 0) / hours.length).toBeCloseTo(404.4, 6);
  });

  it('noon is cleaner than the night valley, though both are cheap', () => {
    const outlook = outlookFor(siteEnergy('ezhou-yueke'));
    const noon = outlook(Date.parse('2026-03-02T12:00:00+08:00'));
    const night = outlook(Date.parse('2026-03-02T03:00:00+08:00'));
    expect(noon.price.gridYuanPerKwh).toBe(night.price.gridYuanPerKwh);
    expect(noon.locationGramsPerKwh).toBeLessThan(night.locationGramsPerKwh / 2);
    expect(noon.gridGreenShare).toBeGreaterThan(night.gridGreenShare);
  });

  const years: Record<string, { year: number; wantKgPerKwh: number }> = {
    'a year with an official factor of its own uses it': { year: 2022, wantKgPerKwh: 0.4364 },
    'a year after the newest factor uses the newest': { year: 2026, wantKgPerKwh: 0.4044 },
    'a year before the first factor uses the first': { year: 2019, wantKgPerKwh: 0.3672 },
  };
  it.each(Object.entries(years))('%s', (_sentence, { year, wantKgPerKwh }) => {
    const { grid } = siteEnergy('ezhou-yueke');
    expect(factorOf(grid, grid.locationScope, year).value).toBe(wantKgPerKwh);
  });

  it('market-based figures use the residual mix', () => {
    expect(outlookHour(siteEnergy('ezhou-yueke'), Date.parse('2026-03-02T12:00:00+08:00')).marketGramsPerKwh).toBe(
      609.6,
    );
  });
});

describe('supply of a site', () => {
  it('a contract delivers its energy of the year, shaped by sun and wind', () => {
    const outlook = outlookFor(siteEnergy('ezhou-yueke'));
    const watts = hoursOf(2026).map((at) => outlook(at).contractWatts);
    expect(watts.reduce((sum, value) => sum + value, 0) / 1e6).toBeCloseTo(597.6, 6);
    const noon = outlook(Date.parse('2026-08-03T12:00:00+08:00')).contractWatts;
    expect(noon).toBeGreaterThan(3 * outlook(Date.parse('2026-08-03T00:00:00+08:00')).contractWatts);
  });

  it('a contract that has run out delivers nothing', () => {
    const outlook = outlookFor(siteEnergy('ezhou-yueke'));
    expect(outlook(Date.parse('2028-12-31T23:00:00+08:00')).contractWatts).toBeGreaterThan(0);
    expect(outlook(Date.parse('2029-01-01T00:00:00+08:00')).contractWatts).toBe(0);
  });

  it('a direct line that is off feeds nothing; switched on, it follows the sun', () => {
    const noon = Date.parse('2026-08-03T12:00:00+08:00');
    expect(outlookHour(siteEnergy('ezhou-yueke'), noon).directPvWatts).toBe(0);
    const on = siteEnergy('ezhou-yueke', { directPv: { megawatts: 6, enabled: true } });
    expect(outlookHour(on, noon).directPvWatts).toBeCloseTo(6e6 * 0.636, 3);
    expect(outlookHour(on, Date.parse('2026-08-03T23:00:00+08:00')).directPvWatts).toBe(0);
  });

  it('contracted energy costs the grid price and its premium', () => {
    const hour = outlookHour(siteEnergy('ezhou-yueke'), Date.parse('2026-08-03T12:00:00+08:00'));
    expect(hour.contractYuanPerKwh - hour.price.gridYuanPerKwh).toBeCloseTo(0.01, 9);
  });
});
