import { compareKeys } from '#libs/domain';
import type { Fleet } from './fleet.js';
import type { JobKind, JobKinds } from './job-kinds.js';
import type { Seconds } from './model.js';
import { askOf, capacityOf, dominantShare } from './vector.js';

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
  // For each group the sets that it is in, in an order that does not depend on which was met first.
  private readonly setsOf: readonly (readonly number[])[];

  constructor(
    private readonly fleet: Fleet,
    kinds: JobKinds,
    now: Seconds,
  ) {
    this.nodeMilliseconds = new Float64Array(fleet.candidates.length);
    const sets = kinds.setGroups();
    this.bySet = new Float64Array(sets.length);
    const inOrder = [...sets.keys()].sort((a, b) => compareKeys(sets[a]!.join(), sets[b]!.join()));
    const setsOf: number[][] = fleet.candidates.map(() => []);
    for (const set of inOrder) for (const group of sets[set]!) setsOf[group]!.push(set);
    this.setsOf = setsOf;
    for (const attempt of fleet.attempts()) {
      const index = fleet.indexOf(attempt.groupId);
      const left = Math.max(attempt.endsBy, now + 1) - now;
      const count = attempt.nodeIndices.length || attempt.nodeCount;
      this.load(index, count * dominantShare(askOf(attempt.perNode), capacityOf(fleet.group(index).shape)) * left);
    }
  }

  /** A job that goes to a known group. */
  chargeGroup(index: number, kind: JobKind, seconds: number): void {
    const share = dominantShare(kind.ask.perNode, capacityOf(this.fleet.group(index).shape));
    this.load(index, kind.ask.nodes * share * seconds);
  }

  /** A job that may go to any group open to it. */
  charge(kind: JobKind, seconds: number): void {
    if (kind.set >= 0) this.bySet[kind.set]! += seconds / kind.capacity;
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
