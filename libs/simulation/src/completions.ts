/** The running jobs of a simulation as a binary heap by end: which one ends next. */
export class Completions {
  private ends = new Float64Array(64);
  private indices = new Int32Array(64);
  private size = 0;

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
    this.ends[hole] = end;
    this.indices[hole] = index;
  }

  /** Takes out the job that ends first and tells its index. */
  take(): number {
    const first = this.indices[0]!;
    const end = this.ends[--this.size]!;
    const index = this.indices[this.size]!;
    let hole = 0;
    for (let child = 1; child < this.size; child = 2 * hole + 1) {
      if (child + 1 < this.size && this.ends[child + 1]! < this.ends[child]!) child++;
      if (this.ends[child]! >= end) break;
      this.move(child, hole);
      hole = child;
    }
    this.ends[hole] = end;
    this.indices[hole] = index;
    return first;
  }

  private move(from: number, to: number): void {
    this.ends[to] = this.ends[from]!;
    this.indices[to] = this.indices[from]!;
  }

  private grow(): void {
    const ends = new Float64Array(this.size * 2);
    const indices = new Int32Array(this.size * 2);
    ends.set(this.ends);
    indices.set(this.indices);
    this.ends = ends;
    this.indices = indices;
  }
}
