import { Worker } from 'node:worker_threads';
import type { PlannerHost } from '#libs/application';
import type {
  Admission,
  CyclePlan,
  Delta,
  PlanningPolicy,
  PoolOption,
  QueuedJob,
  Seconds,
  Snapshot,
} from '#libs/scheduling';

export type PlannerCall =
  | { readonly verb: 'start'; readonly snapshot: Snapshot; readonly policy: PlanningPolicy }
  | { readonly verb: 'advance'; readonly deltas: readonly Delta[] }
  | { readonly verb: 'plan' | 'snapshot'; readonly now: Seconds }
  | { readonly verb: 'quote'; readonly job: QueuedJob; readonly now: Seconds }
  | { readonly verb: 'admit'; readonly job: QueuedJob };
export type PlannerReply =
  | { readonly id: number; readonly kind: 'ok'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

/**
 * The planner in a thread of its own: a long cycle then blocks neither the leases nor, in `chusuan dev`, the API. The thread
 * is the same planner behind messages; when it dies, what waits for it fails and the next call starts a new one, cold.
 */
export class WorkerPlanner implements PlannerHost {
  private worker: Worker | null = null;
  private nextId = 1;
  private readonly waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();

  constructor(private readonly script: URL = new URL('./planner-thread.js', import.meta.url)) {}

  start(snapshot: Snapshot, policy: PlanningPolicy): Promise<void> {
    return this.call({ verb: 'start', snapshot, policy });
  }
  advance(deltas: readonly Delta[]): Promise<void> {
    return deltas.length === 0 && this.worker ? Promise.resolve() : this.call({ verb: 'advance', deltas });
  }
  plan(now: Seconds): Promise<CyclePlan> {
    return this.call({ verb: 'plan', now });
  }
  snapshot(now: Seconds): Promise<Snapshot> {
    return this.call({ verb: 'snapshot', now });
  }
  quote(job: QueuedJob, now: Seconds): Promise<readonly PoolOption[]> {
    return this.call({ verb: 'quote', job, now });
  }
  admit(job: QueuedJob): Promise<Admission> {
    return this.call({ verb: 'admit', job });
  }
  async close(): Promise<void> {
    const worker = this.worker;
    this.worker = null;
    await worker?.terminate();
  }

  private call<T>(call: PlannerCall): Promise<T> {
    const worker = (this.worker ??= this.spawn());
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, call });
    });
  }

  private spawn(): Worker {
    const worker = new Worker(this.script);
    worker.on('message', (reply: PlannerReply) => this.settle(reply));
    worker.on('error', (error) => this.fail(worker, error));
    worker.on('exit', (code) =>
      this.fail(worker, new Error(`the planner's thread ended (code ${code}); it starts again, cold`)),
    );
    return worker;
  }

  private settle(reply: PlannerReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.kind === 'ok') waiting?.resolve(reply.value as never);
    else waiting?.reject(new Error(reply.message));
  }

  private fail(worker: Worker, error: unknown): void {
    if (this.worker === worker) this.worker = null;
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }
}
