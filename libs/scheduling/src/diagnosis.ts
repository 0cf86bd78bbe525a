import type { Refusal } from '#libs/domain';
import { filters } from './filters.js';
import type { Fleet } from './fleet.js';
import type { JobKind } from './job-kinds.js';
import type { Evidence } from './model.js';
import { type Barred, whyBarred } from './refusing.js';

/** How the groups open to a kind stand once this plan's starts are in: the same for all kinds with these groups and this ask. */
export interface Footing {
  /** How long one could run from now if no reservation stood; 0 when too few nodes are free. */
  readonly room: number;
  /** The same if no window stood either. */
  readonly roomWithoutWindows: number;
  readonly shortOf: Refusal;
  readonly best: Evidence['best'];
  /** For each eligible group, the first time at which enough of its nodes are free. */
  readonly releases: Float64Array;
}

/** What stands in the way of a kind, found once for all its jobs. */
export interface Diagnosis {
  readonly barred: Barred;
  readonly footing: Footing;
}

/** Looks at kinds in a fleet in which the reservations of the pass have been taken back. */
export class Diagnostician {
  private readonly known = new WeakMap<JobKind, { version: number; barred: Barred }>();

  constructor(private readonly fleet: Fleet) {}

  barred(kind: JobKind): Barred {
    const kept = this.known.get(kind);
    if (kept?.version === this.fleet.version) return kept.barred;
    const barred = whyBarred(kind.sample, this.fleet.candidates, filters);
    this.known.set(kind, { version: this.fleet.version, barred });
    return barred;
  }

  /** Diagnoses by index of the kind, for all that have waiting jobs. */
  examine(kinds: readonly JobKind[]): readonly (Diagnosis | undefined)[] {
    const found: (Diagnosis | undefined)[] = [];
    const footings = new Map<string, { footing: Footing; kind: JobKind }>();
    const keyOf = (kind: JobKind): string => `${kind.set} ${kind.ask.shape} ${kind.ask.nodes}`;
    const waiting = kinds.filter((kind) => kind.waiting > 0);
    for (const kind of waiting) {
      const key = keyOf(kind);
      if (!footings.has(key)) footings.set(key, { kind, footing: this.footingOf(kind) });
    }
    if (this.fleet.hasWindows()) {
      const restore = this.fleet.liftWindows();
      for (const entry of footings.values()) {
        entry.footing = { ...entry.footing, roomWithoutWindows: this.roomOf(entry.kind) };
      }
      restore();
    }
    for (const kind of waiting) {
      found[kind.index] = { barred: this.barred(kind), footing: footings.get(keyOf(kind))!.footing };
    }
    return found;
  }

  private footingOf(kind: JobKind): Footing {
    const room = this.roomOf(kind);
    let best: Evidence['best'] = null;
    let hasCards = false;
    for (const index of kind.eligible) {
      const freeNodes = this.fleet.profiles[index]!.free(kind.ask);
      if (best === null || freeNodes > best.freeNodes) {
        best = { groupId: this.fleet.group(index).id, freeNodes, askedNodes: kind.ask.nodes };
      }
      hasCards ||= this.fleet.profiles[index]!.free(kind.cardsAsk) >= kind.ask.nodes;
    }
    return {
      room,
      roomWithoutWindows: room,
      shortOf: kind.sample.perNode.cards > 0 && !hasCards ? 'no-free-accelerators' : 'no-free-nodes',
      best,
      releases: Float64Array.from(kind.eligible, (index) => this.fleet.profiles[index]!.release(kind.ask)),
    };
  }

  private roomOf(kind: JobKind): number {
    let room = 0;
    for (const index of kind.eligible) room = Math.max(room, this.fleet.profiles[index]!.longest(kind.ask));
    return room;
  }
}

export const evidenceOf = (barred: Barred, best: Evidence['best'], ahead: number): Evidence => ({
  nodesConsidered: barred.nodesConsidered,
  filteredBy: barred.filteredBy,
  best,
  ahead,
});
