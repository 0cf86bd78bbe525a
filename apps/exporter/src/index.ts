import 'reflect-metadata';
import { Logger, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { MetricsPage, StateMetrics, type MetricsSources, type ProcessInstruments } from '#libs/metrics';
import { ExporterModule } from './exporter.module.js';
import { withDefaults, type ExporterSettings } from './exporter.settings.js';

export type { ExporterSettings } from './exporter.settings.js';

export interface ExporterParts {
  /** Null in a process that shows only itself, such as an API replica beside the exporter. */
  readonly readers: MetricsSources | null;
  readonly instruments: ProcessInstruments;
  readonly settings: ExporterSettings;
  /** Nest has one logger for all applications of a process: give the one of the others where there are others. */
  readonly logger?: LoggerService;
}
export interface Exporter {
  listen(): Promise<void>;
  /** Ends the timer and writes the last durable counts; the database must still be there. */
  close(): Promise<void>;
  /** Where it listens, without a path. Rejects before `listen`. */
  url(): Promise<string>;
}

/** The /metrics server, on a port of its own. Nothing runs before `listen`. */
export async function createExporter(parts: ExporterParts): Promise<Exporter> {
  const settings = withDefaults(parts.settings);
  const page = new MetricsPage(parts.instruments, stateOf(parts));
  const app = await NestFactory.create<NestFastifyApplication>(
    ExporterModule.register({ page, settings }),
    new FastifyAdapter(),
    { logger: parts.logger ?? ['warn', 'error'], abortOnError: false },
  );
  return {
    listen: async () => {
      await app.listen(settings.port, settings.host);
    },
    close: () => app.close(),
    url: () => app.getUrl(),
  };
}

function stateOf({ readers, instruments }: ExporterParts): StateMetrics | null {
  if (readers === null) return null;
  const logger = new Logger('exporter');
  return new StateMetrics({
    sources: readers,
    instruments,
    clock: { now: () => Date.now(), stopwatch: () => performance.now() },
    onFailure: (collector, error) =>
      logger.warn(`Collector "${collector}" failed: ${String(error)}. Its last values stay until it succeeds again.`),
  });
}
