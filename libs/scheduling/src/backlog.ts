import type { Fleet } from './fleet.js';
import type { JobKind } from './job-kinds.js';
import type { Seconds } from './model.js';
import { askOf, capacityOf, dominantShare } from './vector.js';

/**
 * Seconds of work ahead in each group: what runs there until its limits, and the predicted run times of jobs ahead, each divided
 * by how many such jobs the groups open to it could carry at a time. It is an estimate for jobs beyond the planned depth: it
 * ignores that work does not pack without gaps, and that most jobs end before their limit.
 */
export class Backlog {
  private readonly seconds: Float64Array;

  constructor(
    private readonly fleet: Fleet,
    now: Seconds,
  ) {
    this.seconds = new Float64Array(fleet.candidates.length);
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
    const each = seconds / kind.capacity;
    for (const index of kind.eligible) this.seconds[index]! += each;
  }

  at(index: number): number {
    return this.seconds[index]!;
  }

  private load(index: number, nodeSeconds: number): void {
    this.seconds[index]! += nodeSeconds / Math.max(1, this.fleet.candidates[index]!.up);
  }
}
