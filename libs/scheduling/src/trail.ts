import type { QueuedJob, Seconds } from './model.js';

/** What a pass takes of a group: a reservation. */
export interface Step {
  readonly job: QueuedJob;
  readonly start: Seconds;
  readonly seconds: number;
}

/**
 * Tells whether a group stands in this pass as it stood when something was found out about it: each state that it comes to has a
 * number. A state is what the group was before the pass and what the pass has taken of it since, so the same steps from the same
 * beginning lead to the same numbers, in whatever pass.
 */
export class Trail {
  private base = 0;
  private readonly steps: (Step & { readonly id: number })[] = [];
  private taken = 0;
  private strayed: number | null = null;

  /** @param fresh gives a number that no trail has had */
  constructor(private readonly fresh: () => number) {}

  /** Grows whenever the group has changed between two passes. */
  get stamp(): number {
    return this.base;
  }

  /** The number of the state that it is in. */
  get id(): number {
    if (this.strayed !== null) return this.strayed;
    return this.taken === 0 ? this.base : this.steps[this.taken - 1]!.id;
  }

  /** Nothing has been taken of it in this pass. */
  get isUntouched(): boolean {
    return this.taken === 0 && this.strayed === null;
  }

  /** A start has been taken of it in this pass. */
  get hasStrayed(): boolean {
    return this.strayed !== null;
  }

  /** Begins a pass. */
  begin(isChanged: boolean): void {
    this.taken = 0;
    this.strayed = null;
    if (!isChanged) return;
    this.base = this.fresh();
    this.steps.length = 0;
  }

  reserve({ job, start, seconds }: Step): void {
    if (this.strayed !== null) return;
    const known = this.steps[this.taken];
    if (known?.job !== job || known.start !== start || known.seconds !== seconds) {
      this.steps.length = this.taken;
      this.steps.push({ job, start, seconds, id: this.fresh() });
    }
    this.taken++;
  }

  /** A start: it may be committed or not, so that nothing found out after it holds in another pass. */
  stray(): void {
    this.strayed ??= this.fresh();
  }
}
