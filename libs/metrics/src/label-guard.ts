import { other, type Family } from './catalogue.js';

type Labels = Readonly<Record<string, string>>;

/** Keeps a family of this process within its bound: what is new beyond it is folded, or left out where nothing can be folded. */
export class LabelGuard {
  private readonly known = new Set<string>();
  private readonly folded = new Set<string>();
  private readonly limit: number;

  constructor(
    private readonly family: Family,
    /** Told once for each series that lost its name. */
    private readonly dropped: (family: Family) => void,
  ) {
    const seriesPerSet = family.buckets === undefined ? 1 : family.buckets.length + 3;
    this.limit = Math.floor(family.bound / seriesPerSet) - (family.fold?.sets ?? 0);
  }

  /** The labels to count under; null: not at all. */
  admit(labels: Labels): Labels | null {
    const key = this.keyOf(labels);
    if (this.known.has(key)) return labels;
    if (this.known.size < this.limit) {
      this.known.add(key);
      return labels;
    }
    this.count(key);
    const { fold } = this.family;
    if (fold === undefined) return null;
    const under = { ...labels, [fold.label]: other };
    const foldKey = this.keyOf(under);
    if (!this.folded.has(foldKey) && this.folded.size >= fold.sets) return null;
    this.folded.add(foldKey);
    return under;
  }

  private readonly counted = new Set<string>();
  private count(key: string): void {
    // Somebody may make up names without end: beyond this many the count stands still, the memory too.
    if (this.counted.has(key) || this.counted.size >= 10_000) return;
    this.counted.add(key);
    this.dropped(this.family);
  }

  private keyOf(labels: Labels): string {
    return JSON.stringify(this.family.labels.map((label) => labels[label]));
  }
}
