/** The `width` smallest of the numbers that are offered, the largest of them at hand. */
export class Smallest {
  private readonly heap: Float64Array;
  private size = 0;
  private width = 0;

  constructor(most: number) {
    this.heap = new Float64Array(most);
  }

  /** @param width at most what the constructor was given */
  reset(width: number): void {
    this.width = width;
    this.size = 0;
  }

  /** The largest of the smallest; Infinity until as many were offered. */
  get bound(): number {
    return this.size < this.width ? Infinity : this.heap[0]!;
  }

  offer(value: number): void {
    if (this.size < this.width) this.rise(value);
    else if (value < this.heap[0]!) this.sink(value);
  }

  private rise(value: number): void {
    const { heap } = this;
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (heap[parent]! >= value) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = value;
  }

  private sink(value: number): void {
    const { heap, size } = this;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && heap[child + 1]! > heap[child]!) child++;
      if (heap[child]! <= value) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = value;
  }
}
