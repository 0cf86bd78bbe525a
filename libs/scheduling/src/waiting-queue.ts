import type { JobKind, JobKinds } from './job-kinds.js';
import type { QueuedJob, Seconds } from './model.js';
import type { JobOrder } from './order.js';

/** Walks waiting jobs in order. Slots are small numbers that stand for jobs while they wait. */
export interface Cursor {
  /** The next slot, or −1. */
  next(): number;
  /** From here on, only slots that satisfy the test are of interest. */
  narrow(keep: (slot: number) => boolean): void;
}

/**
 * The jobs that wait, in columns. Where the order does not change with time the slots are kept sorted (binary insertion, or one
 * sort where many come at once); where it does, a heap is made for each pass and only as much of it is unpacked as is asked for.
 */
export class WaitingQueue {
  private jobs: (QueuedJob | undefined)[] = [];
  private kinds: (JobKind | undefined)[] = [];
  private readonly slotOf = new Map<string, number>();
  private readonly freeSlots: number[] = [];
  private columns = columnsOf(256);
  private sorted = new Int32Array(256);
  private count = 0;
  private pending: number[] = [];

  constructor(
    private readonly table: JobKinds,
    private order: JobOrder,
  ) {}

  get size(): number {
    return this.slotOf.size;
  }

  job(slot: number): QueuedJob {
    return this.jobs[slot]!;
  }

  kind(slot: number): JobKind {
    return this.kinds[slot]!;
  }

  limit(slot: number): number {
    return this.columns.limit[slot]!;
  }

  notBefore(slot: number): Seconds {
    return this.columns.notBefore[slot]!;
  }

  slot(jobId: string): number | undefined {
    return this.slotOf.get(jobId);
  }

  all(): QueuedJob[] {
    return Array.from(this.slotOf.values(), (slot) => this.job(slot));
  }

  /** Adds a job and tells its slot. One that already waits under this id is replaced. */
  add(job: QueuedJob): number {
    this.remove(job.id);
    const slot = this.freeSlots.pop() ?? this.jobs.length;
    if (slot >= this.columns.limit.length) this.columns = columnsOf(slot * 2, this.columns);
    this.jobs[slot] = job;
    this.kinds[slot] = this.table.join(job);
    this.columns.limit[slot] = job.limit;
    this.columns.nodes[slot] = job.nodes;
    this.columns.submitted[slot] = job.submittedAt;
    this.columns.sequence[slot] = job.sequence;
    this.columns.notBefore[slot] = job.earliestStart ?? -Infinity;
    this.weigh(slot);
    this.slotOf.set(job.id, slot);
    this.pending.push(slot);
    return slot;
  }

  remove(jobId: string): void {
    const slot = this.slotOf.get(jobId);
    if (slot === undefined) return;
    this.settle();
    const at = this.order.waited ? this.sorted.indexOf(slot) : this.placeOf(slot);
    this.sorted.copyWithin(at, at + 1, this.count);
    this.count--;
    this.slotOf.delete(jobId);
    this.table.leave(this.kind(slot));
    this.jobs[slot] = undefined;
    this.kinds[slot] = undefined;
    this.freeSlots.push(slot);
  }

  /** Takes another order, or the same one after tenants' use has changed. */
  reorder(order: JobOrder): void {
    this.settle();
    this.order = order;
    for (const slot of this.slotOf.values()) this.weigh(slot);
    if (!order.waited) this.sorted.subarray(0, this.count).sort(this.compare);
  }

  cursor(now: Seconds): Cursor {
    this.settle();
    return this.order.waited ? this.heapCursor(now, this.order.waited) : this.sortedCursor();
  }

  private weigh(slot: number): void {
    const job = this.job(slot);
    this.columns.first[slot] = this.order.first(job);
    this.columns.second[slot] = this.order.second(job);
  }

  private readonly compare = (a: number, b: number): number => {
    const { first, second, sequence } = this.columns;
    return first[a]! - first[b]! || second[a]! - second[b]! || sequence[a]! - sequence[b]!;
  };

  /** Index of the first sorted slot that does not go before this one. */
  private placeOf(slot: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(this.sorted[middle]!, slot) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts the jobs that came since the last look in their places. */
  settle(): void {
    if (this.pending.length === 0) return;
    const room = this.count + this.pending.length;
    if (room > this.sorted.length) {
      const wider = new Int32Array(room * 2);
      wider.set(this.sorted);
      this.sorted = wider;
    }
    const many = this.pending.length > 32 && this.pending.length > this.count / 16;
    if (many || this.order.waited) {
      this.sorted.set(this.pending, this.count);
      this.count = room;
      if (!this.order.waited) this.sorted.subarray(0, room).sort(this.compare);
    } else {
      for (const slot of this.pending) {
        const at = this.placeOf(slot);
        this.sorted.copyWithin(at + 1, at, this.count);
        this.sorted[at] = slot;
        this.count++;
      }
    }
    this.pending = [];
  }

  private sortedCursor(): Cursor {
    const { sorted, count } = this;
    let at = 0;
    let keep: ((slot: number) => boolean) | null = null;
    return {
      next: () => {
        if (keep) while (at < count && !keep(sorted[at]!)) at++;
        return at < count ? sorted[at++]! : -1;
      },
      narrow: (test) => {
        keep = test;
      },
    };
  }

  private heapCursor(now: Seconds, waited: NonNullable<JobOrder['waited']>): Cursor {
    const { first, submitted, limit, nodes, sequence, key } = this.columns;
    const heap = this.sorted.slice(0, this.count);
    let size = heap.length;
    for (let i = 0; i < size; i++) {
      const slot = heap[i]!;
      key[slot] = waited(now - submitted[slot]!, limit[slot]!, nodes[slot]!, first[slot]!);
    }
    const before = (a: number, b: number): boolean =>
      key[a]! < key[b]! || (key[a]! === key[b]! && sequence[a]! < sequence[b]!);
    const sink = (from: number): void => {
      const slot = heap[from]!;
      let hole = from;
      for (let child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
        if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
        if (!before(heap[child]!, slot)) break;
        heap[hole] = heap[child]!;
        hole = child;
      }
      heap[hole] = slot;
    };
    const pile = (): void => {
      for (let i = (size >> 1) - 1; i >= 0; i--) sink(i);
    };
    pile();
    return {
      next: () => {
        if (size === 0) return -1;
        const top = heap[0]!;
        heap[0] = heap[--size]!;
        if (size > 1) sink(0);
        return top;
      },
      narrow: (keep) => {
        let kept = 0;
        for (let i = 0; i < size; i++) if (keep(heap[i]!)) heap[kept++] = heap[i]!;
        size = kept;
        pile();
      },
    };
  }
}

const columnNames = ['limit', 'nodes', 'submitted', 'sequence', 'notBefore', 'first', 'second', 'key'] as const;
type Columns = Record<(typeof columnNames)[number], Float64Array>;

function columnsOf(length: number, old?: Columns): Columns {
  const column = (name: keyof Columns): Float64Array => {
    const fresh = new Float64Array(length);
    if (old) fresh.set(old[name]);
    return fresh;
  };
  return Object.fromEntries(columnNames.map((name) => [name, column(name)])) as Columns;
}
