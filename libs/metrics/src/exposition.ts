import { Registry, type Metric } from 'prom-client';
import { helpOf, type Family } from './catalogue.js';

export type ExpositionFormat = 'text' | 'openmetrics';
export const contentTypeOf = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
} as const satisfies Record<ExpositionFormat, string>;

export interface ExposedValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  /** With its suffix, for the parts of a histogram. */
  readonly metricName?: string;
}
export interface ExposedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly ExposedValue[];
}
export const exposed = (family: Family, values: readonly ExposedValue[]): ExposedFamily => ({
  name: family.name,
  help: helpOf(family),
  type: family.type,
  values,
});

/** What a registry asks of a metric: a name, a type, and its values when it is time to write. */
class AbsoluteMetric {
  name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator = 'first';
  readonly values: readonly ExposedValue[];

  constructor(family: ExposedFamily) {
    this.name = family.name;
    this.help = family.help;
    this.type = family.type;
    this.values = family.values;
  }

  async get(): Promise<this> {
    return this;
  }
}

/**
 * Writes the families in the client's own exposition. Counters come with absolute values, which the client's Counter cannot be
 * given, and a registry that has once written OpenMetrics has lost the `_total` of its counters' names (0.16.1): hence a fresh
 * registry and fresh metrics for each writing, over values that are kept elsewhere.
 */
export async function expose(families: readonly ExposedFamily[], format: ExpositionFormat): Promise<string> {
  const registry = new Registry(contentTypeOf[format]);
  for (const family of families) registry.registerMetric(new AbsoluteMetric(family) as unknown as Metric<string>);
  return registry.metrics();
}

const end = '# EOF\n';
/** Puts two expositions of one format together; the first may have been kept from the last refresh. */
export function joined(first: string, second: string, format: ExpositionFormat): string {
  if (format === 'openmetrics') return first.slice(0, -end.length) + second;
  return `${first}\n${second}`;
}
