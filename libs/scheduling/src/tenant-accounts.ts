import type { GroupModel, PlanningPolicy, RunningJob, Seconds, TenantModel } from './model.js';
import type { Undo } from './profile.js';
import type { QuotaGate } from './quota-gate.js';
import { referenceMilli } from './reference-cards.js';
import { ShareBook, type ShareCharge } from './share-book.js';

/** What tenants hold and have used, in reference cards: quota and fair share are charged with the same figure. */
export class TenantAccounts {
  private readonly shares: ShareBook;
  private readonly charges = new Map<string, ShareCharge>();
  private ranks: ReadonlyMap<string, number> | null = null;

  constructor(
    private readonly quota: QuotaGate,
    policy: PlanningPolicy['fairShare'],
  ) {
    this.shares = new ShareBook(policy);
  }

  setTenants(tenants: readonly TenantModel[]): void {
    this.shares.setTenants(tenants);
    this.quota.setTenants(tenants);
  }

  /** An attempt that holds nodes of the group; what was known of it before is replaced. */
  begin({ attemptId, tenantId, startedAt, perNode, nodeIndices, nodeCount }: RunningJob, group: GroupModel): void {
    this.end(attemptId);
    const milli = referenceMilli(group, perNode, nodeIndices.length || nodeCount);
    const charge = { tenantId, milli, startedAt };
    this.charges.set(attemptId, charge);
    this.shares.start(charge);
    this.quota.enter(attemptId, charge);
  }

  end(attemptId: string): void {
    const charge = this.charges.get(attemptId);
    if (!charge) return;
    this.charges.delete(attemptId);
    this.shares.end(charge);
    this.quota.leave(attemptId);
  }

  /** Gives an attempt's quota back until undone, to see what would be if it were gone. */
  withdraw(attemptId: string): Undo {
    const charge = this.charges.get(attemptId);
    if (!charge) return () => {};
    this.quota.leave(attemptId);
    return () => this.quota.enter(attemptId, charge);
  }

  /** The tenants' ranks at the last accrual tick; null when they are those of the last time. */
  newRanks(now: Seconds): ReadonlyMap<string, number> | null {
    const ranks = this.shares.ranksAt(now);
    if (ranks === this.ranks) return null;
    this.ranks = ranks;
    return ranks;
  }
}
