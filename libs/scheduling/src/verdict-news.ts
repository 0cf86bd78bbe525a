import type { Refusal } from '#libs/domain';
import type { Seconds, WaitingVerdict } from './model.js';

const MIN_MOVE_SECONDS = 600;
const MIN_MOVE_SHARE = 0.2;

/** Whether an estimate moved by more than max(10 min, 20 % of the wait that was ahead): the rule by which promises are re-issued (DESIGN.md 5). */
export function hasMoved(before: Seconds | null, after: Seconds | null, now: Seconds): boolean {
  if (before === null || after === null) return before !== after;
  return Math.abs(after - before) > Math.max(MIN_MOVE_SECONDS, MIN_MOVE_SHARE * Math.max(0, before - now));
}

/** So many jobs that were told before are looked at again in each plan, in turn: a minute of cycles goes round 100,000. */
const SWEEP = 2000;

/**
 * Which verdicts are worth telling: of each job the first, and then those that say something else. Without it 100,000 waiting
 * jobs would cost 100,000 verdicts a cycle to say the same again. It remembers what it told, so it is no part of a plan.
 */
export class VerdictNews {
  private readonly said: ({ refusal: Refusal; estimatedStart: Seconds | null } | undefined)[] = [];
  private sweepFrom = 0;
  private sweepUntil = 0;

  /** A slot has a job that was not there before. */
  forget(slot: number): void {
    this.said[slot] = undefined;
  }

  /** Before the walk over the queue. */
  begin(waiting: number): void {
    this.sweepFrom = this.sweepUntil >= waiting ? 0 : this.sweepUntil;
    this.sweepUntil = this.sweepFrom + SWEEP;
  }

  /** Whether the verdict of the job at this place of the walk is to be made. */
  isDue(slot: number, place: number): boolean {
    return this.said[slot] === undefined || (place >= this.sweepFrom && place < this.sweepUntil);
  }

  /** Notes a verdict; whether it is news. */
  tell(slot: number, { refusal, estimatedStart }: WaitingVerdict, now: Seconds): boolean {
    const before = this.said[slot];
    if (before?.refusal === refusal && !hasMoved(before.estimatedStart, estimatedStart, now)) return false;
    this.said[slot] = { refusal, estimatedStart };
    return true;
  }
}
