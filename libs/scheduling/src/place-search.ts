import type { Refusal } from '#libs/domain';
import type { Bid, Gates } from './gates.js';
import type { JobKind } from './job-kinds.js';
import { KindFloors } from './kind-floors.js';
import type { Seconds } from './model.js';
import type { Openings } from './openings.js';
import type { PassGround } from './pass-ground.js';

type Ground = Pick<PassGround, 'queue' | 'profiles' | 'hold' | 'score'>;

/** Seconds for which a job holds nodes of a group. */
export const holdOf = ({ hold, queue }: Pick<Ground, 'hold' | 'queue'>, slot: number, group: number): number =>
  hold?.(slot, group) ?? queue.limit(slot);

/** Looks at a group with the windows lifted that are open to the job. */
export function inOpenings<T>(
  { queue, profiles }: Pick<Ground, 'queue' | 'profiles'>,
  openings: Openings,
  { slot, group }: { readonly slot: number; readonly group: number },
  look: () => T,
): T {
  const ids = openings.windowsFor(queue.job(slot), group);
  if (ids === null) return look();
  const layAgain = profiles[group]!.liftWindows(ids);
  const answer = look();
  layAgain();
  return answer;
}

/** The place of a reservation. */
export interface Place {
  /** −1: there is none. */
  readonly group: number;
  readonly start: Seconds;
  /** Why a gate is against it in a group, though there are nodes. */
  readonly refusal: Refusal | null;
}

/**
 * Looks for the earliest place that a job can have in any of its groups: a reservation is told to a tenant, and a later one would
 * be a worse promise. For one pass.
 */
export class PlaceSearch {
  private readonly floors = new KindFloors();
  // Of the search that goes on: where the first nodes are, whatever the gates say to this very job.
  private firstNodes: Seconds = Infinity;

  constructor(
    private readonly ground: Ground,
    private readonly gates: Gates,
    private readonly openings: Openings,
  ) {}

  find(slot: number, kind: JobKind, now: Seconds): Place {
    const holds = kind.eligible.map((group) => holdOf(this.ground, slot, group));
    const floor = this.openings.isEmpty ? this.floors.of(kind, Math.min(...holds), now) : now;
    this.firstNodes = Infinity;
    let best = -1;
    let start = Infinity;
    let refusal: Refusal | null = null;
    for (const group of kind.eligible) {
      const place = this.earliestIn({ slot, group }, kind, floor, start);
      refusal ??= place.refusal;
      if (place.start === Infinity || place.start > start) continue;
      if (place.start < start || this.ground.score(slot, group, start) > this.ground.score(slot, best, start)) {
        best = group;
      }
      start = place.start;
    }
    if (best >= 0 && this.openings.isEmpty) this.floors.raise(kind, Math.max(...holds), this.firstNodes);
    return { group: best, start, refusal };
  }

  private earliestIn(
    at: { readonly slot: number; readonly group: number },
    { ask }: JobKind,
    from: Seconds,
    before: Seconds,
  ): Pick<Place, 'start' | 'refusal'> {
    const profile = this.ground.profiles[at.group]!;
    const seconds = holdOf(this.ground, at.slot, at.group);
    let isPassedOver = before < Infinity;
    const nodesFrom = (time: Seconds): Seconds => {
      // One past the bound: a place as early as the best so far may still score better.
      const found = profile.earliest(ask, seconds, time, before + 1);
      this.firstNodes = Math.min(this.firstNodes, found);
      if (found <= before) isPassedOver = false;
      return found;
    };
    const bid: Bid = { ...at, nodes: ask.nodes, seconds };
    const start = inOpenings(this.ground, this.openings, at, () => this.gates.earliest(bid, from, nodesFrom));
    // A group that has nodes only later than another does not keep it back by its gates.
    const isKeptBack = start === Infinity && !isPassedOver && !this.gates.isEmpty;
    return { start, refusal: isKeptBack ? this.gates.refusal(bid, from) : null };
  }
}
