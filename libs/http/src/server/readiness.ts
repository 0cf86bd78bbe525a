import { types } from 'node:util';
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves with null when all is well, else with what is wrong. May reject: then the message is what is wrong. */
  readonly check: () => Promise<string | null>;
}
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string | null;
}

const PATIENCE_MS = 2_000;

/** Runs all checks side by side; one that does not answer in two seconds has failed. */
export async function runChecks(
  checks: readonly ReadinessCheck[],
): Promise<{ readonly ready: boolean; readonly checks: readonly CheckResult[] }> {
  const results = await Promise.all(checks.map(runOne));
  return { ready: results.every((result) => result.ok), checks: results };
}

async function runOne({ name, check }: ReadinessCheck): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
  });
  try {
    const problem = await Promise.race([check(), late]);
    return { name, ok: problem === null, detail: problem };
  } catch (error) {
    return { name, ok: false, detail: types.isNativeError(error) ? error.message || error.name : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
