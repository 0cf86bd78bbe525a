import type { NodeShape } from '#libs/domain';

/**
 * A node shape in whole milli-cards, milli-cores and MiB. Whole numbers add and subtract without a remainder, so that a hold
 * that was taken and given back leaves a timeline exactly as it was: 0.1 + 0.2 − 0.2 would not.
 */
export interface Vector {
  readonly cards: number;
  readonly cores: number;
  readonly memory: number;
}

// A hair of slack, so that 0.29 × 1000 = 290.00000000000006 asks for 290 and not for 291.
const SLACK = 1e-6;
// Plus zero, since nothing less the slack rounds up to minus zero.
const up = (value: number, scale: number): number => Math.ceil(value * scale - SLACK) + 0;
const down = (value: number, scale: number): number => Math.floor(value * scale + SLACK);

/**
 * What a job takes of a node, rounded up. One that asks for nothing at all takes a milli-core: else it would fit on a node
 * that is full or closed by a window.
 */
export function askOf(shape: NodeShape): Vector {
  const ask = { cards: up(shape.cards, 1000), cores: up(shape.cores, 1000), memory: up(shape.memoryGiB, 1024) };
  return ask.cards === 0 && ask.cores === 0 && ask.memory === 0 ? { ...ask, cores: 1 } : ask;
}

/** What a node has, rounded down. */
export const capacityOf = (shape: NodeShape): Vector => ({
  cards: down(shape.cards, 1000),
  cores: down(shape.cores, 1000),
  memory: down(shape.memoryGiB, 1024),
});

export const fitsWithin = (ask: Vector, have: Vector): boolean =>
  ask.cards <= have.cards && ask.cores <= have.cores && ask.memory <= have.memory;

/** The largest part of a node that the ask takes in any one resource, in [0, 1]; a whole node where it asks for nothing. */
export function dominantShare(ask: Vector, have: Vector): number {
  const part = (wanted: number, there: number): number => (there > 0 ? wanted / there : 0);
  const share = Math.max(part(ask.cards, have.cards), part(ask.cores, have.cores), part(ask.memory, have.memory));
  return share > 0 ? share : 1;
}
