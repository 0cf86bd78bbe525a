import { HOUR_MS, type Instant, JOULES_PER_KWH, type JobRequest, type Refusal, hourStart, joules } from '#libs/domain';
import { type SupplyHour, nodeWatts, powerModelAt, supplyStack } from '#libs/energy';
import {
  type Admission,
  type Evidence,
  type PoolOption,
  type QueuedJob,
  type ResidualBook,
  type WhatIfs,
  heldMilli,
} from '#libs/scheduling';
import type { SiteBook } from '../energy/site-energy.js';
import { toMs, toSeconds } from '../service-time.js';
import { cardsPerNode } from './submit-job.js';

/** The planner's mirror of an API replica, and how old it is. */
export interface QuoteDesk {
  readonly asOf: Instant | null;
  refresh(now: Instant): Promise<unknown>;
  quote(job: QueuedJob, nowSeconds: number): Promise<readonly PoolOption[]>;
  /** A job to be submitted, or one that waits, by its id; null when it does not wait, or when nodes are being vacated for it. */
  whatIf(asked: QueuedJob | string, nowSeconds: number): Promise<WhatIfs | null>;
  admit(job: QueuedJob): Promise<Admission>;
}
export interface QuoteOption {
  readonly poolId: string;
  readonly groupId: string | null;
  /** The plan's point, as if each job lasted as long as the policy plans it to: its limit, or what is predicted of it. p50 and p90 stay null until enough starts have come true to calibrate them; both are the estimate where it would start at once. */
  readonly start: {
    readonly estimateMs: Instant;
    readonly p50Ms: Instant | null;
    readonly p90Ms: Instant | null;
    readonly basis: string;
  } | null;
  /** Seconds from the start in which its inputs are brought in; null: there is nothing to bring, or no start. */
  readonly stagingSeconds: number | null;
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
/** What an option of the planner costs, how green it is and how sure its start: the same for quotes and for counterfactuals. */
export interface PriceList {
  price(option: PoolOption, request: JobRequest): QuoteOption;
  /** The model of the cards of a group; null for one without, or one that no book has. */
  modelOf(groupId: string): string | null;
}

export class OptionPrices {
  constructor(
    private readonly ports: {
      /** Books by site id, and the site of each pool. */
      readonly books: ReadonlyMap<string, SiteBook>;
      /** How starts fell from the plan's points so far; absent: nothing is known. */
      readonly residuals?: () => Promise<ResidualBook>;
    },
  ) {}

  /** With what is known by now of how starts fell. */
  async at(now: Instant): Promise<PriceList> {
    const residuals = (await this.ports.residuals?.()) ?? null;
    const books = Array.from(this.ports.books.values(), rememberingHours);
    return {
      price: (option, request) => {
        const { poolId, groupId, refusal, evidence, stagingSeconds = null } = option;
        const start = startOf(option, { request, now: toSeconds(now), residuals });
        const book = books.find((candidate) => candidate.poolIds.includes(poolId));
        const energy = start && book && groupId ? estimateEnergy(book, groupId, request, start.estimateMs) : null;
        return { poolId, groupId, start, stagingSeconds, refusal, evidence, energy };
      },
      modelOf: (groupId) =>
        books.flatMap((book) => book.groups).find((group) => group.id === groupId)?.acceleratorModel ?? null,
    };
  }
}

/** A book that works an hour out once, however many options cross it. For the life of one answer: books follow the catalogue. */
function rememberingHours(book: SiteBook): SiteBook {
  return {
    ...book,
    supplyAt: byHour((at) => book.supplyAt(at)),
    pueAt: byHour((at) => book.pueAt(at)),
    expectedWattsAt: byHour((at) => book.expectedWattsAt(at)),
  };
}

function byHour<T>(of: (at: Instant) => T): (at: Instant) => T {
  const known = new Map<Instant, T>();
  return (at) => {
    const hour = hourStart(at);
    const kept = known.get(hour) ?? of(at);
    known.set(hour, kept);
    return kept;
  };
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
      ? cardsHeld(group, cardsPerNode(request.resources)) / shape.cards
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

/** Of each node: whole slices of a card that is shared, as settlement will count it. */
const cardsHeld = ({ sharing }: SiteBook['groups'][number], cards: number): number =>
  sharing && cards < 1 && cards > 0 ? heldMilli(Math.round(cards * 1000), sharing.slices) / 1000 : cards;

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
