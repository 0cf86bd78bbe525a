import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { catalogue, familyKeys, familyOf, helpOf, type Family, type FamilyKey, type LabelsOf } from './catalogue.js';
import type { ExposedFamily } from './exposition.js';
import { LabelGuard } from './label-guard.js';

/** Counters, gauges and histograms of this process, made from the catalogue in a registry of their own, never the global one. */
export class ProcessRegistry {
  private readonly registry = new Registry();
  private readonly counters = new Map<FamilyKey, Counter<string>>();
  private readonly gauges = new Map<FamilyKey, Gauge<string>>();
  private readonly histograms = new Map<FamilyKey, Histogram<string>>();
  private readonly guards = new Map<FamilyKey, LabelGuard>();

  constructor() {
    for (const key of familyKeys) if (catalogue[key].origin === 'process') this.register(key);
  }

  private register(key: FamilyKey): void {
    const family = familyOf(key);
    const settings = {
      name: family.name,
      help: helpOf(family),
      labelNames: [...family.labels],
      registers: [this.registry as never],
    };
    if (family.type === 'counter') this.counters.set(key, new Counter(settings));
    else if (family.type === 'gauge') this.gauges.set(key, new Gauge(settings));
    else this.histograms.set(key, new Histogram({ ...settings, buckets: [...(family.buckets ?? [])] }));
    this.guards.set(key, new LabelGuard(family, (dropped) => this.dropped(dropped)));
  }

  increase<K extends FamilyKey>(key: K, labels: LabelsOf<K>, by = 1): void {
    const under = this.admit(key, labels);
    if (under !== null) this.counters.get(key)?.inc(under, by);
  }

  set<K extends FamilyKey>(key: K, labels: LabelsOf<K>, value: number): void {
    const under = this.admit(key, labels);
    if (under !== null) this.gauges.get(key)?.set(under, value);
  }

  move<K extends FamilyKey>(key: K, labels: LabelsOf<K>, by: 1 | -1): void {
    const under = this.admit(key, labels);
    if (under !== null) this.gauges.get(key)?.inc(under, by);
  }

  /** What is no number is left out: an instrument must not throw into the work it looks at. */
  observe<K extends FamilyKey>(key: K, labels: LabelsOf<K>, value: number): void {
    const under = Number.isFinite(value) ? this.admit(key, labels) : null;
    if (under !== null) this.histograms.get(key)?.observe(under, Math.max(0, value));
  }

  /** Makes the series known before anything happened, so that the first event is an increase. */
  zero<K extends FamilyKey>(key: K, labels: LabelsOf<K>): void {
    const under = this.admit(key, labels);
    if (under === null) return;
    this.counters.get(key)?.inc(under, 0);
    this.gauges.get(key)?.set(under, 0);
    this.histograms.get(key)?.zero(under);
  }

  dropped(family: Family): void {
    this.counters.get('seriesDropped')?.inc({ metric: family.name });
  }

  private admit(key: FamilyKey, labels: Readonly<Record<string, string>>): Record<string, string> | null {
    const under = this.guards.get(key)?.admit(labels);
    return under === undefined || under === null ? null : { ...under };
  }

  async families(): Promise<ExposedFamily[]> {
    return (await this.registry.getMetricsAsJSON()).map(({ name, help, type, values }) => ({
      name,
      help,
      type,
      values,
    }));
  }
}
