/** The keys by which slots of one lane are ordered: ascending by urgency, then second, then sequence. */
export interface LaneKeys {
  readonly urgency: Float64Array;
  readonly second: Float64Array;
  readonly sequence: Float64Array;
}

/** Negative when slot `a` goes before slot `b` in a lane; sequences are unique, so it is 0 only for the same slot. */
export const compareInLane = ({ urgency, second, sequence }: LaneKeys, a: number, b: number): number =>
  urgency[a]! - urgency[b]! || second[a]! - second[b]! || sequence[a]! - sequence[b]!;

// Below so many new slots, and below one in 16 of the lane, each is put in its place; above, one merge is cheaper.
const FEW = 32;

/**
 * Waiting jobs that share the first key of the order, for instance those of one tenant in one priority band: whatever happens
 * to that key, their order among each other stays. Kept sorted; what comes in is put in place at the next look.
 */
export class Lane {
  private slots = new Int32Array(16);
  private count = 0;
  private pending: number[] = [];

  /** @param first key of the whole lane */
  constructor(
    readonly name: string,
    public first: number,
  ) {}

  get size(): number {
    return this.count + this.pending.length;
  }

  /** Sorted when settled. */
  view(): Int32Array {
    return this.slots.subarray(0, this.count);
  }

  add(slot: number): void {
    this.pending.push(slot);
  }

  /** Takes a slot out; its keys must be those it was added with. */
  remove(slot: number, keys: LaneKeys, isSorted: boolean): void {
    const waiting = this.pending.indexOf(slot);
    if (waiting >= 0) {
      this.pending.splice(waiting, 1);
      return;
    }
    const at = isSorted ? this.placeOf(slot, keys) : this.slots.indexOf(slot);
    this.slots.copyWithin(at, at + 1, this.count);
    this.count--;
  }

  settle(keys: LaneKeys, isSorted: boolean): void {
    const { pending } = this;
    if (pending.length === 0) return;
    this.pending = [];
    this.reserve(this.count + pending.length);
    if (!isSorted) {
      this.slots.set(pending, this.count);
      this.count += pending.length;
    } else if (pending.length <= FEW || pending.length <= this.count / 16) {
      for (const slot of pending) {
        const at = this.placeOf(slot, keys);
        this.slots.copyWithin(at + 1, at, this.count);
        this.slots[at] = slot;
        this.count++;
      }
    } else
      this.merge(
        Int32Array.from(pending).sort((a, b) => compareInLane(keys, a, b)),
        keys,
      );
  }

  /** Sorts anew, after keys have changed. */
  sort(keys: LaneKeys): void {
    this.view().sort((a, b) => compareInLane(keys, a, b));
  }

  /** From the back, so that no second array is needed. */
  private merge(fresh: Int32Array, keys: LaneKeys): void {
    let old = this.count - 1;
    let next = fresh.length - 1;
    for (let at = this.count + fresh.length - 1; next >= 0; at--) {
      const isOld = old >= 0 && compareInLane(keys, this.slots[old]!, fresh[next]!) > 0;
      this.slots[at] = isOld ? this.slots[old--]! : fresh[next--]!;
    }
    this.count += fresh.length;
  }

  /** Index of the first slot that does not go before this one. */
  private placeOf(slot: number, keys: LaneKeys): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareInLane(keys, this.slots[middle]!, slot) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private reserve(room: number): void {
    if (room <= this.slots.length) return;
    const wider = new Int32Array(Math.max(room, this.slots.length * 2));
    wider.set(this.view());
    this.slots = wider;
  }
}

/** Merges sorted lanes into `into` from `at` on, and tells where it ended. Of lanes with one first key nobody goes before the others. */
export function mergeLanes(lanes: readonly Lane[], into: Int32Array, at: number, keys: LaneKeys): number {
  if (lanes.length === 1) {
    const only = lanes[0]!.view();
    into.set(only, at);
    return at + only.length;
  }
  const views = lanes.map((lane) => lane.view()).filter((view) => view.length > 0);
  // A binary heap of lanes by their next slot.
  const heads = new Int32Array(views.length);
  const heap = views.map((_view, index) => index);
  const goesBefore = (a: number, b: number): boolean =>
    compareInLane(keys, views[a]![heads[a]!]!, views[b]![heads[b]!]!) < 0;
  const sink = (from: number): void => {
    for (let hole = from; ;) {
      const left = 2 * hole + 1;
      let least = hole;
      if (left < heap.length && goesBefore(heap[left]!, heap[hole]!)) least = left;
      if (left + 1 < heap.length && goesBefore(heap[left + 1]!, heap[least]!)) least = left + 1;
      if (least === hole) return;
      [heap[hole], heap[least]] = [heap[least]!, heap[hole]!];
      hole = least;
    }
  };
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i);
  let end = at;
  while (heap.length > 0) {
    const lane = heap[0]!;
    into[end++] = views[lane]![heads[lane]!]!;
    heads[lane]! += 1;
    if (heads[lane] === views[lane]!.length) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    sink(0);
  }
  return end;
}
