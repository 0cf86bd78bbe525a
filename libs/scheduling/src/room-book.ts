import type { JobKind, JobKinds } from './job-kinds.js';
import type { QueuedJob, Seconds } from './model.js';
import type { Profile, Undo } from './profile.js';
import { type Step, Trail } from './trail.js';

/** What was found out about a kind while its groups stood so. */
interface Finding {
  readonly kind: JobKind;
  readonly groups: readonly number[];
  /** States of the groups, in their order. */
  readonly states: readonly number[];
}
interface Untouched extends Omit<Finding, 'states'> {
  /** Of the stamps of the groups: they only grow, so that an equal sum means that none of them has changed. */
  readonly sum: number;
  readonly room: number;
}
interface VainLook<Held> extends Finding {
  readonly job: QueuedJob;
  readonly surroundings: readonly number[];
  readonly held: Held | undefined;
  readonly isForGood: boolean;
}

/**
 * How long jobs of each kind could run from now on: an upper bound, since within a pass free nodes only become fewer. What was
 * found stands, in this pass and the next ones, until something happens in one of the groups of the kind: that is the wake event
 * of all its jobs. Jobs that are judged one by one (kept back by a gate, let into a window) are remembered one by one.
 *
 * @typeParam Held why a gate kept a job back
 */
export class RoomBook<Held = never> {
  private room: number[] = [];
  // Jobs of each kind that the walk has not come to, and how many of all these are of a kind with room.
  private unseen: number[] = [];
  hopefuls = 0;
  private readonly trails: readonly Trail[];
  private versions: number[] = [];
  private readonly edges: Seconds[] = [];
  private openedAt: Seconds = Infinity;
  private opened = 0;
  // By index of kind: its room while nothing was taken of its groups, and the one found last, whatever was taken before.
  private readonly untouched: (Untouched | undefined)[] = [];
  private readonly latest: ((Finding & { readonly room: number }) | undefined)[] = [];
  // By slot: looks that came to nothing.
  private readonly vain: (VainLook<Held> | undefined)[] = [];
  private lookedAt = -1;
  // By number of set, until something is taken.
  private states: (readonly number[] | undefined)[] = [];
  private sums: number[] = [];

  constructor(
    private readonly kinds: JobKinds,
    private readonly profiles: readonly Profile[],
  ) {
    let made = 0;
    this.trails = profiles.map(() => new Trail(() => ++made));
  }

  /**
   * Begins a pass: every kind with waiting jobs may have room, but as far as it is known to have none. What it answers is to be
   * called when all that the pass has taken has been given back: whatever the profiles count, they stand as they did.
   */
  open(now: Seconds): Undo {
    this.stamp(now);
    const opened = ++this.opened;
    this.lookedAt = -1;
    this.states = [];
    this.sums = [];
    this.room = [];
    this.unseen = [];
    for (const kind of this.kinds.byIndex) {
      this.room.push(kind.waiting > 0 ? this.roomUntouched(kind) : 0);
      this.unseen.push(kind.waiting);
    }
    return () => {
      if (opened === this.opened) this.versions = this.profiles.map((profile) => profile.version);
    };
  }

  at(kind: JobKind): number {
    return this.room[kind.index]!;
  }

  /** The same after a look at what was found when the groups of the kind stood as they do now. */
  recall(kind: JobKind): number {
    const found = this.latest[kind.index];
    if (found && this.stands(found, kind)) this.narrow(kind, found.room);
    return this.at(kind);
  }

  /** The walk has come to a job of the kind. */
  see(kind: JobKind): void {
    this.unseen[kind.index] = this.unseen[kind.index]! - 1;
    if (this.room[kind.index]! > 0) this.hopefuls--;
  }

  /** What a look at all groups of the kind has found. */
  found(kind: JobKind, room: number): void {
    this.narrow(kind, room);
    const groups = kind.eligible;
    // What is full stays full whatever is reserved; what this pass has started may not be committed.
    const isUntouched = (group: number): boolean => {
      const trail = this.trails[group]!;
      return room === 0 ? !trail.hasStrayed : trail.isUntouched;
    };
    if (groups.every(isUntouched)) this.untouched[kind.index] = { kind, groups, sum: this.sumOf(kind), room };
    else this.latest[kind.index] = { kind, groups, states: this.statesOf(kind), room };
  }

  /** Why a look at this very job was in vain when all stood as it does now: undefined where none is known, or all does not. */
  vainLook(
    slot: number,
    job: QueuedJob,
    kind: JobKind,
    surroundings: () => readonly number[],
  ): VainLook<Held> | undefined {
    const look = this.vain[slot];
    if (look?.job !== job || !this.stands(look, kind)) return undefined;
    return surroundings().every((state, i) => state === look.surroundings[i]) ? look : undefined;
  }

  /**
   * A look at the job came to nothing.
   *
   * @param surroundings what it depends on besides the groups; NaN is never the same again
   */
  inVain(
    slot: number,
    job: QueuedJob,
    kind: JobKind,
    about: { surroundings: readonly number[]; held: Held | undefined },
  ): void {
    this.vain[slot] = { ...about, job, kind, groups: kind.eligible, states: this.statesOf(kind), isForGood: false };
    this.lookedAt = slot;
  }

  /** Nothing but an event in its surroundings lets the job in that was looked at last, if that was this one. */
  keptForGood(slot: number, held: Held): void {
    if (this.lookedAt === slot) this.vain[slot] = { ...this.vain[slot]!, held, isForGood: true };
  }

  reserved(group: number, step: Step): void {
    this.trails[group]!.reserve(step);
    this.states = [];
  }

  started(group: number): void {
    this.trails[group]!.stray();
    this.states = [];
  }

  /** Counts the jobs still to come that are of a kind with room; brings the rooms up to date on the way. */
  count(): void {
    this.hopefuls = 0;
    for (const kind of this.kinds.byIndex) {
      if (this.unseen[kind.index] === 0 || this.room[kind.index] === 0) continue;
      const room = this.longest(kind);
      this.room[kind.index] = room;
      if (room > 0) this.hopefuls += this.unseen[kind.index]!;
    }
  }

  private longest(kind: JobKind): number {
    let room = 0;
    for (const group of kind.eligible) room = Math.max(room, this.profiles[group]!.longest(kind.ask));
    return room;
  }

  private narrow(kind: JobKind, room: number): void {
    const before = this.at(kind);
    this.room[kind.index] = Math.min(before, room);
    if (before > 0 && room === 0) this.hopefuls -= this.unseen[kind.index]!;
  }

  private roomUntouched(kind: JobKind): number {
    const found = this.untouched[kind.index];
    const isSame = found?.kind === kind && found.groups === kind.eligible && found.sum === this.sumOf(kind);
    return isSame ? found.room : Infinity;
  }

  private stands(found: Finding, kind: JobKind): boolean {
    if (found.kind !== kind || found.groups !== kind.eligible) return false;
    return found.groups.every((group, i) => this.trails[group]!.id === found.states[i]);
  }

  private statesOf(kind: JobKind): readonly number[] {
    return (this.states[kind.set] ??= kind.eligible.map((group) => this.trails[group]!.id));
  }

  private sumOf(kind: JobKind): number {
    return (this.sums[kind.set] ??= kind.eligible.reduce((sum, group) => sum + this.trails[group]!.stamp, 0));
  }

  private stamp(now: Seconds): void {
    this.profiles.forEach((profile, group) => {
      const isSame = profile.version === this.versions[group] && now >= this.openedAt && now < this.edges[group]!;
      if (!isSame) {
        this.versions[group] = profile.version;
        this.edges[group] = profile.nextEdge(now);
      }
      this.trails[group]!.begin(!isSame);
    });
    this.openedAt = now;
  }
}
