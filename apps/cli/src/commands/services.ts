import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createApi } from '#apps/api';
import { createExporter } from '#apps/exporter';
import { WorkerPlanner, createScheduler } from '#apps/scheduler';
import type { Settings } from '#libs/config';
import type { ProcessInstruments } from '#libs/metrics';
import { PostgresPolicyStore, databaseReady } from '#libs/persistence';
import { assembleApi } from '../assembly/api.js';
import { exporterSources, processInstruments } from '../assembly/exporter.js';
import { type Foundation, layFoundation } from '../assembly/foundation.js';
import { policyFileOf, requirePolicy } from '../assembly/policy.js';
import { engines, schedulerDependencies } from '../assembly/scheduler.js';
import type { Cli } from '../cli.js';
import { CliError } from '../exit.js';
import { say } from '../output.js';
import { requireFreePort } from '../ports-free.js';
import { reportSchedulerEvent, sayRefreshFailed } from '../scheduler-report.js';
import { Shutdown } from '../shutdown.js';

/** The three processes of an installation, each alone, on the PostgreSQL of CHUSUAN_DATABASE_URL; service time is wall time. */
export function serviceCommands(program: Command, cli: Cli): void {
  program
    .command('api')
    .description('the HTTP API alone')
    .action(() => serve(cli.settings, 'chusuan-api', api));
  program
    .command('scheduler')
    .description('the scheduler alone; several stand by for each other')
    .action(() => serve(cli.settings, 'chusuan-scheduler', scheduler));
  program
    .command('exporter')
    .description('the exporter of /metrics alone')
    .action(() => serve(cli.settings, 'chusuan-exporter', exporter));
}

interface Serving {
  readonly settings: Settings;
  readonly foundation: Foundation;
  readonly instruments: ProcessInstruments;
  readonly shutdown: Shutdown;
}

async function serve(settings: Settings, name: string, run: (serving: Serving) => Promise<void>): Promise<void> {
  if (!settings.databaseUrl) {
    throw new CliError(
      'usage',
      'CHUSUAN_DATABASE_URL is not set: a process of its own needs a PostgreSQL that all share.\n- set it, or\n- use `npm start`, which runs everything in one process on an embedded one',
    );
  }
  if (settings.timeScale !== undefined && settings.timeScale !== 1) {
    throw new CliError(
      'usage',
      'CHUSUAN_TIME_SCALE must be 1 (or unset) outside `chusuan dev`: real engines run on wall time.',
    );
  }
  const state = await databaseReady(settings.databaseUrl);
  if (state.kind === 'unreachable')
    throw new CliError(
      'try-later',
      `The database of CHUSUAN_DATABASE_URL does not answer: ${state.why}.\n- start it, or correct the setting`,
    );
  if (state.kind === 'not-migrated')
    throw new CliError(
      'conflict',
      `The database lacks ${state.missing.join(', ')}: run \`npx chusuan migrate\` and \`npx chusuan seed\` first.`,
    );
  const shutdown = new Shutdown();
  shutdown.onSignals();
  try {
    const instruments = await processInstruments(settings.databaseUrl, shutdown);
    const foundation = await layFoundation({
      url: settings.databaseUrl,
      rate: 1,
      name,
      instruments,
      onError: sayRefreshFailed,
    });
    shutdown.add('connections', () => foundation.close());
    await shutdown.during(run({ settings, foundation, instruments, shutdown }));
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

async function api(serving: Serving): Promise<void> {
  const { settings, foundation, instruments, shutdown } = serving;
  await requireFreePort(settings.httpPort, settings.httpHost, 'CHUSUAN_HTTP_PORT');
  await ownMetrics(serving);
  const assembled = await assembleApi(foundation, {
    engines: engines(foundation, { dataDir: resolve(settings.dataDir), instruments }),
    instruments,
    dataDir: settings.dataDir,
    requestsPerSecond: settings.requestsPerSecond,
    logLevel: settings.logLevel,
    onError: sayRefreshFailed,
  });
  shutdown.add("API's mirror", () => assembled.close());
  const service = await createApi(assembled.dependencies);
  shutdown.add('API', () => service.close());
  say(`API on ${await service.listen(settings.httpPort, settings.httpHost)}`);
}

async function scheduler(serving: Serving): Promise<void> {
  const { settings, foundation, instruments, shutdown } = serving;
  await ownMetrics(serving);
  const policyFile = policyFileOf(settings);
  await requirePolicy(policyFile, new PostgresPolicyStore(foundation.system));
  const host = new WorkerPlanner();
  shutdown.add('planner', () => host.close());
  const directory = engines(foundation, { dataDir: resolve(settings.dataDir), instruments });
  const service = await createScheduler(
    schedulerDependencies(foundation, {
      engines: directory,
      host,
      instruments,
      demand: null,
      policyFile,
      replay: settings,
      report: reportSchedulerEvent,
    }),
  );
  shutdown.add('scheduler', () => service.close());
  foundation.live.onChange(() => service.atRest(() => directory.renew()));
  if (!service.isLeading) reportSchedulerEvent({ kind: 'standing-by' });
}

/** What this process alone knows (its requests, its cycles, its calls to engines), on the metrics port; state is the exporter's. */
async function ownMetrics({ settings, instruments, shutdown }: Serving): Promise<void> {
  await requireFreePort(settings.metricsPort, settings.httpHost, 'CHUSUAN_METRICS_PORT');
  const page = await createExporter({
    readers: null,
    instruments,
    settings: { port: settings.metricsPort, host: settings.httpHost, token: settings.metricsToken },
  });
  shutdown.add('metrics', () => page.close());
  await page.listen();
  say(`metrics of this process on ${await page.url()}/metrics`);
}

async function exporter({ settings, foundation, instruments, shutdown }: Serving): Promise<void> {
  await requireFreePort(settings.metricsPort, settings.httpHost, 'CHUSUAN_METRICS_PORT');
  const service = await createExporter({
    readers: exporterSources(foundation),
    instruments,
    settings: { port: settings.metricsPort, host: settings.httpHost, token: settings.metricsToken },
  });
  shutdown.add('exporter', () => service.close());
  await service.listen();
  say(`metrics on ${await service.url()}/metrics`);
}
