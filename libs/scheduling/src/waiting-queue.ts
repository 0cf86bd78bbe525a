import { compareKeys } from '#libs/domain';
import type { JobKind, JobKinds } from './job-kinds.js';
import { Lane, mergeLanes } from './lane.js';
import type { PlanningPolicy, QueuedJob, Seconds } from './model.js';
import type { JobOrder } from './order.js';

/** Walks waiting jobs in order. Slots are small numbers that stand for jobs while they wait. */
export interface Cursor {
  /** The next slot, or −1. */
  next(): number;
  /**
   * From here on, only slots of these kinds that satisfy the test are of interest. Kinds are asked once, slots when it is their
   * turn or before. May be called again, for fewer of them.
   */
  narrow(ofKind: (kind: JobKind) => boolean, keep?: (slot: number) => boolean): void;
}

const ROOM = 256;
const everyone = (_slot: number): boolean => true;

/**
 * The jobs that wait, in columns. Where the order does not change with time they stand in sorted lanes, and a change of the
 * lanes' first keys (a tenant's rank) moves lanes, not jobs; where it does, a heap is made for each pass and only as much of
 * it is unpacked as is asked for.
 */
export class WaitingQueue {
  private jobs: (QueuedJob | undefined)[] = [];
  // Numbers and not the kinds themselves: every walk touches them, and they are a quarter of the memory.
  private kindOf = new Int32Array(ROOM);
  private readonly slotOf = new Map<string, number>();
  private readonly freeSlots: number[] = [];
  private columns = columnsOf(ROOM);
  private lanes = new Map<string, Lane>();
  private laneOf: (Lane | undefined)[] = [];
  // All lanes one after the other, made anew at the first look after a change.
  private flat: Int32Array = new Int32Array(0);
  private isFlat = false;
  private readonly timed = new Set<number>();
  private evaluatedAt: Seconds = -Infinity;
  private urgencyChangesAt: Seconds = Infinity;

  constructor(
    private readonly table: JobKinds,
    private order: JobOrder,
    private readonly runTimes: NonNullable<PlanningPolicy['runTimes']> = 'limit',
  ) {}

  get size(): number {
    return this.slotOf.size;
  }

  /** One more than the largest slot in use. */
  get width(): number {
    return this.jobs.length;
  }

  job(slot: number): QueuedJob {
    return this.jobs[slot]!;
  }

  kind(slot: number): JobKind {
    return this.table.byIndex[this.kindOf[slot]!]!;
  }

  /** The index of its kind, without the kind. */
  kindIndex(slot: number): number {
    return this.kindOf[slot]!;
  }

  limit(slot: number): number {
    return this.columns.limit[slot]!;
  }

  /** The least seconds that a start of it is planned with. */
  shortest(slot: number): number {
    return this.columns.shortest[slot]!;
  }

  predicted(slot: number): number {
    return this.columns.predicted[slot]!;
  }

  notBefore(slot: number): Seconds {
    return this.columns.notBefore[slot]!;
  }

  slot(jobId: string): number | undefined {
    return this.slotOf.get(jobId);
  }

  /** Whether two jobs of one tenant, alike in sequence and submission, stand at the same place in the order. */
  standsWith(a: number, b: number): boolean {
    const { urgency, second, limit, nodes } = this.columns;
    if (urgency[a] !== urgency[b] || second[a] !== second[b]) return false;
    return !this.order.waited || (limit[a] === limit[b] && nodes[a] === nodes[b]);
  }

  all(): QueuedJob[] {
    return Array.from(this.slotOf.values(), (slot) => this.job(slot));
  }

  /** Adds a job and tells its slot. One that already waits under this id is replaced. */
  add(job: QueuedJob): number {
    this.remove(job.id);
    const slot = this.freeSlots.pop() ?? this.jobs.length;
    if (slot >= this.kindOf.length) this.grow(slot * 2);
    this.jobs[slot] = job;
    this.columns.limit[slot] = job.limit;
    this.columns.shortest[slot] = this.runTimes === 'predicted' ? Math.min(job.predicted, job.limit) : job.limit;
    this.join(slot);
    this.columns.predicted[slot] = job.predicted;
    this.columns.nodes[slot] = job.nodes;
    this.columns.submitted[slot] = job.submittedAt;
    this.columns.sequence[slot] = job.sequence;
    this.columns.notBefore[slot] = job.earliestStart ?? -Infinity;
    this.weigh(slot);
    this.slotOf.set(job.id, slot);
    this.enter(slot);
    return slot;
  }

  remove(jobId: string): void {
    const slot = this.slotOf.get(jobId);
    if (slot === undefined) return;
    this.leave(slot);
    this.slotOf.delete(jobId);
    this.timed.delete(slot);
    this.table.leave(this.kind(slot));
    this.jobs[slot] = undefined;
    this.freeSlots.push(slot);
  }

  /** Takes another order, or the same one after tenants' use has changed. */
  reorder(order: JobOrder): void {
    const isSameLanes = order.lane !== undefined && order.name === this.order.name;
    this.order = order;
    this.isFlat = false;
    if (isSameLanes) {
      for (const lane of this.lanes.values()) {
        if (lane.size === 0) this.lanes.delete(lane.name);
        else lane.first = order.first(this.job(this.sampleOf(lane)));
      }
      return;
    }
    this.lanes = new Map();
    this.timed.clear();
    for (const slot of this.slotOf.values()) {
      this.weigh(slot);
      this.enter(slot);
    }
  }

  /** Asks the table for the kind of every job again: what a kind is made of has changed. */
  rejoin(): void {
    const left = [...this.slotOf.values()].map((slot) => this.kind(slot));
    for (const slot of this.slotOf.values()) this.join(slot);
    for (const kind of left) this.table.leave(kind);
  }

  cursor(now: Seconds): Cursor {
    this.settle(now);
    return this.order.waited ? this.heapCursor(now, this.order.waited) : this.sortedCursor();
  }

  /** The first time after `now` at which waiting alone changes the order, or lets somebody start; Infinity when never. */
  nextTurn(now: Seconds): Seconds {
    if (this.order.waited) return now + 1;
    this.settle(now);
    let turn = this.urgencyChangesAt;
    const { notBefore } = this.columns;
    for (let i = 0; i < this.flat.length; i++) {
      const at = notBefore[this.flat[i]!]!;
      if (at > now && at < turn) turn = at;
    }
    return turn;
  }

  /** Puts the jobs that came since the last look in their places, as the order stands at that time. */
  settle(now: Seconds): void {
    if (now >= this.urgencyChangesAt || now < this.evaluatedAt) this.weighTimed(now);
    if (this.isFlat) return;
    const isSorted = !this.order.waited;
    const lanes: Lane[] = [];
    for (const lane of this.lanes.values()) {
      lane.settle(this.columns, isSorted);
      if (lane.size > 0) lanes.push(lane);
      else this.lanes.delete(lane.name);
    }
    if (lanes.length === 1) this.flat = lanes[0]!.view();
    else this.flatten(lanes.sort((a, b) => a.first - b.first || compareKeys(a.name, b.name)));
    this.isFlat = true;
  }

  private flatten(lanes: readonly Lane[]): void {
    const flat = new Int32Array(this.slotOf.size);
    let end = 0;
    for (let i = 0; i < lanes.length;) {
      const from = i;
      while (i < lanes.length && lanes[i]!.first === lanes[from]!.first) i++;
      end = mergeLanes(lanes.slice(from, i), flat, end, this.columns);
    }
    this.flat = flat;
  }

  private join(slot: number): void {
    const kind = this.table.join(this.job(slot));
    this.kindOf[slot] = kind.index;
    kind.leastHold = Math.min(kind.leastHold, this.shortest(slot));
  }

  private enter(slot: number): void {
    const job = this.job(slot);
    const name = this.order.lane?.(job) ?? '';
    let lane = this.lanes.get(name);
    if (!lane) {
      lane = new Lane(name, this.order.lane ? this.order.first(job) : 0);
      this.lanes.set(name, lane);
    }
    lane.add(slot);
    this.laneOf[slot] = lane;
    this.isFlat = false;
  }

  private leave(slot: number): void {
    this.laneOf[slot]!.remove(slot, this.columns, !this.order.waited);
    this.isFlat = false;
  }

  private sampleOf(lane: Lane): number {
    lane.settle(this.columns, !this.order.waited);
    return lane.view()[0]!;
  }

  private weigh(slot: number): void {
    const job = this.job(slot);
    const { order, columns } = this;
    // Without lanes the first key orders the one lane there is.
    columns.urgency[slot] = order.lane ? 0 : order.first(job);
    columns.second[slot] = order.second(job);
    if (!order.urgency) return;
    if (job.deadline === undefined) {
      columns.urgency[slot] = order.urgency(job, 0).level;
      return;
    }
    this.timed.add(slot);
    const { level, changesAt } = order.urgency(job, this.evaluatedAt);
    columns.urgency[slot] = level;
    this.urgencyChangesAt = Math.min(this.urgencyChangesAt, changesAt);
  }

  private weighTimed(now: Seconds): void {
    this.evaluatedAt = now;
    this.urgencyChangesAt = Infinity;
    for (const slot of this.timed) {
      const { level, changesAt } = this.order.urgency!(this.job(slot), now);
      this.urgencyChangesAt = Math.min(this.urgencyChangesAt, changesAt);
      if (level === this.columns.urgency[slot]) continue;
      this.leave(slot);
      this.columns.urgency[slot] = level;
      this.enter(slot);
    }
  }

  private grow(length: number): void {
    this.columns = columnsOf(length, this.columns);
    const wider = new Int32Array(length);
    wider.set(this.kindOf);
    this.kindOf = wider;
  }

  private sortedCursor(): Cursor {
    const { flat, kindOf } = this;
    let at = 0;
    let wanted: Uint8Array | null = null;
    let keep: (slot: number) => boolean = everyone;
    return {
      next: () => {
        if (wanted) while (at < flat.length && !(wanted[kindOf[flat[at]!]!] === 1 && keep(flat[at]!))) at++;
        return at < flat.length ? flat[at++]! : -1;
      },
      narrow: (ofKind, test = everyone) => {
        wanted = this.flagsOf(ofKind);
        keep = test;
      },
    };
  }

  /** By index of kind: 1 where the test holds. */
  private flagsOf(ofKind: (kind: JobKind) => boolean): Uint8Array {
    return Uint8Array.from(this.table.byIndex, (kind) => (ofKind(kind) ? 1 : 0));
  }

  private heapCursor(now: Seconds, waited: NonNullable<JobOrder['waited']>): Cursor {
    const { urgency, submitted, limit, nodes, sequence, key } = this.columns;
    const heap = this.flat.slice();
    let size = heap.length;
    for (let i = 0; i < size; i++) {
      const slot = heap[i]!;
      key[slot] = waited(now - submitted[slot]!, limit[slot]!, nodes[slot]!, urgency[slot]!);
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
      narrow: (ofKind, keep = everyone) => {
        const wanted = this.flagsOf(ofKind);
        let kept = 0;
        for (let i = 0; i < size; i++) {
          const slot = heap[i]!;
          if (wanted[this.kindOf[slot]!] === 1 && keep(slot)) heap[kept++] = slot;
        }
        size = kept;
        pile();
      },
    };
  }
}

const columnNames = [
  'limit',
  'shortest',
  'predicted',
  'nodes',
  'submitted',
  'sequence',
  'notBefore',
  'urgency',
  'second',
  'key',
] as const;
type Columns = Record<(typeof columnNames)[number], Float64Array>;

function columnsOf(length: number, old?: Columns): Columns {
  const column = (name: keyof Columns): Float64Array => {
    const fresh = new Float64Array(length);
    if (old) fresh.set(old[name]);
    return fresh;
  };
  return Object.fromEntries(columnNames.map((name) => [name, column(name)])) as Columns;
}
