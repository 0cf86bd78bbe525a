import type { JobKind, JobKinds } from './job-kinds.js';
import type { Seconds } from './model.js';
import type { Profile } from './profile.js';

/**
 * How long jobs of each kind could run from now on: an upper bound, since within a pass free nodes only become fewer. A kind
 * that had no room at all is not looked at again, in this pass or the next, until something is freed in one of its groups:
 * that is the wake event of all its jobs.
 */
export class RoomBook {
  private room: number[] = [];
  // Jobs of each kind that the walk has not come to, and how many of all these are of a kind with room.
  private unseen: number[] = [];
  hopefuls = 0;
  // Of each group: counts its changes, those that time brings about included.
  private readonly stamps: number[];
  private readonly versions: number[];
  private readonly edges: Seconds[];
  private openedAt: Seconds = Infinity;
  private touched = new Set<number>();
  // By index of kind: the groups in which it was found to have no room, and what their stamps added up to.
  private readonly shut: ({ kind: JobKind; groups: readonly number[]; sum: number } | undefined)[] = [];
  private sums: number[] = [];

  constructor(
    private readonly kinds: JobKinds,
    private readonly profiles: readonly Profile[],
  ) {
    this.stamps = profiles.map(() => 0);
    this.versions = profiles.map(() => -1);
    this.edges = profiles.map(() => -Infinity);
  }

  /** Begins a pass: every kind with waiting jobs may have room, but those that are known to have none. */
  open(now: Seconds): void {
    this.stamp(now);
    this.touched = new Set();
    this.sums = [];
    this.room = [];
    this.unseen = [];
    for (const kind of this.kinds.byIndex) {
      this.room.push(kind.waiting > 0 && !this.isShut(kind) ? Infinity : 0);
      this.unseen.push(kind.waiting);
    }
  }

  at(kind: JobKind): number {
    return this.room[kind.index]!;
  }

  /** The walk has come to a job of the kind. */
  see(kind: JobKind): void {
    this.unseen[kind.index]!--;
    if (this.room[kind.index]! > 0) this.hopefuls--;
  }

  /** What a look at all groups of the kind has found. */
  found(kind: JobKind, room: number, starts: readonly unknown[]): void {
    this.room[kind.index] = room;
    if (room > 0) return;
    this.hopefuls -= this.unseen[kind.index]!;
    // What this pass has started may not be committed: only what was full before tells something about the next.
    const isFullWithout = starts.length === 0 || !kind.eligible.some((group) => this.touched.has(group));
    if (isFullWithout) this.shut[kind.index] = { kind, groups: kind.eligible, sum: this.sumOf(kind) };
  }

  took(group: number): void {
    this.touched.add(group);
  }

  /** Counts the jobs still to come that are of a kind with room; brings the rooms up to date on the way. */
  count(): void {
    this.hopefuls = 0;
    for (const kind of this.kinds.byIndex) {
      if (this.unseen[kind.index] === 0 || this.room[kind.index] === 0) continue;
      let room = 0;
      for (const group of kind.eligible) {
        const longest = this.profiles[group]!.longest(kind.ask);
        if (longest > room) room = longest;
      }
      this.room[kind.index] = room;
      if (room > 0) this.hopefuls += this.unseen[kind.index]!;
    }
  }

  private isShut(kind: JobKind): boolean {
    const known = this.shut[kind.index];
    return known?.kind === kind && known.groups === kind.eligible && known.sum === this.sumOf(kind);
  }

  private stamp(now: Seconds): void {
    this.profiles.forEach((profile, group) => {
      const isSame =
        profile.version === this.versions[group] && now >= this.openedAt && now < (this.edges[group] ?? -Infinity);
      if (isSame) return;
      this.versions[group] = profile.version;
      this.edges[group] = profile.nextEdge(now);
      this.stamps[group]!++;
    });
    this.openedAt = now;
  }

  // Stamps only grow, so that an equal sum over the same groups means that none of them has changed.
  private sumOf(kind: JobKind): number {
    if (kind.set < 0) return -1;
    return (this.sums[kind.set] ??= kind.eligible.reduce((sum, group) => sum + this.stamps[group]!, 0));
  }
}
