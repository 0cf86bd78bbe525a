import type { JobKind } from './job-kinds.js';
import type { Seconds } from './model.js';

/**
 * Where a pass may begin to look for places of a kind: within a pass free nodes only become fewer, so that a longer job finds no
 * place before a shorter one of its kind that has reserved.
 */
export class KindFloors {
  // By kind: reservations that were found, limits and starts both ascending.
  private readonly floors: { limit: number; start: Seconds }[][] = [];

  /** The start of the longest reservation that is not longer; `now` where there is none. */
  of(kind: JobKind, limit: number, now: Seconds): Seconds {
    return this.floors[kind.index]?.findLast((floor) => floor.limit <= limit)?.start ?? now;
  }

  raise(kind: JobKind, limit: number, start: Seconds): void {
    const floors = (this.floors[kind.index] ??= []);
    let from = floors.findIndex((floor) => floor.limit >= limit);
    if (from < 0) from = floors.length;
    let to = from;
    while (to < floors.length && floors[to]!.start <= start) to++;
    floors.splice(from, to - from, { limit, start });
  }
}
