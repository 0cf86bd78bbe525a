import type { Seconds, WindowModel } from './model.js';
import type { Vector } from './vector.js';

/** What every job of one kind asks of a group: so many nodes, so much of each. */
export interface Ask {
  readonly nodes: number;
  readonly perNode: Vector;
  /** Small number that stands for `perNode`, so that a profile can keep what it worked out for a shape in an array. */
  readonly shape: number;
}

/** Undos are called once each, the latest first. */
export type Undo = () => void;

/** Nodes that something holds: by index, or, in a group of nodes without names, by their count. */
export interface Holding {
  readonly nodes: readonly number[];
  readonly count: number;
  readonly perNode: Vector;
  /** Which cards of each node, where cards are shared: same order as `nodes`. */
  readonly devices?: readonly (readonly number[])[];
}

export interface Taken {
  /** Node indices, ascending; empty in a group of nodes without names. */
  readonly nodes: readonly number[];
  /** Which cards of each node, where cards are shared: same order as `nodes`. */
  readonly devices?: readonly (readonly number[])[];
  readonly undo: Undo;
}

/**
 * The availability of one node group over time: the only thing that knows whether a job can be put somewhere and when.
 * Everything is asked relative to the instant given to `turnTo`. Durations are seconds, intervals are half open: [from, until).
 */
export interface Profile {
  /**
   * Number of the state of holdings, windows and nodes that are out. A change gives a number that was never there before; a
   * change that is undone before anything else changes gives the old number back. `turnTo` leaves it as it is.
   */
  readonly version: number;
  turnTo(now: Seconds): void;
  /** Nodes that could take one such share at this instant. */
  free(ask: Ask): number;
  /** How long `ask.nodes` nodes can be had together from now; 0 when too few are free, Infinity when nothing is in the way. */
  longest(ask: Ask): number;
  /**
   * The first time from `from` on at which the nodes can be had together for `seconds`; Infinity when never. Only answers below
   * `before` are of interest: where there is none, any time from `before` on may be answered.
   */
  earliest(ask: Ask, seconds: number, from: Seconds, before?: Seconds): Seconds;
  /** The first time at which enough nodes have each been free once: no start can be earlier. Cheaper than `earliest`. */
  release(ask: Ask): Seconds;
  /** The first time after `after` at which a node that is up gets more of anything: until then nothing fits that did not fit at `after`. */
  nextEdge(after: Seconds): Seconds;
  /**
   * Chooses nodes, tightest fit first, and holds them. Several nodes are taken in one topology block where one has enough, else
   * in as few as can be. The caller has made sure that they are there.
   */
  take(ask: Ask, start: Seconds, seconds: number): Taken;
  occupy(holding: Holding, from: Seconds, until: Seconds): Undo;
  vacate(holding: Holding, from: Seconds, until: Seconds): void;
  /** The nodes with most left now, for an attempt whose engine has not told its nodes. */
  leastLoaded(count: number): readonly number[];
  /** Replaces the set of nodes that are not up. */
  setOut(indices: ReadonlySet<number>): void;
  /** Replaces all windows, and touches only nodes whose windows are other ones. No two may have the same id. */
  setWindows(windows: readonly WindowModel[]): void;
  /**
   * Takes these windows away until undone, or all of them: to see whether they are what is in the way, or for those they are
   * open to. What is taken meanwhile stays under them when they are back.
   */
  liftWindows(ids?: ReadonlySet<string>): Undo;
}
