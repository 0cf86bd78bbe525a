import { readFileSync } from 'node:fs';
import { type MetricsSources, ProcessInstruments } from '#libs/metrics';
import { PostgresCatalogueReader, PostgresCounterStore, PostgresMetricsReader, openDatabase } from '#libs/persistence';
import type { Shutdown } from '../shutdown.js';
import type { Foundation } from './foundation.js';

/** Counts that outlive the process go through a connection of their own, open until everything else is closed. */
export async function processInstruments(url: string, shutdown: Shutdown): Promise<ProcessInstruments> {
  const counters = openDatabase(url, {
    role: 'chusuan_system',
    max: 1,
    applicationName: 'chusuan-counters',
    onIdleError: () => undefined,
  });
  shutdown.add('counters', () => counters.close());
  return new ProcessInstruments({ counters: new PostgresCounterStore(counters), build: buildInfo() });
}

export function exporterSources({ app, system, clock }: Foundation): MetricsSources {
  return {
    metrics: new PostgresMetricsReader(system),
    catalogue: new PostgresCatalogueReader(app, system),
    counters: new PostgresCounterStore(system),
    clock: () => clock.load(),
  };
}

function buildInfo(): { version: string; revision: string; nodeVersion: string } {
  const manifest = JSON.parse(readFileSync(new URL('../../../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    version: manifest.version,
    revision: process.env.npm_package_gitHead ?? 'unknown',
    nodeVersion: process.version,
  };
}
