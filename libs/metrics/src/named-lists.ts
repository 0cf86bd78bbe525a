import type { CounterStore, MetricsReader } from '#libs/application';
import { compareKeys } from '#libs/domain';

export interface Candidate {
  readonly key: string;
  readonly weight: number;
}
const row = 'named_series';

/**
 * Who is named in a family that cannot name everybody. A list stays open while all fit; the first time they do not, it is closed
 * with those already named and then the heaviest, and kept in the database, so that nobody moves between a name and `_other`
 * later, in this process or the next: `_other` is a sum of counters, and a member that left would make it fall.
 */
export class NamedLists {
  private readonly closed = new Map<string, ReadonlySet<string>>();
  private readonly open = new Map<string, Set<string>>();
  private loaded = false;

  constructor(
    private readonly reader: Pick<MetricsReader, 'counters'>,
    private readonly store: CounterStore,
  ) {}

  /** The names of the list now, at most `limit` of them. */
  async named(list: string, candidates: readonly Candidate[], limit: number): Promise<ReadonlySet<string>> {
    await this.load();
    const kept = this.closed.get(list);
    // Two exporters may have closed the list at the same moment: the union is cut by name, the same way in both from then on.
    if (kept !== undefined) return kept.size > limit ? new Set([...kept].toSorted(compareKeys).slice(0, limit)) : kept;
    const names = this.open.get(list) ?? new Set<string>();
    const wanted = new Set([...names, ...candidates.map(({ key }) => key)]);
    if (wanted.size > limit) return this.close(list, heaviest(names, candidates, limit));
    this.open.set(list, wanted);
    return wanted;
  }

  private async close(list: string, names: readonly string[]): Promise<ReadonlySet<string>> {
    await this.store.add(names.map((name) => ({ name: row, labels: { list, name }, by: 1 })));
    const kept = new Set(names);
    this.closed.set(list, kept);
    this.open.delete(list);
    return kept;
  }

  private async load(): Promise<void> {
    if (this.loaded) return;
    const byList = new Map<string, string[]>();
    for (const { name, labels } of await this.reader.counters()) {
      if (name !== row || labels['list'] === undefined || labels['name'] === undefined) continue;
      const names = byList.get(labels['list']) ?? [];
      names.push(labels['name']);
      byList.set(labels['list'], names);
    }
    for (const [list, names] of byList) this.closed.set(list, new Set(names));
    this.loaded = true;
  }
}

function heaviest(already: ReadonlySet<string>, candidates: readonly Candidate[], limit: number): string[] {
  const fresh = candidates
    .filter(({ key }) => !already.has(key))
    .toSorted((a, b) => b.weight - a.weight || compareKeys(a.key, b.key))
    .map(({ key }) => key);
  return [...already, ...fresh].slice(0, limit);
}
