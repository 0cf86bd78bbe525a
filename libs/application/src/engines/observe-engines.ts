import { HOUR_MS, type Instant } from '#libs/domain';
import type { JobInstruments, SchedulerInstruments } from '../instruments.js';
import {
  type AttemptStore,
  type EndedAttempt,
  type Engine,
  type EngineDirectory,
  type EngineJob,
  EngineUnreachable,
} from '../engine-ports.js';
import type { PoolStore } from '../ports.js';
import { type Held, reconcile } from './reconcile.js';

/** Service time that a look reaches back behind the last one, so that an ending told late is not missed. */
const LOOK_BACK_MS = 10 * 60_000;

export interface Observed {
  readonly started: number;
  readonly ended: number;
  readonly lost: number;
  readonly strangers: number;
  readonly unreachable: readonly string[];
}
interface ObservePorts {
  readonly pools: PoolStore;
  readonly attempts: AttemptStore;
  readonly engines: EngineDirectory;
  readonly jobs: JobInstruments;
  readonly instruments: SchedulerInstruments;
}

/** Asks each engine what became of our attempts and writes it down; what it does not say is unknown, never lost. */
export class ObserveEngines {
  private readonly lastLook = new Map<string, Instant>();
  /** By pool: what the last look found missing, and held there without being wanted. Twice in a row counts, once does not. */
  private readonly suspects = new Map<
    string,
    { readonly missing: ReadonlySet<string>; readonly strangers: ReadonlySet<string> }
  >();

  constructor(private readonly ports: ObservePorts) {}

  async execute(now: Instant): Promise<Observed> {
    const pools = await this.ports.pools.engines();
    const total = { started: 0, ended: 0, lost: 0, strangers: 0, unreachable: [] as string[] };
    total.lost += await this.loseDownNodes(now);
    // Every pool to its end, also when one fails: the next round must not begin beside a look that is still under way.
    const looks = await Promise.allSettled(pools.map((pool) => this.look(pool.poolId, now)));
    const failed = looks.filter((look) => look.status === 'rejected');
    if (failed.length > 0)
      throw new AggregateError(
        failed.map((look) => look.reason as unknown),
        reasonsOf(failed),
      );
    for (const [index, settled] of looks.entries()) {
      if (settled.status === 'rejected') continue;
      const look = settled.value;
      if (look === 'unreachable') total.unreachable.push(pools[index]?.poolId ?? '');
      else {
        total.started += look.started;
        total.ended += look.ended;
        total.lost += look.lost;
        total.strangers += look.strangers;
      }
    }
    return total;
  }

  private async look(poolId: string, now: Instant): Promise<Omit<Observed, 'unreachable'> | 'unreachable'> {
    const engine = this.ports.engines.of(poolId);
    try {
      if (!engine) throw new EngineUnreachable(poolId, 'no engine is set up for this pool in this process');
      // What we believe first, what is there second: an attempt released in between is then only seen as a stranger's echo.
      const held = await this.ports.attempts.holding(poolId);
      const since = (this.lastLook.get(poolId) ?? earliest(held, now)) - LOOK_BACK_MS;
      const seen = await engine.observe(since, now);
      const result = await this.settle(poolId, engine, held, { seen, now });
      this.lastLook.set(poolId, now);
      await this.ports.pools.observed(poolId, true, now);
      return result;
    } catch (error) {
      if (!(error instanceof EngineUnreachable)) throw error;
      await this.ports.pools.observed(poolId, false, now);
      return 'unreachable';
    }
  }

  private async settle(
    poolId: string,
    engine: Engine,
    held: readonly Held[],
    look: { readonly seen: readonly EngineJob[]; readonly now: Instant },
  ): Promise<Omit<Observed, 'unreachable'>> {
    const { now } = look;
    const found = reconcile(held, look.seen, now);
    if (found.started.length > 0) {
      await this.ports.attempts.started(
        found.started.map((job) => ({
          attemptId: job.attemptId,
          startedAt: job.startedAt ?? now,
          nodeIds: job.nodeIds,
        })),
      );
      this.tellStarts(poolId, found.started, held);
    }
    for (const job of found.unreleased) await engine.release(job.attemptId, job.ref, now);
    const before = this.suspects.get(poolId);
    const lost = await this.confirmLost(engine, found.missing, { before: before?.missing ?? new Set(), now });
    const ended = await this.end([...found.finished, ...lost]);
    const late = await this.cancelLate(engine, found.strangers, { before: before?.strangers ?? new Set(), now });
    this.suspects.set(poolId, { missing: new Set(found.missing.map((attempt) => attempt.attemptId)), strangers: late });
    const strangers = found.strangers.length;
    this.ports.instruments.drifted(poolId, {
      lost: found.missing.length,
      stranger: strangers,
      finished: found.finished.length,
    });
    return { started: found.started.length, ended, lost: lost.filter((it) => it.outcome === 'lost').length, strangers };
  }

  /** Looks once more over the attempt's whole life before believing that the engine has never heard of it, and twice in a row. */
  private async confirmLost(
    engine: Engine,
    missing: readonly Held[],
    look: { readonly before: ReadonlySet<string>; readonly now: Instant },
  ): Promise<readonly EndedAttempt[]> {
    const { before, now } = look;
    const suspects = missing.filter((attempt) => before.has(attempt.attemptId));
    if (suspects.length === 0) return [];
    const again = reconcile(suspects, await engine.observe(earliest(suspects, now) - HOUR_MS, now), now);
    const gone = again.missing.map((attempt): EndedAttempt => ({
      attemptId: attempt.attemptId,
      outcome: 'lost',
      endedAt: now,
      startedAt: attempt.startedAt,
      exitCode: null,
      detail: 'the engine does not know this attempt any more',
    }));
    return [...again.finished, ...gone];
  }

  /**
   * Held strangers that were there at the last look too are late duplicates and are cancelled (one prepared between our two
   * looks is not); running strangers are foreign load, reported and left alone. Returns who is under suspicion now.
   */
  private async cancelLate(
    engine: Engine,
    strangers: readonly EngineJob[],
    look: { readonly before: ReadonlySet<string>; readonly now: Instant },
  ): Promise<ReadonlySet<string>> {
    const held = strangers.filter((job) => job.state === 'held');
    for (const job of held) if (look.before.has(job.ref)) await engine.cancel(job.attemptId, look.now);
    return new Set(held.map((job) => job.ref));
  }

  private async loseDownNodes(now: Instant): Promise<number> {
    const attempts = await this.ports.pools.attemptsOnDownNodes();
    if (attempts.length === 0) return 0;
    return this.end(
      attempts.map((attemptId) => ({
        attemptId,
        outcome: 'lost',
        endedAt: now,
        startedAt: null,
        exitCode: null,
        detail: 'a node it ran on went down',
      })),
    );
  }

  private async end(changes: readonly EndedAttempt[]): Promise<number> {
    if (changes.length === 0) return 0;
    const ended = await this.ports.attempts.ended(changes);
    for (const job of ended) this.ports.jobs.ended(job);
    return ended.length;
  }

  private tellStarts(poolId: string, started: readonly EngineJob[], held: readonly Held[]): void {
    const byId = new Map(held.map((attempt) => [attempt.attemptId, attempt]));
    for (const job of started) {
      const attempt = byId.get(job.attemptId);
      if (attempt && job.startedAt !== null) {
        this.ports.jobs.started({
          poolId,
          class: attempt.class,
          submittedAt: attempt.submittedAt,
          releasedAt: attempt.releasedAt,
          startedAt: job.startedAt,
        });
      }
    }
  }
}

const earliest = (held: readonly Held[], now: Instant): Instant =>
  held.reduce((first, attempt) => Math.min(first, attempt.placedAt), now);

const reasonsOf = (failed: readonly PromiseRejectedResult[]): string =>
  [...new Set(failed.map((look) => (look.reason instanceof Error ? look.reason.message : String(look.reason))))].join(
    '; ',
  );
