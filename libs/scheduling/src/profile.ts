import type { Seconds, WindowModel } from './model.js';
import type { Vector } from './vector.js';

/** What every job of one kind asks of a group: so many nodes, so much of each. */
export interface Ask {
  readonly nodes: number;
  readonly perNode: Vector;
  /** Small number that stands for `perNode`, so that a profile can keep what it worked out for a shape in an array. */
  readonly shape: number;
}

export type Undo = () => void;

/** Nodes that something holds: by index, or, in a group of nodes without names, by their count. */
export interface Holding {
  readonly nodes: readonly number[];
  readonly count: number;
  readonly perNode: Vector;
}

export interface Taken {
  /** Node indices, ascending; empty in a group of nodes without names. */
  readonly nodes: readonly number[];
  readonly undo: Undo;
}

/**
 * The availability of one node group over time: the only thing that knows whether a job can be put somewhere and when.
 * Everything is asked relative to the instant given to `turnTo`. Durations are seconds, intervals are half open: [from, until).
 */
export interface Profile {
  turnTo(now: Seconds): void;
  /** Nodes that could take one such share at this instant. */
  free(ask: Ask): number;
  /** How long `ask.nodes` nodes can be had together from now; 0 when too few are free, Infinity when nothing is in the way. */
  longest(ask: Ask): number;
  /** The first time from `from` on at which the nodes can be had together for `seconds`; Infinity when never. */
  earliest(ask: Ask, seconds: number, from: Seconds): Seconds;
  /** The first time at which enough nodes have each been free once: no start can be earlier. Cheaper than `earliest`. */
  release(ask: Ask): Seconds;
  /** Chooses nodes, tightest fit first, and holds them. The caller has made sure that they are there. */
  take(ask: Ask, start: Seconds, seconds: number): Taken;
  occupy(holding: Holding, from: Seconds, until: Seconds): void;
  vacate(holding: Holding, from: Seconds, until: Seconds): void;
  /** The nodes with most left now, for an attempt whose engine has not told its nodes. */
  leastLoaded(count: number): readonly number[];
  /** Replaces the set of nodes that are not up. */
  setOut(indices: ReadonlySet<number>): void;
  /** Replaces all windows. */
  setWindows(windows: readonly WindowModel[]): void;
  /** Takes the windows away until undone, to see whether they are what is in the way. */
  liftWindows(): Undo;
}
