import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineJob } from '#libs/application';
import { type Instant, isUuid } from '#libs/domain';
import { codeOf, writeWhole } from './local-shim.js';
import { workElsewhere } from './local-user.js';

/** An ending as it was told, and when the engine learnt of it. */
export interface KnownEnd {
  readonly job: EngineJob;
  readonly knownAt: Instant;
}
interface ToldFile extends KnownEnd {
  /** Epoch milliseconds of the machine. */
  readonly putAwayAtMs: number;
}
export interface Retention {
  /** Wall time that the folder of an ended job is kept. */
  readonly keepMs: number;
  /** Folders kept, however young. */
  readonly keepFolders: number;
}

const FOLDER = 'done';
const TOLD_FILE = 'told.json';
/** Removing is work for the disk and the scheduler's thread waits for no more than this at a look. */
const REMOVED_AT_ONCE = 20;
const READ_AT_ONCE = 64;

/**
 * The job folders whose endings have been told, apart from those still to be looked at. Each carries its ending as it was told:
 * the files the ending came from would give other times once the service's clock has stopped and gone on.
 */
export class LocalArchive {
  private readonly root: string;
  /** Oldest first; null until the folder has been read. */
  private kept: { readonly attemptId: string; readonly putAwayAtMs: number }[] | null = null;

  constructor(
    private readonly poolFolder: string,
    private readonly retention: Retention,
  ) {
    this.root = join(poolFolder, FOLDER);
  }

  folderOf(attemptId: string): string {
    return join(this.root, attemptId.toLowerCase());
  }

  /** Twice does no harm: the second finds nothing to move. `nowMs` is the machine's time. */
  async putAway(attemptId: string, end: KnownEnd, nowMs: number): Promise<void> {
    const folder = join(this.poolFolder, attemptId.toLowerCase());
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    try {
      writeWhole(folder, TOLD_FILE, { ...end, putAwayAtMs: nowMs } satisfies ToldFile);
      await chmod(folder, 0o700);
      await rename(folder, this.folderOf(attemptId));
      this.kept?.push({ attemptId, putAwayAtMs: nowMs });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Endings known at `since` (service time) or later. Reads every kept folder. */
  async endedSince(since: Instant): Promise<readonly KnownEnd[]> {
    const found = await this.read();
    return found.flatMap(({ told }) => (told !== null && told.knownAt >= since ? [told] : []));
  }

  /** Removes what is kept too long or too much, oldest first, a few at a time. Call it again for the rest. */
  async tidy(nowMs: number): Promise<void> {
    if (this.kept === null) await this.read();
    const kept = this.kept ?? [];
    for (let removed = 0; removed < REMOVED_AT_ONCE; removed += 1) {
      const [oldest] = kept;
      if (oldest === undefined) return;
      const isOld = nowMs - oldest.putAwayAtMs > this.retention.keepMs;
      if (!isOld && kept.length <= this.retention.keepFolders) return;
      await this.remove(oldest.attemptId);
      kept.shift();
    }
  }

  private async remove(attemptId: string): Promise<void> {
    const folder = this.folderOf(attemptId);
    const elsewhere = await workElsewhere(folder);
    if (elsewhere !== null) await rm(elsewhere, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }

  private async read(): Promise<readonly { readonly attemptId: string; readonly told: ToldFile | null }[]> {
    const names = (await listed(this.root)).filter(isUuid);
    const found: { readonly attemptId: string; readonly told: ToldFile | null }[] = [];
    for (let from = 0; from < names.length; from += READ_AT_ONCE) {
      const some = names.slice(from, from + READ_AT_ONCE);
      found.push(
        ...(await Promise.all(some.map(async (attemptId) => ({ attemptId, told: await this.told(attemptId) })))),
      );
    }
    // A folder without its ending was left half removed, and goes first.
    this.kept = found
      .map(({ attemptId, told }) => ({ attemptId, putAwayAtMs: told?.putAwayAtMs ?? 0 }))
      .sort((a, b) => a.putAwayAtMs - b.putAwayAtMs);
    return found;
  }

  private async told(attemptId: string): Promise<ToldFile | null> {
    try {
      // Our own record, written whole before the folder came here.
      return JSON.parse(await readFile(join(this.folderOf(attemptId), TOLD_FILE), 'utf8')) as ToldFile;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }
}

/** The names in a folder; none when it is not there. */
export async function listed(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
