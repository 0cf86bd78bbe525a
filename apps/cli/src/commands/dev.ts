import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { createApi } from '#apps/api';
import { createExporter } from '#apps/exporter';
import { WorkerPlanner, createScheduler } from '#apps/scheduler';
import { PostgresKeyStore, PostgresPolicyStore } from '#libs/persistence';
import { assembleApi } from '../assembly/api.js';
import { databaseOf, migrated, readSeeds, storeSeeds } from '../assembly/database.js';
import { type DemandChoice, assembleDemand } from '../assembly/demand.js';
import { exporterSources, processInstruments } from '../assembly/exporter.js';
import { layFoundation } from '../assembly/foundation.js';
import { ensureDevelopmentKeys } from '../assembly/keys.js';
import { policyFileOf, requirePolicy } from '../assembly/policy.js';
import { engines, schedulerDependencies } from '../assembly/scheduler.js';
import type { Cli } from '../cli.js';
import { CliError } from '../exit.js';
import { printData, say } from '../output.js';
import { requireFreePort } from '../ports-free.js';
import { Shutdown } from '../shutdown.js';
import { reportSchedulerEvent, sayRefreshFailed } from '../scheduler-report.js';

/** A day in six minutes: within two minutes of a first start a morning has passed. */
const DEFAULT_TIME_SCALE = 240;

interface DevOptions {
  readonly empty?: boolean;
  readonly trace?: string;
  readonly mapping?: string;
  readonly skip?: number;
}

export function devCommand(program: Command, cli: Cli): void {
  program
    .command('dev')
    .description(
      'everything in one process: embedded PostgreSQL, API, scheduler, exporter, and demand to watch (npm start)',
    )
    .option('--empty', 'pools and no demand')
    .option('--trace <file>', 'replay a log in SWF, plain or gzip, as the tenants’ demand')
    .option(
      '--mapping <id>',
      'how the log maps onto tenants, classes and card models: one of seeds/traces (default: chosen by the log)',
    )
    .option('--skip <seconds>', 'begin the replay so many seconds into the log', (text) => {
      const value = Number(text);
      if (!(value >= 0)) throw new InvalidArgumentError('give seconds, 0 or more.');
      return value;
    })
    .action(async (options: DevOptions) => {
      if (options.empty && options.trace)
        throw new CliError('usage', '--empty and --trace exclude each other: give one of them.');
      if (!options.trace && (options.skip !== undefined || options.mapping !== undefined))
        throw new CliError('usage', '--skip and --mapping belong to a log: give it with --trace FILE.');
      await dev(cli, options);
    });
}

async function dev(cli: Cli, options: DevOptions): Promise<void> {
  const { settings } = cli;
  const choice: DemandChoice = options.trace
    ? { kind: 'trace', file: options.trace, mapping: options.mapping ?? null, skipSeconds: options.skip ?? 0 }
    : options.empty
      ? { kind: 'empty' }
      : { kind: 'sample' };
  if (choice.kind === 'trace' && !existsSync(choice.file))
    throw new CliError('usage', `${choice.file} is not there: name a log in SWF, plain or gzip.`);
  requireLoopback(settings.httpHost);
  await requireFreePort(settings.httpPort, settings.httpHost, 'CHUSUAN_HTTP_PORT');
  await requireFreePort(settings.metricsPort, settings.httpHost, 'CHUSUAN_METRICS_PORT');
  mkdirSync(settings.dataDir, { recursive: true });
  const shutdown = new Shutdown();
  // From the first moment: PostgreSQL runs in a group of its own and would outlive an interrupted start.
  shutdown.onSignals();
  try {
    await shutdown.during(start(cli, choice, shutdown));
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

/** `dev` has a pool that runs commands on this machine for whoever holds a key: not for a network. */
function requireLoopback(host: string): void {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return;
  throw new CliError(
    'usage',
    `\`chusuan dev\` listens on loopback only (127.0.0.1), and CHUSUAN_HTTP_HOST names another address: its local pool runs commands on this machine.\n- unset CHUSUAN_HTTP_HOST, or\n- run api, scheduler and exporter as separate processes (README: A real PostgreSQL)`,
  );
}

async function start(cli: Cli, choice: DemandChoice, shutdown: Shutdown): Promise<void> {
  const { settings } = cli;
  const catalogue = await readSeeds(settings.seedsDir);
  const opened = await databaseOf(settings, (how) => {
    say(
      `the embedded PostgreSQL ended (${how}); stopping. What was acknowledged is on disk: start again with \`npm start\`.`,
    );
    shutdown.soon(1);
  });
  shutdown.add('PostgreSQL', async () => void (await opened.embedded?.stop()));
  await migrated(opened);
  await storeSeeds(opened.url, catalogue, 'dev');
  const instruments = await processInstruments(opened.url, shutdown);
  const foundation = await layFoundation({
    url: opened.url,
    rate: settings.timeScale ?? DEFAULT_TIME_SCALE,
    name: 'chusuan-dev',
    instruments,
    onError: sayRefreshFailed,
  });
  shutdown.add('connections', () => foundation.close());
  const keysFile = await ensureDevelopmentKeys(
    new PostgresKeyStore(foundation.system),
    settings.dataDir,
    catalogue.tenants.map((tenant) => tenant.id),
  );
  const demand = await assembleDemand(foundation, choice, settings.seedsDir);
  const directory = engines(foundation, { dataDir: resolve(settings.dataDir), instruments });
  const policyFile = policyFileOf(settings);
  await requirePolicy(policyFile, new PostgresPolicyStore(foundation.system));
  const host = new WorkerPlanner();
  shutdown.add('planner', () => host.close());
  const scheduler = await createScheduler(
    schedulerDependencies(foundation, {
      engines: directory,
      host,
      instruments,
      demand: demand.play,
      policyFile,
      replay: settings,
      report: reportSchedulerEvent,
    }),
  );
  shutdown.add('scheduler', () => scheduler.close());
  foundation.live.onChange(() => scheduler.atRest(() => directory.renew()));
  const exporter = await createExporter({
    readers: exporterSources(foundation),
    instruments,
    settings: { port: settings.metricsPort, host: settings.httpHost, token: settings.metricsToken },
  });
  shutdown.add('exporter', () => exporter.close());
  await exporter.listen();
  const assembled = await assembleApi(foundation, {
    engines: directory,
    instruments,
    dataDir: settings.dataDir,
    requestsPerSecond: settings.requestsPerSecond,
    logLevel: settings.logLevel,
    onChange: () => scheduler.poke(),
    onError: sayRefreshFailed,
  });
  shutdown.add("API's mirror", () => assembled.close());
  const api = await createApi(assembled.dependencies);
  shutdown.add('API', () => api.close());
  const url = await api.listen(settings.httpPort, settings.httpHost);
  printData(
    banner({
      url,
      cli: new URL(url).port === '3000' ? 'npx chusuan' : `CHUSUAN_URL=${url} npx chusuan`,
      metrics: `${await exporter.url()}/metrics`,
      keysFile,
      demand: demand.label,
      rate: foundation.time.rate,
      database: opened.embedded
        ? `embedded PostgreSQL in ${settings.dataDir}`
        : 'the PostgreSQL of CHUSUAN_DATABASE_URL',
      pools: foundation.live.pools.length,
    }),
  );
}

function banner(facts: {
  readonly url: string;
  /** How to call the command line from another terminal. */
  readonly cli: string;
  readonly metrics: string;
  readonly keysFile: string;
  readonly demand: string;
  readonly rate: number;
  readonly database: string;
  readonly pools: number;
}): string {
  const hour =
    facts.rate === 1
      ? ''
      : ` (an hour passes in ${(3600 / facts.rate).toFixed(facts.rate > 360 ? 1 : 0)} s; CHUSUAN_TIME_SCALE changes it)`;
  return [
    '',
    '楚算 Chusuan is ready',
    `  API            ${facts.url}`,
    `  documentation  ${facts.url}/docs`,
    `  metrics        ${facts.metrics}`,
    `  keys           ${facts.keysFile} (readable by you alone)`,
    `  demand         ${facts.demand}`,
    `  service time   ${facts.rate} times as fast as the wall's${hour}`,
    `  pools          ${facts.pools} enabled; capacities marked as assumptions are priors, not published figures`,
    `  database       ${facts.database}`,
    `  try            ${facts.cli} pools · ${facts.cli} queue --state queued`,
    '  stop           Ctrl-C (data is kept; `npm start` goes on from here)',
    '',
  ].join('\n');
}
