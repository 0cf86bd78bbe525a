/**
 * The running jobs of a simulation as a binary heap by end: which one ends next. Of those that end together, the one that was
 * added first.
 */
export class Completions {
  private ends = new Float64Array(64);
  private turns = new Float64Array(64);
  private indices = new Int32Array(64);
  private size = 0;
  private added = 0;

  /** Seconds; Infinity when nothing runs. */
  get next(): number {
    return this.size > 0 ? this.ends[0]! : Infinity;
  }

  add(index: number, end: number): void {
    if (this.size === this.ends.length) this.grow();
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.ends[parent]! <= end) break;
      this.move(parent, hole);
      hole = parent;
    }
    this.put(hole, end, this.added++, index);
  }

  /** Takes out the job that ends first and tells its index. */
  take(): number {
    const first = this.indices[0]!;
    const last = --this.size;
    const end = this.ends[last]!;
    const turn = this.turns[last]!;
    const index = this.indices[last]!;
    let hole = 0;
    for (let child = 1; child < this.size; child = 2 * hole + 1) {
      if (child + 1 < this.size && this.isBefore(child + 1, this.ends[child]!, this.turns[child]!)) child++;
      if (!this.isBefore(child, end, turn)) break;
      this.move(child, hole);
      hole = child;
    }
    this.put(hole, end, turn, index);
    return first;
  }

  private isBefore(at: number, end: number, turn: number): boolean {
    return this.ends[at]! < end || (this.ends[at] === end && this.turns[at]! < turn);
  }

  private put(at: number, end: number, turn: number, index: number): void {
    this.ends[at] = end;
    this.turns[at] = turn;
    this.indices[at] = index;
  }

  private move(from: number, to: number): void {
    this.put(to, this.ends[from]!, this.turns[from]!, this.indices[from]!);
  }

  private grow(): void {
    const { ends, turns, indices } = this;
    this.ends = new Float64Array(this.size * 2);
    this.turns = new Float64Array(this.size * 2);
    this.indices = new Int32Array(this.size * 2);
    this.ends.set(ends);
    this.turns.set(turns);
    this.indices.set(indices);
  }
}
