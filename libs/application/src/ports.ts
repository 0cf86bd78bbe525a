/**
 * What the use cases need from outside. Each port is small and lives here because the use cases are its consumers; persistence
 * and engines implement them, tests bring the real PostgreSQL and, for engines, doubles that say so in their name.
 */
import type { Instant, JobState, NodeShape, NodeState, Refusal, ServiceClock } from '#libs/domain';
import type {
  Delta,
  EndedRun,
  Evidence,
  PlannedClaim,
  PlannedPreemption,
  PlannedStart,
  Snapshot,
} from '#libs/scheduling';
import type { CardSharing } from './engine-ports.js';
import type { VersionedPolicy } from './scheduling/policies.js';
import type { Chunk } from './scheduling/state-packing.js';

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
    /** Null where cards are not shared. */
    readonly sharing: CardSharing | null;
    readonly state: string;
    readonly placedAt: Instant;
    readonly startedAt: Instant | null;
    readonly endsBy: Instant;
    readonly backfilled: boolean;
    /** Null where no engine was asked to bring anything in. */
    readonly staging: { readonly seconds: number; readonly until: Instant } | null;
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
  /** The tenant's last two ended jobs of the class, newest first, for the predictor. */
  lastRuns(tenantId: string, jobClass: string): Promise<readonly EndedRun[]>;
}
/** Many jobs of sample tenants or of a trace in one statement; no principal, no idempotency. */
export interface BulkSubmit {
  submitAll(jobs: readonly NewJob[]): Promise<void>;
}

// ---------------------------------------------------------------- the loop

/** Ends jobs that wait for nothing that can come. */
export interface JobRefuser {
  /** Queued jobs become refused; others are left alone. Fenced: another scheduler leads, and no job was touched. */
  refuse(epoch: number, jobIds: readonly string[], refusal: Refusal, at: Instant): Promise<'written' | 'fenced'>;
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
      /** Attempts that were told to stop for others; the rest had ended or were being stopped already. */
      readonly preempted: readonly {
        readonly attemptId: string;
        readonly poolId: string;
        readonly reason: PlannedPreemption['reason'];
      }[];
    }
  /** Another scheduler has taken over; nothing was written. */
  | { readonly kind: 'fenced'; readonly epoch: number };

export interface PlanCommitter {
  commit(plan: {
    readonly epoch: number;
    readonly cycle: number;
    readonly now: Instant;
    readonly starts: readonly (PlannedStart & { readonly attemptId: string })[];
    readonly preemptions?: readonly PlannedPreemption[];
    readonly claims?: readonly PlannedClaim[];
  }): Promise<Committed>;
  /** Frees the nodes that were claimed for jobs that have not started there in time. */
  dropClaims(now: Instant): Promise<void>;
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
  /**
   * All of the cycle or nothing of it. Superseded: a later leader has the number, or the keyframe is gone; what stands on the same
   * keyframe cannot be recorded any more.
   */
  record(entry: CycleEntry): Promise<'recorded' | 'superseded'>;
  /** The newest cycle that started something, in a form that is read; null when none is kept. */
  newestWithStarts(): Promise<number | null>;
  /** The keyframe that the cycle stands on, and all cycles from there up to it. @throws CycleRecordBroken */
  read(cycle: number): Promise<KeptCycles | { readonly kind: 'not-kept'; readonly why: CycleLoss }>;
  /** The holder of this epoch has just ended a cycle, whether it had something to write down or not. */
  beat(epoch: number): Promise<void>;
  /** Upserts verdicts; those of jobs that no longer wait are removed by whoever moves the job. */
  storeVerdicts(cycle: number, now: Instant, verdicts: readonly VerdictToStore[]): Promise<void>;
  /**
   * Drops keyframes with all that stands on them when the newest of it is older than so many wall days, or when it does not fit into
   * so many bytes with all that came after. The newest keyframe stays. Returns the oldest cycle that can be replayed.
   */
  prune(keep: { readonly days: number; readonly bytes: number }): Promise<number | null>;
}
interface CycleSaid {
  readonly cycle: number;
  readonly epoch: number;
  readonly nowSeconds: number;
  readonly policy: VersionedPolicy;
  readonly planSha256: string;
  readonly starts: number;
  readonly preemptions: number;
  readonly considered: number;
}
/** What a cycle saw: the whole state, or what changed since the cycle before it, `step` cycles after the keyframe's. */
export interface CycleEntry extends CycleSaid {
  readonly state:
    | { readonly kind: 'keyframe'; readonly chunks: readonly Chunk[] }
    | { readonly kind: 'deltas'; readonly keyframeCycle: number; readonly step: number; readonly packed: Chunk };
}
export interface KeptCycle extends CycleSaid {
  /** Empty for the keyframe's own. */
  readonly deltas: readonly Delta[];
}
export interface KeptCycles {
  readonly kind: 'kept';
  readonly keyframe: Snapshot;
  readonly entries: readonly KeptCycle[];
}

/** Why a cycle cannot be replayed. */
export const cycleLosses = [
  /** Older than what is kept. */
  'pruned',
  /** No cycle has this number yet. */
  'not-yet',
  /** A cycle had it, and its leader died before it was written down. */
  'never-recorded',
  /** Written by a version of the service whose states this one does not read. */
  'other-format',
  /** Another leader has overwritten a cycle between the keyframe and this one. */
  'superseded',
] as const;
export type CycleLoss = (typeof cycleLosses)[number];
/** Of cycles that are there to be listed. */
export const listedLosses = ['other-format', 'superseded'] as const satisfies readonly CycleLoss[];

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
