import { readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readlink, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf, jobFiles, type UserIds } from './local-shim.js';

/**
 * Above the ids that accounts, containers and systemd draw from, below 2^31: systemd's "Users, Groups, UIDs and GIDs" lists
 * the range as unused.
 */
const FIRST_PRIVATE_ID = 0x7000_0000;
const PRIVATE_IDS = 2 ** 26;
const NOBODY_ID = 65_534;

export const serviceIsRoot = (): boolean => process.getuid?.() === 0;

/** A user that exists for one attempt alone: drawn from the random end of its UUID, so that every instance knows it. */
export function privateUserOf(attemptId: string): UserIds {
  const id = FIRST_PRIVATE_ID + (Number.parseInt(attemptId.slice(-7), 16) % PRIVATE_IDS);
  return { uid: id, gid: id };
}
export const isPrivate = (user: UserIds | undefined): user is UserIds =>
  user !== undefined && user.uid >= FIRST_PRIVATE_ID;

/**
 * Gives the paths to a user without rights and tells to whom: the attempt's own, or nobody in a container that maps only a few
 * ids. Throws when neither can be had. Nobody for all would be simpler, but then jobs read each other, and the embedded PostgreSQL, which may run as nobody.
 */
export async function handOver(paths: readonly string[], attemptId: string): Promise<UserIds> {
  const candidates = [privateUserOf(attemptId), nobody()];
  const causes: unknown[] = [];
  for (const user of candidates) {
    try {
      await giveTo(user, paths);
      return user;
    } catch (error) {
      // EINVAL: the id is not mapped in this container. EPERM: root without the right to change owners.
      const code = codeOf(error);
      if (code !== 'EINVAL' && code !== 'EPERM') throw error;
      causes.push(error);
    }
  }
  throw new NoOtherUser(causes);
}

/** Root that cannot become anybody else runs no commands of tenants. */
class NoOtherUser extends AggregateError {
  override readonly name = 'NoOtherUser';
  readonly code = 'no-other-user';

  constructor(causes: readonly unknown[]) {
    super(
      causes,
      'the service runs as root and cannot give work to another user; start it as an ordinary user, or grant it CHOWN, SETUID and SETGID',
    );
  }
}

/**
 * Makes `work` in a job folder that is still being built and returns the path by which the command will know it: in place
 * where the command's user can come there, else in the machine's temporary folder with a link to it.
 */
export async function makeWork(aside: string, folder: string, inPlace: boolean): Promise<string> {
  if (inPlace) {
    await mkdir(join(aside, jobFiles.work), { mode: 0o700 });
    return join(folder, jobFiles.work);
  }
  const elsewhere = await mkdtemp(join(tmpdir(), 'chusuan-work-'));
  await symlink(elsewhere, join(aside, jobFiles.work));
  return elsewhere;
}

/** Where the work of a job folder lies when it is not in the folder; null when it is. */
export async function workElsewhere(folder: string): Promise<string | null> {
  try {
    return await readlink(join(folder, jobFiles.work));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EINVAL' || code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether every user may pass through the folder and all above it. */
export async function isPassable(folder: string): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

async function giveTo(user: UserIds, paths: readonly string[]): Promise<void> {
  for (const path of paths) await chown(path, user.uid, user.gid);
}

function nobody(): UserIds {
  try {
    const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  return { uid: NOBODY_ID, gid: NOBODY_ID };
}
