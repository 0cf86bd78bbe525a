/**
 * How many made-up states a property is tried on: so many, or, in a mutation run, at most CHUSUAN_PROPERTY_RUNS. A mutant that
 * the first dozens do not find is most often found by no number of them, and each of thousands of mutants pays for all.
 */
export function runs(count: number): number {
  const most = Number(globalThis.process.env['CHUSUAN_PROPERTY_RUNS']);
  return most > 0 ? Math.min(count, most) : count;
}

/**
 * That a property had something to judge so many times, so that it does not pass by saying nothing. States are made up anew in
 * each run: `least` is a fraction of what is usual. Not asked in a mutation run, which tries fewer states.
 */
export function expectJudged(times: number, least: number): void {
  if (globalThis.process.env['CHUSUAN_PROPERTY_RUNS'] !== undefined) return;
  expect(times).toBeGreaterThanOrEqual(least);
}
