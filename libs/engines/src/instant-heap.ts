import type { Instant } from '#libs/domain';

interface Entry {
  readonly at: Instant;
  readonly id: string;
}
const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.id < b.id);

/** A binary heap of ids by instant, ties by id, so that the same jobs end in the same order in every run. */
export class InstantHeap {
  private readonly entries: Entry[] = [];

  push(at: Instant, id: string): void {
    const entry = { at, id };
    let hole = this.entries.push(entry) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = this.entries[parent] as Entry;
      if (!isBefore(entry, above)) break;
      this.entries[hole] = above;
      hole = parent;
    }
    this.entries[hole] = entry;
  }

  earliest(): Instant | null {
    return this.entries[0]?.at ?? null;
  }

  pop(): string | null {
    const top = this.entries[0];
    const last = this.entries.pop();
    if (top === undefined || last === undefined) return null;
    if (this.entries.length > 0) this.sink(last);
    return top.id;
  }

  private sink(entry: Entry): void {
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      let below = this.entries[child];
      if (below === undefined) break;
      const right = this.entries[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (!isBefore(below, entry)) break;
      this.entries[hole] = below;
      hole = child;
    }
    this.entries[hole] = entry;
  }
}
