import type { Vector } from './vector.js';

/** What a job takes of each of its nodes where cards are shared: `count` cards, `milli` of each, all the same for the whole run. */
export interface DeviceNeed {
  readonly count: number;
  /** Of 1000; below it the card may be shared. */
  readonly milli: number;
  /** Milli-cores. */
  readonly cores: number;
  /** MiB. */
  readonly memory: number;
}

/**
 * Milli-cards that a part of a card really holds where a card is cut into `slices`: whole slices, the fewest that reach it.
 * Slices that do not divide 1000 are rounded down (a seventh is 142), so that all of them together fit on a card.
 *
 * @param milli what is asked of one card, 1 to 1000, rounded up from a fraction
 * @param slices 1 to 30, or a divisor of 1000: more would let rounding fit one slice too many on a card
 */
export function heldMilli(milli: number, slices: number): number {
  const count = Math.floor(((milli - 1) * slices) / 1000) + 1;
  return Math.floor((count * 1000) / slices);
}

/** Below one card: a part of one card. From one card on: whole cards. Without cards: cores and memory alone. */
export function needOf({ cards, cores, memory }: Vector, slices: number): DeviceNeed {
  if (cards > 0 && cards < 1000) return { count: 1, milli: heldMilli(cards, slices), cores, memory };
  return { count: Math.ceil(cards / 1000), milli: 1000, cores, memory };
}
