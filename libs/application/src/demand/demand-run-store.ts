import type { Instant } from '#libs/domain';
import type { NewJob } from '../ports.js';

/** One playing of a source from its start to its end, over any number of restarts. */
export interface DemandRun {
  readonly id: string;
  readonly kind: 'sample' | 'trace';
  /** What the jobs follow from; compared on resuming. */
  readonly spec: unknown;
  /** Service time at which it starts; of a run that is resumed, the stored one counts. */
  readonly origin: Instant;
}
export type BegunRun =
  | {
      readonly kind: 'begun';
      readonly resumed: boolean;
      readonly origin: Instant;
      readonly cursor: number;
      readonly done: boolean;
    }
  /** There is a run of this id with another spec: its cursor would point into other jobs. */
  | { readonly kind: 'other-spec'; readonly spec: unknown };

export interface DemandStep {
  readonly id: string;
  /** The cursor that the jobs were drawn from: another player may have moved it meanwhile. */
  readonly from: number;
  readonly to: number;
  readonly done: boolean;
}
export type Advanced =
  | { readonly kind: 'advanced' }
  /** Somebody else was faster; nothing was submitted. */
  | { readonly kind: 'moved'; readonly cursor: number; readonly done: boolean };

export interface DemandRunStore {
  begin(run: DemandRun): Promise<BegunRun>;
  /** Submits the jobs and moves the cursor in one transaction, so that no crash submits a job twice or not at all. */
  advance(step: DemandStep, jobs: readonly NewJob[]): Promise<Advanced>;
}
