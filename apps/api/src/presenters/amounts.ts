import { JOULES_PER_KWH, rfc3339 } from '#libs/domain';

/** Joules as kWh; floating point is exact enough for a screen, the ledger keeps the bigint. */
export const kwhOf = (joules: bigint): number => Number(joules) / JOULES_PER_KWH;
export const gramsOf = (milligrams: bigint): number => Number(milligrams) / 1000;

/** Micro-yuan as a decimal string of yuan, exact: money never passes through floating point. */
export function yuanOf(microYuan: bigint): string {
  const sign = microYuan < 0n ? '-' : '';
  const amount = microYuan < 0n ? -microYuan : microYuan;
  const fraction = (amount % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '');
  return `${sign}${amount / 1_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}
export const yuanFromNumber = (yuan: number): string => yuanOf(BigInt(Math.round(yuan * 1_000_000)));

export const timeOrNull = (at: number | null): string | null => (at === null ? null : rfc3339(at));
