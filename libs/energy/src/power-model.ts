import { type Instant, type PowerModelRow, shanghai } from '#libs/domain';

/** Watts of one node at rest and under full load, and how the draw grows between. */
export interface PowerModel {
  readonly idleWatts: number;
  readonly peakWatts: number;
  readonly exponent: number;
}

/**
 * P(u) = idle + (peak − idle) · u^exponent, watts. FACTS.md 6 starts from the exponent 0.75: at half load a server draws
 * more than half of its dynamic power. `utilisation` outside 0..1 is clamped: telemetry rounds over 1.
 */
export function nodeWatts(model: PowerModel, utilisation: number): number {
  const load = Math.min(1, Math.max(0, utilisation));
  return model.idleWatts + (model.peakWatts - model.idleWatts) * load ** model.exponent;
}

/**
 * The row in force at `at`: the latest whose `validFrom` has come, or the earliest of all before that. A measured fit is a
 * new row, so that a settled hour settles to the same joules when it is run again.
 */
export function powerModelAt(rows: readonly PowerModelRow[], at: Instant): PowerModel {
  const row = rowInForce(rows, at);
  if (!row) throw new RangeError('a node type has no power model: give it one row under "power" in its seed');
  return { idleWatts: row.idleWatts.value, peakWatts: row.peakWatts.value, exponent: row.exponent.value };
}

/** Latest of dated rows whose first day has come in Asia/Shanghai, else the earliest; undefined where there is no row. */
export function rowInForce<T extends { readonly validFrom: string }>(rows: readonly T[], at: Instant): T | undefined {
  const today = shanghai(at).date;
  const byDate = rows.toSorted((a, b) => (a.validFrom < b.validFrom ? -1 : a.validFrom > b.validFrom ? 1 : 0));
  return byDate.findLast((row) => row.validFrom <= today) ?? byDate[0];
}
