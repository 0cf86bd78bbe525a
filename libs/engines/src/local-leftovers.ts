import { readdir, readFile } from 'node:fs/promises';
import { ATTEMPT_VARIABLE } from './local-order.js';
import { codeOf, signal, type StartedFile } from './local-shim.js';

/**
 * Kills what a job left running whose shim is gone. Where there is a /proc, by the attempt id in each process's environment:
 * that finds those that left the group, and cannot hit a stranger that got an old number. Elsewhere the recorded group.
 */
export async function killLeftovers(attemptId: string, started: StartedFile | null): Promise<void> {
  const pids = await numberedFolders('/proc');
  if (pids === null) {
    if (started !== null) signal(-started.pid, 'SIGKILL');
    return;
  }
  const own = await Promise.all(pids.map(async (pid) => ((await belongsTo(pid, attemptId)) ? [pid] : [])));
  for (const pid of own.flat()) signal(pid, 'SIGKILL');
}

async function numberedFolders(folder: string): Promise<readonly number[] | null> {
  try {
    return (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** False for processes that ended meanwhile and for other users', whose environment nobody lets us read. */
async function belongsTo(pid: number, attemptId: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    return environment.split('\0').includes(`${ATTEMPT_VARIABLE}=${attemptId}`);
  } catch {
    return false;
  }
}
