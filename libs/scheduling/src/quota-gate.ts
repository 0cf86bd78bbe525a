import { QuotaBook } from '#libs/accounting';
import type { Bid, Gate } from './gates.js';
import type { GroupModel, QueuedJob, RunningJob, Seconds, TenantModel } from './model.js';
import type { Undo } from './profile.js';
import { referenceMilli } from './reference-cards.js';
import type { Entitlement } from './resolve.js';
import type { ShareCharge } from './share-book.js';

/** What the gate needs of the planner. */
export interface QuotaGround {
  job(slot: number): QueuedJob;
  group(index: number): GroupModel;
}

/**
 * Quotas with borrowing and lending, held by what runs and what a plan starts. A tenant whose quota is spent waits for its own
 * work, or others', to end: nothing but an event opens the gate, so nothing is reserved behind it. A reservation takes no
 * quota: it is judged again when its time comes.
 */
export class QuotaGate implements Gate, Entitlement {
  readonly refusal = 'quota-spent';
  private readonly book = new QuotaBook();
  // By slot: quota that is kept for those that preempt.
  private readonly kept = new Map<number, number>();
  private readonly held = new Map<string, { readonly tenantId: string; readonly milli: number }>();

  constructor(private readonly ground: QuotaGround) {}

  setTenants(tenants: Iterable<TenantModel>): void {
    this.book.setTenants(tenants);
  }

  /** An attempt that holds nodes; what was known of it before is replaced. */
  enter(attemptId: string, { tenantId, milli }: Pick<ShareCharge, 'tenantId' | 'milli'>): void {
    this.leave(attemptId);
    this.held.set(attemptId, { tenantId, milli });
    this.book.hold(tenantId, milli);
  }

  leave(attemptId: string): void {
    const held = this.held.get(attemptId);
    if (!held) return;
    this.held.delete(attemptId);
    this.book.release(held.tenantId, held.milli);
  }

  /** Holds quota for a job for which so many nodes are being vacated, until undone: an elastic one was promised more than its least. */
  keepFor(slot: number, group: number, claimed = 0): Undo {
    const job = this.ground.job(slot);
    const nodes = Math.max(job.nodes, Math.min(claimed, job.nodesMax ?? job.nodes));
    const milli = this.amountOf({ slot, group, nodes, seconds: 0 });
    this.keep(slot, milli);
    return () => this.unkeep(slot, milli);
  }

  earliest(bid: Bid, from: Seconds): Seconds {
    return this.amountOf(bid) <= this.state(bid.slot) ? from : Infinity;
  }

  /** What its tenant may still hold: all that the gate asks. */
  state(slot: number): number {
    const { tenantId } = this.ground.job(slot);
    const kept = this.kept.get(slot);
    if (kept === undefined) return this.book.room(tenantId);
    this.book.release(tenantId, kept);
    const room = this.book.room(tenantId);
    this.book.hold(tenantId, kept);
    return room;
  }

  take(bid: Bid, start: Seconds, now: Seconds): Undo {
    if (start > now) return () => {};
    const { tenantId } = this.ground.job(bid.slot);
    const milli = this.amountOf(bid);
    // What was kept for it is what it takes now.
    const kept = this.kept.get(bid.slot);
    if (kept !== undefined) this.unkeep(bid.slot, kept);
    this.book.hold(tenantId, milli);
    return () => {
      this.book.release(tenantId, milli);
      if (kept !== undefined) this.keep(bid.slot, kept);
    };
  }

  isWithinOwn(job: QueuedJob, group: number): boolean {
    return this.book.isWithinNominal(job.tenantId, referenceMilli(this.ground.group(group), job.perNode, job.nodes));
  }

  mayReclaimFrom(job: QueuedJob, holderTenantId: string): boolean {
    return this.book.mayReclaimFrom(job.tenantId, holderTenantId);
  }

  mayHold({ tenantId, perNode }: Pick<RunningJob, 'tenantId' | 'perNode'>, group: number, nodes: number): boolean {
    return referenceMilli(this.ground.group(group), perNode, nodes) <= this.book.room(tenantId);
  }

  /** Counts an attempt that is withdrawn with so many nodes, until undone. */
  goOn({ tenantId, perNode }: Pick<RunningJob, 'tenantId' | 'perNode'>, group: number, nodes: number): Undo {
    const milli = referenceMilli(this.ground.group(group), perNode, nodes);
    this.book.hold(tenantId, milli);
    return () => this.book.release(tenantId, milli);
  }

  private keep(slot: number, milli: number): void {
    this.kept.set(slot, milli);
    this.book.hold(this.ground.job(slot).tenantId, milli);
  }

  private unkeep(slot: number, milli: number): void {
    this.kept.delete(slot);
    this.book.release(this.ground.job(slot).tenantId, milli);
  }

  private amountOf({ slot, group, nodes }: Bid): number {
    return referenceMilli(this.ground.group(group), this.ground.job(slot).perNode, nodes);
  }
}
