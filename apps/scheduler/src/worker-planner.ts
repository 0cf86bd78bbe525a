import { Worker } from 'node:worker_threads';
import type { Chunk, PlannerHost } from '#libs/application';
import type { CyclePlan, Delta, PlanningPolicy, Seconds, Snapshot } from '#libs/scheduling';

export type PlannerCall =
  | { readonly verb: 'start'; readonly snapshot: Snapshot; readonly policy: PlanningPolicy }
  | { readonly verb: 'advance' | 'packed'; readonly deltas: readonly Delta[] }
  | { readonly verb: 'plan' | 'keyframe'; readonly now: Seconds };
export type PlannerReply =
  | { readonly id: number; readonly kind: 'ok'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

/**
 * The planner in a thread of its own: a long cycle then blocks neither the leases nor, in `chusuan dev`, the API. The thread
 * is the same planner behind messages; when it dies, what waits for it fails and the next call starts a new one, cold.
 */
export class WorkerPlanner implements PlannerHost {
  private thread: Thread | null = null;

  constructor(private readonly script: URL = new URL('./planner-thread.js', import.meta.url)) {}

  start(snapshot: Snapshot, policy: PlanningPolicy): Promise<void> {
    return this.call({ verb: 'start', snapshot, policy });
  }
  advance(deltas: readonly Delta[]): Promise<void> {
    return deltas.length === 0 && this.thread ? Promise.resolve() : this.call({ verb: 'advance', deltas });
  }
  plan(now: Seconds): Promise<CyclePlan> {
    return this.call({ verb: 'plan', now });
  }
  keyframe(now: Seconds): Promise<readonly Chunk[]> {
    return this.call({ verb: 'keyframe', now });
  }
  packed(deltas: readonly Delta[]): Promise<Chunk> {
    return this.call({ verb: 'packed', deltas });
  }
  async close(): Promise<void> {
    const thread = this.thread;
    this.thread = null;
    await thread?.end();
  }

  private call<T>(call: PlannerCall): Promise<T> {
    const thread = (this.thread ??= new Thread(this.script, (gone) => {
      if (this.thread === gone) this.thread = null;
    }));
    return thread.call<T>(call);
  }
}

/** Above any honest cycle; a planner that does not come back must not hold the lease in silence. */
const PATIENCE_MS = 60_000;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** One worker and what waits for it: the end of an old thread must not fail the calls of the new one. */
class Thread {
  private readonly worker: Worker;
  private nextId = 1;
  private readonly waiting = new Map<number, Waiting>();

  constructor(
    script: URL,
    private readonly onGone: (thread: Thread) => void,
  ) {
    this.worker = new Worker(script);
    this.worker.on('message', (reply: PlannerReply) => this.settle(reply));
    this.worker.on('error', (error) => this.fail(error));
    this.worker.on('exit', (code) =>
      this.fail(new Error(`the planner's thread ended (code ${code}); it starts again, cold`)),
    );
  }

  call<T>(call: PlannerCall): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(
          new Error(`the planner did not answer "${call.verb}" within ${PATIENCE_MS / 1000} s; it starts again, cold`),
        );
        void this.worker.terminate();
      }, PATIENCE_MS);
      this.waiting.set(id, {
        resolve: (value) => (clearTimeout(timer), resolve(value)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      this.worker.postMessage({ id, call });
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private settle(reply: PlannerReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.kind === 'ok') waiting?.resolve(reply.value as never);
    else waiting?.reject(new Error(reply.message));
  }

  private fail(error: unknown): void {
    this.onGone(this);
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }
}
