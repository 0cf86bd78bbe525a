import { compareKeys } from '#libs/domain';
import { DeviceProfile } from './device-profile.js';
import type { PlanningPolicy, RunningJob, Seconds } from './model.js';
import type { Holding, Profile, Undo } from './profile.js';
import { askOf, dominantShare, type Vector } from './vector.js';

/** An attempt that holds nodes of a group. */
export interface Held {
  readonly attempt: RunningJob;
  readonly group: number;
}
interface Entry extends Held {
  readonly holding: Holding;
  /** Nodes × dominant share of a node. */
  readonly load: number;
  /** Until when its nodes are laid into the profile; null while its engine has not told them. */
  until: Seconds | null;
}

/** What has outlived its limit, or is being stopped, is taken to end at the next multiple of it, so that plans do not change every second. */
export const OVERDUE_STEP: Seconds = 60;

/**
 * When an attempt is planned to let go: as predicted, where that is planned with; at its limit when the prediction was outlived
 * (Tsafrir 2007 corrects by steps; falling back to the request does better, DESIGN.md 5); soon when that is past too.
 */
export function holdEnd(attempt: RunningJob, now: Seconds, runTimes: PlanningPolicy['runTimes']): Seconds {
  if (attempt.leaving !== true) {
    const predicted = runTimes === 'predicted' ? Math.min(attempt.predictedEnd ?? Infinity, attempt.endsBy) : Infinity;
    if (predicted > now && predicted < Infinity) return predicted;
    if (attempt.endsBy > now) return attempt.endsBy;
  }
  return (Math.floor(now / OVERDUE_STEP) + 1) * OVERDUE_STEP;
}

export const holdingOf = (attempt: RunningJob): Holding => ({
  nodes: attempt.nodeIndices,
  count: attempt.nodeIndices.length || attempt.nodeCount,
  perNode: askOf(attempt.perNode),
  ...(attempt.devices && { devices: attempt.devices }),
});

/** Who takes most of a node first. */
const byNeed = (a: Vector, b: Vector): number => b.cards - a.cards || b.cores - a.cores || b.memory - a.memory;

/** What runs, laid into the profiles until it is planned to end. */
export class Holdings {
  private readonly entries = new Map<string, Entry>();
  /** Changes whenever something begins or ends to hold nodes. */
  version = 0;

  /** @param capacities what a node of each group has */
  constructor(
    private readonly profiles: readonly Profile[],
    private readonly capacities: readonly Vector[],
    private readonly runTimes: PlanningPolicy['runTimes'],
  ) {}

  *attempts(): Generator<RunningJob> {
    for (const { attempt } of this.entries.values()) yield attempt;
  }

  /** @param isAdrift its nodes are not known although nodes have names there, or its cards although cards are shared */
  place(attempt: RunningJob, group: number, isAdrift: boolean): void {
    this.end(attempt.attemptId);
    this.version++;
    const holding = holdingOf(attempt);
    const load = holding.count * dominantShare(holding.perNode, this.capacities[group]!);
    const entry: Entry = { attempt, group, holding, load, until: null };
    this.entries.set(attempt.attemptId, entry);
    if (!isAdrift) this.lay(entry, attempt.endsBy);
  }

  end(attemptId: string): void {
    const entry = this.entries.get(attemptId);
    if (!entry) return;
    this.version++;
    this.entries.delete(attemptId);
    this.lift(entry);
  }

  /**
   * Brings holds to an instant. Attempts whose nodes are not known are laid over the least loaded until the undo: those that take
   * most of a node first, since small ones laid before them would leave no node whole; then in the order of their ids, so that
   * the history of deltas leaves no trace.
   */
  settle(now: Seconds): Undo {
    const adrift: Entry[] = [];
    for (const entry of this.entries.values()) {
      if (entry.until === null) {
        adrift.push(entry);
        continue;
      }
      const until = holdEnd(entry.attempt, now, this.runTimes);
      if (until === entry.until) continue;
      this.lift(entry);
      this.lay(entry, until);
    }
    const undos = adrift
      .sort(
        (a, b) => byNeed(a.holding.perNode, b.holding.perNode) || compareKeys(a.attempt.attemptId, b.attempt.attemptId),
      )
      .map(({ attempt, group, holding }) => {
        const profile = this.profiles[group]!;
        // Where cards are shared the nodes may be known and the cards not.
        const nodes = holding.nodes.length > 0 ? holding.nodes : profile.leastLoaded(attempt.nodeCount);
        const until = holdEnd(attempt, now, this.runTimes);
        const onNodes = { ...holding, nodes };
        const onCards = profile instanceof DeviceProfile ? profile.leastLoadedDevices(onNodes) : onNodes;
        return profile.occupy(onCards, -Infinity, until);
      });
    return () => {
      for (const undo of undos.toReversed()) undo();
    };
  }

  /** Milliseconds of whole nodes that are held in each group from now until they are planned to end; what is past its limit counts one second. */
  nodeMilliseconds(now: Seconds): Float64Array {
    const held = new Float64Array(this.profiles.length);
    // In whole numbers, so that the sum does not depend on the order of what is added.
    for (const { attempt, group, load } of this.entries.values()) {
      const isOver = attempt.endsBy <= now;
      const until = isOver
        ? now + 1
        : this.runTimes === 'predicted'
          ? holdEnd(attempt, now, 'predicted')
          : attempt.endsBy;
      held[group]! += Math.round(load * (until - now) * 1000);
    }
    return held;
  }

  /** All whose nodes are known, of one group or of every group, in the order of their ids. */
  held(isWanted: (held: Held) => boolean): Held[] {
    const held: Held[] = [];
    for (const entry of this.entries.values()) if (entry.until !== null && isWanted(entry)) held.push(entry);
    return held.sort((a, b) => compareKeys(a.attempt.attemptId, b.attempt.attemptId));
  }

  /** Takes an attempt out of the profile until undone, to see what would be if it were gone. */
  withdraw(attemptId: string): Undo {
    const entry = this.entries.get(attemptId);
    if (!entry || entry.until === null)
      throw new Error(`attempt ${attemptId} holds no known nodes: withdraw only what held() has told`);
    const { until, holding, group } = entry;
    this.profiles[group]!.vacate(holding, -Infinity, until);
    return () => {
      this.profiles[group]!.occupy(holding, -Infinity, until);
    };
  }

  private lay(entry: Entry, until: Seconds): void {
    this.profiles[entry.group]!.occupy(entry.holding, -Infinity, until);
    entry.until = until;
  }

  private lift(entry: Entry): void {
    if (entry.until !== null) this.profiles[entry.group]!.vacate(entry.holding, -Infinity, entry.until);
    entry.until = null;
  }
}
