import { serviceTime, type ServiceClock } from '#libs/domain';
import { catalogue, familyOf, familyKeys, type FamilyKey } from './catalogue.js';
import { collectors as allCollectors } from './collectors.js';
import type { Collector, CollectorContext, MetricsSources } from './collectors/collector.js';
import { exposed, type ExposedFamily } from './exposition.js';
import { NamedLists } from './named-lists.js';
import type { ProcessInstruments } from './process-instruments.js';
import { Samples, type Sample } from './samples.js';

/** Wall time in epoch milliseconds, and a stopwatch in milliseconds. */
export interface RefreshClock {
  now(): number;
  stopwatch(): number;
}
export interface StateMetricsOptions {
  readonly sources: MetricsSources;
  readonly instruments: ProcessInstruments;
  readonly clock: RefreshClock;
  readonly collectors?: readonly Collector[];
  readonly onFailure?: (collector: string, error: unknown) => void;
}
export interface Refreshed {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

/**
 * The state of the service as the database has it, as of the last refresh. Collectors run one after the other, so that a refresh
 * never holds more than one connection; one that fails leaves its last values in place and says so.
 */
export class StateMetrics {
  private readonly values = new Map<FamilyKey, ReadonlyMap<string, Sample>>();
  private readonly lastRun = new Map<string, { readonly success: boolean; readonly seconds: number }>();
  private readonly context: CollectorContext;
  private readonly collectors: readonly Collector[];
  private readonly droppedSeries = new Set<string>();
  private refreshedWallMs: number | null = null;

  constructor(private readonly options: StateMetricsOptions) {
    const { sources, instruments } = options;
    this.collectors = options.collectors ?? allCollectors;
    this.context = {
      lists: new NamedLists(sources.metrics, sources.counters),
      durable: instruments.durable,
      poolViews: [],
      clock: null,
      overcommitted: new Map(),
      dropped: (key, series) => this.drop(key, series),
    };
  }

  /** Never rejects: what fails is told in the result, in the collector's success gauge and to `onFailure`. */
  async refresh(): Promise<Refreshed> {
    for (const collector of this.collectors) {
      const from = this.options.clock.stopwatch();
      const success = await this.run(collector);
      const seconds = (this.options.clock.stopwatch() - from) / 1_000;
      this.lastRun.set(collector.name, { success, seconds });
    }
    this.refreshedWallMs = this.options.clock.now();
    const names = (wanted: boolean): string[] =>
      [...this.lastRun].filter(([, { success }]) => success === wanted).map(([name]) => name);
    return { succeeded: names(true), failed: names(false) };
  }

  private async run(collector: Collector): Promise<boolean> {
    const found = new Samples(collector.families);
    try {
      await collector.collect(this.options.sources, found, this.context);
    } catch (error) {
      this.options.onFailure?.(collector.name, error);
      return false;
    }
    for (const key of collector.families) this.values.set(key, this.publishable(key, found.of(key)));
    return true;
  }

  private publishable(key: FamilyKey, found: ReadonlyMap<string, Sample>): ReadonlyMap<string, Sample> {
    const bounded = this.withinBound(key, found);
    return familyOf(key).type === 'counter' ? monotone(bounded, this.values.get(key)) : bounded;
  }

  private withinBound(key: FamilyKey, found: ReadonlyMap<string, Sample>): ReadonlyMap<string, Sample> {
    const { bound } = familyOf(key);
    if (found.size <= bound) return found;
    // By key, whatever order the rows came in: the same series stay each time.
    const ordered = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [series] of ordered.slice(bound)) this.drop(key, series);
    return new Map(ordered.slice(0, bound));
  }

  private drop(key: FamilyKey, series: string): void {
    const id = `${key} ${series}`;
    if (this.droppedSeries.has(id)) return;
    this.droppedSeries.add(id);
    this.options.instruments.seriesDropped(familyOf(key));
  }

  /** Families read from the database, and how reading them went. */
  families(): ExposedFamily[] {
    const families = familyKeys
      .filter((key) => catalogue[key].origin !== 'process' && !isOwn(key))
      .map((key) => exposed(familyOf(key), [...(this.values.get(key)?.values() ?? [])]));
    const runs = [...this.lastRun];
    return [
      ...families,
      exposed(
        catalogue.exporterScrape,
        runs.map(([collector, { seconds }]) => ({ labels: { collector }, value: seconds })),
      ),
      exposed(
        catalogue.exporterSuccess,
        runs.map(([collector, { success }]) => ({ labels: { collector }, value: success ? 1 : 0 })),
      ),
      exposed(catalogue.exporterRefresh, timestamp(this.refreshedWallMs)),
    ];
  }

  /** Service time goes on between refreshes, fast on a scaled clock: told anew at each scrape. */
  clockFamily(): ExposedFamily {
    const clock: ServiceClock | null = this.context.clock;
    const now = clock === null ? null : serviceTime(clock, this.options.clock.now());
    return exposed(catalogue.clockTimestamp, timestamp(now));
  }
}

const ownKeys = ['exporterScrape', 'exporterSuccess', 'exporterRefresh', 'clockTimestamp'] as const;
const isOwn = (key: FamilyKey): boolean => (ownKeys as readonly FamilyKey[]).includes(key);
const timestamp = (ms: number | null): Sample[] => (ms === null ? [] : [{ labels: {}, value: ms / 1_000 }]);

/**
 * A sum of doubles may come out a hair smaller when rows come in another order, and a later revision may settle an hour lower.
 * Prometheus takes any fall for a restart and adds the whole value again, so a counter stands still until it is overtaken.
 */
function monotone(
  found: ReadonlyMap<string, Sample>,
  before: ReadonlyMap<string, Sample> | undefined,
): ReadonlyMap<string, Sample> {
  if (before === undefined) return found;
  return new Map(
    [...found].map(([id, sample]) => [id, { ...sample, value: Math.max(sample.value, before.get(id)?.value ?? 0) }]),
  );
}
