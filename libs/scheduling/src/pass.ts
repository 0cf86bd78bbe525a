import type { Refusal } from '#libs/domain';
import { type Bid, Gates } from './gates.js';
import type { JobKind, JobKinds } from './job-kinds.js';
import { KindFloors } from './kind-floors.js';
import type { PlanningPolicy, Seconds } from './model.js';
import { Openings } from './openings.js';
import type { Ask, Profile, Taken, Undo } from './profile.js';
import { RoomBook } from './room-book.js';
import type { Cursor, WaitingQueue } from './waiting-queue.js';

export interface PassStart {
  readonly slot: number;
  readonly group: number;
  readonly nodes: readonly number[];
  /** As many as an elastic job got. */
  readonly count: number;
  /** Seconds for which it is held. */
  readonly seconds: number;
  readonly devices?: Taken['devices'];
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
  /** Slots of those that reserved, and of those that a gate keeps back, in order. */
  readonly blocked: readonly number[];
  /** By slot: jobs for which there were nodes, or could be, but for a gate. */
  readonly held: ReadonlyMap<number, Refusal>;
  /** The policy's limit of starts was reached before the queue's end. */
  readonly isCutShort: boolean;
  /** Jobs that were looked at; the others wait for something that has not happened since they last were. */
  readonly looked: number;
  /** Both may be called once, in this order; together they leave the profiles as they were. */
  readonly undoReservations: Undo;
  readonly undoStarts: Undo;
}

/** What a pass works on. The profiles stand at the instant of the pass, and the kinds are fresh. */
export interface PassGround {
  readonly queue: WaitingQueue;
  readonly kinds: JobKinds;
  readonly profiles: readonly Profile[];
  readonly policy: Pick<PlanningPolicy, 'backfill' | 'backfillOrder' | 'reservationDepth' | 'maxStarts'>;
  /** How good a group is for a start at that time, in [0, 1]. */
  score(slot: number, group: number, start: Seconds): number;
  /** Seconds for which a job holds nodes of a group; absent: its limit. */
  hold?(slot: number, group: number): number;
  readonly gates?: Gates;
  readonly openings?: Openings;
}

export interface PassWish {
  /** starts: stop as soon as nothing more can start. estimates: go on for the sake of the reservations. */
  readonly goal: 'starts' | 'estimates';
  /** Stop before this slot. */
  readonly until?: number;
  /** As if this slot did not wait. */
  readonly without?: number;
}

/**
 * One pass over the queue in order: a job that fits in an open group starts; the first that does not is *blocked*, and what
 * happens then is all that the policies differ in.
 *
 * - none: every group that the blocked job could use is closed to those after it.
 * - easy: the first blocked job of each set of groups takes a reservation; the rest start where they delay no reservation.
 * - conservative: so do the first `reservationDepth` blocked jobs of each set of groups.
 *
 * A job that a gate keeps back for good (its tenant's quota is spent) blocks nobody and reserves nothing.
 *
 * With one group of nodes without names this is, move for move, the pass of the literature: a reservation in the profile is the
 * shadow time and the extra nodes of EASY, and with `reservationDepth` Infinity the plan is made afresh as conservative has it.
 */
export class Pass {
  private readonly gates: Gates;
  private readonly openings: Openings;
  private readonly rooms: RoomBook<Refusal>;
  private floors = new KindFloors();
  private closed = new Set<number>();
  // By set of groups: its reservations.
  private reservedIn = new Map<number, number>();
  private fullSets = 0;
  private left: number[] = [];
  private starts: PassStart[] = [];
  private reservations: PassReservation[] = [];
  private held = new Map<number, Refusal>();
  private blocked: number[] = [];
  private startUndos: Undo[] = [];
  private reservationUndos: Undo[] = [];
  private isNarrowed = false;
  private looked = 0;
  // The slot of which it is known that nothing but an event will let it in.
  private keptForGood = -1;
  private undone: Undo = () => {};
  // Of the reservation that is sought: where the first nodes are, whatever the gates say to this very job.
  private firstPlace: Seconds = Infinity;

  constructor(private readonly ground: PassGround) {
    this.gates = ground.gates ?? new Gates([]);
    this.openings = ground.openings ?? new Openings();
    this.rooms = new RoomBook(ground.kinds, ground.profiles);
  }

  run(now: Seconds, wish: PassWish): PassOutcome {
    const { queue, policy } = this.ground;
    this.reset(now);
    const stopsEarly = wish.goal === 'starts' && this.openings.isEmpty;
    if (stopsEarly) this.rooms.count();
    const isHopeless = (): boolean => stopsEarly && this.rooms.hopefuls === 0;
    const cursor = queue.size === 0 || isHopeless() ? null : queue.cursor(now);
    for (let slot = cursor?.next() ?? -1; slot >= 0; slot = cursor!.next()) {
      const kind = queue.kind(slot);
      const isLeft = this.isLeftFor(kind);
      if (slot === wish.until && !isLeft) return this.outcome(false);
      if (this.starts.length >= policy.maxStarts) return this.outcome(true);
      this.rooms.see(kind);
      if (kind.eligible.length === 0 || queue.notBefore(slot) > now || slot === wish.without) continue;
      if (isLeft) {
        if (this.mayStart(slot, wish.until)) this.left.push(slot);
        continue;
      }
      if (this.step(slot, kind, now)) {
        if (stopsEarly) this.rooms.count();
      } else if (!isHopeless()) {
        this.block(slot, kind, now);
        if (policy.backfill === 'none' && this.closed.size === this.ground.profiles.length) break;
        if (!this.isNarrowed && this.left.length === 0 && !this.mayReserveMore()) this.narrow(cursor!, wish.until);
      }
      if (isHopeless()) break;
    }
    return this.outcome(this.tryLeft(now, wish.until));
  }

  /** Whether a job of the kind is tried at the end only: it cannot reserve any more, and the shortest of such jobs goes first. */
  private isLeftFor({ set }: JobKind): boolean {
    if (this.isNarrowed || this.ground.policy.backfillOrder !== 'shortest-first') return false;
    return set >= 0 && this.depth > 0 && (this.reservedIn.get(set) ?? 0) >= this.depth;
  }

  /** True when the limit of starts was reached. */
  private tryLeft(now: Seconds, until: number | undefined): boolean {
    const { queue, policy } = this.ground;
    // The sort is stable: of those with equal holds, the first in the queue goes first.
    for (const slot of this.left.sort((a, b) => queue.shortest(a) - queue.shortest(b))) {
      if (slot === until) return false;
      if (this.starts.length >= policy.maxStarts) return true;
      this.step(slot, queue.kind(slot), now);
    }
    return false;
  }

  private reset(now: Seconds): void {
    this.undone = this.rooms.open(now);
    this.floors = new KindFloors();
    this.closed = new Set();
    this.reservedIn = new Map();
    this.fullSets = 0;
    this.left = [];
    this.starts = [];
    this.reservations = [];
    this.held = new Map();
    this.blocked = [];
    this.startUndos = [];
    this.reservationUndos = [];
    this.isNarrowed = false;
    this.looked = 0;
    this.keptForGood = -1;
  }

  private outcome(isCutShort: boolean): PassOutcome {
    const unwind = (undos: Undo[]): void => {
      for (let undo = undos.pop(); undo; undo = undos.pop()) undo();
    };
    const { starts, reservations, blocked, held, looked, startUndos, reservationUndos, undone } = this;
    return {
      starts,
      reservations,
      blocked,
      held,
      isCutShort,
      looked,
      undoReservations: () => unwind(reservationUndos),
      undoStarts: () => {
        unwind(startUndos);
        undone();
      },
    };
  }

  /** Starts the job if it can; false when it is blocked. */
  private step(slot: number, kind: JobKind, now: Seconds): boolean {
    const isMember = this.openings.isOpenTo(this.ground.queue.job(slot));
    const group = this.groupFor(slot, kind, { now, isMember });
    if (group < 0) return false;
    this.start(slot, group, now);
    return true;
  }

  private holdOf(slot: number, group: number): number {
    return this.ground.hold?.(slot, group) ?? this.ground.queue.limit(slot);
  }

  /** The group to start in now, or −1. */
  private groupFor(slot: number, kind: JobKind, { now, isMember }: { now: Seconds; isMember: boolean }): number {
    if (!isMember && this.ground.queue.shortest(slot) > this.rooms.at(kind)) return -1;
    if (this.isShutOut(kind) || this.isKnownInVain(slot, kind, isMember)) return -1;
    this.looked++;
    let best = -1;
    let bestScore = -1;
    let room = 0;
    for (const group of kind.eligible) {
      const longest = this.longest(slot, group, isMember ? null : kind.ask);
      if (longest > room) room = longest;
      if (longest < this.holdOf(slot, group) || !this.passesGates(slot, kind, group, now)) continue;
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
    if (!isMember) this.rooms.found(kind, room);
    if (best >= 0) this.held.delete(slot);
    else if (isMember || this.ground.queue.shortest(slot) <= room) {
      const about = { held: this.held.get(slot), surroundings: this.surroundings(slot, kind) };
      this.rooms.inVain(slot, this.ground.queue.job(slot), kind, about);
    }
    return best;
  }

  /** Whether a look would find what the last one found, since nothing has happened that it depends on. */
  private isKnownInVain(slot: number, kind: JobKind, isMember: boolean): boolean {
    const { queue } = this.ground;
    if (!isMember && queue.shortest(slot) > this.rooms.recall(kind)) return true;
    const look = this.rooms.vainLook(slot, queue.job(slot), kind, () => this.surroundings(slot, kind));
    if (!look) return false;
    if (look.held) this.held.set(slot, look.held);
    if (look.isForGood) this.keptForGood = slot;
    return true;
  }

  private surroundings(slot: number, kind: JobKind): number[] {
    const holds = kind.eligible.map((group) => this.holdOf(slot, group));
    return [this.openings.version, ...this.gates.states(slot), ...holds];
  }

  /** @param ask of a job that no window is open to; null: look it up, and lift the windows that are open to it */
  private longest(slot: number, group: number, ask: Ask | null): number {
    const profile = this.ground.profiles[group]!;
    if (ask) return profile.longest(ask);
    return this.inOpenings(slot, group, () => profile.longest(this.ground.queue.kind(slot).ask));
  }

  private passesGates(slot: number, kind: JobKind, group: number, now: Seconds): boolean {
    if (this.gates.isEmpty) return true;
    const bid = { slot, group, nodes: kind.ask.nodes, seconds: this.holdOf(slot, group) };
    const refusal = this.gates.refusal(bid, now);
    if (refusal !== null) this.held.set(slot, refusal);
    return refusal === null;
  }

  private inOpenings<T>(slot: number, group: number, look: () => T): T {
    const ids = this.openings.windowsFor(this.ground.queue.job(slot), group);
    if (ids === null) return look();
    const layAgain = this.ground.profiles[group]!.liftWindows(ids);
    const answer = look();
    layAgain();
    return answer;
  }

  private isShutOut(kind: JobKind): boolean {
    return (
      this.ground.policy.backfill === 'none' && this.closed.size > 0 && kind.eligible.some((g) => this.closed.has(g))
    );
  }

  private start(slot: number, group: number, now: Seconds): void {
    const { profiles } = this.ground;
    const score = this.ground.score(slot, group, now);
    const seconds = this.holdOf(slot, group);
    const ask = this.mostOf(slot, group, { now, seconds });
    const taken = this.inOpenings(slot, group, () => profiles[group]!.take(ask, now, seconds));
    this.startUndos.push(taken.undo);
    const counted = this.gates.take({ slot, group, nodes: ask.nodes, seconds }, now, now);
    if (counted) this.startUndos.push(counted);
    const devices = taken.devices && { devices: taken.devices };
    const backfilled = this.closed.has(group);
    this.starts.push({ slot, group, nodes: taken.nodes, count: ask.nodes, seconds, ...devices, backfilled, score });
    this.rooms.started(group);
  }

  /** What is asked for, or as much as an elastic job can have of the group beside the reservations. */
  private mostOf(slot: number, group: number, { now, seconds }: { now: Seconds; seconds: number }): Ask {
    const { ask } = this.ground.queue.kind(slot);
    const most = this.ground.queue.job(slot).nodesMax ?? ask.nodes;
    let low = ask.nodes;
    let high = most;
    while (low < high) {
      const nodes = (low + high + 1) >>> 1;
      const more = { ...ask, nodes };
      const fits =
        this.inOpenings(slot, group, () => this.ground.profiles[group]!.longest(more)) >= seconds &&
        this.gates.refusal({ slot, group, nodes, seconds }, now) === null;
      if (fits) low = nodes;
      else high = nodes - 1;
    }
    return low === ask.nodes ? ask : { ...ask, nodes: low };
  }

  private block(slot: number, kind: JobKind, now: Seconds): void {
    if (this.mayReserve(kind) && (this.keptForGood === slot || !this.reserve(slot, kind, now))) {
      this.blocked.push(slot);
      return;
    }
    for (const group of kind.eligible) this.closed.add(group);
  }

  private get depth(): number {
    const { backfill, reservationDepth } = this.ground.policy;
    return backfill === 'easy' ? 1 : reservationDepth;
  }

  private countReservation(set: number): void {
    const count = (this.reservedIn.get(set) ?? 0) + 1;
    this.reservedIn.set(set, count);
    if (count === this.depth) this.fullSets++;
  }

  private mayReserve({ set }: JobKind): boolean {
    return this.ground.policy.backfill !== 'none' && (this.reservedIn.get(set) ?? 0) < this.depth;
  }

  private mayReserveMore(): boolean {
    if (this.ground.policy.backfill === 'none') return true;
    return this.depth > 0 && this.fullSets < this.ground.kinds.setCount;
  }

  /**
   * The earliest place in any of its groups: a reservation is told to a tenant, and a later one would be a worse promise.
   * False when gates keep it back whatever happens in the groups: it is in nobody's way then.
   */
  private reserve(slot: number, kind: JobKind, now: Seconds): boolean {
    const { queue, profiles } = this.ground;
    const holds = kind.eligible.map((group) => this.holdOf(slot, group));
    const floor = this.openings.isEmpty ? this.floors.of(kind, Math.min(...holds), now) : now;
    this.firstPlace = Infinity;
    let best = -1;
    let start = Infinity;
    for (const group of kind.eligible) {
      const earliest = this.earliestIn(slot, group, floor, start);
      if (earliest === Infinity || earliest > start) continue;
      if (earliest < start || this.ground.score(slot, group, start) > this.ground.score(slot, best, start))
        best = group;
      start = earliest;
    }
    if (best < 0 && this.held.has(slot)) {
      const bid = { slot, nodes: kind.ask.nodes, seconds: queue.shortest(slot) };
      const isShut = kind.eligible.every((group) => this.gates.isShut({ ...bid, group }, now));
      if (isShut) this.rooms.keptForGood(slot, this.held.get(slot)!);
      return false;
    }
    if (best >= 0 || this.ground.policy.backfill === 'easy') this.countReservation(kind.set);
    if (best < 0) return true;
    if (this.openings.isEmpty) this.floors.raise(kind, Math.max(...holds), this.firstPlace);
    const seconds = this.holdOf(slot, best);
    const taken: Taken = this.inOpenings(slot, best, () => profiles[best]!.take(kind.ask, start, seconds));
    this.reservationUndos.push(taken.undo);
    const counted = this.gates.take({ slot, group: best, nodes: kind.ask.nodes, seconds }, start, now);
    if (counted) this.reservationUndos.push(counted);
    this.rooms.reserved(best, { job: queue.job(slot), start, seconds });
    this.reservations.push({ slot, group: best, start });
    this.blocked.push(slot);
    return true;
  }

  private earliestIn(slot: number, group: number, from: Seconds, before: Seconds): Seconds {
    const { ask } = this.ground.queue.kind(slot);
    const profile = this.ground.profiles[group]!;
    const seconds = this.holdOf(slot, group);
    // One past the bound: a place as early as the best so far may still score better.
    let isPassedOver = before < Infinity;
    const nodesFrom = (at: Seconds): Seconds => {
      const place = profile.earliest(ask, seconds, at, before + 1);
      if (at === from && place < this.firstPlace) this.firstPlace = place;
      if (place <= before) isPassedOver = false;
      return place;
    };
    const bid: Bid = { slot, group, nodes: ask.nodes, seconds };
    const earliest = this.inOpenings(slot, group, () => this.gates.earliest(bid, from, nodesFrom));
    // A group that has nodes only later than another does not keep it back by its gates.
    if (earliest === Infinity && !isPassedOver && !this.gates.isEmpty && !this.held.has(slot)) {
      const refusal = this.gates.refusal(bid, from);
      if (refusal !== null) this.held.set(slot, refusal);
    }
    return earliest;
  }

  /** Once no more reservations are to be had, only jobs that could start now are worth walking over. */
  private narrow(cursor: Cursor, until: number | undefined): void {
    this.isNarrowed = true;
    if (this.ground.policy.backfill === 'none') return;
    this.rooms.count();
    cursor.narrow((slot) => this.mayStart(slot, until), this.ground.policy.backfillOrder);
  }

  private mayStart(slot: number, until: number | undefined): boolean {
    const { queue } = this.ground;
    if (queue.shortest(slot) <= this.rooms.at(queue.kind(slot)) || slot === until) return true;
    return !this.openings.isEmpty && this.openings.isOpenTo(queue.job(slot));
  }
}
