import { QuotaBook, type QuotaExplanation, type QuotaLevel } from '#libs/accounting';
import type { Instant } from '#libs/domain';
import { type PlanningPolicy, ShareBook, type ShareStanding } from '#libs/scheduling';
import type { Principal } from '../ports.js';
import type { FairnessStore } from './fairness-store.js';

/** A level of quotas as the caller may see it. */
export type ShownQuotaLevel = Omit<QuotaLevel, 'borrowedFrom' | 'lentTo'> & {
  /** All that it lends, whoever borrows it. */
  readonly lent: number;
  /** Absent at levels of tenants that the key does not cover: their neighbours are no concern of the caller's. */
  readonly flows?: Pick<QuotaLevel, 'borrowedFrom' | 'lentTo'>;
};
export interface ShareView {
  readonly standing: ShareStanding;
  readonly quota: Omit<QuotaExplanation, 'levels'> & { readonly levels: readonly ShownQuotaLevel[] };
  readonly halfLifeSeconds: number;
  readonly entryPenaltySeconds: number;
  readonly accrualSeconds: number;
}

/**
 * What a tenant's share is and why, by the very books that the planner orders and limits by, over the state as it is stored.
 * A caller sees its own tenants whole; of their ancestors the sums, which decide on its own place; of others only those who
 * borrow from its own or lend to them.
 */
export class ExplainShare {
  constructor(
    private readonly store: Pick<FairnessStore, 'books'>,
    private readonly policy: () => PlanningPolicy,
  ) {}

  /** null: no such tenant, or none of the caller's. */
  async execute(principal: Principal, tenantId: string, now: Instant): Promise<ShareView | null> {
    if (!principal.tenants.includes(tenantId)) return null;
    const { tenants, charges, halfLifeSeconds } = await this.store.books(now);
    const shares = new ShareBook({ ...this.policy().fairShare, halfLifeSeconds });
    const quotas = new QuotaBook(tenants);
    shares.setTenants(tenants);
    for (const charge of charges) {
      shares.start(charge);
      quotas.hold(charge.tenantId, charge.milli);
    }
    const standing = shares.shareOf(tenantId, Math.floor(now / 1000));
    if (!standing) return null;
    const quota = quotas.explain(tenantId);
    const levels = quota.levels.map((level) => shownLevel(level, principal));
    const { entryPenaltySeconds, accrualSeconds } = shares;
    return { standing, quota: { ...quota, levels }, halfLifeSeconds, entryPenaltySeconds, accrualSeconds };
  }
}

function shownLevel({ borrowedFrom, lentTo, ...level }: QuotaLevel, principal: Principal): ShownQuotaLevel {
  const lent = lentTo.reduce((sum, { milli }) => sum + milli, 0);
  return { ...level, lent, ...(principal.tenants.includes(level.tenantId) && { flows: { borrowedFrom, lentTo } }) };
}
