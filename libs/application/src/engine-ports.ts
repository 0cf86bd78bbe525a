/** What the use cases need of engines, of the outbox that feeds them, and of the attempts that they report on. */
import type { AttemptOutcome, Instant, JobInput, JobRun, JobState, NodeShape, SharingKind } from '#libs/domain';

// ---------------------------------------------------------------- engines

/** How the cards of a node are given out in parts. */
export interface CardSharing {
  readonly kind: SharingKind;
  /** Milli-cards held of each card, in whole slices; 1000: whole cards. */
  readonly milli: number;
  /** Which cards of each node, in the order of the nodes' ids; counted from 0. */
  readonly devices: readonly (readonly number[])[];
}

export interface DispatchOrder {
  readonly attemptId: string;
  readonly jobId: string;
  readonly tenantId: string;
  readonly poolId: string;
  readonly groupId: string;
  /** The nodes to use in a pinned pool; empty in a delegated one, where the engine chooses. */
  readonly nodeIds: readonly string[];
  readonly nodes: number;
  readonly perNode: NodeShape;
  /** Absent where cards are not shared: the engine gives out whole cards as it likes. */
  readonly sharing?: CardSharing;
  readonly limitSeconds: number;
  /** Goes on from the checkpoint after so many seconds of its run; absent: from the start. The limit counts from there. */
  readonly resumeFromSeconds?: number;
  /** What the job reads; absent: nothing. */
  readonly inputs?: readonly JobInput[];
  /** What bringing the inputs in is planned to take; absent: they are where the job runs, or there are none. */
  readonly stagingSeconds?: number;
  readonly run: JobRun;
  readonly name: string;
}
export type Prepared =
  | { readonly kind: 'prepared'; readonly ref: string }
  /** The engine will never run it; the job goes back into the queue and avoids the pool. */
  | { readonly kind: 'rejected'; readonly why: string };

/** What an engine says of one attempt. */
export interface EngineJob {
  readonly attemptId: string;
  readonly ref: string;
  readonly state: 'held' | 'running' | 'completed' | 'failed' | 'timeout' | 'cancelled';
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly exitCode: number | null;
  readonly nodeIds: readonly string[];
  readonly detail?: string;
}
export interface EngineDescription {
  readonly kind: 'simulated' | 'local';
  /** stage-in: brings the inputs of an order in; an engine without it ignores them. */
  readonly capabilities: readonly ('release' | 'logs' | 'pin-nodes' | 'stage-in')[];
  /** Shown with everything that ran there. */
  readonly notice: string | null;
}

/**
 * One engine serves one pool. Every method may throw EngineUnreachable; then nothing is known ("unknown", never "lost").
 * Submit is prepare, then release: prepare is idempotent by attempt id, and a prepared job does not run before release.
 */
export interface Engine {
  describe(): Promise<EngineDescription>;
  prepare(order: DispatchOrder, now: Instant): Promise<Prepared>;
  /**
   * Begins to bring in the inputs of a prepared order; tells when they will be there. The job does not run before, whenever it
   * is released. Idempotent: asked again it tells the same. Offered by engines that can `stage-in`, and by no others.
   */
  stage?(order: DispatchOrder, now: Instant): Promise<Instant>;
  release(attemptId: string, ref: string, now: Instant): Promise<void>;
  /** Idempotent; a job that is over stays as it is. */
  cancel(attemptId: string, now: Instant): Promise<void>;
  /** Everything alive, and what ended since `since` (service time). */
  observe(since: Instant, now: Instant): Promise<readonly EngineJob[]>;
  logs?(attemptId: string): Promise<{ readonly stdout: string; readonly stderr: string } | null>;
}
export class EngineUnreachable extends Error {
  readonly code = 'engine-unreachable';
  constructor(
    readonly poolId: string,
    why: string,
  ) {
    super(
      `The engine of pool "${poolId}" cannot be reached: ${why}. Running jobs go on; new ones wait until it answers.`,
    );
  }
}
export interface EngineDirectory {
  of(poolId: string): Engine | null;
}

/** Where the simulated engine keeps its jobs, so that it survives a restart of the service as a real one would. */
export interface SimulatedEngineStore {
  alive(poolId: string): Promise<readonly SimulatedJob[]>;
  endedSince(poolId: string, since: Instant): Promise<readonly SimulatedJob[]>;
  find(attemptId: string): Promise<SimulatedJob | null>;
  /** Inserts or replaces by attempt id. */
  put(jobs: readonly SimulatedJob[]): Promise<void>;
}
export interface SimulatedJob {
  readonly attemptId: string;
  readonly poolId: string;
  readonly ref: string;
  readonly state: 'held' | 'running' | 'ended';
  readonly runSeconds: number;
  readonly limitSeconds: number;
  readonly ending: 'completed' | 'failed';
  readonly nodeIds: readonly string[];
  readonly preparedAt: Instant;
  /** It does not run before: its inputs are on their way. */
  readonly stagedUntil: Instant | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outcome: 'completed' | 'failed' | 'timeout' | 'cancelled' | null;
  readonly exitCode: number | null;
}

// ---------------------------------------------------------------- outbox and attempts

export interface OutboxMessage {
  readonly id: number;
  readonly kind: 'dispatch' | 'cancel';
  readonly attemptId: string;
  readonly poolId: string;
  readonly tries: number;
  /** Null when the attempt is already over: the message is only to be ticked off. */
  readonly order: DispatchOrder | null;
  readonly attemptState: string;
  readonly engineRef: string | null;
}
export interface Outbox {
  /** Claims due messages for `leaseMs` of wall time; others skip what is claimed. */
  claim(limit: number, leaseMs: number): Promise<readonly OutboxMessage[]>;
  done(ids: readonly number[]): Promise<void>;
  retryLater(id: number, error: string, delayMs: number): Promise<void>;
  pending(): Promise<Readonly<Record<'dispatch' | 'cancel', number>>>;
}

/** Changes of attempts as the engines tell them. Each is conditional on the attempt's state, so that a late or doubled word does nothing. */
export interface AttemptStore {
  prepared(attemptId: string, ref: string): Promise<void>;
  /** Its inputs are being brought in, and will be there at `until`. The first word counts. */
  staging(attemptId: string, at: Instant, until: Instant): Promise<void>;
  /** Released: the job is starting. False when it was cancelled meanwhile. */
  released(attemptId: string, at: Instant): Promise<boolean>;
  started(
    changes: readonly {
      readonly attemptId: string;
      readonly startedAt: Instant;
      readonly nodeIds: readonly string[];
    }[],
  ): Promise<void>;
  /** Ends attempts, frees their nodes, moves their jobs on, all or none of each. Returns what really changed. */
  ended(changes: readonly EndedAttempt[]): Promise<readonly EndedJob[]>;
  /** Attempts of the pool that hold nodes, as the service believes. */
  holding(poolId: string): Promise<
    readonly {
      readonly attemptId: string;
      readonly jobId: string;
      readonly class: string;
      readonly submittedAt: Instant;
      readonly state: string;
      readonly placedAt: Instant;
      readonly startedAt: Instant | null;
      readonly releasedAt: Instant | null;
      readonly cancelAt: Instant | null;
      readonly nodeIds: readonly string[];
    }[]
  >;
}
export interface EndedAttempt {
  readonly attemptId: string;
  readonly outcome: AttemptOutcome;
  readonly endedAt: Instant;
  readonly startedAt: Instant | null;
  readonly exitCode: number | null;
  readonly detail?: string;
}
/** Enough for the histograms of the exporter. */
export interface EndedJob {
  readonly jobId: string;
  readonly attemptId: string;
  readonly poolId: string;
  readonly class: string;
  readonly outcome: AttemptOutcome;
  readonly jobState: JobState;
  readonly submittedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant;
  readonly limitSeconds: number;
}
