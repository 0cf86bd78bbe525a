import type { Refusal } from '#libs/domain';
import type { Seconds } from './model.js';
import type { Undo } from './profile.js';

/** A start that is looked at: so many nodes of a group, held for so long. */
export interface Bid {
  readonly slot: number;
  readonly group: number;
  readonly nodes: number;
  readonly seconds: number;
}

/**
 * What a start needs besides nodes: quota, power, green hours. Gates are asked in the order of their list after the profile has
 * found nodes, and the first that is against it gives the refusal its name.
 */
export interface Gate {
  readonly refusal: Refusal;
  /** The first time from `from` on at which nothing here is against the start; `from` itself when that is now, Infinity when nothing but an event changes it. */
  earliest(bid: Bid, from: Seconds): Seconds;
  /** Counts the start in: at `now`, or a reservation at a later time. */
  take(bid: Bid, start: Seconds, now: Seconds): Undo;
  /** As long as it is the same, the gate answers a job as it did before; absent or NaN: it is never the same. */
  state?(slot: number): number;
}

// A power cap and a green hour may send a start back and forth; each round goes on in time, and a plan need not look for ever.
const ROUNDS = 16;

/** Asks all gates of a pass as one. */
export class Gates {
  constructor(private readonly list: readonly Gate[]) {}

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** Why not now; null when every gate is open. */
  refusal(bid: Bid, now: Seconds): Refusal | null {
    for (const gate of this.list) if (gate.earliest(bid, now) > now) return gate.refusal;
    return null;
  }

  /** Whether a gate is against the start that nothing but an event opens. */
  isShut(bid: Bid, now: Seconds): boolean {
    return this.list.some((gate) => gate.earliest(bid, now) === Infinity);
  }

  /** What the answers to a job depend on besides the nodes, gate by gate. */
  states(slot: number): number[] {
    return this.list.map((gate) => gate.state?.(slot) ?? NaN);
  }

  /**
   * The first time from `from` on at which `nodesFrom` finds nodes and every gate is open; Infinity when there is none or it
   * was not found in so many rounds.
   *
   * @param nodesFrom the first time from its argument on at which the nodes can be had
   */
  earliest(bid: Bid, from: Seconds, nodesFrom: (from: Seconds) => Seconds): Seconds {
    let at = nodesFrom(from);
    for (let round = 0; round < ROUNDS; round++) {
      const open = this.opensAt(bid, at);
      if (open === at || open === Infinity) return open;
      at = nodesFrom(open);
    }
    return Infinity;
  }

  take(bid: Bid, start: Seconds, now: Seconds): Undo | null {
    if (this.list.length === 0) return null;
    const undos = this.list.map((gate) => gate.take(bid, start, now));
    return () => {
      for (const undo of undos.toReversed()) undo();
    };
  }

  private opensAt(bid: Bid, from: Seconds): Seconds {
    let at = from;
    for (const gate of this.list) at = Math.max(at, gate.earliest(bid, at));
    return at;
  }
}
