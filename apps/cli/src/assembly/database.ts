import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Settings } from '#libs/config';
import { loadSeeds, renderFaults } from '#libs/config';
import type { Catalogue } from '#libs/domain';
import {
  type EmbeddedPostgres,
  PostgresCatalogueStore,
  databaseReady,
  migrate,
  openOrm,
  startEmbeddedPostgres,
} from '#libs/persistence';
import { CliError } from '../exit.js';

export interface OpenedDatabase {
  readonly url: string;
  readonly embedded: EmbeddedPostgres | null;
}

/** The PostgreSQL of CHUSUAN_DATABASE_URL, else the embedded one in the data directory, started or joined. */
export async function databaseOf(settings: Settings, onExit?: (how: string) => void): Promise<OpenedDatabase> {
  if (settings.databaseUrl) return { url: settings.databaseUrl, embedded: null };
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o755 });
  const embedded = await startEmbeddedPostgres({ dataDir: join(resolve(settings.dataDir), 'postgres'), onExit });
  return { url: embedded.url, embedded };
}

/** Migrates, and tells a database that is not there as a message with a way out rather than as a stack. */
export async function migrated(opened: OpenedDatabase): Promise<readonly string[]> {
  try {
    return await migrate(opened.url);
  } catch (error) {
    const { host } = new URL(opened.url);
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(
      'try-later',
      `The database at ${host} cannot be used: ${why || 'no answer'}.\n` +
        (opened.embedded
          ? '- look into postgres.log in the data directory'
          : '- start it, or correct CHUSUAN_DATABASE_URL, or\n- unset CHUSUAN_DATABASE_URL to run the embedded one'),
    );
  }
}

/** For verbs that read: says what is missing instead of letting the first query fail. @throws CliError */
export async function expectMigrated(opened: OpenedDatabase): Promise<void> {
  const state = await databaseReady(opened.url);
  if (state.kind === 'ready') return;
  const { host } = new URL(opened.url);
  const where = opened.embedded ? 'The embedded database' : `The database at ${host}`;
  if (state.kind === 'not-migrated') {
    throw new CliError(
      'not-found',
      `${where} lacks the schema of this version (${state.missing.length} migrations are to run): what is asked for is not there.\n` +
        '- run `chusuan migrate`, or start the service, or\n' +
        '- name another database by CHUSUAN_DATABASE_URL, or another data directory by CHUSUAN_DATA_DIR',
    );
  }
  throw new CliError(
    'try-later',
    `${where} does not answer: ${state.why}.\n- start it, or correct CHUSUAN_DATABASE_URL or CHUSUAN_DATA_DIR`,
  );
}

export async function readSeeds(directory: string): Promise<Catalogue> {
  if (!existsSync(directory)) {
    throw new CliError(
      'not-found',
      `There is no directory ${directory}: name the one with the seed files, or set CHUSUAN_SEEDS_DIR.`,
    );
  }
  const loaded = await loadSeeds(directory);
  if (loaded.kind === 'ok') return loaded.catalogue;
  throw new CliError(
    'usage',
    `The seeds in ${directory} have ${loaded.faults.length} fault(s); nothing was changed.\n${renderFaults(loaded.faults)}`,
  );
}

export interface SeedReport {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}
/** Stores the catalogue; pools that the seeds enable only in `mode` are enabled when it is given. */
export async function storeSeeds(url: string, catalogue: Catalogue, mode: string | null): Promise<SeedReport> {
  const orm = await openOrm(url);
  try {
    const stored = await new PostgresCatalogueStore(orm).store(catalogue, { enable: mode === null ? [] : [mode] });
    if (stored.kind === 'stored') return stored;
    throw new CliError(
      'conflict',
      `The seeds would strand running work; nothing was changed.\n${stored.problems.map((problem) => `- ${problem}`).join('\n')}`,
    );
  } finally {
    await orm.close();
  }
}
