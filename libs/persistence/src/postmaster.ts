import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findPostgresBinaries } from './postgres-binaries.js';

/** What postmaster.pid says of a server that is alive. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | 'unknown';
}

/** The server of a data directory, or null when there is none: no file, or one that a crash left behind. */
export function postmaster(dataDir: string): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  if (!(pid > 0) || !isAlive(pid) || !isPostgres(pid)) return null;
  const status = lines[7]?.trim();
  const known = status === 'starting' || status === 'stopping' || status === 'ready' || status === 'standby';
  return { pid, port: Number(lines[3]), status: known ? status : 'unknown' };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

// After a reboot the number in a left-over file may belong to any program.
function isPostgres(pid: number): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  if (existsSync('/proc/self/cmdline')) {
    try {
      return readFileSync(commandLine, 'utf8').includes('postgres');
    } catch {
      return false;
    }
  }
  if (process.platform === 'win32') return true;
  return spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes('postgres');
}

const stopPatienceMs = 60_000;
const REAPING_MS = 2_000;

/**
 * A fast shutdown: clients are cut off, open transactions are rolled back, everything is written out. Resolves when the server
 * is gone; throws when it has not gone after a minute.
 */
export async function stopPostmaster(server: Postmaster, dataDir: string): Promise<void> {
  if (process.platform === 'win32') {
    spawnSync(findPostgresBinaries().pgCtl, ['stop', '-D', dataDir, '-m', 'fast']);
  } else if (isAlive(server.pid)) {
    process.kill(server.pid, 'SIGINT');
  }
  const until = Date.now() + stopPatienceMs;
  while (postmaster(dataDir)?.pid === server.pid) {
    if (Date.now() > until) {
      throw new Error(
        `PostgreSQL (process ${server.pid}) on ${dataDir} did not stop within ${stopPatienceMs / 1000} s: ` +
          'see postgres.log beside it for what it waits for, then end that process by its id',
      );
    }
    await delay(10);
  }
  // The file goes a moment before the process does. Where nobody reaps it (a container without an init) it stays as a zombie,
  // which holds nothing: not worth more than a short wait.
  const reapedBy = Date.now() + REAPING_MS;
  while (isAlive(server.pid) && Date.now() < reapedBy) await delay(10);
}
