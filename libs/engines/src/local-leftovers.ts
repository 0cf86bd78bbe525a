import { readdir, readFile } from 'node:fs/promises';
import { ATTEMPT_VARIABLE } from './local-order.js';
import { codeOf, signal, type StartedFile, type UserIds } from './local-shim.js';
import { isPrivate } from './local-user.js';

export interface LeftBehind {
  readonly attemptId: string;
  /** Of the command, where it is another than the service's. */
  readonly user?: UserIds | undefined;
}

/**
 * Kills what jobs left running, in one look over all processes. Where there is a /proc, by the attempt id in each process's
 * environment or by the job's own user: that finds those that left the group, and cannot hit a stranger that got an old
 * number. Elsewhere the recorded group, if one is given.
 */
export async function killLeftovers(jobs: readonly LeftBehind[], started: StartedFile | null): Promise<void> {
  const pids = await numberedFolders('/proc');
  if (pids === null) {
    if (started !== null) signal(-started.pid, 'SIGKILL');
    return;
  }
  const marks = new Set(jobs.map(({ attemptId }) => `${ATTEMPT_VARIABLE}=${attemptId}`));
  const uids = new Set(jobs.flatMap(({ user }) => (isPrivate(user) ? [String(user.uid)] : [])));
  const own = await Promise.all(pids.map(async (pid) => ((await belongsTo(pid, marks, uids)) ? [pid] : [])));
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

/** The user is asked too: root of a container may not read another user's environment, and a program may have erased it. */
async function belongsTo(pid: number, marks: ReadonlySet<string>, uids: ReadonlySet<string>): Promise<boolean> {
  if (uids.size > 0) {
    const uid = /^Uid:\t(\d+)/m.exec(await readOrNothing(`/proc/${pid}/status`))?.[1];
    if (uid !== undefined && uids.has(uid)) return true;
  }
  return (await readOrNothing(`/proc/${pid}/environ`)).split('\0').some((variable) => marks.has(variable));
}

/** Empty for processes that ended meanwhile and for other users', whose environment nobody lets us read. */
async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
