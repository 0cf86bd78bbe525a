/**
 * What the running processes tell about themselves: plain words that use cases, the loop and the HTTP shell say as things happen.
 * libs/metrics turns them into counters and histograms; a test, or a process that nobody watches, brings `noInstruments`.
 * No method waits, throws or costs more than a map look-up, so that callers need no care.
 */
import { isFinal, refusals, type Instant, type Refusal } from '#libs/domain';
import type { EndedJob } from './engine-ports.js';

export const httpPriorities = ['health', 'control', 'write', 'read'] as const;
export type HttpPriority = (typeof httpPriorities)[number];
export const httpRejections = ['rate', 'overload', 'auth', 'too-large', 'timeout'] as const;
export type HttpRejection = (typeof httpRejections)[number];
export const idempotencyResults = ['replayed', 'conflict'] as const;
export type IdempotencyResult = (typeof idempotencyResults)[number];
export const authFailures = ['missing', 'unknown', 'expired', 'revoked', 'denied'] as const;
export type AuthFailure = (typeof authFailures)[number];

export interface EndedRequest {
  /** The template, such as `/v1/jobs/:id`; never the path that was asked for. */
  readonly route: string;
  readonly method: string;
  readonly code: number;
  /** Wall seconds. */
  readonly seconds: number;
  readonly priority: HttpPriority;
}
export interface HttpInstruments {
  /** A request came in; each is followed by one `ended` with the same priority. */
  began(priority: HttpPriority): void;
  ended(request: EndedRequest): void;
  rejected(reason: HttpRejection): void;
  idempotent(result: IdempotencyResult): void;
  authFailed(reason: AuthFailure): void;
}

export const cycleStages = ['snapshot', 'order', 'place', 'commit', 'dispatch'] as const;
export type CycleStage = (typeof cycleStages)[number];
/** placed and backfilled started; reserved holds a place in the profile; deferred waits without one; unsatisfiable no pool can hold as things stand; preempting makes room for another. */
export const decisions = ['placed', 'backfilled', 'reserved', 'deferred', 'unsatisfiable', 'preempting'] as const;
export type Decision = (typeof decisions)[number];
/** Why running work was told to stop: for a more important job, for a tenant that asks back what is its own, or to go on with other nodes. */
export const preemptionReasons = ['priority', 'reclaim', 'shrink', 'grow'] as const;
export type PreemptionReason = (typeof preemptionReasons)[number];
export const conflictKinds = ['job-moved', 'capacity-taken', 'fenced', 'lease-lost', 'engine-rejected'] as const;
export type ConflictKind = (typeof conflictKinds)[number];
export const engineOperations = ['prepare', 'release', 'cancel', 'observe'] as const;
export type EngineOperation = (typeof engineOperations)[number];
export const engineResults = ['ok', 'rejected', 'error'] as const;
export type EngineResult = (typeof engineResults)[number];
/** lost: ours, unknown to the engine. stranger: in the engine, unknown to us. finished: ended there, still running here. */
export const driftKinds = ['lost', 'stranger', 'finished'] as const;
export type DriftKind = (typeof driftKinds)[number];

/** Service time. */
export interface ScoredPromise {
  readonly class: string;
  readonly kind: 'first' | 'last-hour';
  /** Kept: started no later than the P90. `error`: seconds from the P50 to the start, negative when sooner. */
  readonly score: { readonly kept: boolean; readonly error: number };
}
/** What became of an occurrence of a reservation: it went on to its end, nobody used it, or others had its nodes. */
export const reservationOutcomes = ['ended', 'given-back', 'unmet'] as const;
export type ReservationOutcome = (typeof reservationOutcomes)[number];

export interface EngineCall {
  readonly poolId: string;
  readonly engine: string;
  readonly operation: EngineOperation;
  readonly result: EngineResult;
  /** Wall seconds. */
  readonly seconds: number;
}
export interface SchedulerInstruments {
  /** Wall seconds that one stage of a cycle took. */
  staged(stage: CycleStage, seconds: number): void;
  decided(decision: Decision, jobs: number): void;
  /** Jobs started in the pool ahead of one that could not start; also told as a decision. */
  backfilled(poolId: string, jobs: number): void;
  preempted(poolId: string, reason: PreemptionReason): void;
  conflicted(kind: ConflictKind, times: number): void;
  reserved(outcome: ReservationOutcome, occurrences: number): void;
  /** The policy file was looked at and had faults. */
  policyRefused(): void;
  /** A promise that named an interval, once its job has started. */
  promised(outcome: ScoredPromise): void;
  called(call: EngineCall): void;
  /** What the last reconciliation of the pool found. */
  drifted(poolId: string, found: Readonly<Record<DriftKind, number>>): void;
}

/** Service time. */
export interface StartedJob {
  readonly poolId: string;
  readonly class: string;
  readonly submittedAt: Instant;
  /** When the engine was told to run it; null where that is not known. */
  readonly releasedAt: Instant | null;
  readonly startedAt: Instant;
}
/** Why a submission was not taken: what no event but an amended request changes, and what the shell refuses before it. */
export const submissionRejections = [
  'invalid',
  'denied',
  'rate',
  'quota-spent',
  ...refusals.filter((refusal) => isFinal(refusal)),
] as const;
export type SubmissionRejection = 'invalid' | 'denied' | 'rate' | Refusal;
export interface JobInstruments {
  rejected(reason: SubmissionRejection): void;
  /** Once a job, at its first start. */
  started(job: StartedJob): void;
  /** Once for each attempt that ended. */
  ended(job: EndedJob): void;
}

export interface ConnectionCounts {
  readonly idle: number;
  readonly used: number;
  readonly waiting: number;
}
export interface DatabaseInstruments {
  /** Asked whenever somebody looks; several pools of one process are added up. */
  watch(connections: () => ConnectionCounts): void;
}

export interface Instruments {
  readonly http: HttpInstruments;
  readonly scheduler: SchedulerInstruments;
  readonly jobs: JobInstruments;
  readonly database: DatabaseInstruments;
}

const ignore = (): void => undefined;
export const noInstruments: Instruments = {
  http: { began: ignore, ended: ignore, rejected: ignore, idempotent: ignore, authFailed: ignore },
  scheduler: {
    staged: ignore,
    decided: ignore,
    backfilled: ignore,
    preempted: ignore,
    conflicted: ignore,
    reserved: ignore,
    policyRefused: ignore,
    promised: ignore,
    called: ignore,
    drifted: ignore,
  },
  jobs: { rejected: ignore, started: ignore, ended: ignore },
  database: { watch: ignore },
};
