import type { Instant } from '#libs/domain';
import type { SchedulerInstruments } from '../instruments.js';
import {
  type AttemptStore,
  type Engine,
  type EngineDirectory,
  EngineUnreachable,
  type Outbox,
  type OutboxMessage,
} from '../engine-ports.js';

const CLAIM_LIMIT = 200;
const CLAIM_LEASE_MS = 30_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/** With the delays above, about ten minutes. */
const MOST_TRIES = 16;

export interface Dispatched {
  readonly done: number;
  readonly failed: number;
  /** The claim was full: there is probably more. */
  readonly more: boolean;
}

/**
 * Takes messages from the outbox to the engines. Submit is prepare, then release, and the engine's name for the attempt is
 * committed in between: a crash at any point leaves either nothing, or a held job that the next try finds and releases.
 */
export class DispatchOutbox {
  constructor(
    private readonly outbox: Outbox,
    private readonly attempts: AttemptStore,
    private readonly engines: EngineDirectory,
    private readonly instruments: SchedulerInstruments,
  ) {}

  async execute(now: () => Instant): Promise<Dispatched> {
    const messages = await this.outbox.claim(CLAIM_LIMIT, CLAIM_LEASE_MS);
    const byPool = Map.groupBy(messages, (message) => message.poolId);
    const results = await Promise.all(
      [...byPool.values()].map(async (ofPool) => {
        const served = await this.serve(ofPool, now);
        // Pool by pool: one slow engine must not hold back what the others have delivered.
        if (served.done.length > 0) await this.outbox.done(served.done);
        return served;
      }),
    );
    const done = results.reduce((sum, result) => sum + result.done.length, 0);
    const failed = results.reduce((sum, result) => sum + result.failed, 0);
    return { done, failed, more: messages.length === CLAIM_LIMIT };
  }

  /** In order, so that a cancel never overtakes the dispatch it belongs to; an unreachable engine fails all of its messages at once. */
  private async serve(
    messages: readonly OutboxMessage[],
    now: () => Instant,
  ): Promise<{ done: number[]; failed: number }> {
    const done: number[] = [];
    for (const [index, message] of messages.entries()) {
      try {
        await this.deliver(message, now());
        done.push(message.id);
      } catch (error) {
        if (!(error instanceof EngineUnreachable)) {
          if (await this.givenUp(message, error, now())) done.push(message.id);
          else await this.postpone(message, error);
          continue;
        }
        const rest = messages.slice(index);
        for (const waiting of rest) await this.postpone(waiting, error);
        return { done, failed: rest.length };
      }
    }
    return { done, failed: messages.length - done.length };
  }

  /** A dispatch that fails again and again although the engine answers would hold its nodes for ever: the job goes elsewhere. */
  private async givenUp(message: OutboxMessage, error: unknown, now: Instant): Promise<boolean> {
    if (message.kind !== 'dispatch' || message.tries < MOST_TRIES) return false;
    const detail = `the engine failed ${message.tries} times: ${error instanceof Error ? error.message : String(error)}`;
    const { attemptId } = message;
    this.instruments.conflicted('engine-rejected', 1);
    await this.attempts.ended([
      { attemptId, outcome: 'rejected', endedAt: now, startedAt: null, exitCode: null, detail },
    ]);
    return true;
  }

  private async postpone(message: OutboxMessage, error: unknown): Promise<void> {
    const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(message.tries, 10));
    await this.outbox.retryLater(message.id, error instanceof Error ? error.message : String(error), delay);
  }

  private async deliver(message: OutboxMessage, now: Instant): Promise<void> {
    const engine = this.engines.of(message.poolId);
    if (!engine) throw new EngineUnreachable(message.poolId, 'no engine is set up for this pool in this process');
    if (message.kind === 'cancel') {
      await engine.cancel(message.attemptId, now);
      return;
    }
    if (message.order) await this.dispatch(engine, message, now);
  }

  private async dispatch(engine: Engine, message: OutboxMessage, now: Instant): Promise<void> {
    const { order, attemptId } = message;
    if (!order) return;
    const prepared = await engine.prepare(order, now);
    if (prepared.kind === 'rejected') {
      this.instruments.conflicted('engine-rejected', 1);
      await this.attempts.ended([
        { attemptId, outcome: 'rejected', endedAt: now, startedAt: null, exitCode: null, detail: prepared.why },
      ]);
      return;
    }
    await this.attempts.prepared(attemptId, prepared.ref);
    if (order.stagingSeconds !== undefined && engine.stage) {
      await this.attempts.staging(attemptId, now, await engine.stage(order, now));
    }
    // From here on the attempt counts as released even if the reply to release is lost: observation tells the rest.
    if (await this.attempts.released(attemptId, now)) await engine.release(attemptId, prepared.ref, now);
    else await engine.cancel(attemptId, now);
  }
}
