import type { JobKind } from './job-kinds.js';
import type { Seconds } from './model.js';

/**
 * Where a pass may begin to look for nodes for jobs of a kind: within a pass free nodes only become fewer, so that a job that is
 * held longer in every group finds none before another one of its kind did. Of nodes only: gates tell jobs of a kind apart.
 */
export class KindFloors {
  // By kind: reservations that were found, limits and starts both ascending.
  private readonly floors: { limit: number; start: Seconds }[][] = [];

  /**
   * Where the longest found nodes that is not longer; `now` where there is none.
   *
   * @param limit the shortest that the job is held in any of its groups
   */
  of(kind: JobKind, limit: number, now: Seconds): Seconds {
    return this.floors[kind.index]?.findLast((floor) => floor.limit <= limit)?.start ?? now;
  }

  /** @param limit the longest that the job is held in any of its groups */
  raise(kind: JobKind, limit: number, start: Seconds): void {
    const floors = (this.floors[kind.index] ??= []);
    let from = floors.findIndex((floor) => floor.limit >= limit);
    if (from < 0) from = floors.length;
    let to = from;
    while (to < floors.length && floors[to]!.start <= start) to++;
    floors.splice(from, to - from, { limit, start });
  }
}
