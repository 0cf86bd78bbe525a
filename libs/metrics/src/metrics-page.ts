import { contentTypeOf, expose, joined, type ExpositionFormat } from './exposition.js';
import type { ProcessInstruments } from './process-instruments.js';
import type { Refreshed, StateMetrics } from './state-metrics.js';

export interface WrittenMetrics {
  readonly contentType: string;
  readonly body: string;
}

/**
 * What GET /metrics answers. The part from the database is written once a refresh and format and kept; a scrape writes only the
 * process's own part, and asks nobody.
 */
export class MetricsPage {
  private readonly kept = new Map<ExpositionFormat, Promise<string>>();

  constructor(
    private readonly instruments: ProcessInstruments,
    /** Absent in a process that shows only itself. */
    private readonly state: StateMetrics | null,
  ) {}

  /** Also hands durable counts to the database first, so that this refresh already reads them. Rejects when that failed, after the refresh. */
  async refresh(): Promise<Refreshed> {
    const flushed = await this.instruments.flush().then(
      () => null,
      (error: unknown) => ({ error }),
    );
    const refreshed = this.state === null ? { succeeded: [], failed: [] } : await this.state.refresh();
    this.kept.clear();
    if (flushed !== null) throw flushed.error;
    return refreshed;
  }

  /** Hands over what was counted since the last refresh; for the end of the process. */
  flush(): Promise<void> {
    return this.instruments.flush();
  }

  async write(format: ExpositionFormat): Promise<WrittenMetrics> {
    const clock = this.state === null ? [] : [this.state.clockFamily()];
    const own = await expose([...clock, ...(await this.instruments.families())], format);
    const body = this.state === null ? own : joined(await this.stateText(this.state, format), own, format);
    return { contentType: contentTypeOf[format], body };
  }

  private stateText(state: StateMetrics, format: ExpositionFormat): Promise<string> {
    const text = this.kept.get(format) ?? expose(state.families(), format);
    this.kept.set(format, text);
    return text;
  }
}

/**
 * The format that a scraper's Accept header prefers: OpenMetrics 1.0 when it is named with at least the weight of text/plain.
 * Prometheus before 2.49 and after both name it first.
 */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const weightOf = (type: string): number =>
    (accept ?? '')
      .split(',')
      .map((entry) => entry.trim().toLowerCase())
      .filter((entry) => entry.startsWith(type))
      .map((entry) => Number(/;\s*q=([\d.]+)/.exec(entry)?.[1] ?? 1))
      .reduce((best, weight) => Math.max(best, weight), 0);
  const openMetrics = weightOf('application/openmetrics-text');
  return openMetrics > 0 && openMetrics >= weightOf('text/plain') ? 'openmetrics' : 'text';
}
