import type { Joules, Milligrams } from '#libs/domain';

/** ISO/IEC 30134 of a stretch of time; null where nothing was drawn. */
export interface SiteKpis {
  /** E_facility / E_IT (‑2) */
  readonly pue: number | null;
  /** Renewable energy owned or contracted and used, over E_facility (‑3). */
  readonly ref: number | null;
  /** kgCO2 / kWh of IT energy (‑8), by location and by market. */
  readonly cueLocation: number | null;
  readonly cueMarket: number | null;
}

export interface EnergyTotals {
  readonly itJoules: Joules;
  readonly facilityJoules: Joules;
  readonly greenMatchedJoules: Joules;
  readonly locationMilligrams: Milligrams;
  readonly marketMilligrams: Milligrams;
}

export function siteKpis(totals: EnergyTotals): SiteKpis {
  const it = Number(totals.itJoules);
  const facility = Number(totals.facilityJoules);
  // mg / J = kg·1e-6 / (kWh / 3.6e6)
  const cue = (milligrams: Milligrams): number | null => (it > 0 ? (Number(milligrams) / it) * 3.6 : null);
  return {
    pue: it > 0 ? facility / it : null,
    ref: facility > 0 ? Number(totals.greenMatchedJoules) / facility : null,
    cueLocation: cue(totals.locationMilligrams),
    cueMarket: cue(totals.marketMilligrams),
  };
}
