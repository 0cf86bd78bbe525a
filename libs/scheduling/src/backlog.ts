import { compareKeys } from '#libs/domain';
import type { Fleet } from './fleet.js';
import type { JobKind, JobKinds } from './job-kinds.js';
import type { Seconds } from './model.js';
import { capacityOf, dominantShare } from './vector.js';

/**
 * Seconds of work ahead in each group: what runs there until its limits, and the predicted run times of jobs ahead, each divided
 * by how many such jobs the groups open to it could carry at a time. It is an estimate for jobs beyond the planned depth: it
 * ignores that work does not pack without gaps, and that most jobs end before their limit.
 *
 * Work that may go to several groups is counted once for their set, so that a job ahead costs the same however many groups are
 * open to it.
 */
export class Backlog {
  private readonly nodeMilliseconds: Float64Array;
  private readonly bySet: Float64Array;
  // By index of kind, side by side: every job of the queue is charged in each plan.
  private readonly setOfKind: Int32Array;
  private readonly capacityOfKind: Float64Array;
  // For each group the sets that it is in, in an order that does not depend on which was met first.
  private readonly setsOf: readonly (readonly number[])[];

  constructor(
    private readonly fleet: Fleet,
    kinds: JobKinds,
    now: Seconds,
  ) {
    this.nodeMilliseconds = fleet.nodeMilliseconds(now);
    const sets = kinds.setGroups();
    this.bySet = new Float64Array(sets.length);
    this.setOfKind = Int32Array.from(kinds.byIndex, (kind) => kind.set);
    this.capacityOfKind = Float64Array.from(kinds.byIndex, (kind) => kind.capacity);
    const inOrder = [...sets.keys()].sort((a, b) => compareKeys(sets[a]!.join(), sets[b]!.join()));
    const setsOf: number[][] = fleet.candidates.map(() => []);
    for (const set of inOrder) for (const group of sets[set]!) setsOf[group]!.push(set);
    this.setsOf = setsOf;
  }

  /** A job that goes to a known group. */
  chargeGroup(index: number, kind: JobKind, seconds: number): void {
    const share = dominantShare(kind.ask.perNode, capacityOf(this.fleet.group(index).shape));
    this.load(index, kind.ask.nodes * share * seconds);
  }

  /** A job of the kind with this index, that may go to any group open to it. */
  charge(kindIndex: number, seconds: number): void {
    const set = this.setOfKind[kindIndex]!;
    if (set >= 0) this.bySet[set]! += seconds / this.capacityOfKind[kindIndex]!;
  }

  at(index: number): number {
    let seconds = this.nodeMilliseconds[index]! / 1000 / Math.max(1, this.fleet.candidates[index]!.up);
    for (const set of this.setsOf[index]!) seconds += this.bySet[set]!;
    return seconds;
  }

  // In whole numbers, so that the sum does not depend on the order of what is added.
  private load(index: number, nodeSeconds: number): void {
    this.nodeMilliseconds[index]! += Math.round(nodeSeconds * 1000);
  }
}
