import type { JobKind, JobKinds } from './job-kinds.js';
import type { PlanningPolicy, Seconds } from './model.js';
import type { Profile, Taken, Undo } from './profile.js';
import type { Cursor, WaitingQueue } from './waiting-queue.js';

export interface PassStart {
  readonly slot: number;
  readonly group: number;
  readonly nodes: readonly number[];
  readonly backfilled: boolean;
  readonly score: number;
}

export interface PassReservation {
  readonly slot: number;
  readonly group: number;
  readonly start: Seconds;
}

export interface PassOutcome {
  readonly starts: readonly PassStart[];
  readonly reservations: readonly PassReservation[];
  /** The policy's limit of starts was reached before the queue's end. */
  readonly isCutShort: boolean;
  /** Both may be called once, in this order; together they leave the profiles as they were. */
  readonly undoReservations: Undo;
  readonly undoStarts: Undo;
}

/** What a pass works on. The profiles stand at the instant of the pass, and the kinds are fresh. */
export interface PassGround {
  readonly queue: WaitingQueue;
  readonly kinds: JobKinds;
  readonly profiles: readonly Profile[];
  readonly policy: Pick<PlanningPolicy, 'backfill' | 'reservationDepth' | 'maxStarts'>;
  /** How good a group is for a start at that time, in [0, 1]. */
  score(slot: number, group: number, start: Seconds): number;
}

export interface PassWish {
  /** starts: stop as soon as nothing more can start. estimates: go on for the sake of the reservations. */
  readonly goal: 'starts' | 'estimates';
  /** Stop before this slot. */
  readonly until?: number;
}

/**
 * One pass over the queue in order: a job that fits in an open group starts; the first that does not is *blocked*, and what
 * happens then is all that the policies differ in.
 *
 * - none: every group that the blocked job could use is closed to those after it.
 * - easy: the first blocked job of each set of groups takes a reservation; the rest start where they delay no reservation.
 * - conservative: so do the first `reservationDepth` blocked jobs, whatever their groups.
 *
 * With one group of nodes without names this is, move for move, the pass of the literature: a reservation in the profile is the
 * shadow time and the extra nodes of EASY, and with `reservationDepth` Infinity the plan is made afresh as conservative has it.
 */
export class Pass {
  // How long jobs of a kind could still run from now: an upper bound, since within a pass free nodes only become fewer.
  private room: number[] = [];
  // Jobs of each kind that the walk has not come to, and how many of all these are of a kind with room.
  private unseen: number[] = [];
  private hopefuls = 0;
  // By kind: reservations that were found, limits and starts both ascending. Within a pass nothing longer finds a place before.
  private floors: { limit: number; start: Seconds }[][] = [];
  private closed = new Set<number>();
  private reservedSets = new Set<number>();
  private starts: PassStart[] = [];
  private reservations: PassReservation[] = [];
  private startUndos: Undo[] = [];
  private reservationUndos: Undo[] = [];
  private isNarrowed = false;

  constructor(private readonly ground: PassGround) {}

  run(now: Seconds, wish: PassWish): PassOutcome {
    const { queue, kinds, policy } = this.ground;
    this.reset();
    if (wish.goal === 'starts') this.countHopefuls();
    const isHopeless = (): boolean => wish.goal === 'starts' && this.hopefuls === 0;
    const cursor = queue.size === 0 || isHopeless() ? null : queue.cursor(now);
    let isCutShort = false;
    for (let slot = cursor?.next() ?? -1; slot >= 0 && slot !== wish.until; slot = cursor!.next()) {
      if (this.starts.length >= policy.maxStarts) {
        isCutShort = true;
        break;
      }
      const kind = queue.kind(slot);
      this.see(kind);
      if (kind.eligible.length === 0 || queue.notBefore(slot) > now) continue;
      const group = this.groupFor(slot, kind, now);
      if (group >= 0) {
        this.start(slot, group, now);
        if (wish.goal === 'starts') this.countHopefuls();
      } else if (!isHopeless()) {
        this.block(slot, kind, now);
        if (policy.backfill === 'none' && this.closed.size === this.ground.profiles.length) break;
        if (!this.isNarrowed && !this.mayReserveMore(kinds)) this.narrow(cursor!, wish.until);
      }
      if (isHopeless()) break;
    }
    return this.outcome(isCutShort);
  }

  private reset(): void {
    this.room = [];
    this.unseen = [];
    for (const kind of this.ground.kinds.byIndex) {
      this.room.push(kind.waiting > 0 ? Infinity : 0);
      this.unseen.push(kind.waiting);
    }
    this.floors = [];
    this.closed = new Set();
    this.reservedSets = new Set();
    this.starts = [];
    this.reservations = [];
    this.startUndos = [];
    this.reservationUndos = [];
    this.isNarrowed = false;
  }

  private outcome(isCutShort: boolean): PassOutcome {
    const unwind = (undos: Undo[]): void => {
      for (let undo = undos.pop(); undo; undo = undos.pop()) undo();
    };
    const { starts, reservations, startUndos, reservationUndos } = this;
    return {
      starts,
      reservations,
      isCutShort,
      undoReservations: () => unwind(reservationUndos),
      undoStarts: () => unwind(startUndos),
    };
  }

  /** The group to start in now, or −1. */
  private groupFor(slot: number, kind: JobKind, now: Seconds): number {
    const limit = this.ground.queue.limit(slot);
    if (limit > this.room[kind.index]! || this.isShutOut(kind)) return -1;
    let best = -1;
    let bestScore = -1;
    let room = 0;
    for (const group of kind.eligible) {
      const longest = this.ground.profiles[group]!.longest(kind.ask);
      if (longest > room) room = longest;
      if (longest < limit) continue;
      if (best < 0) {
        best = group;
        continue;
      }
      if (bestScore < 0) bestScore = this.ground.score(slot, best, now);
      const score = this.ground.score(slot, group, now);
      if (score <= bestScore) continue;
      best = group;
      bestScore = score;
    }
    this.room[kind.index] = room;
    if (room === 0) this.hopefuls -= this.unseen[kind.index]!;
    return best;
  }

  private isShutOut(kind: JobKind): boolean {
    return (
      this.ground.policy.backfill === 'none' && this.closed.size > 0 && kind.eligible.some((g) => this.closed.has(g))
    );
  }

  private start(slot: number, group: number, now: Seconds): void {
    const { queue, profiles } = this.ground;
    const score = this.ground.score(slot, group, now);
    const taken = profiles[group]!.take(queue.kind(slot).ask, now, queue.limit(slot));
    this.startUndos.push(taken.undo);
    this.starts.push({ slot, group, nodes: taken.nodes, backfilled: this.closed.has(group), score });
  }

  private block(slot: number, kind: JobKind, now: Seconds): void {
    if (this.mayReserve(kind)) this.reserve(slot, kind, now);
    for (const group of kind.eligible) this.closed.add(group);
  }

  private mayReserve(kind: JobKind): boolean {
    switch (this.ground.policy.backfill) {
      case 'none':
        return false;
      case 'easy':
        return !this.reservedSets.has(kind.set);
      case 'conservative':
        return this.reservations.length < this.ground.policy.reservationDepth;
    }
  }

  private mayReserveMore(kinds: JobKinds): boolean {
    switch (this.ground.policy.backfill) {
      case 'none':
        return true;
      case 'easy':
        return this.reservedSets.size < kinds.setCount;
      case 'conservative':
        return this.reservations.length < this.ground.policy.reservationDepth;
    }
  }

  /** The earliest place in any of its groups: a reservation is told to a tenant, and a later one would be a worse promise. */
  private reserve(slot: number, kind: JobKind, now: Seconds): void {
    const { queue, profiles } = this.ground;
    const limit = queue.limit(slot);
    const floor = this.floorOf(kind, limit, now);
    let best = -1;
    let start = Infinity;
    for (const group of kind.eligible) {
      const earliest = profiles[group]!.earliest(kind.ask, limit, floor);
      if (earliest === Infinity || earliest > start) continue;
      if (earliest < start || this.ground.score(slot, group, start) > this.ground.score(slot, best, start))
        best = group;
      start = earliest;
    }
    this.reservedSets.add(kind.set);
    if (best < 0) return;
    this.raiseFloor(kind, limit, start);
    const taken: Taken = profiles[best]!.take(kind.ask, start, limit);
    this.reservationUndos.push(taken.undo);
    this.reservations.push({ slot, group: best, start });
  }

  private floorOf(kind: JobKind, limit: number, now: Seconds): Seconds {
    const floors = this.floors[kind.index] ?? [];
    for (let i = floors.length - 1; i >= 0; i--) if (floors[i]!.limit <= limit) return floors[i]!.start;
    return now;
  }

  private raiseFloor(kind: JobKind, limit: number, start: Seconds): void {
    const floors = (this.floors[kind.index] ??= []);
    let from = floors.findIndex((floor) => floor.limit >= limit);
    if (from < 0) from = floors.length;
    let to = from;
    while (to < floors.length && floors[to]!.start <= start) to++;
    floors.splice(from, to - from, { limit, start });
  }

  /** Once no more reservations are to be had, only jobs that could start now are worth walking over. */
  private narrow(cursor: Cursor, until: number | undefined): void {
    this.isNarrowed = true;
    if (this.ground.policy.backfill === 'none') return;
    this.countHopefuls();
    const { queue } = this.ground;
    cursor.narrow((slot) => slot === until || queue.limit(slot) <= this.room[queue.kind(slot).index]!);
  }

  private see(kind: JobKind): void {
    this.unseen[kind.index]!--;
    if (this.room[kind.index]! > 0) this.hopefuls--;
  }

  /** Counts the jobs still to come that are of a kind with room; brings the rooms up to date on the way. */
  private countHopefuls(): void {
    this.hopefuls = 0;
    for (const kind of this.ground.kinds.byIndex) {
      if (this.unseen[kind.index] === 0 || this.room[kind.index] === 0) continue;
      let room = 0;
      for (const group of kind.eligible) {
        const longest = this.ground.profiles[group]!.longest(kind.ask);
        if (longest > room) room = longest;
      }
      this.room[kind.index] = room;
      if (room > 0) this.hopefuls += this.unseen[kind.index]!;
    }
  }
}
