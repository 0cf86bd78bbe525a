import type { CatalogueReader, CounterStore, MetricsReader, PoolView } from '#libs/application';
import type { ServiceClock } from '#libs/domain';
import type { FamilyKey } from '../catalogue.js';
import type { DurableCounters } from '../durable-counters.js';
import type { NamedLists } from '../named-lists.js';
import type { Samples } from '../samples.js';

/** Where state comes from; each call is a set-based query. */
export interface MetricsSources {
  readonly metrics: MetricsReader;
  readonly catalogue: Pick<CatalogueReader, 'pools' | 'settlements'>;
  readonly counters: CounterStore;
  clock(): Promise<ServiceClock>;
}

/** What collectors share in the life of the exporter. */
export interface CollectorContext {
  readonly lists: NamedLists;
  readonly durable: DurableCounters;
  /** Enabled pools at the last success of the pool collector; the zeros of the others are made from them. */
  poolViews: readonly PoolView[];
  clock: ServiceClock | null;
  /** By pool: the overcommitted nodes of the last refresh. */
  overcommitted: ReadonlyMap<string, number>;
  /** A series lost its name because of a bound. */
  dropped(key: FamilyKey, series: string): void;
}

export interface Collector {
  readonly name: string;
  /** Nobody else writes these. */
  readonly families: readonly FamilyKey[];
  /** Writes all its samples, zeros of known combinations included. May reject: then the last ones stay. */
  collect(sources: MetricsSources, into: Samples, context: CollectorContext): Promise<void>;
}
