export * from './catalogue.js';
export { collectors } from './collectors.js';
export type { Collector, CollectorContext, MetricsSources } from './collectors/collector.js';
export { contentTypeOf, type ExpositionFormat } from './exposition.js';
export { metricsDocument } from './metrics-document.js';
export { formatFor, MetricsPage, type WrittenMetrics } from './metrics-page.js';
export { ProcessInstruments, type BuildInfo } from './process-instruments.js';
export { StateMetrics, type Refreshed, type RefreshClock, type StateMetricsOptions } from './state-metrics.js';
export { aGroup, aPoolView, FixedSources, type FixedRows } from './fixed-sources.js';
