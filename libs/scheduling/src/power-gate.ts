import type { Fleet } from './fleet.js';
import type { Bid, Gate } from './gates.js';
import { holdEnd } from './holdings.js';
import type { RunningJob, Seconds } from './model.js';
import { PowerBook, wattsOf } from './power-book.js';
import type { Undo } from './profile.js';
import { askOf } from './vector.js';
import type { WaitingQueue } from './waiting-queue.js';

/** Power caps of sites, by hour. Costs nothing where no cap is set. */
export class PowerGate implements Gate {
  readonly refusal = 'power-cap-reached';
  private book: PowerBook | null = null;
  private builtFor = '';
  private builtAt: Seconds = -Infinity;
  private trueUntil: Seconds = -Infinity;

  constructor(
    private readonly fleet: Fleet,
    private readonly queue: WaitingQueue,
  ) {}

  /** Brings what runs up to an instant. A cap that has ended is a cap that is not there. */
  turnTo(now: Seconds): void {
    if (this.fleet.powerCaps.size === 0) {
      this.book = null;
      return;
    }
    const { holdingsVersion, capsVersion } = this.fleet;
    const state = `${holdingsVersion} ${capsVersion}`;
    // What outlives its limit is taken to go on until the next step: when the first of all holds ends, the book is made anew.
    if (state !== this.builtFor || !this.book || now < this.builtAt || now >= this.trueUntil) {
      this.builtFor = state;
      this.builtAt = now;
      this.trueUntil = Infinity;
      this.book = new PowerBook(this.fleet.candidates, [...this.fleet.powerCaps.values()]);
      for (const attempt of this.fleet.attempts()) this.hold(attempt, now);
    }
    this.book.turnTo(now);
  }

  nextEdge(after: Seconds): Seconds {
    return this.book ? Math.min(this.trueUntil, this.book.nextEdge(after)) : Infinity;
  }

  earliest(bid: Bid, from: Seconds): Seconds {
    if (!this.book) return from;
    return this.book.earliest(this.siteOf(bid.group), this.wattsOf(bid), bid.seconds, from);
  }

  take(bid: Bid, start: Seconds, now: Seconds): Undo {
    const { book } = this;
    if (!book) return () => {};
    const site = this.siteOf(bid.group);
    const watts = this.wattsOf(bid);
    const from = start <= now ? -Infinity : start;
    book.hold(site, watts, from, start + bid.seconds);
    return () => book.release(site, watts, from, start + bid.seconds);
  }

  private hold(attempt: RunningJob, now: Seconds): void {
    const group = this.fleet.indexOf(attempt.groupId);
    const nodes = attempt.nodeIndices.length || attempt.nodeCount;
    const watts = wattsOf({ nodes, perNode: askOf(attempt.perNode) }, this.fleet.group(group));
    // Until the limit: a cap must hold also when the prediction does not.
    const until = holdEnd(attempt, now, 'limit');
    this.book!.hold(this.siteOf(group), watts, -Infinity, until);
    this.trueUntil = Math.min(this.trueUntil, until);
  }

  private siteOf(group: number): string {
    return this.fleet.candidates[group]!.pool.siteId;
  }

  private wattsOf({ slot, group, nodes }: Bid): number {
    return wattsOf({ nodes, perNode: this.queue.kind(slot).ask.perNode }, this.fleet.group(group));
  }
}
