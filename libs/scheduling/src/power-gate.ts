import type { Fleet } from './fleet.js';
import type { Bid, Gate } from './gates.js';
import { holdEnd, holdingOf } from './holdings.js';
import type { RunningJob, Seconds } from './model.js';
import { PowerBook, wattsOf } from './power-book.js';
import type { Undo } from './profile.js';
import { stagingSeconds } from './staging.js';
import type { WaitingQueue } from './waiting-queue.js';

interface Standing {
  readonly book: PowerBook;
  /** What runs and which caps there are; what is read off them holds in [from, until). */
  readonly versions: string;
  readonly from: Seconds;
  readonly until: Seconds;
}

/** Power caps of sites, by hour. Costs nothing where no cap is set. */
export class PowerGate implements Gate {
  readonly refusal = 'power-cap-reached';
  private standing: Standing | null = null;
  // Counts the changes of load and caps; what a pass takes is no part of it.
  private turns = 0;
  private turnsAt: Seconds = -Infinity;
  private taken = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly queue: WaitingQueue,
  ) {}

  /** Brings what runs up to an instant. A cap that has ended is a cap that is not there. */
  turnTo(now: Seconds): void {
    const before = this.standing;
    this.stand(now);
    if (this.standing === before && now < this.turnsAt) return;
    this.turns++;
    this.turnsAt = this.nextEdge(now);
  }

  state(): number {
    return this.taken > 0 ? NaN : this.turns;
  }

  nextEdge(after: Seconds): Seconds {
    return this.standing ? Math.min(this.standing.until, this.standing.book.nextEdge(after)) : Infinity;
  }

  earliest(bid: Bid, from: Seconds): Seconds {
    if (!this.standing) return from;
    return this.standing.book.earliest(this.siteOf(bid.group), this.wattsOf(bid), this.longest(bid), from);
  }

  take(bid: Bid, start: Seconds): Undo {
    if (!this.standing) return () => {};
    const { book } = this.standing;
    const site = this.siteOf(bid.group);
    const watts = this.wattsOf(bid);
    const until = start + this.longest(bid);
    book.hold(site, watts, start, until);
    this.taken++;
    return () => {
      book.release(site, watts, start, until);
      this.taken--;
    };
  }

  /** Takes an attempt out of the book until undone, to see what would be if it were gone. */
  withdraw(attempt: RunningJob, now: Seconds): Undo {
    if (!this.standing) return () => {};
    const { book } = this.standing;
    const { site, watts, until } = this.drawOf(attempt, now);
    book.release(site, watts, -Infinity, until);
    this.taken++;
    return () => {
      book.hold(site, watts, -Infinity, until);
      this.taken--;
    };
  }

  /** Whether an attempt that is withdrawn could go on with so many nodes until its limit. */
  mayGoOn(attempt: RunningJob, nodes: number, now: Seconds): boolean {
    if (!this.standing) return true;
    const { site, watts, until } = this.drawOf(withNodes(attempt, nodes), now);
    return this.standing.book.earliest(site, watts, until - now, now) === now;
  }

  /** Counts an attempt that is withdrawn with so many nodes, until undone. */
  goOn(attempt: RunningJob, nodes: number, now: Seconds): Undo {
    if (!this.standing) return () => {};
    const { book } = this.standing;
    const { site, watts, until } = this.drawOf(withNodes(attempt, nodes), now);
    book.hold(site, watts, -Infinity, until);
    this.taken++;
    return () => {
      book.release(site, watts, -Infinity, until);
      this.taken--;
    };
  }

  private stand(now: Seconds): void {
    if (this.fleet.powerCaps.size === 0) {
      this.standing = null;
      return;
    }
    const versions = `${this.fleet.holdingsVersion} ${this.fleet.capsVersion}`;
    const kept = this.standing;
    // What outlives its limit is taken to go on until the next step: when the first of all holds ends, the book is made anew.
    if (kept?.versions === versions && now >= kept.from && now < kept.until) return;
    const book = new PowerBook(this.fleet.candidates, [...this.fleet.powerCaps.values()]);
    let until = Infinity;
    for (const attempt of this.fleet.attempts()) until = Math.min(until, this.enter(attempt, book, now));
    this.standing = { book, versions, from: now, until };
  }

  /** @returns when it is taken to end */
  private enter(attempt: RunningJob, book: PowerBook, now: Seconds): Seconds {
    const { site, watts, until } = this.drawOf(attempt, now);
    book.hold(site, watts, -Infinity, until);
    return until;
  }

  private drawOf(attempt: RunningJob, now: Seconds): { site: string; watts: number; until: Seconds } {
    const group = this.fleet.indexOf(attempt.groupId);
    const { count, perNode } = holdingOf(attempt);
    const watts = wattsOf({ nodes: count, perNode }, this.fleet.group(group));
    // Until the limit: a cap must hold also when the prediction does not.
    return { site: this.siteOf(group), watts, until: holdEnd(attempt, now, 'limit') };
  }

  /** Staging and the whole limit, whatever is predicted: once it runs it counts for so long. */
  private longest({ slot, group, seconds }: Bid): Seconds {
    return Math.max(
      seconds,
      stagingSeconds(this.queue.job(slot), this.fleet.candidates[group]!) + this.queue.limit(slot),
    );
  }

  private siteOf(group: number): string {
    return this.fleet.candidates[group]!.pool.siteId;
  }

  private wattsOf({ slot, group, nodes }: Bid): number {
    return wattsOf({ nodes, perNode: this.queue.kind(slot).ask.perNode }, this.fleet.group(group));
  }
}

const withNodes = (attempt: RunningJob, nodes: number): RunningJob => ({
  ...attempt,
  nodeIndices: [],
  nodeCount: nodes,
});
