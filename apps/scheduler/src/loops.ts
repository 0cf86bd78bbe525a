import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClockStore,
  CoalescingLoop,
  type DispatchOutbox,
  type KeepReservations,
  type LeaseStore,
  type ObserveEngines,
  type Observation,
  type PlayDemand,
  type PolicyNews,
  type RunCycle,
  type ServiceTime,
  type SettleHours,
  type SkippedDemand,
} from '#libs/application';

/** A cycle has something to do at each submit; in a storm of them it must leave most of the machine to the API and the database. */
const CYCLE_SHARE = 0.2;
const OBSERVE_SHARE = 0.3;
const MOST_REST_MS = 1_000;

export interface SchedulerDependencies {
  /** Names this process in the lease; unique among schedulers. */
  readonly holder: string;
  readonly time: ServiceTime;
  readonly lease: LeaseStore;
  readonly clock: ClockStore;
  readonly cycle: RunCycle;
  readonly dispatch: DispatchOutbox;
  readonly observe: ObserveEngines;
  readonly settle: SettleHours;
  readonly reservations: Pick<KeepReservations, 'execute'>;
  readonly demand: PlayDemand | null;
  /** What keeps tables from growing for ever; run every half minute. */
  readonly upkeep: readonly (() => Promise<unknown>)[];
  /** Looks at the policy file; what it activates, the next cycle plans by. */
  readonly policy: { look(now: number): Promise<PolicyNews | null> } | null;
  readonly report: (event: SchedulerEvent) => void;
  /** Builds every engine anew. Called at rest, when the lease is gained. */
  readonly renewEngines: () => void;
  readonly options: SchedulerOptions;
}
export interface SchedulerOptions {
  readonly leaseTtlMs: number;
}
export type SchedulerEvent =
  | { readonly kind: 'leading'; readonly epoch: number }
  | { readonly kind: 'standing-by' }
  | PolicyNews
  | { readonly kind: 'failed'; readonly what: string; readonly error: unknown }
  | { readonly kind: 'recovered'; readonly what: string }
  | { readonly kind: 'settled'; readonly hours: number }
  | { readonly kind: 'reserved'; readonly givenBack: number; readonly unmet: number }
  | { readonly kind: 'skipped'; readonly jobs: number | null }
  | { readonly kind: 'unreachable'; readonly pools: readonly string[] };

/**
 * The scheduler's work as loops that poke each other: what is observed or submitted pokes the cycle, what is committed pokes
 * the dispatcher. Only the holder of the lease works; the lease is a hint, the epoch in each commit is the guard.
 */
export class SchedulerLoops {
  private epoch: number | null = null;
  /** The epoch that is being taken up: work of the one before is still coming to rest. */
  private takingUp: number | null = null;
  private resting = false;
  private observation: Observation | null = null;
  private skipped: SkippedDemand | null = null;
  private readonly failing = new Set<string>();
  private readonly loops = {
    cycle: this.loop('planning cycle', () => this.runCycle(), CYCLE_SHARE),
    dispatch: this.loop('dispatch', () => this.runDispatch()),
    observe: this.loop('observation', () => this.runObserve(), OBSERVE_SHARE),
    settle: this.loop('settlement', () => this.runSettle()),
    reservations: this.loop('reservations', () => this.runReservations()),
    demand: this.loop('demand', () => this.runDemand()),
    clock: this.loop('service clock', () => this.runClock()),
    policy: this.loop('policy', () => this.runPolicy()),
    upkeep: this.loop('upkeep', () => this.runUpkeep()),
  };

  constructor(private readonly deps: SchedulerDependencies) {}

  /** Lets dispatch and observation come to rest, then swaps what they speak through: no call may be half way on an old engine. */
  async atRest(swap: () => void): Promise<void> {
    this.resting = true;
    try {
      await Promise.all([this.loops.dispatch.idle(), this.loops.observe.idle()]);
      swap();
    } finally {
      this.resting = false;
    }
    this.poke('dispatch');
    this.poke('observe');
  }

  get isLeading(): boolean {
    return this.epoch !== null;
  }

  poke(which: keyof SchedulerLoops['loops']): void {
    if (this.epoch !== null) this.loops[which].poke();
  }

  /** Takes or renews the lease. Never throws: a database that is gone is told and asked again at the next tick. */
  async renew(): Promise<void> {
    try {
      const { leading, epoch } = await this.deps.lease.acquire(this.deps.holder, this.deps.options.leaseTtlMs);
      this.recovered('lease');
      if (leading && this.epoch !== epoch && this.takingUp !== epoch) await this.lead(epoch);
      else if (!leading && this.epoch !== null) this.stepDown();
    } catch (error) {
      this.failed('lease', error);
    }
  }

  /** Ends what is under way and hands the lease over, so that a standby need not wait for it to expire. */
  async stop(): Promise<void> {
    await Promise.all(Object.values(this.loops).map((loop) => loop.stop()));
    if (this.epoch === null) return;
    this.epoch = null;
    await this.deps.clock.remember(this.deps.time.now());
    await this.deps.lease.release(this.deps.holder);
  }

  private async lead(epoch: number): Promise<void> {
    this.takingUp = epoch;
    try {
      // Another scheduler may have spoken to the engines meanwhile: what they remember is out of date.
      await this.atRest(() => this.deps.renewEngines());
    } finally {
      this.takingUp = null;
    }
    this.epoch = epoch;
    this.observation = null;
    this.deps.cycle.forget();
    this.deps.report({ kind: 'leading', epoch });
    this.loops.observe.poke();
  }

  private stepDown(): void {
    this.epoch = null;
    this.observation = null;
    this.deps.cycle.forget();
    this.deps.report({ kind: 'standing-by' });
  }

  private async runCycle(): Promise<{ again: boolean }> {
    if (this.epoch === null) return { again: false };
    const outcome = await this.deps.cycle.execute(this.epoch, this.deps.time.now());
    if (outcome.fenced) this.stepDown();
    if (outcome.started > 0) this.loops.dispatch.poke();
    return { again: outcome.more };
  }

  private async runDispatch(): Promise<{ again: boolean }> {
    if (this.resting || this.epoch === null) return { again: false };
    const { more, done } = await this.deps.dispatch.execute(() => this.deps.time.now());
    if (done > 0) this.loops.observe.poke();
    return { again: more };
  }

  private async runObserve(): Promise<{ again: boolean }> {
    if (this.resting || this.epoch === null) return { again: false };
    const now = this.deps.time.now();
    const seen = await this.deps.observe.execute(now);
    this.observation = { first: this.observation?.first ?? now, last: now };
    if (seen.unreachable.length > 0) this.deps.report({ kind: 'unreachable', pools: seen.unreachable });
    this.loops.cycle.poke();
    return { again: false };
  }

  private async runSettle(): Promise<{ again: boolean }> {
    const { settled, more } = await this.deps.settle.execute(this.deps.time.now(), this.observation);
    if (settled > 0) this.deps.report({ kind: 'settled', hours: settled });
    return { again: more };
  }

  private async runReservations(): Promise<{ again: boolean }> {
    if (this.epoch === null) return { again: false };
    const { givenBack, unmet, changed, busy } = await this.deps.reservations.execute(this.deps.time.now());
    if (changed) this.loops.cycle.poke();
    if (givenBack + unmet > 0) this.deps.report({ kind: 'reserved', givenBack, unmet });
    if (busy) throw new Error('others booked, or held nodes of bookings, for too long');
    return { again: false };
  }

  private async runDemand(): Promise<{ again: boolean }> {
    const { demand } = this.deps;
    if (!demand) return { again: false };
    const before = demand.progress().submitted;
    const { submitted, skipped } = await demand.play(this.deps.time.now());
    if (submitted > before) this.loops.cycle.poke();
    if (skipped && skipped !== this.skipped) this.deps.report({ kind: 'skipped', jobs: skipped.jobs });
    this.skipped = skipped;
    return { again: false };
  }

  private async runClock(): Promise<{ again: boolean }> {
    await this.deps.clock.remember(this.deps.time.now());
    return { again: false };
  }

  private async runPolicy(): Promise<{ again: boolean }> {
    const news = await this.deps.policy?.look(this.deps.time.now());
    if (!news) return { again: false };
    this.deps.report(news);
    if (news.kind === 'policy-activated') this.loops.cycle.poke();
    return { again: false };
  }

  /** Each task whatever becomes of the others: one table that cannot be pruned must not let all of them grow. */
  private async runUpkeep(): Promise<{ again: boolean }> {
    const failures: unknown[] = [];
    for (const task of this.deps.upkeep) await task().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    return { again: false };
  }

  /** @param share of the time that the loop may be busy when it is poked without pause; it never rests longer than a second */
  private loop(what: string, run: () => Promise<{ again: boolean }>, share = 1): CoalescingLoop {
    let busyMs = 0;
    return new CoalescingLoop(
      async () => {
        const began = performance.now();
        const result = await run();
        busyMs = performance.now() - began;
        this.recovered(what);
        return result;
      },
      (error) => this.failed(what, error),
      () => (share < 1 ? sleep(Math.min(MOST_REST_MS, busyMs * (1 / share - 1))) : Promise.resolve()),
    );
  }

  private failed(what: string, error: unknown): void {
    // Once a stretch of failures, not once a tick: the log of an hour without a database must stay readable.
    if (!this.failing.has(what)) this.deps.report({ kind: 'failed', what, error });
    this.failing.add(what);
    if (what === 'planning cycle') this.deps.cycle.forget();
  }

  private recovered(what: string): void {
    if (this.failing.delete(what)) this.deps.report({ kind: 'recovered', what });
  }
}
