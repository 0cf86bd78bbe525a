import {
  type DispatchOrder,
  type Engine,
  type EngineDescription,
  type EngineJob,
  EngineUnreachable,
  type Prepared,
} from '#libs/application';
import type { Instant } from '#libs/domain';

export type EngineMethod = 'describe' | 'prepare' | 'stage' | 'release' | 'cancel' | 'observe' | 'logs';
export interface EngineCall {
  readonly method: EngineMethod;
  readonly attemptId: string | null;
  /** Counts the calls of the engine from 1. */
  readonly number: number;
}
/**
 * What goes wrong with one call (RELIABILITY.md F5, F6, F9).
 * unreachable: it never arrives · reply-lost: it is done, the answer is not heard · late: it waits for `whenLate`, then is done
 * · doubled: it arrives twice, the second answer is heard.
 */
export type EngineFault = 'none' | 'unreachable' | 'reply-lost' | 'late' | 'doubled';

export interface FaultyEngineOptions {
  readonly poolId: string;
  /** Chosen for each call; a seeded generator in here makes a repeatable storm. */
  readonly faultOf?: (call: EngineCall) => EngineFault;
  /** How long a late call waits; one turn of the event loop if not given. */
  readonly whenLate?: () => Promise<void>;
  /** Changes what observe tells: an engine that loses jobs, or shows some that nobody sent (F7). */
  readonly distort?: (jobs: readonly EngineJob[]) => readonly EngineJob[];
}

/** An engine that fails on purpose: for tests of whoever must live with one. */
export class FaultyEngine implements Engine {
  /** Every call that was tried, in order. */
  readonly calls: EngineCall[] = [];
  readonly stage?: NonNullable<Engine['stage']>;
  private isDown = false;
  private readonly next = new Map<EngineMethod, EngineFault[]>();

  constructor(
    private readonly inner: Engine,
    private readonly options: FaultyEngineOptions,
  ) {
    const stage = inner.stage?.bind(inner);
    if (stage) this.stage = (order, now) => this.pass('stage', order.attemptId, () => stage(order, now));
  }

  /** From now on nothing arrives. */
  goDown(): void {
    this.isDown = true;
  }
  comeBack(): void {
    this.isDown = false;
  }
  /** The next call of the method fails so, before `faultOf` is asked again. */
  failNext(method: EngineMethod, ...faults: readonly EngineFault[]): void {
    this.next.set(method, [...(this.next.get(method) ?? []), ...faults]);
  }

  describe(): Promise<EngineDescription> {
    return this.pass('describe', null, () => this.inner.describe());
  }
  prepare(order: DispatchOrder, now: Instant): Promise<Prepared> {
    return this.pass('prepare', order.attemptId, () => this.inner.prepare(order, now));
  }
  release(attemptId: string, ref: string, now: Instant): Promise<void> {
    return this.pass('release', attemptId, () => this.inner.release(attemptId, ref, now));
  }
  cancel(attemptId: string, now: Instant): Promise<void> {
    return this.pass('cancel', attemptId, () => this.inner.cancel(attemptId, now));
  }
  async observe(since: Instant, now: Instant): Promise<readonly EngineJob[]> {
    const jobs = await this.pass('observe', null, () => this.inner.observe(since, now));
    return this.options.distort?.(jobs) ?? jobs;
  }
  async logs(attemptId: string): Promise<{ readonly stdout: string; readonly stderr: string } | null> {
    return this.pass('logs', attemptId, async () => (await this.inner.logs?.(attemptId)) ?? null);
  }

  private async pass<T>(method: EngineMethod, attemptId: string | null, deliver: () => Promise<T>): Promise<T> {
    const call = { method, attemptId, number: this.calls.length + 1 };
    this.calls.push(call);
    switch (this.faultOf(call)) {
      case 'none':
        return deliver();
      case 'unreachable':
        throw this.unreachable(`the ${method} did not arrive`);
      case 'reply-lost':
        await deliver();
        throw this.unreachable(`the answer to ${method} was lost`);
      case 'late':
        await (this.options.whenLate?.() ?? new Promise((resolve) => setImmediate(resolve)));
        return deliver();
      case 'doubled':
        await deliver();
        return deliver();
    }
  }

  private faultOf(call: EngineCall): EngineFault {
    if (this.isDown) return 'unreachable';
    return this.next.get(call.method)?.shift() ?? this.options.faultOf?.(call) ?? 'none';
  }

  private unreachable(why: string): EngineUnreachable {
    return new EngineUnreachable(this.options.poolId, `${why} (a fault of the test)`);
  }
}
