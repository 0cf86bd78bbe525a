import type { TenantModel } from '#libs/scheduling';
import { tenantOfUser } from '../machine.js';
import type { SwfJob } from '../swf.js';

/**
 * Processor-seconds of ended work by user with exponential decay. Instead of shrinking all old use at each charge, new use is inflated by
 * 2^(time / half-life): only ratios matter to the order, and these are the same.
 */
export class EndedUseShares {
  private readonly usage = new Map<number, number>();
  private readonly accrualSeconds: number;
  private readonly halfLifeSeconds: number;
  private origin = NaN;
  private accruedAt = -Infinity;
  private hasNews = false;

  constructor(
    jobs: readonly SwfJob[],
    {
      accrualSeconds = 60,
      halfLifeSeconds = 7 * 86_400,
    }: { readonly accrualSeconds?: number; readonly halfLifeSeconds?: number } = {},
  ) {
    for (const job of jobs) this.usage.set(job.user, 0);
    this.accrualSeconds = accrualSeconds;
    this.halfLifeSeconds = halfLifeSeconds;
  }

  charge(job: SwfJob, now: number): void {
    if (Number.isNaN(this.origin)) this.origin = now;
    const age = (now - this.origin) / this.halfLifeSeconds;
    const use = job.runSeconds * job.processors * 2 ** age;
    this.usage.set(job.user, (this.usage.get(job.user) ?? 0) + use);
    this.hasNews = true;
    if (age > 500) this.rebase(now, age);
  }

  isDue(now: number): boolean {
    return this.hasNews && now - this.accruedAt >= this.accrualSeconds;
  }

  accrue(now: number): TenantModel[] {
    this.accruedAt = now;
    this.hasNews = false;
    return Array.from(this.usage, ([user, usage]) => ({ id: tenantOfUser(user), parentId: null, weight: 1, usage }));
  }

  // Long before the inflation leaves the range of a double.
  private rebase(now: number, age: number): void {
    for (const [user, usage] of this.usage) this.usage.set(user, usage / 2 ** age);
    this.origin = now;
  }
}
