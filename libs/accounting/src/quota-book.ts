import { explainAccount, type QuotaExplanation } from './quota-explanation.js';
import { type QuotaTenant, type QuotaTree, quotaTreeOf } from './quota-tree.js';

/**
 * Who holds how much of whose quota, in whole milli reference cards: the hierarchical cohorts of Kueue over the tenant tree.
 *
 * A hold is taken from the account of the nearest tenant with a quota, itself included. What the account keeps for itself
 * covers it first; the rest is drawn on the pool of the account above, and so on to the root, whose pool is what the topmost
 * accounts lend. A tenant with no quota on its way up is not limited and draws on nobody.
 *
 * A hold is always entered, even when there is no room: what runs is held, whatever was decided about quotas meanwhile. Who
 * wants to obey asks `room` first. What each account draws is a function of what its tenants hold, whatever the order in which
 * they came and went. No operation but `setTenants` and `explain` allocates, save for a tenant never heard of.
 */
export class QuotaBook {
  private tree: QuotaTree = quotaTreeOf([]);
  private readonly indexOf = new Map<string, number>();
  /** By tenant: what its own jobs hold, and the account that they draw on. */
  private readonly held: number[] = [];
  private readonly account: number[] = [];
  /** By account: what it draws on its pool. Those below count with what they draw beyond what they keep. */
  private drawn: number[] = [];
  /** By account: the part of it that no account below has drawn. */
  private direct: number[] = [];

  constructor(tenants: Iterable<QuotaTenant> = []) {
    this.setTenants(tenants);
  }

  /** Replaces the tenants and their quotas; what is held stays held. */
  setTenants(tenants: Iterable<QuotaTenant>): void {
    this.tree = quotaTreeOf(tenants);
    this.drawn = this.tree.accounts.map(() => 0);
    this.direct = this.tree.accounts.map(() => 0);
    for (const tenantId of this.tree.accountOf.keys()) this.entryOf(tenantId);
    for (const [tenantId, entry] of this.indexOf) {
      const account = this.tree.accountOf.get(tenantId) ?? -1;
      this.account[entry] = account;
      this.draw(account, this.held[entry]!);
    }
  }

  hold(tenantId: string, milli: number): void {
    const entry = this.entryOf(tenantId);
    this.held[entry] = this.held[entry]! + milli;
    this.draw(this.account[entry]!, milli);
  }

  /** Takes off what `hold` entered. */
  release(tenantId: string, milli: number): void {
    const entry = this.entryOf(tenantId);
    this.held[entry] = this.held[entry]! - milli;
    this.giveBack(this.account[entry]!, milli);
  }

  /** The largest amount that the tenant may still hold with every limit on its way up kept; Infinity where there is none. */
  room(tenantId: string): number {
    const account = this.accountOf(tenantId);
    return account < 0 ? Infinity : this.roomAt(account);
  }

  /**
   * Whether the tenant would still be within what is its own with `milli` more: then it is entitled to have it back from those
   * who borrow. What is its own is a part of what is its parent's own, so its own level decides for all of them: that a
   * neighbour has brought their parent over its quota does not take the entitlement away. Jobs of a tenant with accounts below
   * it own what was not promised to these. Without a quota there is nothing of one's own: false.
   */
  isWithinNominal(tenantId: string, milli: number): boolean {
    const account = this.accountOf(tenantId);
    if (account < 0) return false;
    return this.direct[account]! + milli <= this.tree.accounts[account]!.ownPart;
  }

  /** By how much all that draws on the tenant's account is over what is its own; 0 without a quota. */
  borrowed(tenantId: string): number {
    const account = this.accountOf(tenantId);
    return account < 0 ? 0 : this.overAt(account);
  }

  /**
   * Whether work of `holder` may make room for a claimant that is within its own: it borrows on every level below the first
   * that both draw on. A tenant within its own is left alone, though its parent borrows.
   */
  mayReclaimFrom(claimant: string, holder: string): boolean {
    const from = this.accountOf(holder);
    const to = this.accountOf(claimant);
    if (from < 0 || to < 0) return false;
    if (from === to || this.direct[from]! <= this.tree.accounts[from]!.ownPart) return false;
    for (let at = from; !this.isAbove(at, to); at = this.tree.accounts[at]!.parent) {
      if (this.overAt(at) === 0) return false;
    }
    return true;
  }

  /** What the tenant has, holds, may still hold, and from and to whom cards go, level by level from its own account to the top. */
  explain(tenantId: string): QuotaExplanation {
    const entry = this.indexOf.get(tenantId);
    const account = this.accountOf(tenantId);
    const own = { tenantId, held: entry === undefined ? 0 : this.held[entry]!, room: this.room(tenantId) };
    if (account < 0) return { ...own, drawsOn: null, levels: [] };
    const levels = [];
    for (let at = account; at > 0; at = this.tree.accounts[at]!.parent) {
      levels.push(explainAccount(this.tree.accounts, this.drawn, at));
    }
    return { ...own, drawsOn: this.tree.accounts[account]!.tenantId, levels };
  }

  private entryOf(tenantId: string): number {
    const known = this.indexOf.get(tenantId);
    if (known !== undefined) return known;
    const entry = this.held.length;
    this.indexOf.set(tenantId, entry);
    this.held.push(0);
    this.account.push(this.tree.accountOf.get(tenantId) ?? -1);
    return entry;
  }

  private accountOf(tenantId: string): number {
    const entry = this.indexOf.get(tenantId);
    return entry === undefined ? -1 : this.account[entry]!;
  }

  private draw(account: number, milli: number): void {
    if (account < 0) return;
    this.direct[account] = this.direct[account]! + milli;
    let rest = milli;
    for (let at = account; at >= 0 && rest > 0;) {
      const { kept, parent } = this.tree.accounts[at]!;
      const covered = Math.max(0, kept - this.drawn[at]!);
      this.drawn[at] = this.drawn[at]! + rest;
      rest -= covered;
      at = parent;
    }
  }

  private giveBack(account: number, milli: number): void {
    if (account < 0) return;
    this.direct[account] = this.direct[account]! - milli;
    let rest = milli;
    for (let at = account; at >= 0 && rest > 0;) {
      const { kept, parent } = this.tree.accounts[at]!;
      const above = this.drawn[at]! - kept;
      this.drawn[at] = this.drawn[at]! - rest;
      rest = Math.min(rest, above);
      at = parent;
    }
  }

  private roomAt(account: number): number {
    const { kept, parent, ceiling } = this.tree.accounts[account]!;
    const drawn = this.drawn[account]!;
    if (parent < 0) return Math.max(0, ceiling - drawn);
    const local = Math.max(0, kept - drawn);
    return local + Math.max(0, Math.min(ceiling - drawn - local, this.roomAt(parent)));
  }

  private overAt(account: number): number {
    return Math.max(0, this.drawn[account]! - this.tree.accounts[account]!.pool);
  }

  /** Whether `upper` is `lower` or on its way up. */
  private isAbove(upper: number, lower: number): boolean {
    let at = lower;
    while (at > upper) at = this.tree.accounts[at]!.parent;
    return at === upper;
  }
}
