import type { Fleet } from './fleet.js';
import type { Bid, Gate } from './gates.js';
import { greenStart } from './green-gate.js';
import type { Seconds } from './model.js';
import type { Undo } from './profile.js';
import { stagingSeconds } from './staging.js';
import type { WaitingQueue } from './waiting-queue.js';

/** Green or by the deadline: jobs that ask for a green share start in hours that have it, or when waiting longer would be too late. */
export class GreenGate implements Gate {
  readonly refusal = 'green-share-too-low';
  /** Whether somebody was kept back since the last `begin`. */
  hasKeptBack = false;
  private outlooksVersion = -1;
  private begunAt: Seconds = -Infinity;
  // Changes with every second and every outlook: what a run would have in the mean does.
  private turns = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly queue: WaitingQueue,
  ) {}

  begin(now: Seconds): void {
    this.hasKeptBack = false;
    if (now === this.begunAt && this.outlooksVersion === this.fleet.outlooksVersion) return;
    this.begunAt = now;
    this.outlooksVersion = this.fleet.outlooksVersion;
    this.turns++;
  }

  state(slot: number): number {
    if (this.queue.job(slot).minGreenShare === undefined) return 0;
    // Who asks for it may go by what was found before, and then nobody hears of those that are kept back.
    this.hasKeptBack = true;
    return this.turns;
  }

  earliest({ slot, group }: Bid, from: Seconds): Seconds {
    const job = this.queue.job(slot);
    if (job.minGreenShare === undefined) return from;
    // The whole limit, whatever is predicted: the deadline must hold also when the prediction does not.
    const longest = stagingSeconds(job, this.fleet.candidates[group]!) + job.limit;
    const start = greenStart(job, this.fleet.outlookAt(group), from, longest);
    if (start > from) this.hasKeptBack = true;
    return start;
  }

  take(): Undo {
    return () => {};
  }
}
