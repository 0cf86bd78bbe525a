import { HOUR_MS, type Instant, JOULES_PER_KWH, type JobRequest, type Refusal, joules } from '#libs/domain';
import { type SupplyHour, nodeWatts, powerModelAt, supplyStack } from '#libs/energy';
import type { Admission, Evidence, PoolOption, QueuedJob, ResidualBook } from '#libs/scheduling';
import type { SiteBook } from '../energy/site-energy.js';
import type { Principal } from '../ports.js';
import { toMs, toSeconds } from '../service-time.js';
import { type SubmittingTenant, type TenantDirectory, completed, planned } from './submit-job.js';

/** The planner's mirror of an API replica, and how old it is. */
export interface QuoteDesk {
  readonly asOf: Instant | null;
  refresh(now: Instant): Promise<unknown>;
  quote(job: QueuedJob, nowSeconds: number): Promise<readonly PoolOption[]>;
  admit(job: QueuedJob): Promise<Admission>;
}
export interface QuoteOption {
  readonly poolId: string;
  readonly groupId: string | null;
  /** The plan's point, as if every running job used its whole limit. p50 and p90 stay null until enough starts have come true to calibrate them; both are the estimate where it would start at once. */
  readonly start: {
    readonly estimateMs: Instant;
    readonly p50Ms: Instant | null;
    readonly p90Ms: Instant | null;
    readonly basis: string;
  } | null;
  readonly refusal: Refusal | null;
  readonly evidence: Evidence;
  /** For the whole time limit; null when no start is in sight. */
  readonly energy: QuoteEnergy | null;
}
export interface QuoteEnergy {
  readonly energyKwh: number;
  readonly costYuan: number;
  readonly gramsCo2: { readonly location: number; readonly market: number };
  /** Two figures, never added. */
  readonly greenShare: { readonly hourMatched: number; readonly gridAverage: number };
}
export type Quoted =
  | {
      readonly kind: 'quoted';
      readonly asOf: Instant;
      readonly tenant: string;
      readonly options: readonly QuoteOption[];
    }
  | { readonly kind: 'tenant-needed'; readonly tenants: readonly string[] }
  | { readonly kind: 'tenant-unknown'; readonly tenant: string };

interface QuotePorts {
  readonly desk: QuoteDesk;
  readonly tenants: TenantDirectory;
  /** Books by site id, and the site of each pool. */
  readonly books: ReadonlyMap<string, SiteBook>;
  /** How starts fell from the plan's points so far; absent: nothing is known. */
  readonly residuals?: () => Promise<ResidualBook>;
}

/** Answers where and when a job that is not submitted would run, what it would cost and how green it would be: the same planner, asked. */
export class QuoteJob {
  constructor(private readonly ports: QuotePorts) {}

  async execute(asked: {
    readonly principal: Principal;
    readonly tenant: string | null;
    readonly request: JobRequest;
    readonly now: Instant;
  }): Promise<Quoted> {
    const id = asked.tenant ?? asked.principal.tenantId;
    if (id === null) return { kind: 'tenant-needed', tenants: asked.principal.tenants };
    const tenant = asked.principal.tenants.includes(id) ? this.ports.tenants.find(id) : null;
    if (!tenant) return { kind: 'tenant-unknown', tenant: id };
    const { desk } = this.ports;
    await desk.refresh(asked.now);
    const request = completed(asked.request, tenant);
    const job = this.asPlanned(request, tenant, asked.now);
    const options = await desk.quote(job, toSeconds(asked.now));
    const residuals = (await this.ports.residuals?.()) ?? null;
    const context = { request, now: toSeconds(asked.now), residuals };
    return {
      kind: 'quoted',
      asOf: desk.asOf ?? asked.now,
      tenant: tenant.id,
      options: options.map((option) => this.priced(option, context)),
    };
  }

  private asPlanned(request: JobRequest, tenant: SubmittingTenant, now: Instant): QueuedJob {
    return planned(request, tenant, { id: 'quote', sequence: Number.MAX_SAFE_INTEGER, now });
  }

  private priced(option: PoolOption, context: QuoteContext): QuoteOption {
    const { poolId, groupId, refusal, evidence } = option;
    const { request } = context;
    const start = startOf(option, context);
    const book = [...this.ports.books.values()].find((candidate) => candidate.poolIds.includes(poolId));
    const energy = start && book && groupId ? estimateEnergy(book, groupId, request, start.estimateMs) : null;
    return { poolId, groupId, start, refusal, evidence, energy };
  }
}

interface QuoteContext {
  readonly request: JobRequest;
  readonly now: number;
  readonly residuals: ResidualBook | null;
}

function startOf(option: PoolOption, { request, now, residuals }: QuoteContext): QuoteOption['start'] {
  const { estimatedStart: point, basis, evidence } = option;
  if (point === null) return null;
  const told = { estimateMs: toMs(point), p50Ms: null, p90Ms: null, basis };
  if (residuals === null || basis === 'none') return told;
  const { p50, p90 } = residuals.promise({ point, now, class: request.class, basis, ahead: evidence.ahead });
  if (p50 === null || p90 === null) return told;
  // Residuals are of jobs that had to wait; this one would not.
  if (point <= now) return { ...told, p50Ms: told.estimateMs, p90Ms: told.estimateMs };
  return { ...told, p50Ms: toMs(p50), p90Ms: toMs(p90) };
}

/**
 * Energy of a job that would hold its nodes for its whole limit: its part of the nodes' idle watts, and of their dynamic watts
 * at the load it adds, × PUE, hour by hour against the supply at the site's expected load. An estimate: what is settled later
 * follows the real load.
 */
export function estimateEnergy(
  book: SiteBook,
  groupId: string,
  request: JobRequest,
  from: Instant,
): QuoteEnergy | null {
  const group = book.groups.find((candidate) => candidate.id === groupId);
  if (!group) return null;
  const { shape } = group;
  const part =
    shape.cards > 0
      ? request.resources.acceleratorsPerNode / shape.cards
      : (request.resources.cpuCoresPerNode ?? 0) / Math.max(1, shape.cores);
  const until = from + request.timeLimitSeconds * 1000;
  const sum = { joules: 0, cost: 0, location: 0, market: 0, matched: 0, gridGreen: 0 };
  for (let at = from; at < until; at = Math.min(until, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS)) {
    const seconds = (Math.min(until, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS) - at) / 1000;
    const model = powerModelAt(group.power, at);
    const watts = part * model.idleWatts + (nodeWatts(model, part) - model.idleWatts);
    const facility = watts * request.resources.nodes * book.pueAt(at) * seconds;
    const supply = book.supplyAt(at);
    const { price } = supply;
    const { direct, contract, grid } = expectedShares(book, supply, at);
    const kwh = facility / JOULES_PER_KWH;
    sum.joules += facility;
    sum.cost +=
      kwh * (direct * price.directYuanPerKwh + contract * supply.contractYuanPerKwh + grid * price.gridYuanPerKwh);
    sum.location += kwh * (contract + grid) * supply.locationGramsPerKwh;
    sum.market += kwh * grid * supply.marketGramsPerKwh;
    sum.matched += facility * (direct + contract);
    sum.gridGreen += facility * supply.gridGreenShare;
  }
  return {
    energyKwh: sum.joules / JOULES_PER_KWH,
    costYuan: sum.cost,
    gramsCo2: { location: sum.location, market: sum.market },
    greenShare: {
      hourMatched: sum.joules === 0 ? 0 : sum.matched / sum.joules,
      gridAverage: sum.joules === 0 ? 0 : sum.gridGreen / sum.joules,
    },
  };
}

/** How the hour's expected load is fed, as parts of one; what comes over the site's own line is neither billed nor counted as the grid's, as in settlement. */
function expectedShares(
  book: SiteBook,
  supply: SupplyHour,
  at: Instant,
): Readonly<Record<'direct' | 'contract' | 'grid', number>> {
  const load = joules(book.expectedWattsAt(at) * 3600);
  if (load === 0n) return { direct: 0, contract: 0, grid: 1 };
  const { bySource } = supplyStack(load, supply);
  const shareOf = (amount: bigint): number => Number(amount) / Number(load);
  return {
    direct: shareOf(bySource.directPv + bySource.directHydro + bySource.storage),
    contract: shareOf(bySource.contract),
    grid: shareOf(bySource.grid),
  };
}
