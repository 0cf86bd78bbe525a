import type { Instant } from '#libs/domain';
import type { EngineOperation, SchedulerInstruments } from '../instruments.js';
import type { DispatchOrder, Engine, EngineDescription, EngineJob, Prepared } from '../engine-ports.js';

/** The engine it wraps, with every call told to the instruments. */
export class MeasuredEngine implements Engine {
  readonly logs?: NonNullable<Engine['logs']>;
  readonly stage?: NonNullable<Engine['stage']>;

  constructor(
    private readonly inner: Engine,
    private readonly as: { readonly poolId: string; readonly engine: string },
    private readonly instruments: SchedulerInstruments,
    private readonly stopwatch: () => number,
  ) {
    if (inner.logs) this.logs = (attemptId) => inner.logs?.(attemptId) ?? Promise.resolve(null);
    const stage = inner.stage?.bind(inner);
    // Counted with prepare, whose second half it is: an operation of its own would be more series than are promised.
    if (stage) this.stage = (order, now) => this.measured('prepare', () => stage(order, now));
  }

  describe(): Promise<EngineDescription> {
    return this.inner.describe();
  }
  prepare(order: DispatchOrder, now: Instant): Promise<Prepared> {
    return this.measured(
      'prepare',
      () => this.inner.prepare(order, now),
      (answer) => answer.kind === 'rejected',
    );
  }
  release(attemptId: string, ref: string, now: Instant): Promise<void> {
    return this.measured('release', () => this.inner.release(attemptId, ref, now));
  }
  cancel(attemptId: string, now: Instant): Promise<void> {
    return this.measured('cancel', () => this.inner.cancel(attemptId, now));
  }
  observe(since: Instant, now: Instant): Promise<readonly EngineJob[]> {
    return this.measured('observe', () => this.inner.observe(since, now));
  }

  private async measured<T>(
    operation: EngineOperation,
    call: () => Promise<T>,
    isRejection: (answer: T) => boolean = () => false,
  ): Promise<T> {
    const began = this.stopwatch();
    const tell = (result: 'ok' | 'rejected' | 'error'): void =>
      this.instruments.called({ ...this.as, operation, result, seconds: this.stopwatch() - began });
    try {
      const answer = await call();
      tell(isRejection(answer) ? 'rejected' : 'ok');
      return answer;
    } catch (error) {
      tell('error');
      throw error;
    }
  }
}
