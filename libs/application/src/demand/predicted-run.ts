/**
 * Mean of the tenant's last two runs of the class, at most the limit; the limit until two are known (Tsafrir, Etsion and
 * Feitelson 2007). Whole seconds, at least one.
 */
export function predictedRun(lastRunSeconds: readonly number[], limitSeconds: number): number {
  const [newest, before] = lastRunSeconds;
  if (newest === undefined || before === undefined) return limitSeconds;
  return Math.max(1, Math.min(limitSeconds, Math.floor((newest + before) / 2)));
}
