import type { Refusal } from '#libs/domain';
import { DepthBook } from './depth-book.js';
import { Gates } from './gates.js';
import type { JobKind } from './job-kinds.js';
import type { Seconds } from './model.js';
import { Openings } from './openings.js';
import type { PassGround } from './pass-ground.js';
import { holdOf, inOpenings, PlaceSearch } from './place-search.js';
import type { Ask, Taken, Undo } from './profile.js';
import { RoomBook } from './room-book.js';
import { shortestFirst } from './shortest-first.js';
import type { Cursor } from './waiting-queue.js';

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
  private places: PlaceSearch;
  private depths: DepthBook;
  private closed = new Set<number>();
  // By slot: 1 where a job has been tried before its set had no more reservations.
  private tried = new Uint8Array(0);
  private starts: PassStart[] = [];
  private reservations: PassReservation[] = [];
  private held = new Map<number, Refusal>();
  private blocked: number[] = [];
  private startUndos: Undo[] = [];
  private reservationUndos: Undo[] = [];
  private looked = 0;
  // The slot of which it is known that nothing but an event will let it in.
  private keptForGood = -1;
  private undone: Undo = () => {};

  constructor(private readonly ground: PassGround) {
    this.gates = ground.gates ?? new Gates([]);
    this.openings = ground.openings ?? new Openings();
    this.rooms = new RoomBook(ground.kinds, ground.profiles);
    this.places = new PlaceSearch(ground, this.gates, this.openings);
    this.depths = new DepthBook(ground.policy, ground.kinds);
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
      if (slot === wish.until && !this.isDeferred(kind)) return this.outcome(false);
      if (this.starts.length >= policy.maxStarts) return this.outcome(true);
      this.rooms.see(kind);
      if (!this.isAsked(slot, kind, { now, wish }) || this.isDeferred(kind)) continue;
      if (this.isDeferring) this.tried[slot] = 1;
      if (this.step(slot, kind, now)) {
        if (stopsEarly) this.rooms.count();
      } else if (!isHopeless()) {
        if (this.block(slot, kind, now)) this.narrow(cursor!, wish.until);
        if (policy.backfill === 'none' && this.closed.size === this.ground.profiles.length) break;
      }
      if (isHopeless()) break;
    }
    return this.outcome(this.isDeferring && this.backfill(now, wish));
  }

  private isAsked(slot: number, kind: JobKind, { now, wish }: { now: Seconds; wish: PassWish }): boolean {
    return kind.eligible.length > 0 && this.ground.queue.notBefore(slot) <= now && slot !== wish.without;
  }

  /** Whether those that can reserve no more are tried at the end, the shortest first. */
  private get isDeferring(): boolean {
    const { backfill, backfillOrder } = this.ground.policy;
    return backfillOrder === 'shortest-first' && backfill !== 'none';
  }

  private isDeferred(kind: JobKind): boolean {
    return this.isDeferring && kind.set >= 0 && this.depths.isFull(kind);
  }

  /** A set has no more reservations: only those that can have one, or might start now, are worth walking over. */
  private narrow(cursor: Cursor, until: number | undefined): void {
    const { queue } = this.ground;
    if (this.isDeferring) {
      cursor.narrow((kind) => !this.isDeferred(kind));
    } else if (this.depths.isFullEverywhere) {
      this.rooms.count();
      cursor.narrow(this.mayOfKind(until), (slot) => this.mayStart(slot, queue.kind(slot), until));
    }
  }

  /** Tries the jobs that were left for the end. True when the limit of starts was reached. */
  private backfill(now: Seconds, wish: PassWish): boolean {
    const { queue, kinds, policy } = this.ground;
    this.rooms.count();
    const last = wish.until === undefined ? -1 : queue.kindIndex(wish.until);
    const isOfUse = (index: number, seconds: number): boolean =>
      index === last || !this.openings.isEmpty || seconds <= this.rooms.at(kinds.byIndex[index]!);
    for (const slot of shortestFirst(this.leftFor(now, wish), queue, isOfUse)) {
      if (slot === wish.until) return false;
      if (this.starts.length >= policy.maxStarts) return true;
      this.step(slot, queue.kind(slot), now);
    }
    return false;
  }

  private leftFor(now: Seconds, wish: PassWish): Int32Array {
    const { queue } = this.ground;
    const cursor = queue.cursor(now);
    const mayStart = this.mayOfKind(wish.until);
    cursor.narrow((kind) => this.isDeferred(kind) && mayStart(kind));
    const left = new Int32Array(queue.size);
    let size = 0;
    for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) {
      if (this.tried[slot] === 0 && queue.notBefore(slot) <= now && slot !== wish.without) left[size++] = slot;
    }
    return left.subarray(0, size);
  }

  private reset(now: Seconds): void {
    this.undone = this.rooms.open(now);
    this.places = new PlaceSearch(this.ground, this.gates, this.openings);
    this.depths = new DepthBook(this.ground.policy, this.ground.kinds);
    this.closed = new Set();
    this.tried = this.isDeferring ? new Uint8Array(this.ground.queue.width) : this.tried;
    this.starts = [];
    this.reservations = [];
    this.held = new Map();
    this.blocked = [];
    this.startUndos = [];
    this.reservationUndos = [];
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
      if (longest < holdOf(this.ground, slot, group) || !this.passesGates(slot, kind, group, now)) continue;
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
    const holds = kind.eligible.map((group) => holdOf(this.ground, slot, group));
    return [this.openings.version, ...this.gates.states(slot), ...holds];
  }

  /** @param ask of a job that no window is open to; null: look it up, and lift the windows that are open to it */
  private longest(slot: number, group: number, ask: Ask | null): number {
    const profile = this.ground.profiles[group]!;
    if (ask) return profile.longest(ask);
    return inOpenings(this.ground, this.openings, { slot, group }, () =>
      profile.longest(this.ground.queue.kind(slot).ask),
    );
  }

  private passesGates(slot: number, kind: JobKind, group: number, now: Seconds): boolean {
    if (this.gates.isEmpty) return true;
    const bid = { slot, group, nodes: kind.ask.nodes, seconds: holdOf(this.ground, slot, group) };
    const refusal = this.gates.refusal(bid, now);
    if (refusal !== null) this.held.set(slot, refusal);
    return refusal === null;
  }

  private isShutOut(kind: JobKind): boolean {
    return (
      this.ground.policy.backfill === 'none' && this.closed.size > 0 && kind.eligible.some((g) => this.closed.has(g))
    );
  }

  private start(slot: number, group: number, now: Seconds): void {
    const { profiles } = this.ground;
    const score = this.ground.score(slot, group, now);
    const seconds = holdOf(this.ground, slot, group);
    const ask = this.mostOf(slot, group, { now, seconds });
    const taken = inOpenings(this.ground, this.openings, { slot, group }, () =>
      profiles[group]!.take(ask, now, seconds),
    );
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
        inOpenings(this.ground, this.openings, { slot, group }, () => this.ground.profiles[group]!.longest(more)) >=
          seconds && this.gates.refusal({ slot, group, nodes, seconds }, now) === null;
      if (fits) low = nodes;
      else high = nodes - 1;
    }
    return low === ask.nodes ? ask : { ...ask, nodes: low };
  }

  /** Whether its set has no more reservations now, and had before. */
  private block(slot: number, kind: JobKind, now: Seconds): boolean {
    const mayReserve = !this.depths.isFull(kind);
    if (mayReserve && (this.keptForGood === slot || !this.reserve(slot, kind, now))) {
      this.blocked.push(slot);
      return false;
    }
    for (const group of kind.eligible) this.closed.add(group);
    return mayReserve && this.depths.isFull(kind);
  }

  /** False when gates keep it back whatever happens in the groups: it is in nobody's way then. */
  private reserve(slot: number, kind: JobKind, now: Seconds): boolean {
    const { queue, profiles } = this.ground;
    const { group, start, refusal } = this.places.find(slot, kind, now);
    if (refusal !== null && !this.held.has(slot)) this.held.set(slot, refusal);
    if (group < 0 && this.held.has(slot)) {
      const bid = { slot, nodes: kind.ask.nodes, seconds: queue.shortest(slot) };
      const isShut = kind.eligible.every((open) => this.gates.isShut({ ...bid, group: open }, now));
      if (isShut) this.rooms.keptForGood(slot, this.held.get(slot)!);
      return false;
    }
    // EASY has one reservation for the head of a set, found or not.
    if (group >= 0 || this.ground.policy.backfill === 'easy') this.depths.give(kind);
    if (group < 0) return true;
    const seconds = holdOf(this.ground, slot, group);
    const take = (): Taken => profiles[group]!.take(kind.ask, start, seconds);
    this.reservationUndos.push(inOpenings(this.ground, this.openings, { slot, group }, take).undo);
    const counted = this.gates.take({ slot, group, nodes: kind.ask.nodes, seconds }, start, now);
    if (counted) this.reservationUndos.push(counted);
    this.rooms.reserved(group, { job: queue.job(slot), start, seconds });
    this.reservations.push({ slot, group, start });
    this.blocked.push(slot);
    return true;
  }

  /** Whether any job of the kind might start, as far as is known of its groups. */
  private mayOfKind(until: number | undefined): (kind: JobKind) => boolean {
    const last = until === undefined ? -1 : this.ground.queue.kindIndex(until);
    return (kind) => kind.index === last || !this.openings.isEmpty || this.rooms.at(kind) >= kind.leastHold;
  }

  private mayStart(slot: number, kind: JobKind, until: number | undefined): boolean {
    const { queue } = this.ground;
    if (queue.shortest(slot) <= this.rooms.at(kind) || slot === until) return true;
    return !this.openings.isEmpty && this.openings.isOpenTo(queue.job(slot));
  }
}
