import { type DeviceNeed, needOf } from './shared-cards.js';
import type { Vector } from './vector.js';

/** One sort of task in the work that a group is for, and how many of it there are. */
export interface MixTask {
  readonly need: Pick<DeviceNeed, 'count' | 'milli' | 'cores'>;
  readonly popularity: number;
}

/** Milli-cards of difference, for each task of the mix, that make one place better than another. */
export const GRAIN = 100;

/** The work that idle cards are kept useful for. Popularities are whole numbers, so that scores are exact. */
export interface WorkloadMix {
  readonly tasks: readonly MixTask[];
}

/** Counts tasks into a mix; the order in which they come makes no difference. */
export class MixCount {
  private readonly byAsk = new Map<string, { need: DeviceNeed; popularity: number }>();

  constructor(private readonly slices: number) {}

  add(ask: Vector, popularity: number): void {
    const need = needOf(ask, this.slices);
    const key = `${need.count}*${need.milli}/${need.cores}`;
    const known = this.byAsk.get(key);
    if (known) known.popularity += popularity;
    else this.byAsk.set(key, { need, popularity });
  }

  total(): WorkloadMix {
    return { tasks: [...this.byAsk.values()] };
  }
}

/** Tasks that ask for as many cards and as much of each, by cores ascending; `weight[i]` of them ask for at most `cores[i]`. */
interface Rank {
  readonly count: number;
  readonly milli: number;
  readonly cores: readonly number[];
  readonly weight: readonly number[];
}

/**
 * How many idle milli-cards of a node no task of the mix could use, summed over the mix: Weng et al., "Beware of
 * Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023, section 3. All that is
 * idle counts for a task that the node cannot run (too few cards with enough left, or too few cores); for one that it can
 * run, the cards with less left than it asks for count. Memory is left out, as it is there.
 */
export class Fragmentation {
  private readonly ranks: readonly Rank[];
  private readonly popularity: number;

  constructor(mix: WorkloadMix) {
    const tasks = mix.tasks.filter((task) => task.need.count > 0 && task.popularity > 0);
    this.popularity = tasks.reduce((sum, task) => sum + task.popularity, 0);
    const byAsk = new Map<string, MixTask[]>();
    for (const task of tasks) {
      const key = `${task.need.count}*${task.need.milli}`;
      const alike = byAsk.get(key);
      if (alike) alike.push(task);
      else byAsk.set(key, [task]);
    }
    this.ranks = [...byAsk.values()].map(rankOf);
  }

  /**
   * How much better one state of a node is than another, in whole steps of GRAIN. Smaller differences count as none, so that
   * the tie goes to the smallest node and work gathers there: exact differences spread it, and on the openb trace that
   * costs 0.7 points of allocation (`libs/simulation`, protocol G).
   */
  steps(before: number, after: number): number {
    return this.popularity === 0 ? 0 : Math.floor((before - after) / (GRAIN * this.popularity));
  }

  /**
   * @param cores milli-cores left on the node
   * @param left milli left of each of its cards
   * @returns milli-cards times popularity, a whole number >= 0
   */
  of(cores: number, left: readonly number[]): number {
    let idle = 0;
    for (const milli of left) if (milli > 0) idle += milli;
    if (idle === 0) return 0;
    let useful = 0;
    for (const rank of this.ranks) {
      let open = 0;
      let reached = 0;
      for (const milli of left) {
        if (milli < rank.milli) continue;
        open++;
        reached += milli;
      }
      if (open >= rank.count) useful += reached * weightWithin(rank, cores);
    }
    return idle * this.popularity - useful;
  }
}

function rankOf(tasks: readonly MixTask[]): Rank {
  const sorted = tasks.toSorted((a, b) => a.need.cores - b.need.cores);
  let sum = 0;
  const { count, milli } = sorted[0]!.need;
  const weight = sorted.map((task) => (sum += task.popularity));
  return { count, milli, weight, cores: sorted.map((task) => task.need.cores) };
}

function weightWithin({ cores, weight }: Rank, have: number): number {
  let low = 0;
  let high = cores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cores[middle]! <= have) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : weight[low - 1]!;
}
