import { soundParents } from '#libs/accounting';
import { compareKeys } from '#libs/domain';
import { rankTenants } from './fair-share.js';
import type { PlanningPolicy, Seconds, TenantModel } from './model.js';

export const HALF_LIFE_SECONDS = 14 * 24 * 3600;
export const ACCRUAL_SECONDS = 60;
export const ENTRY_PENALTY_SECONDS = 600;

/** What a running attempt is charged: so many milli reference cards (`referenceMilli`) since then. */
export interface ShareCharge {
  readonly tenantId: string;
  readonly milli: number;
  readonly startedAt: Seconds;
}

/** One tenant on the way from the top to the one asked about, among those with the same parent. */
export interface ShareLevel {
  readonly tenantId: string;
  readonly weight: number;
  /** Its part of the siblings' weights: what it is due. */
  readonly dueShare: number;
  /** Effective use of its subtree, reference-card-seconds. */
  readonly use: number;
  /** Its part of the siblings' use; null where none of them has used anything. */
  readonly usedShare: number | null;
  /** Used over due: below 1 it has had less than its share. */
  readonly ratio: number | null;
  /** 1 goes first; equals stand equal. */
  readonly place: number;
  readonly siblings: number;
}
export interface ShareStanding {
  readonly tenantId: string;
  /** The accrual tick that the figures are of. */
  readonly asOf: Seconds;
  /** Place in the whole fair tree, 0 first. */
  readonly rank: number;
  /** Of what its own jobs used: ended and decayed, running, and the entry penalties in the latter. Reference-card-seconds. */
  readonly own: { readonly ended: number; readonly running: number };
  /** From the top down to the tenant. */
  readonly levels: readonly ShareLevel[];
}

interface Running {
  /** Sum of milli cards, and of milli cards times start: split, because the product of both may pass 2^53. */
  milli: number;
  startHigh: number;
  startLow: number;
}
const SPLIT = 65_536;

/**
 * Use of each tenant as fair share counts it, and the ranks that follow.
 *
 * Effective use = decayed use of what has ended + for each running attempt its cards × (seconds from the tick of its start to
 * the present tick + entry penalty). It is read at accrual ticks only, so that the order stands still between two. All sums are
 * whole numbers (milli-card-seconds): what was added and taken off leaves nothing behind, and the ranks depend on what runs
 * now, not on what ran in between.
 *
 * Decay of what runs begins when it ends: until then it is held, not used up.
 */
export class ShareBook {
  private readonly halfLife: number;
  readonly accrualSeconds: number;
  readonly entryPenaltySeconds: number;
  private tenants: readonly TenantModel[] = [];
  private readonly running = new Map<string, Running>();
  // Of the ranks; not a number while they are stale.
  private tick = Number.NaN;
  private ranks: ReadonlyMap<string, number> = new Map();

  constructor(policy: PlanningPolicy['fairShare'] = {}) {
    this.halfLife = policy.halfLifeSeconds ?? HALF_LIFE_SECONDS;
    this.accrualSeconds = policy.accrualSeconds ?? ACCRUAL_SECONDS;
    this.entryPenaltySeconds = policy.entryPenaltySeconds ?? ENTRY_PENALTY_SECONDS;
  }

  setTenants(tenants: Iterable<TenantModel>): void {
    this.tenants = [...tenants].toSorted((a, b) => compareKeys(a.id, b.id));
    this.tick = Number.NaN;
  }

  start(charge: ShareCharge): void {
    this.enter(charge, 1);
  }

  /** Takes off what `start` entered: the same charge. What the use of the ended attempt comes to arrives with the tenants. */
  end(charge: ShareCharge): void {
    this.enter(charge, -1);
  }

  /** The accrual tick that `now` belongs to. */
  tickOf(now: Seconds): Seconds {
    return Math.floor(now / this.accrualSeconds) * this.accrualSeconds;
  }

  /** Rank of each tenant, 0 first. The very same map as long as no rank changed. */
  ranksAt(now: Seconds): ReadonlyMap<string, number> {
    const tick = this.tickOf(now);
    if (tick === this.tick) return this.ranks;
    const ranks = rankTenants(this.effective(tick));
    if (!isSame(ranks, this.ranks)) this.ranks = ranks;
    this.tick = tick;
    return this.ranks;
  }

  /** Where the tenant stands and why; undefined for one that is not among the tenants. */
  shareOf(tenantId: string, now: Seconds): ShareStanding | undefined {
    const tenant = this.tenants.find(({ id }) => id === tenantId);
    if (!tenant) return undefined;
    const rank = this.ranksAt(now).get(tenantId)!;
    const tick = this.tickOf(now);
    const own = { ended: this.ended(tenant, tick) / 1000, running: this.charged(tenantId, tick) / 1000 };
    return { tenantId, asOf: tick, rank, own, levels: standings(this.effective(tick), tenantId) };
  }

  private enter({ tenantId, milli, startedAt }: ShareCharge, sign: 1 | -1): void {
    let sums = this.running.get(tenantId);
    if (!sums) this.running.set(tenantId, (sums = { milli: 0, startHigh: 0, startLow: 0 }));
    const from = this.tickOf(startedAt);
    sums.milli += sign * milli;
    sums.startHigh += sign * milli * Math.floor(from / SPLIT);
    sums.startLow += sign * milli * (from % SPLIT);
    this.tick = Number.NaN;
  }

  /** The tenants with their effective use in milli-card-seconds. */
  private effective(tick: Seconds): TenantModel[] {
    return this.tenants.map((tenant) => ({
      ...tenant,
      usage: this.ended(tenant, tick) + this.charged(tenant.id, tick),
    }));
  }

  private ended({ usage, usageAsOf }: TenantModel, tick: Seconds): number {
    const elapsed = Math.max(0, tick - (usageAsOf ?? tick));
    return Math.round(usage * 1000 * 0.5 ** (elapsed / this.halfLife));
  }

  private charged(tenantId: string, tick: Seconds): number {
    const sums = this.running.get(tenantId);
    if (!sums) return 0;
    const until = tick + this.entryPenaltySeconds;
    const high = Math.floor(until / SPLIT) * sums.milli - sums.startHigh;
    return Math.max(0, high * SPLIT + (until % SPLIT) * sums.milli - sums.startLow);
  }
}

function isSame(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  if (one.size !== other.size) return false;
  for (const [id, rank] of one) if (other.get(id) !== rank) return false;
  return true;
}

/** @param tenants with use in milli-card-seconds */
function standings(tenants: readonly TenantModel[], tenantId: string): ShareLevel[] {
  const parents = soundParents(tenants);
  const uses = new Map<string, number>();
  for (const { id, usage } of tenants) {
    for (const above of lineOf(id, parents)) uses.set(above, (uses.get(above) ?? 0) + usage);
  }
  return lineOf(tenantId, parents)
    .toReversed()
    .map((id) => levelOf(id, tenants.filter((sibling) => parents.get(sibling.id) === parents.get(id)), uses)); // prettier-ignore
}

/** A tenant and those above it, up to the top. */
function lineOf(tenantId: string, parents: ReadonlyMap<string, string | null>): string[] {
  const line: string[] = [];
  for (let at: string | null = tenantId; at !== null; at = parents.get(at) ?? null) line.push(at);
  return line;
}

function levelOf(id: string, siblings: readonly TenantModel[], uses: ReadonlyMap<string, number>): ShareLevel {
  const tenant = siblings.find((one) => one.id === id)!;
  const useOf = (one: TenantModel): number => uses.get(one.id)!;
  const perWeight = (one: TenantModel): number => useOf(one) / one.weight;
  const used = siblings.reduce((sum, one) => sum + useOf(one), 0);
  const dueShare = tenant.weight / siblings.reduce((sum, one) => sum + one.weight, 0);
  const usedShare = used > 0 ? useOf(tenant) / used : null;
  return {
    tenantId: tenant.id,
    weight: tenant.weight,
    dueShare,
    use: useOf(tenant) / 1000,
    usedShare,
    ratio: usedShare === null ? null : usedShare / dueShare,
    place: 1 + siblings.filter((one) => perWeight(one) < perWeight(tenant)).length,
    siblings: siblings.length,
  };
}
