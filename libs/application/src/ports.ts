/**
 * What the use cases need from outside. Each port is small and lives here because the use cases are its consumers; persistence
 * and engines implement them, tests bring the real PostgreSQL and, for engines, doubles that say so in their name.
 */
import type {
  AttemptOutcome,
  Instant,
  JobRun,
  JobState,
  NodeShape,
  NodeState,
  Refusal,
  ServiceClock,
} from '#libs/domain';
import type { Delta, Evidence, PlannedStart, Snapshot } from '#libs/scheduling';

// ---------------------------------------------------------------- time

export interface WallClock {
  /** Epoch milliseconds of the machine. */
  now(): number;
}
export interface ClockStore {
  load(): Promise<ServiceClock>;
  /** Remembers how far service time has come, so that a scaled clock resumes there after downtime. */
  remember(serviceMs: Instant): Promise<void>;
}
export interface IdSource {
  uuid(): string;
}

// ---------------------------------------------------------------- who asks

/** An authenticated caller. Operators, planners and auditors cover every tenant; a tenant covers its subtree. */
export interface Principal {
  readonly keyId: string;
  readonly role: 'operator' | 'planner' | 'auditor' | 'tenant';
  /** The key's own tenant; null for the bureau's roles. */
  readonly tenantId: string | null;
  /** All tenants the key may see: goes into app.tenants of each of its transactions. */
  readonly tenants: readonly string[];
}

// ---------------------------------------------------------------- jobs

export interface NewJob {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly class: string;
  readonly priority: number;
  /** The body as accepted, shown back by GET. */
  readonly request: unknown;
  readonly nodes: number;
  readonly perNode: NodeShape;
  readonly limitSeconds: number;
  readonly predictedSeconds: number;
  readonly submittedAt: Instant;
  readonly channel: 'api' | 'cli' | 'replay' | 'sample';
  readonly sample: boolean;
}

export interface IdempotencyClaim {
  /** Who the key belongs to: tenant id, or "key:<api key id>" for bureau roles. */
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: Uint8Array;
  readonly status: number;
  readonly body: unknown;
}
export type Stored =
  | { readonly kind: 'stored' }
  /** The same key was used before: with the same body (replay what was said), or with another (conflict). */
  | { readonly kind: 'replayed'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'key-reused' };

export interface JobFilter {
  readonly state?: JobState;
  readonly pool?: string;
  readonly class?: string;
  readonly tenant?: string;
}
/** A job as the API shows it; times are epoch ms on the service clock. */
export interface JobView {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly class: string;
  readonly state: JobState;
  readonly request: unknown;
  readonly sample: boolean;
  readonly channel: string;
  readonly submittedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly exitCode: number | null;
  readonly detail: string | null;
  readonly attempts: number;
  readonly placement: {
    readonly attemptId: string;
    readonly poolId: string;
    readonly groupId: string;
    readonly nodeIds: readonly string[];
    readonly state: string;
    readonly placedAt: Instant;
    readonly startedAt: Instant | null;
    readonly endsBy: Instant;
    readonly backfilled: boolean;
  } | null;
  readonly verdict: VerdictView | null;
}
export interface VerdictView {
  readonly refusal: Refusal;
  readonly estimatedStart: Instant | null;
  readonly basis: string;
  readonly poolId: string | null;
  readonly evidence: Evidence;
  readonly cycle: number;
  readonly decidedAt: Instant;
}
export interface JobEventView {
  readonly id: number;
  readonly at: Instant;
  readonly kind: string;
  readonly detail: unknown;
}
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Every method runs in one transaction that sees the principal's tenants and no others. */
export interface JobStore {
  submit(principal: Principal, job: NewJob, claim: IdempotencyClaim | null): Promise<Stored>;
  /** What was said to an idempotency key before, without claiming it; null when it is new. */
  replayOf(
    principal: Principal,
    claim: Pick<IdempotencyClaim, 'key' | 'fingerprint'>,
  ): Promise<Extract<Stored, { kind: 'replayed' | 'key-reused' }> | null>;
  get(principal: Principal, id: string): Promise<JobView | null>;
  /** Newest first; `after` is the id of the last one seen. */
  list(
    principal: Principal,
    filter: JobFilter,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<readonly JobView[]>;
  /** Queued: cancelled at once. Placed or later: asked of the engine by the outbox. */
  cancel(
    principal: Principal,
    id: string,
    at: Instant,
  ): Promise<{ readonly kind: 'cancelled' | 'cancelling' | 'over' | 'unknown'; readonly state?: JobState }>;
  events(principal: Principal, id: string, afterEvent: number): Promise<readonly JobEventView[] | null>;
  /** Run times of the tenant's last two ended jobs of the class, newest first (predictor of Tsafrir 2007). */
  lastRunSeconds(tenantId: string, jobClass: string): Promise<readonly number[]>;
}
/** Many jobs of sample tenants or of a trace in one statement; no principal, no idempotency. */
export interface BulkSubmit {
  submitAll(jobs: readonly NewJob[]): Promise<void>;
}

// ---------------------------------------------------------------- the loop

/** Ends jobs that wait for nothing that can come. */
export interface JobRefuser {
  /** Queued jobs become refused; others are left alone. Returns how many were. */
  refuse(jobIds: readonly string[], refusal: Refusal, at: Instant): Promise<number>;
}

export interface LeaseStore {
  /** Takes or renews the scheduler's lease by wall time; the epoch grows by one at each change of holder. */
  acquire(holder: string, ttlMs: number): Promise<{ readonly leading: boolean; readonly epoch: number }>;
  release(holder: string): Promise<void>;
}

/** The planner's picture of the database: whole, then followed by what changed. */
export interface PlannerFeed {
  cold(now: Instant): Promise<{ readonly snapshot: Snapshot; readonly cursor: string }>;
  /** All changes committed since; level-triggered, so that a change told twice does no harm. `kind: 'lost'`: the cursor is too old, start cold. */
  since(
    cursor: string,
    now: Instant,
  ): Promise<
    { readonly kind: 'deltas'; readonly deltas: readonly Delta[]; readonly cursor: string } | { readonly kind: 'lost' }
  >;
}

/** Drops change rows that every follower has had time to read. */
export interface PlannerFeedPruner {
  prune(): Promise<void>;
}

export interface CommittedStart {
  readonly attemptId: string;
  readonly jobId: string;
  readonly start: PlannedStart;
}
export type Committed =
  | {
      readonly kind: 'committed';
      readonly started: readonly CommittedStart[];
      readonly refused: readonly { readonly jobId: string; readonly why: 'job-moved' | 'capacity-taken' }[];
    }
  /** Another scheduler has taken over; nothing was written. */
  | { readonly kind: 'fenced'; readonly epoch: number };

export interface PlanCommitter {
  commit(plan: {
    readonly epoch: number;
    readonly cycle: number;
    readonly now: Instant;
    readonly starts: readonly (PlannedStart & { readonly attemptId: string })[];
  }): Promise<Committed>;
}

export interface VerdictToStore {
  readonly jobId: string;
  readonly refusal: Refusal;
  readonly estimatedStart: Instant | null;
  readonly basis: string;
  readonly poolId: string | null;
  readonly evidence: Evidence;
}
export interface CycleLog {
  /** The number the next cycle gets. */
  next(): Promise<number>;
  record(entry: CycleEntry): Promise<void>;
  /** The newest cycle that started something; null when none is kept. */
  newestWithStarts(): Promise<number | null>;
  /** The newest keyframe at or before the cycle, and all deltas up to it; null when it is no longer kept. */
  read(cycle: number): Promise<{ readonly keyframe: Snapshot; readonly entries: readonly CycleEntry[] } | null>;
  /** The holder of this epoch has just ended a cycle, whether it had something to write down or not. */
  beat(epoch: number): Promise<void>;
  /** Upserts verdicts; those of jobs that no longer wait are removed by whoever moves the job. */
  storeVerdicts(cycle: number, now: Instant, verdicts: readonly VerdictToStore[]): Promise<void>;
  /** Drops records older than the newest `keep` cycles, whole keyframe stretches only. Returns the oldest replayable cycle. */
  prune(keep: number): Promise<number | null>;
}
export interface CycleEntry {
  readonly cycle: number;
  readonly epoch: number;
  readonly nowSeconds: number;
  readonly policy: unknown;
  readonly keyframe: Snapshot | null;
  readonly deltas: readonly Delta[];
  readonly planSha256: string;
  readonly starts: number;
  readonly considered: number;
}

// ---------------------------------------------------------------- engines

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
  readonly limitSeconds: number;
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
  readonly capabilities: readonly ('release' | 'logs' | 'pin-nodes')[];
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

// ---------------------------------------------------------------- pools, as operators steer them

export interface PoolStore {
  engines(): Promise<
    readonly {
      readonly poolId: string;
      readonly engine: 'simulated' | 'local';
      readonly placement: 'pinned' | 'delegated';
    }[]
  >;
  observed(poolId: string, reachable: boolean, at: Instant): Promise<void>;
  /** Returns null for an unknown node. Running work stays; nothing new is placed on a node that is not up. */
  setNodeState(change: {
    readonly nodeId: string;
    readonly state: NodeState;
    readonly reason: string | null;
    readonly at: Instant;
    readonly actor: string;
  }): Promise<{ readonly from: NodeState } | null>;
  /** Attempts on nodes that are down: to be ended as lost. */
  attemptsOnDownNodes(): Promise<readonly string[]>;
}
