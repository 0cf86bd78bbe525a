import type { Tariff, GridZone, Calendar } from './catalogue-energy.js';
import type { Name, Provenance, Sourced, Citation, NamedFigure, Series } from './catalogue-parts.js';
import type {
  Architecture,
  DataLevel,
  EngineKind,
  Figure,
  JobClass,
  NodeShape,
  PlacementMode,
  PoolTier,
  SharingKind,
  Stack,
} from './topology.js';

/**
 * What the seeds say, as one plain object: read by libs/config, stored by persistence, shown by the API. A figure keeps the
 * ids of its source or assumption; the texts behind the ids are in `sources` and `assumptions`. One field may name several
 * ids, separated by commas.
 */
export interface Catalogue {
  readonly systems: readonly ComputeSystem[];
  readonly sites: readonly Site[];
  readonly pools: readonly Pool[];
  readonly nodeGroups: readonly NodeGroup[];
  readonly nodeTypes: readonly NodeType[];
  readonly acceleratorModels: readonly AcceleratorModel[];
  readonly exchangeRates: readonly ExchangeRate[];
  readonly districts: readonly District[];
  readonly priorityClasses: readonly PriorityClass[];
  readonly jobKinds: readonly JobKind[];
  readonly tenants: readonly Tenant[];
  readonly tariffs: readonly Tariff[];
  readonly grids: readonly GridZone[];
  readonly links: readonly SiteLink[];
  readonly calendars: readonly Calendar[];
  readonly pueLimits: readonly NamedFigure[];
  readonly benchmarks: readonly NamedFigure[];
  readonly sources: readonly Citation[];
  readonly assumptions: readonly Citation[];
}

/** Pools that a plan or a report names together, such as Ezhou's 3+3+N. */
export interface ComputeSystem {
  readonly id: string;
  readonly name: Name;
  readonly poolIds: readonly string[];
  readonly modelled: ModelledTotals;
}
export interface ModelledTotals extends Provenance {
  readonly fp16Pflops: number;
  readonly fp64Pflops?: number;
  readonly peakItKw: number;
  readonly accelerators: number;
}

export interface District {
  readonly id: string;
  readonly name: Name;
  readonly location: Location;
}
export type Location = Sourced<{ readonly latitudeDegrees: number; readonly longitudeDegrees: number }>;

export interface Site {
  readonly id: string;
  readonly name: Name;
  readonly operator: Sourced<Name>;
  readonly district: Sourced<{ readonly id: string }>;
  readonly location: Location;
  readonly gridId: string;
  readonly tariff: Sourced<{ readonly id: string; readonly planId: string }>;
  readonly racks?: Figure;
  readonly pue: { readonly annual: Figure; readonly monthlyFactor: Series };
  readonly supply: SiteSupply;
}
export interface SiteSupply {
  /** Photovoltaics on a dedicated line (绿电直连). Not enabled: drawn on no screen, counted nowhere. */
  readonly directPv: Sourced<{ readonly megawatts: number; readonly enabled: boolean }>;
  /** Part of the load that a hydro station feeds directly, 0..1. */
  readonly hydroDirectShare?: Figure;
  readonly contracts: readonly SupplyContract[];
  /** Green certificates cancelled a year: count for the year, never for an hour. */
  readonly gecMWhPerYear: Figure;
}
export interface SupplyContract extends Provenance {
  readonly id: string;
  readonly kind: 'ppa';
  readonly annualMWh: number;
  /** Where the energy was reckoned as a share of the expected load: that share, for the record. */
  readonly tradedShare?: number;
  /** Parts of the annual energy, summing to 1. */
  readonly mix: { readonly pv: number; readonly wind: number };
  /** On top of the grid price of the hour. */
  readonly premiumYuanPerKwh: number;
  /** First and last day, YYYY-MM-DD, Asia/Shanghai, both included. */
  readonly validFrom: string;
  readonly validUntil: string;
}

/** Every two of its sites reach each other at this rate, in both directions: what data of jobs is brought over. */
export interface SiteLink {
  readonly id: string;
  readonly name: Name;
  readonly siteIds: readonly string[];
  readonly gbitPerSecond: Figure;
}

export const plannedEngines = ['slurm', 'kueue', 'volcano', 'k3s', 'none'] as const;
export type PlannedEngine = (typeof plannedEngines)[number];
export const poolStatuses = ['operating', 'operating-assumed', 'planned', 'planned-assumed'] as const;

export interface Pool {
  readonly id: string;
  readonly siteId: string;
  readonly name: Name;
  readonly tier: PoolTier;
  /** managed: we place jobs there; federated: shown and planned with, not dispatched to. */
  readonly scope: 'managed' | 'federated';
  readonly enabled: boolean;
  /** Ways of running that enable a pool which is off by default, e.g. `dev`. */
  readonly enabledIn?: readonly string[];
  readonly status: (typeof poolStatuses)[number];
  readonly engine: Sourced<{ readonly kind: EngineKind; readonly planned?: PlannedEngine }>;
  readonly placement: PlacementMode;
  readonly dataLevels: Sourced<{ readonly levels: readonly DataLevel[] }>;
  /** Absent: every class. */
  readonly classes?: readonly JobClass[];
  /** Takes only jobs of these tenants and of those below them; absent: of everybody. */
  readonly tenants?: readonly string[];
  /** By district id. A district that is not there is unknown. */
  readonly latencyOneWayMs: Sourced<{ readonly byDistrict: Readonly<Record<string, number>> }>;
  readonly baselineUtilisation: Figure;
  readonly modelled: ModelledTotals;
  readonly published: readonly Omit<NamedFigure, 'id'>[];
  readonly facts: readonly { readonly text: Name; readonly source: string }[];
}

export interface NodeGroup {
  readonly id: string;
  readonly poolId: string;
  readonly nodeTypeId: string;
  readonly name: Name;
  readonly nodes: Figure;
  readonly acceleratorModel: string | null;
  readonly acceleratorMemoryGiB: number;
  readonly architecture: Architecture;
  readonly stack: Stack;
  /** What each node has. */
  readonly shape: NodeShape;
  readonly power: readonly PowerModelRow[];
  /** Nodes in one topology block, in the order of their index; absent: all are one block. */
  readonly nodesPerBlock?: Figure;
  /** Each card may be given out in parts of `1 / slices`; absent: whole cards only. */
  readonly sharing?: Sourced<{ readonly kind: SharingKind; readonly slices: number }>;
}
/** Ids of the nodes of a group that no inventory has named yet. */
export const nodeIdsOf = (group: Pick<NodeGroup, 'id' | 'nodes'>): string[] =>
  Array.from({ length: group.nodes.value }, (_, index) => `${group.id}-${String(index + 1).padStart(4, '0')}`);

/** P(u) = idle + (peak − idle) · u^exponent, watts at the node, from `validFrom` (YYYY-MM-DD) on. */
export interface PowerModelRow {
  readonly validFrom: string;
  readonly idleWatts: Figure;
  readonly peakWatts: Figure;
  readonly exponent: Figure;
}
export interface NodeType {
  readonly id: string;
  readonly name: Name;
  /** More than one: each group says which. */
  readonly architectures: readonly Architecture[];
  readonly acceleratorModel: string | null;
  readonly acceleratorsPerNode: Figure;
  readonly cpuCores: Figure;
  readonly memoryGiB: Figure;
  /** Of its processors alone. */
  readonly fp64TflopsPerNode?: Figure;
  readonly power: readonly PowerModelRow[];
}
export interface AcceleratorModel {
  readonly id: string;
  readonly name: Name;
  readonly stack: Stack;
  /** Dense, not sparse. */
  readonly fp16Tflops: Figure;
  readonly fp64TensorTflops?: Figure;
  readonly memoryGiB: Figure;
  readonly tdpWatts: Figure;
}

export const precisions = ['fp16', 'fp64'] as const;
export type Precision = (typeof precisions)[number];
/** A row of the exchange table: how many reference cards one card, or one node of a type without cards, counts for from then on. */
export interface ExchangeRate {
  /** Id of an accelerator model (`card`) or of a node type (`node`). */
  readonly model: string;
  readonly per: 'card' | 'node';
  readonly precision: Precision;
  /** YYYY-MM-DD, from midnight in Asia/Shanghai. */
  readonly validFrom: string;
  readonly rate: Figure;
}

export interface PriorityClass {
  /** 0 goes first. */
  readonly priority: Figure;
  readonly name: Name;
}
/** What an institute calls its work, and the class it is for the planner. */
export interface JobKind {
  readonly id: string;
  readonly name: Name;
  readonly class: JobClass;
}
export interface Tenant {
  readonly id: string;
  readonly parentId?: string;
  readonly name: Name;
  /** Named in public plans; quota and jobs are made up. */
  readonly sample: boolean;
  readonly role: string;
  readonly sector: Name;
  readonly homeDistrict: string;
  readonly priorityClass: Figure;
  readonly shareWeight: Figure;
  readonly maxDataLevel: Sourced<{ readonly level: DataLevel }>;
  readonly expectedDemand: MonthlyHours;
  readonly quota: TenantQuota;
  readonly namedIn: { readonly source: string };
  readonly jobs: readonly TenantJob[];
  readonly objective?: Sourced<{ readonly maxOneWayLatencyMs: number; readonly availabilityPercent: number }>;
  readonly voucher?: Voucher;
}
export type MonthlyHours = Sourced<{ readonly cardHoursPerMonth: number; readonly coreHoursPerMonth: number }>;
/** Besides the hours of a month: reference cards held at a time, what may be borrowed beyond them and lent of them. */
export type TenantQuota = MonthlyHours & {
  readonly cards?: Figure;
  readonly borrowingLimit?: Figure;
  readonly lendingLimit?: Figure;
};
export type Voucher = Sourced<{
  readonly subsidyPercent: number;
  readonly capYuanPerYear: number;
  readonly years: number;
  readonly freeCardHoursPerYear: number;
}>;
/** Poisson arrivals shaped by the calendar, log-normal run times, a discrete distribution of cards. */
export interface TenantJob extends Provenance {
  readonly kind: string;
  readonly class: JobClass;
  /** Column of the calendar's demand factors. */
  readonly demandSeries: string;
  readonly perWorkday: number;
  readonly cards: readonly number[];
  readonly cardProbability: readonly number[];
  readonly coresPerJob: number;
  readonly p50Hours: number;
  readonly p95Hours: number;
  readonly deferrableHours: number;
  readonly preemptible: boolean;
  readonly maxOneWayLatencyMs?: number;
}
