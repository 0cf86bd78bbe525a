import type { PlanningPolicy, Seconds, TenantModel } from '#libs/scheduling';
import { tenantOfUser } from './machine.js';
import type { SwfJob } from './swf.js';

interface Use {
  /** Processor-seconds of ended work, inflated. */
  ended: number;
  /** Processors held now, and the sum of processors × start over what holds them. */
  processors: number;
  processorStarts: number;
  /** All of it, at the last accrual. */
  accrued: number;
}

/**
 * What each user of a log has used, as production counts it: ended work with exponential decay, and for what runs the time since
 * its start plus the entry penalty. It is read at multiples of the accrual time only.
 *
 * Instead of shrinking all old use at each charge, new use is inflated by 2^(time / half-life).
 */
export class UserShares {
  private readonly users = new Map<number, Use>();
  private readonly accrualSeconds: number;
  private readonly halfLifeSeconds: number;
  private readonly entryPenaltySeconds: number;
  private origin = NaN;
  private accruedAt = -Infinity;
  private hasNews = true;

  constructor(jobs: readonly SwfJob[], fairShare: PlanningPolicy['fairShare'] = {}) {
    for (const { user } of jobs) this.users.set(user, { ended: 0, processors: 0, processorStarts: 0, accrued: 0 });
    this.accrualSeconds = fairShare.accrualSeconds ?? 60;
    this.halfLifeSeconds = fairShare.halfLifeSeconds ?? 14 * 86_400;
    this.entryPenaltySeconds = fairShare.entryPenaltySeconds ?? 600;
  }

  started({ user, processors }: SwfJob, at: Seconds): void {
    const use = this.users.get(user)!;
    use.processors += processors;
    use.processorStarts += processors * at;
    this.hasNews = true;
  }

  ended({ user, processors, runSeconds }: SwfJob, startedAt: Seconds): void {
    const now = startedAt + runSeconds;
    if (Number.isNaN(this.origin)) this.origin = now;
    if (now - this.origin > 500 * this.halfLifeSeconds) this.rebase(now);
    const use = this.users.get(user)!;
    use.processors -= processors;
    use.processorStarts -= processors * startedAt;
    use.ended += runSeconds * processors * this.inflation(now);
    this.hasNews = true;
  }

  /** Whether a tick has passed since the last accrual, and there is something to accrue. */
  isDue(now: Seconds): boolean {
    return this.hasNews && this.tickOf(now) > this.accruedAt;
  }

  /** What `useOf` tells until the next accrual. */
  accrue(now: Seconds): void {
    const tick = this.tickOf(now);
    this.accruedAt = tick;
    const inflation = Number.isNaN(this.origin) ? 1 : this.inflation(tick);
    this.hasNews = false;
    for (const use of this.users.values()) {
      if (use.processors > 0) this.hasNews = true;
      const running = use.processors * (tick + this.entryPenaltySeconds) - use.processorStarts;
      use.accrued = use.ended / inflation + running;
    }
  }

  /** Users as tenants of weight 1 with their use at the last accrual. Order among them does not depend on who is left out. */
  tenantsOf(users: Iterable<number>): TenantModel[] {
    return Array.from(users, (user) => ({
      id: tenantOfUser(user),
      parentId: null,
      weight: 1,
      usage: this.users.get(user)!.accrued,
    }));
  }

  private tickOf(now: Seconds): Seconds {
    return Math.floor(now / this.accrualSeconds) * this.accrualSeconds;
  }

  private inflation(at: Seconds): number {
    return 2 ** ((at - this.origin) / this.halfLifeSeconds);
  }

  // Long before the inflation leaves the range of a double.
  private rebase(now: Seconds): void {
    const inflation = this.inflation(now);
    for (const use of this.users.values()) use.ended /= inflation;
    this.origin = now;
  }
}
