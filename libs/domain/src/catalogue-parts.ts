import type { Figure } from './topology.js';

export interface Name {
  readonly zh: string;
  readonly en: string;
}
/** Ids of `sources` and `assumptions`; at least one of the two is there on all that carries a number. */
export interface Provenance {
  readonly source?: string;
  readonly assumption?: string;
}
export type Sourced<T> = T & Provenance;
export interface Citation {
  readonly id: string;
  readonly text: Name;
}
export interface NamedFigure extends Figure {
  readonly id: string;
  readonly name: Name;
  readonly unit: string;
}
/** One value a month, or an hour of the day. */
export type Series = Sourced<{ readonly values: readonly number[] }>;
/** values[month − 1][hour]: twelve months of 24 local hours. */
export type HourTable = Sourced<{ readonly values: readonly (readonly number[])[] }>;
