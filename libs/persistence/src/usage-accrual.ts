import type { Instant } from '#libs/domain';

export interface Usage {
  readonly cardSeconds: number;
  /** The instant the figure is decayed to; null before the first use. */
  readonly asOf: Instant | null;
  /** What it decays by, kept with the figure: a policy that changes it brings the figure to that instant first. */
  readonly halfLifeSeconds: number;
}
export interface Use {
  readonly cardSeconds: number;
  readonly endedAt: Instant;
}

/** Adds uses that ended, all decayed to the latest of the instants; endings told late add what they would have added in time. */
export function accrue(usage: Usage, uses: readonly Use[]): Usage {
  const asOf = uses.reduce((latest, use) => Math.max(latest, use.endedAt), usage.asOf ?? -Infinity);
  if (asOf === -Infinity) return usage;
  const decay = (elapsedMs: number): number => 0.5 ** (elapsedMs / 1000 / usage.halfLifeSeconds);
  const before = usage.asOf === null ? 0 : usage.cardSeconds * decay(asOf - usage.asOf);
  const cardSeconds = uses.reduce((sum, use) => sum + use.cardSeconds * decay(asOf - use.endedAt), before);
  return { ...usage, cardSeconds, asOf };
}

export interface UsedShape {
  readonly nodes: number;
  readonly cards: number;
  /** Milli-cards held of each card. */
  readonly held_milli: number;
  readonly cores: number;
  readonly memory_gib: number;
  readonly group_cores: number;
  readonly group_memory_gib: number;
  /** Reference cards a card, or a node without cards, by the exchange table. */
  readonly exchange_rate: number;
}
/**
 * Reference cards held, the currency of fair share; of a card that is shared, the slices that are held. A job without cards counts its dominant share of the nodes it held (Ghodsi 2011,
 * "Dominant Resource Fairness"), a whole node as one card: else work on processors alone would be free.
 */
export function cardsHeld(shape: UsedShape): number {
  if (shape.cards > 0) return (shape.nodes * shape.cards * shape.held_milli * shape.exchange_rate) / 1000;
  const ofCores = shape.group_cores > 0 ? shape.cores / shape.group_cores : 0;
  const ofMemory = shape.group_memory_gib > 0 ? shape.memory_gib / shape.group_memory_gib : 0;
  return shape.nodes * Math.max(ofCores, ofMemory) * shape.exchange_rate;
}
