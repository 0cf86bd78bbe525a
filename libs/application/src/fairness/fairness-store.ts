import type { Instant } from '#libs/domain';
import type { QuotaModel, ShareCharge, TenantModel } from '#libs/scheduling';

/** Reference cards held at a time; null: no quota of its own, or no limit. */
export interface QuotaView {
  readonly tenantId: string;
  readonly cards: number | null;
  readonly borrowingLimit: number | null;
  readonly lendingLimit: number | null;
  /** Who decided: an operator's key, or null for the seeds. */
  readonly setBy: string | null;
  readonly setAt: Instant | null;
  /** 0 until an operator has set one, then one more each time. */
  readonly version: number;
}
export interface QuotaOrder {
  readonly tenantId: string;
  readonly quota: QuotaModel;
  readonly at: Instant;
  readonly actor: string;
  /** Only if nobody has set another meanwhile; absent: in any case. */
  readonly ifVersion?: number;
}
export type QuotaSet =
  | { readonly kind: 'set'; readonly quota: QuotaView }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly version: number }
  /** The quotas below a tenant would come to more than its own. */
  | { readonly kind: 'over-promised'; readonly tenantId: string; readonly cards: number; readonly promised: number };

/** What shares follow from, of all tenants. */
export interface FairnessBooks {
  readonly tenants: readonly TenantModel[];
  /** One for each attempt that holds nodes. */
  readonly charges: readonly ShareCharge[];
  /** What the stored use decays by. */
  readonly halfLifeSeconds: number;
}

export interface FairnessStore {
  /** null: no such tenant. */
  quota(tenantId: string): Promise<QuotaView | null>;
  /** Audited; the planner hears of it with its next look. The quotas below a tenant may not come to more than its own. */
  setQuota(order: QuotaOrder): Promise<QuotaSet>;
  books(at: Instant): Promise<FairnessBooks>;
}
