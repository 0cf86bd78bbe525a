/**
 * Quantities that the ledgers keep. Each is a whole number of its smallest unit, held in a bigint, so that sums close to the
 * last joule, milligram and micro-yuan; the brand keeps one from being added to another.
 */
declare const unit: unique symbol;
type Quantity<U extends string> = bigint & { readonly [unit]: U };

export type Joules = Quantity<'J'>;
export type Milligrams = Quantity<'mgCO2e'>;
export type MicroYuan = Quantity<'micro-yuan'>;
export type MilliCardMilliseconds = Quantity<'milli-card-ms'>;

/** Rounds half away from zero to a whole joule. Throws RangeError on NaN and infinities. */
export const joules = (value: number): Joules => whole(value, 'J') as Joules;
export const milligrams = (value: number): Milligrams => whole(value, 'mgCO2e') as Milligrams;
export const microYuan = (value: number): MicroYuan => whole(value, 'micro-yuan') as MicroYuan;

export const JOULES_PER_KWH = 3_600_000;

function whole(value: number, name: string): bigint {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is no amount of ${name}: give a finite number`);
  return BigInt(Math.round(value));
}

/**
 * Splits `total` over `weights` so that the parts sum to it exactly: each part gets the floor of its share, and what is left
 * goes one by one to the largest remainders, ties to the smaller key (DESIGN.md 6).
 *
 * @param weights non-negative weight by key; all zero, or no key, gives no parts unless total is zero too.
 */
export function splitByLargestRemainder(
  total: bigint,
  weights: readonly { readonly key: string; readonly weight: bigint }[],
): Map<string, bigint> {
  const sum = weights.reduce((acc, part) => acc + part.weight, 0n);
  if (sum === 0n) {
    if (total !== 0n) throw new RangeError(`cannot split ${total} over weights that sum to zero`);
    return new Map(weights.map((part) => [part.key, 0n]));
  }
  const sign = total < 0n ? -1n : 1n;
  const amount = total * sign;
  const shares = weights.map(({ key, weight }) => {
    const product = amount * weight;
    return { key, share: product / sum, remainder: product % sum };
  });
  let left = amount - shares.reduce((acc, part) => acc + part.share, 0n);
  const byRemainder = shares.toSorted((a, b) =>
    a.remainder === b.remainder ? compareKeys(a.key, b.key) : a.remainder > b.remainder ? -1 : 1,
  );
  for (const part of byRemainder) {
    if (left === 0n) break;
    part.share += 1n;
    left -= 1n;
  }
  return new Map(shares.map((part) => [part.key, part.share * sign]));
}

/** Code-unit order: the same on every machine and locale, which localeCompare is not. */
export const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
