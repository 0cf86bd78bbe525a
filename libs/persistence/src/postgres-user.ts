import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresBinaries } from './postgres-binaries.js';

/** How to run a program as somebody PostgreSQL accepts; it refuses root. */
export interface PostgresUser {
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** Puts what is needed before a command. */
  wrap(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] };
}

const plain = (command: string, args: readonly string[]) => ({ command, args });
const namespaceFlags = ['-U', '--map-user=65534', '--map-group=65534'];
const namespaced = (command: string, args: readonly string[]) => ({
  command: 'unshare',
  args: [...namespaceFlags, command, ...args],
});

/**
 * Ourselves, unless we are root: then the user that owns the cluster already, or `postgres`, or `nobody`, and if none of them
 * can read the binaries and write the directory, ourselves in a user namespace where root is called 65534.
 * Throws with what to do when no way is open.
 */
export function postgresUser(binaries: PostgresBinaries, dataDir: string): PostgresUser {
  const me = process.getuid?.();
  const owner = clusterOwner(dataDir);
  if (me !== 0) {
    if (owner && me !== undefined && owner.uid !== me) throw new Error(foreignCluster(dataDir, owner.uid, me));
    return { ids: null, wrap: plain };
  }
  if (owner && owner.uid !== 0) return { ids: owner, wrap: plain };
  const dropped = owner ? null : dropTo(binaries, dataDir);
  if (dropped) return { ids: dropped, wrap: plain };
  const { command, args } = namespaced(binaries.postgres, ['--version']);
  if (spawnSync(command, args).status === 0) return { ids: null, wrap: namespaced };
  throw new Error(
    `PostgreSQL does not run as root, and neither the users postgres and nobody nor a user namespace can use ${dataDir}.\n` +
      '- start the service as an ordinary user, or\n' +
      '- set CHUSUAN_DATA_DIR to a directory that other users can reach, or\n' +
      '- set CHUSUAN_DATABASE_URL to a server that runs elsewhere',
  );
}

const foreignCluster = (dataDir: string, owner: number, me: number): string =>
  `The database in ${dataDir} belongs to user id ${owner}, and this is user id ${me}.\n` +
  '- start the service as the user (or as root) that started it first, or\n' +
  '- set CHUSUAN_DATA_DIR to a directory of your own';

function clusterOwner(dataDir: string): { uid: number; gid: number } | null {
  const version = join(dataDir, 'PG_VERSION');
  if (!existsSync(version)) return null;
  const { uid, gid } = statSync(version);
  return { uid, gid };
}

function dropTo(binaries: PostgresBinaries, dataDir: string): { uid: number; gid: number } | null {
  for (const name of ['postgres', 'nobody']) {
    const ids = idsOf(name);
    if (!ids) continue;
    chownSync(dataDir, ids.uid, ids.gid);
    // Arguments, not text in the script: the paths may hold spaces and quotes.
    const probe = ['-c', '"$0" --version && test -w "$1"', binaries.postgres, dataDir];
    if (spawnSync('sh', probe, { ...ids, cwd: '/' }).status === 0) return ids;
    chownSync(dataDir, 0, 0);
  }
  return null;
}

function idsOf(name: string): { uid: number; gid: number } | null {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null; // no such user here
  }
}
