/**
 * What the use cases tell whoever measures them. libs/metrics implements these over the exporter's registry; `noInstruments`
 * serves tests and processes that nobody scrapes.
 */
import type { EndedJob } from './ports.js';

export interface SchedulerInstruments {
  /** Seconds of each stage of one cycle. */
  cycle(stages: { readonly snapshot: number; readonly order: number; readonly place: number; readonly commit: number }): void;
  decisions(counts: {
    readonly placed: number;
    /** Pool id of each start that passed a waiting job. */
    readonly backfilled: readonly string[];
    readonly reserved: number;
    readonly skipped: number;
  }): void;
  /** fenced, job-moved, capacity-taken, … */
  conflict(kind: string): void;
  dispatched(call: { readonly pool: string; readonly op: 'submit' | 'cancel'; readonly result: 'ok' | 'rejected' | 'error' }): void;
  engineUp(pool: string, up: boolean): void;
  drift(pool: string, jobs: { readonly missing: number; readonly unknown: number }): void;
}

export interface JobInstruments {
  started(job: { readonly pool: string; readonly class: string; readonly waitSeconds: number; readonly startDelaySeconds: number }): void;
  ended(job: EndedJob): void;
  /** A submission that was refused, by refusal or fault code. */
  rejected(reason: string): void;
}

export interface HttpInstruments {
  begun(): void;
  /** `route` is the template ("/v1/jobs/{id}"), never the path. */
  answered(call: { readonly route: string; readonly method: string; readonly code: number; readonly seconds: number }): void;
  refused(reason: 'rate' | 'overload' | 'auth' | 'too-large' | 'timeout'): void;
  replayed(result: 'replayed' | 'conflict' | 'in-progress'): void;
  authFailed(reason: 'missing' | 'unknown' | 'expired' | 'revoked' | 'forbidden'): void;
}

export interface Instruments {
  readonly scheduler: SchedulerInstruments;
  readonly jobs: JobInstruments;
  readonly http: HttpInstruments;
}

const nothing = (): void => undefined;
export const noInstruments: Instruments = {
  scheduler: { cycle: nothing, decisions: nothing, conflict: nothing, dispatched: nothing, engineUp: nothing, drift: nothing },
  jobs: { started: nothing, ended: nothing, rejected: nothing },
  http: { begun: nothing, answered: nothing, refused: nothing, replayed: nothing, authFailed: nothing },
};
