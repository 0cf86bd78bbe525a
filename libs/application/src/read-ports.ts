/** What screens, reports and the exporter read. Views are plain data; times are epoch ms on the service clock. */
import type { Catalogue, Figure, Instant, NodeState, SharingKind } from '#libs/domain';
import type { HourSettlement } from '#libs/energy';
import type { ResidualWindow } from '#libs/scheduling';
import type { Page, Principal, listedLosses } from './ports.js';

export interface PoolView {
  readonly id: string;
  readonly siteId: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly tier: string;
  readonly scope: 'managed' | 'federated';
  readonly enabled: boolean;
  readonly engine: string;
  readonly plannedEngine: string;
  readonly placement: 'pinned' | 'delegated';
  readonly reachable: boolean;
  readonly observedAt: Instant | null;
  readonly location: { readonly latitude: number; readonly longitude: number; readonly districtId: string };
  /** One-way, by district: measured where fresh probes say so, else assumed. */
  readonly latencyMs: Readonly<Record<string, number>>;
  /** How it is known where it is not merely assumed. */
  readonly latencyBasis: Readonly<Record<string, 'measured' | 'stale'>>;
  readonly dataLevels: readonly string[];
  /** True when any figure shown here is an assumption; `figures` tells which, and on what ground. */
  readonly assumed: boolean;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly groups: readonly GroupView[];
  /** Live counts over all groups. */
  readonly live: LiveCounts;
  /** Last settled hour, null before the first. */
  readonly lastHour: PoolHour | null;
}
export interface GroupView {
  readonly id: string;
  readonly nodeTypeId: string;
  readonly acceleratorModel: string | null;
  readonly acceleratorMemoryGiB: number;
  readonly architecture: string;
  readonly stack: string;
  readonly nodeCount: number;
  readonly perNode: { readonly cards: number; readonly cores: number; readonly memoryGiB: number };
  readonly fp16PflopsTotal: number;
  readonly fp64PflopsTotal: number;
  readonly nodesByState: Readonly<Record<'idle' | 'allocated' | 'mixed' | 'drained' | 'down' | 'maintenance', number>>;
  readonly cards: Readonly<Record<'free' | 'allocated' | 'reserved' | 'drained' | 'down' | 'maintenance', number>>;
  readonly cores: Readonly<Record<'free' | 'allocated' | 'reserved' | 'drained' | 'down' | 'maintenance', number>>;
  readonly memoryGiB: Readonly<Record<'free' | 'allocated' | 'reserved' | 'drained' | 'down' | 'maintenance', number>>;
  /** Null where cards are given out whole. `cardsHeld`: what is held of the cards that `cards` counts as allocated by their first part. */
  readonly sharing: { readonly kind: SharingKind; readonly slices: number; readonly cardsHeld: number } | null;
}
export interface LiveCounts {
  readonly nodes: number;
  readonly cards: number;
  readonly cardsAllocated: number;
  readonly coresAllocated: number;
  readonly runningAttempts: number;
}
export interface PoolHour {
  readonly hour: Instant;
  readonly itJoules: bigint;
  readonly facilityJoules: bigint;
  /** Three figures, never added: hour-matched, volumetric (over all settled hours), grid average of the hour. */
  readonly greenShareHourMatched: number;
  readonly greenShareVolumetric: number;
  readonly greenShareGridAverage: number;
  readonly estimated: boolean;
}
export interface NodeView {
  readonly id: string;
  readonly poolId: string;
  readonly groupId: string;
  readonly index: number;
  readonly state: NodeState;
  readonly stateReason: string | null;
  readonly stateSince: Instant | null;
  readonly installed: { readonly cards: number; readonly cores: number; readonly memoryGiB: number };
  readonly used: { readonly cards: number; readonly cores: number; readonly memoryGiB: number };
  /** Attempt ids with the tenant's id only for those the caller may see. */
  readonly attempts: readonly {
    readonly attemptId: string;
    readonly tenantId: string | null;
    /** What it holds: whole cards, or slices of one. */
    readonly cards: number;
    /** Which; null where cards are not shared. */
    readonly devices: readonly number[] | null;
  }[];
}
export interface SettlementView {
  readonly poolId: string;
  readonly siteId: string;
  readonly hour: Instant;
  readonly itJoules: bigint;
  readonly facilityJoules: bigint;
  readonly bySource: Readonly<Record<'direct' | 'storage' | 'contract' | 'grid', bigint>>;
  readonly greenAvailableJoules: bigint;
  readonly greenMatchedJoules: bigint;
  readonly greenCurtailedJoules: bigint;
  readonly gridGreenShare: number;
  readonly gramsPerKwh: number;
  readonly yuanPerKwh: number;
  readonly locationMilligrams: bigint;
  readonly marketMilligrams: bigint;
  readonly costMicroYuan: bigint;
  readonly pue: number;
  readonly estimated: boolean;
}
export interface UsageView {
  readonly tenantId: string;
  readonly from: Instant;
  readonly until: Instant;
  /** Settled only; `settledUntil` tells how far. */
  readonly settledUntil: Instant | null;
  readonly cardSeconds: number;
  readonly coreSeconds: number;
  readonly itJoules: bigint;
  readonly facilityJoules: bigint;
  readonly greenMatchedJoules: bigint;
  readonly locationMilligrams: bigint;
  readonly marketMilligrams: bigint;
  readonly costMicroYuan: bigint;
  readonly jobs: Readonly<Record<string, number>>;
  readonly byPool: readonly {
    readonly poolId: string;
    readonly cardSeconds: number;
    readonly facilityJoules: bigint;
    readonly greenMatchedJoules: bigint;
    readonly costMicroYuan: bigint;
  }[];
}
export interface TenantView {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: { readonly zh: string; readonly en: string };
  readonly kind: string;
  readonly homeDistrict: string;
  readonly priority: number;
  readonly maxDataLevel: string;
  readonly weight: number;
  readonly sample: boolean;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** What a tenant was told about a start. */
export interface PromiseView {
  readonly madeAt: Instant;
  readonly point: Instant;
  readonly basis: string;
  /** Null while too few outcomes are known. */
  readonly p50: Instant | null;
  readonly p90: Instant | null;
}
export interface JobPromises {
  readonly first: PromiseView;
  readonly latest: PromiseView;
  /** Whether the first promise was kept; null until the job has started, and for one that named no interval. */
  readonly kept: boolean | null;
}
/** How well starts were promised, over jobs of all tenants. */
export interface Calibration {
  readonly class: string;
  readonly kind: 'first' | 'last-hour';
  readonly promises: number;
  readonly kept: number;
  readonly withinP50: number;
  readonly withinMinute: number;
  readonly medianErrorSeconds: number;
}
export interface PromiseReader {
  /** Of one job; null when it was promised nothing, or is not the principal's. */
  ofJob(principal: Principal, jobId: string): Promise<JobPromises | null>;
  /** Promises that named an interval, of jobs started since. */
  calibration(since: Instant): Promise<readonly Calibration[]>;
  residuals(): Promise<readonly ResidualWindow[]>;
}

export interface CatalogueReader {
  /** `now`: which latency probes are fresh is told as of then; absent: as of the service clock that the database keeps. */
  pools(now?: Instant): Promise<readonly PoolView[]>;
  pool(id: string, now?: Instant): Promise<PoolView | null>;
  nodes(
    principal: Principal,
    poolId: string,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<Page<NodeView> | null>;
  node(principal: Principal, id: string): Promise<NodeView | null>;
  tenants(principal: Principal): Promise<readonly TenantView[]>;
  usage(principal: Principal, tenantId: string, from: Instant, until: Instant): Promise<UsageView | null>;
  settlements(filter: {
    readonly poolId?: string;
    readonly from: Instant;
    readonly until: Instant;
    readonly limit: number;
    readonly after: string | null;
  }): Promise<Page<SettlementView>>;
}

/** Puts the catalogue of the seeds into the database: inserts, changes what changed, never touches jobs. */
export interface CatalogueStore {
  /** Refuses (kind 'conflict') what would strand running work: a group or pool gone or shrunk below what is allocated. */
  store(
    catalogue: Catalogue,
    options: { readonly enable: readonly string[] },
  ): Promise<
    | { readonly kind: 'stored'; readonly added: number; readonly changed: number; readonly unchanged: number }
    | { readonly kind: 'conflict'; readonly problems: readonly string[] }
  >;
  /** The catalogue as stored, for planners' outlooks, settlement and the demand generator. */
  load(): Promise<Catalogue>;
}

export interface SettlementStore {
  /** Sites with enabled pools, the next hour each has to settle, and until when its pools' engines were observed (the least). */
  due(): Promise<
    readonly {
      readonly siteId: string;
      readonly poolIds: readonly string[];
      readonly nextHour: Instant;
      readonly observedUntil: Instant | null;
    }[]
  >;
  /** Stretches of attempts on nodes of the site that overlap the hour. `until` null: still running. */
  occupancy(siteId: string, hour: Instant): Promise<readonly Occupancy[]>;
  /** Appends; a second settlement of the same hour and revision changes nothing (returns false). */
  append(settlement: HourSettlement): Promise<boolean>;
}
export interface Occupancy {
  readonly attemptId: string;
  readonly jobId: string;
  readonly tenantId: string;
  readonly class: string;
  readonly poolId: string;
  readonly groupId: string;
  readonly nodeId: string;
  readonly cards: number;
  readonly cores: number;
  readonly from: Instant;
  readonly until: Instant | null;
}

export interface KeyStore {
  /** By the SHA-256 of the key. Null: unknown. */
  find(
    sha256: Uint8Array,
  ): Promise<{ readonly kind: 'ok'; readonly principal: Principal } | { readonly kind: 'expired' | 'revoked' } | null>;
  add(
    keys: readonly {
      readonly id: string;
      readonly sha256: Uint8Array;
      readonly role: Principal['role'];
      readonly tenantId: string | null;
      readonly label: string;
      readonly expiresAt: number | null;
    }[],
  ): Promise<void>;
  count(): Promise<number>;
  revoke(id: string): Promise<boolean>;
}

/** Rows for the exporter, each one set-based query. Label values are codes, never names of persons. */
export interface MetricsReader {
  jobsByState(): Promise<
    readonly { readonly pool: string; readonly class: string; readonly state: string; readonly jobs: number }[]
  >;
  /** From the ledger: restarts keep counters monotone. */
  jobsFinished(): Promise<
    readonly { readonly pool: string; readonly class: string; readonly outcome: string; readonly jobs: number }[]
  >;
  jobsSubmitted(): Promise<readonly { readonly class: string; readonly channel: string; readonly jobs: number }[]>;
  queuedDemand(): Promise<readonly { readonly class: string; readonly model: string; readonly cards: number }[]>;
  oldestQueued(): Promise<readonly { readonly pool: string; readonly class: string; readonly submittedAt: Instant }[]>;
  pendingReasons(): Promise<readonly { readonly refusal: string; readonly jobs: number }[]>;
  acceleratorSeconds(): Promise<
    readonly {
      readonly pool: string;
      readonly model: string;
      readonly class: string;
      readonly tenant: string;
      readonly cardSeconds: number;
    }[]
  >;
  /** Sums over all settled hours. */
  energy(): Promise<
    readonly {
      readonly pool: string;
      readonly itJoules: number;
      readonly facilityJoules: number;
      readonly direct: number;
      readonly storage: number;
      readonly contract: number;
      readonly grid: number;
      readonly greenMatched: number;
      readonly greenAvailable: number;
      readonly greenCurtailed: number;
      readonly gridGreen: number;
      readonly locationGrams: number;
      readonly marketGrams: number;
      readonly estimatedRatio: number;
      readonly costYuan: number;
    }[]
  >;
  /** What each tenant may hold, holds and has had of its due; in reference cards. null: no quota, or nobody beside it has used anything. */
  tenantShares(): Promise<
    readonly {
      readonly tenant: string;
      readonly quota: number | null;
      readonly held: number;
      readonly ratio: number | null;
    }[]
  >;
  tenantEnergy(): Promise<
    readonly { readonly tenant: string; readonly pool: string; readonly joules: number; readonly marketGrams: number }[]
  >;
  lostSeconds(): Promise<
    readonly { readonly pool: string; readonly model: string; readonly reason: string; readonly cardSeconds: number }[]
  >;
  overcommits(): Promise<readonly { readonly pool: string; readonly nodes: number }[]>;
  outboxPending(): Promise<Readonly<Record<string, number>>>;
  lease(): Promise<{ readonly holder: string; readonly epoch: number }>;
  /** The oldest cycle that can be replayed; null while there is none. */
  oldestReplayable(): Promise<{ readonly cycle: number; readonly atWallMs: number } | null>;
  lastCycle(): Promise<{ readonly cycle: number; readonly atWallMs: number } | null>;
  engines(): Promise<
    readonly {
      readonly pool: string;
      readonly engine: string;
      readonly reachable: boolean;
      readonly observedWallMs: number | null;
    }[]
  >;
  /** Counters that processes add up over their lives (submissions refused, decisions, conflicts), kept in the database. */
  counters(): Promise<
    readonly { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
  >;
}
/** Adds to the durable counters; coalesced by the caller. */
export interface CounterStore {
  add(
    increments: readonly {
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly by: number;
    }[],
  ): Promise<void>;
}

/** A cycle that is kept. */
export interface CycleView {
  readonly cycle: number;
  readonly epoch: number;
  readonly at: Instant;
  readonly recordedWallMs: number;
  readonly policy: { readonly sha256: string; readonly name: string } | null;
  readonly planSha256: string;
  readonly starts: number;
  readonly preemptions: number;
  readonly considered: number;
  readonly state: 'keyframe' | 'deltas';
  /** Of its packed state or deltas. */
  readonly bytes: number;
  /** Why it cannot be replayed; null when it can, if its bytes are still what was written. */
  readonly loss: (typeof listedLosses)[number] | null;
}
export interface CycleReader {
  /** Newest first. Throws RangeError for a cursor that no page ended with. */
  cycles(page: { readonly limit: number; readonly after: string | null }): Promise<Page<CycleView>>;
}
