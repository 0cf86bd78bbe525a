/**
 * What goes into the planner and what comes out: plain data, so that a cold start, a delta, a keyframe of a replay and a
 * message to the worker thread are the same thing. Times are whole seconds on the service clock since the epoch: starts round
 * up, ends round up.
 */
import type { QuotaModel } from '#libs/accounting';
import type { Architecture, DataLevel, JobClass, NodeShape, NodeState, Refusal, Stack } from '#libs/domain';

export type { QuotaModel } from '#libs/accounting';
export type Seconds = number;

export interface PoolModel {
  readonly id: string;
  readonly siteId: string;
  readonly reachable: boolean;
  /** One-way milliseconds from each district that was measured or assumed. A district not listed is unknown: a job that limits latency from there is refused here. */
  readonly latencyMs: Readonly<Record<string, number>>;
  readonly dataLevels: readonly DataLevel[];
  /** Absent: every class. */
  readonly classes?: readonly JobClass[];
  /** Takes only jobs that list it: a pool that really runs commands on this machine must be asked for. */
  readonly onlyIfListed?: boolean;
  /** How each latency is known where it is not assumed: measured by a fresh probe, or assumed again because the probe is stale. */
  readonly latencyBasis?: Readonly<Record<string, 'measured' | 'stale'>>;
  /** Takes only jobs of these tenants and of those below them; absent: of everybody. */
  readonly tenants?: readonly string[];
}

export interface GroupModel {
  readonly id: string;
  readonly poolId: string;
  readonly acceleratorModel: string | null;
  readonly acceleratorMemoryGiB: number;
  readonly architecture: Architecture;
  readonly stack: Stack;
  /** What each node of the group has. A processor of an SWF log is one node of a one-card group. */
  readonly shape: NodeShape;
  /** Node ids in index order; the planner speaks of nodes by group and index. Fungible groups (SWF logs) give a count instead. */
  readonly nodes: readonly string[] | number;
  /** Cards may be given out in parts of `1 / slices`; absent: whole cards only. */
  readonly sharing?: { readonly kind: 'vnpu' | 'mig' | 'time-slice'; readonly slices: number };
  /** Topology block of each node, in index order; gangs are kept inside one where one can hold them. Absent: one block. */
  readonly blocks?: readonly number[];
  /** What a node draws idle and at full load; absent: power caps do not see the group. */
  readonly watts?: { readonly idle: number; readonly peak: number };
  /** Reference cards that one card (one node, in a group without cards) counts for in quotas and fair share; absent: 1. */
  readonly exchangeRate?: number;
}

/** Declared rate of the way between two sites, in both directions. */
export interface LinkModel {
  readonly fromSiteId: string;
  readonly toSiteId: string;
  readonly gbitPerSecond: number;
}

/** A site's IT load may not pass `watts` in [from, until). Several may overlap: the lowest holds. */
export interface PowerCapModel {
  readonly id: string;
  readonly siteId: string;
  readonly from: Seconds;
  readonly until: Seconds;
  readonly watts: number;
}

/** What each hour of a site looks like; read by the scorers. */
export interface OutlookModel {
  readonly siteId: string;
  /** Start of the first hour, seconds. */
  readonly from: Seconds;
  readonly greenShare: readonly number[];
  readonly gramsPerKwh: readonly number[];
  readonly yuanPerKwh: readonly number[];
}

export interface QueuedJob {
  readonly id: string;
  /** Breaks every tie; unique and increasing with submission (sequence number in the database, index in a trace). */
  readonly sequence: number;
  readonly tenantId: string;
  readonly class: JobClass;
  /** 0 goes first (emergency) … 3 last (batch): the tenant's priority class. Only the fair order looks at it. */
  readonly priority: number;
  readonly submittedAt: Seconds;
  readonly nodes: number;
  readonly perNode: NodeShape;
  /** Kill limit, seconds. */
  readonly limit: number;
  /** Predicted run time, seconds, at most the limit; the limit where nothing is known. */
  readonly predicted: number;
  /** Elastic: may have any number of nodes from `nodes` to this. */
  readonly nodesMax?: number;
  readonly acceleratorModels?: readonly string[];
  readonly minAcceleratorMemoryGiB?: number;
  readonly architecture?: Architecture;
  readonly stack?: Stack;
  readonly pools?: readonly string[];
  readonly maxLatencyMs?: number;
  readonly fromDistrict?: string;
  readonly dataLevel: DataLevel;
  readonly earliestStart?: Seconds;
  readonly deadline?: Seconds;
  /** Group and nodes where an earlier attempt was refused by the engine, not to be tried again in this life. */
  readonly avoidPools?: readonly string[];
  /** Runs at this site and nowhere else. */
  readonly dataSite?: string;
  /** Data to be brought to the site before the run: so much from that site. */
  readonly inputs?: readonly { readonly siteId: string; readonly sizeGiB: number }[];
  /** Starts only where the expected green share of its hours reaches this, or when waiting longer would miss the deadline. */
  readonly minGreenShare?: number;
  readonly preemptible?: boolean;
  /** Seconds between checkpoints; absent: a preempted run starts from nothing. */
  readonly checkpointInterval?: number;
  /** How often it was put out for others so far. */
  readonly preemptions?: number;
  /** How often nodes were vacated for it so far. */
  readonly claims?: number;
}

export interface RunningJob {
  readonly attemptId: string;
  readonly jobId: string;
  readonly tenantId: string;
  readonly groupId: string;
  /** Node indices in the group, ascending; empty while a delegated engine has not told them (then the planner holds `nodeCount` of the least loaded). */
  readonly nodeIndices: readonly number[];
  readonly nodeCount: number;
  readonly perNode: NodeShape;
  readonly startedAt: Seconds;
  /** When its limit ends; the profile holds its nodes until then, or a little longer when it has outlived it. */
  readonly endsBy: Seconds;
  /** When it is predicted to end, at most `endsBy`; absent: at its limit. */
  readonly predictedEnd?: Seconds;
  readonly class?: JobClass;
  /** Priority band of its job; absent: 2. */
  readonly priority?: number;
  readonly preemptible?: boolean;
  readonly checkpointInterval?: number;
  /** How often its job was put out for others before. */
  readonly preemptions?: number;
  /** An elastic job's range. */
  readonly nodesMin?: number;
  readonly nodesMax?: number;
  /** Being stopped: its nodes are as good as free, but not yet. */
  readonly leaving?: boolean;
  /** Which cards of each of its nodes it holds, where cards are shared: same order as `nodeIndices`. */
  readonly devices?: readonly (readonly number[])[];
}

/**
 * Nodes that nobody may use in [from, until) but those it is open to. maintenance: open to nobody. booking: a booked
 * reservation. claim: nodes that are being vacated for a job that preempts.
 */
export interface WindowModel {
  readonly id: string;
  readonly groupId: string;
  readonly nodeIndices: readonly number[];
  readonly from: Seconds;
  readonly until: Seconds;
  /** Absent: maintenance. */
  readonly kind?: 'maintenance' | 'booking' | 'claim';
  /** Who may use the nodes meanwhile: jobs of these tenants and of those below them, of these classes, or these very jobs. */
  readonly openTo?: {
    readonly tenants?: readonly string[];
    readonly classes?: readonly JobClass[];
    readonly jobs?: readonly string[];
  };
}

export interface TenantModel {
  readonly id: string;
  readonly parentId: string | null;
  /** Share weight, > 0. */
  readonly weight: number;
  /** Decayed reference-card-seconds of what has ended, at the last accrual tick. */
  readonly usage: number;
  /** The instant that `usage` is decayed to; absent: taken as it is. */
  readonly usageAsOf?: Seconds;
  readonly quota?: QuotaModel;
}

/** A whole state, from which a planner can be started cold. Arrays may come in any order; the planner sorts by id or sequence. */
export interface Snapshot {
  readonly now: Seconds;
  readonly pools: readonly PoolModel[];
  readonly groups: readonly GroupModel[];
  /** Nodes that are not up; all others are. */
  readonly nodeStates: readonly { readonly groupId: string; readonly index: number; readonly state: NodeState }[];
  readonly windows: readonly WindowModel[];
  readonly tenants: readonly TenantModel[];
  readonly running: readonly RunningJob[];
  readonly queued: readonly QueuedJob[];
  readonly outlooks: readonly OutlookModel[];
  readonly links?: readonly LinkModel[];
  readonly powerCaps?: readonly PowerCapModel[];
}

export type Delta =
  | { readonly kind: 'job-queued'; readonly job: QueuedJob }
  | { readonly kind: 'job-withdrawn'; readonly jobId: string }
  | { readonly kind: 'attempt-placed'; readonly attempt: RunningJob }
  /** The engine told nodes or a start time: replaces what is known of the attempt. */
  | { readonly kind: 'attempt-changed'; readonly attempt: RunningJob }
  | { readonly kind: 'attempt-ended'; readonly attemptId: string }
  | { readonly kind: 'node-state'; readonly groupId: string; readonly index: number; readonly state: NodeState }
  | { readonly kind: 'pool-reachable'; readonly poolId: string; readonly reachable: boolean }
  | { readonly kind: 'window-set'; readonly window: WindowModel }
  | { readonly kind: 'window-gone'; readonly windowId: string }
  | { readonly kind: 'usage'; readonly tenants: readonly TenantModel[] }
  /** Latency, tenants, classes: all but the groups of a pool. */
  | { readonly kind: 'pool-changed'; readonly pool: PoolModel }
  | { readonly kind: 'power-cap-set'; readonly cap: PowerCapModel }
  | { readonly kind: 'power-cap-gone'; readonly capId: string }
  | { readonly kind: 'outlook'; readonly outlook: OutlookModel };

export const orderNames = ['fcfs', 'sjf', 'saf', 'wfp3', 'unicep', 'f1', 'fair'] as const;
export type OrderName = (typeof orderNames)[number];
export const backfillModes = ['none', 'easy', 'conservative'] as const;
export type BackfillMode = (typeof backfillModes)[number];
/** tsafrir: the mean of its like's last two runs. believing: the same, but the limit where both of these were exact (`predictor.ts`). */
export const predictorNames = ['tsafrir', 'believing'] as const;
export type PredictorName = (typeof predictorNames)[number];

export interface ScoreWeights {
  readonly startDelay: number;
  readonly tightFit: number;
  readonly price: number;
  readonly green: number;
  readonly nearness: number;
}

export interface PlanningPolicy {
  readonly order: OrderName;
  /** none: nobody passes a job that cannot start. easy: one reservation. conservative: a reservation for each of the first `reservationDepth` of each set of groups that jobs can go to. */
  readonly backfill: BackfillMode;
  readonly reservationDepth: number;
  /** In which order jobs without a reservation are tried for what is left: the queue's, or the shortest hold first. Default: queue. */
  readonly backfillOrder?: 'queue' | 'shortest-first';
  /** At most so many starts a cycle; what is left over goes with the next. */
  readonly maxStarts: number;
  readonly weights: ScoreWeights;
  /** What a hold lasts for planning: the kill limit, or the predicted run time, put off when outlived. Default: limit. */
  readonly runTimes?: 'limit' | 'predicted';
  /** How long a job is thought to run when it is submitted. Default: tsafrir. */
  readonly predictor?: PredictorName;
  readonly fairShare?: {
    /** Use counts half after so long. Default: 14 days. */
    readonly halfLifeSeconds?: number;
    /** Ranks change at multiples of it only. Default: 60. */
    readonly accrualSeconds?: number;
    /** So many seconds of use are charged to a start at once, against bursts. Default: 600. */
    readonly entryPenaltySeconds?: number;
  };
  /** Quotas are obeyed unless off. */
  readonly quotas?: 'off';
  /** Absent: nobody is preempted. */
  readonly preemption?: {
    /** A job may put out preemptible ones that are so many priority bands below it; absent: never. */
    readonly bandsBelow?: number;
    /** A job within its tenant's quota may put out preemptible ones of tenants that borrow. */
    readonly reclaim?: boolean;
    /** Nobody who was put out before is put out again in the first so many seconds of his next run. */
    readonly minRunSeconds: number;
    /** At most so many jobs may preempt in one cycle. */
    readonly maxPreemptors: number;
  };
  /** Elastic jobs are resized at their checkpoints unless off. */
  readonly elastic?: 'off';
}

export interface PlannedStart {
  readonly jobId: string;
  readonly tenantId: string;
  /** How many nodes, and what of each: the job's own words, so that the committer and the next deltas need not look them up. */
  readonly nodes: number;
  readonly perNode: NodeShape;
  readonly groupId: string;
  readonly poolId: string;
  readonly nodeIndices: readonly number[];
  readonly endsBy: Seconds;
  /** When its hold ends for planning, where run times are predicted; absent: at `endsBy`. */
  readonly predictedEnd?: Seconds;
  /** Started although a job before it in the order was not. */
  readonly backfilled: boolean;
  readonly score: number;
  /** Seconds at the beginning in which its data is brought in; absent: none. */
  readonly stagingSeconds?: number;
  /** Which cards of each node, where cards are shared: same order as `nodeIndices`. */
  readonly devices?: readonly (readonly number[])[];
}

/** Running work that is to make room. Its nodes are held for the preemptor by a claim until it starts there. */
export interface PlannedPreemption {
  readonly attemptId: string;
  readonly jobId: string;
  /** shrink, grow: an elastic job that goes on with other nodes from the checkpoint that it has just made. */
  readonly reason: 'priority' | 'reclaim' | 'shrink' | 'grow';
  readonly forJobId: string;
  readonly at: Seconds;
  /** Node-seconds of work that are thrown away: since its last checkpoint. */
  readonly lostNodeSeconds: number;
}
/** Where a preemptor will start once its victims are gone. */
export interface PlannedClaim {
  readonly jobId: string;
  readonly groupId: string;
  readonly poolId: string;
  readonly nodeIndices: readonly number[];
}
export interface PlannedReservation {
  readonly jobId: string;
  readonly groupId: string;
  readonly poolId: string;
  readonly start: Seconds;
}

/** Counters that say why; turned into text when somebody asks (STYLE A7). Node counts over all groups considered. */
export interface Evidence {
  readonly nodesConsidered: number;
  readonly filteredBy: Readonly<Partial<Record<Refusal, number>>>;
  /** By how much the best group falls short right now: free and asked for. */
  readonly best: { readonly groupId: string; readonly freeNodes: number; readonly askedNodes: number } | null;
  /** Jobs ahead of it in the order. */
  readonly ahead: number;
}

export interface WaitingVerdict {
  readonly jobId: string;
  readonly refusal: Refusal;
  /** When the plan would start it: a reservation's start, else a backlog estimate; null when no pool could ever hold it as things stand. */
  readonly estimatedStart: Seconds | null;
  /** reservation: from a place in the profile; backlog: work ahead over capacity. */
  readonly basis: 'reservation' | 'backlog' | 'none';
  readonly poolId: string | null;
  readonly evidence: Evidence;
}

export interface CyclePlan {
  readonly now: Seconds;
  readonly starts: readonly PlannedStart[];
  readonly preemptions: readonly PlannedPreemption[];
  readonly claims: readonly PlannedClaim[];
  /** In order. */
  readonly reservations: readonly PlannedReservation[];
  /** In order: one for each job that waits, or for those that have news, as was asked for. No part of the decision. */
  readonly waiting: readonly WaitingVerdict[];
  readonly counts: {
    readonly considered: number;
    readonly backfilled: number;
    readonly reserved: number;
  };
  /** Jobs that were looked at; the others wait for something that has not happened since they last were. No part of the decision. */
  readonly looked: number;
  /** Seconds, on whatever stopwatch the caller brought; zero without one. */
  readonly stages: Readonly<Record<'order' | 'place', number>>;
}

/** One pool's answer to "what if I submitted this now"; refused when `refusal` is set, and then start, end and group are null. */
export interface PoolOption {
  readonly poolId: string;
  readonly groupId: string | null;
  readonly estimatedStart: Seconds | null;
  /** When its limit would end. */
  readonly endsBy: Seconds | null;
  /** Seconds at the beginning in which its data is brought in; absent: none. */
  readonly stagingSeconds?: number;
  readonly basis: 'reservation' | 'backlog' | 'none';
  /** In [0, 1] by the weights of the policy; 0 when refused. */
  readonly score: number;
  readonly refusal: Refusal | null;
  readonly evidence: Evidence;
}

/** Whether any pool would ever hold the job, whatever runs there now and whatever is down. */
export type Admission =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** The largest job like it that would be admitted; null when its size is not what is in the way. */
      readonly largest: {
        readonly poolId: string;
        readonly groupId: string;
        readonly nodes: number;
        readonly perNode: NodeShape;
      } | null;
      readonly evidence: Evidence;
    };
