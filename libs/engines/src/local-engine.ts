import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type DispatchOrder,
  type Engine,
  type EngineDescription,
  type EngineJob,
  EngineUnreachable,
  type Prepared,
} from '#libs/application';
import { DAY_MS, type Instant, isUuid, SECOND_MS } from '#libs/domain';
import { type KnownEnd, listed, LocalArchive } from './local-archive.js';
import { type SpecFile, writeJobFolder } from './local-job-folder.js';
import { killLeftovers, type LeftBehind } from './local-leftovers.js';
import { objectionToOrder } from './local-order.js';
import {
  type Claim,
  codeOf,
  type ExitFile,
  isAlive,
  jobFiles,
  readWhole,
  signal,
  type StartedFile,
  writeOnce,
  writeWhole,
} from './local-shim.js';
import { privateUserOf, serviceIsRoot } from './local-user.js';
import { ReleaseRefused } from './release-refused.js';

/** How the machine's clock and the service's belong together (DESIGN.md 4.1). */
export interface LocalTime {
  toService(wallMs: number): Instant;
  /** Service seconds a wall second: a limit lasts limitSeconds / rate on the machine. */
  readonly rate: number;
}
export interface LocalEngineOptions {
  /** Kept of each of stdout and stderr. */
  readonly maxOutputBytes?: number;
  /** From SIGTERM to SIGKILL, wall time. */
  readonly graceMs?: number;
  /** Wall time that the folder of an ended job, with its output, is kept. */
  readonly keepMs?: number;
  /** Folders of ended jobs kept, however young. */
  readonly keepFolders?: number;
}
export interface LocalEngineParts {
  readonly poolId: string;
  /** The pool's one machine, told where an order names no node. */
  readonly nodeIds: readonly string[];
  /** Job folders are `<dataDir>/local/<poolId>/<attemptId>/`. */
  readonly dataDir: string;
  readonly time: LocalTime;
}

interface ReleasedFile {
  readonly serviceMs: Instant;
}

/** An ending that is told, and how often it was there to be told. */
interface ToldEnd extends KnownEnd {
  readonly looks: number;
  readonly isPutAway: boolean;
}

/** After so long without a claim a shim is started again; the claim keeps a slow first one from running the job twice. */
const SHIM_PATIENCE_MS = 10_000;
/** Looks after the one that learnt of an ending, until its folder is put away: the first telling may not have been kept. */
const LOOKS_UNTIL_PUT_AWAY = 2;
const PUT_AWAY_AT_ONCE = 100;

/**
 * Runs jobs as processes of this machine, each under a detached shim (local-shim.ts). All that is known of a job is in its
 * folder, so any instance, also one of a later life of the service, can look after it.
 */
export class LocalEngine implements Engine {
  private readonly root: string;
  private readonly options: Required<LocalEngineOptions>;
  private readonly archive: LocalArchive;
  /** Complete for what became known at `endedFrom` or later. */
  private readonly ended = new Map<string, ToldEnd>();
  private endedFrom: Instant | null = null;
  private readonly shimStartedMs = new Map<string, number>();

  constructor(
    private readonly parts: LocalEngineParts,
    options: LocalEngineOptions = {},
  ) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(parts.poolId)) {
      throw new RangeError(
        `pool "${parts.poolId}" cannot name a folder of its jobs: use letters, digits, dots and dashes in its id`,
      );
    }
    this.root = resolve(parts.dataDir, 'local', parts.poolId);
    this.options = {
      maxOutputBytes: 4 * 1024 * 1024,
      graceMs: 5_000,
      keepMs: 14 * DAY_MS,
      keepFolders: 2_000,
      ...options,
    };
    this.archive = new LocalArchive(this.root, this.options);
  }

  async describe(): Promise<EngineDescription> {
    return {
      kind: 'local',
      capabilities: ['release', 'logs', 'pin-nodes'],
      notice: serviceIsRoot()
        ? 'local: runs as a process of the machine under a user without rights, without limits of cores or memory'
        : 'local: runs as a process of the machine and the user of the service, without isolation',
    };
  }

  prepare(order: DispatchOrder, _now: Instant): Promise<Prepared> {
    return this.onDisk(async (): Promise<Prepared> => {
      const objection = objectionToOrder(order);
      if (objection !== null) return { kind: 'rejected', why: objection };
      if (this.existing(order.attemptId) === null) {
        await writeJobFolder(order, this.folderOf(order.attemptId), {
          dataDir: resolve(this.parts.dataDir),
          limitMs: (order.limitSeconds * SECOND_MS) / this.parts.time.rate,
          graceMs: this.options.graceMs,
          maxOutputBytes: this.options.maxOutputBytes,
          nodeIds: order.nodeIds.length > 0 ? order.nodeIds : this.parts.nodeIds,
        });
      }
      return { kind: 'prepared', ref: refOf(order.attemptId) };
    });
  }

  /** Throws ReleaseRefused when nothing is prepared under the ref; what runs or is over stays as it is. */
  async release(attemptId: string, ref: string, now: Instant): Promise<void> {
    const folder = this.existing(attemptId);
    if (folder === null || ref !== refOf(attemptId)) throw new ReleaseRefused(this.parts.poolId, attemptId, ref);
    await this.onDisk(async () => {
      if (existsSync(join(folder, jobFiles.claim))) return;
      writeOnce(folder, jobFiles.released, { serviceMs: now } satisfies ReleasedFile);
      await this.startShim(attemptId, folder);
    });
  }

  /** The command gets SIGTERM, and SIGKILL after the grace; observe tells when it is over. */
  cancel(attemptId: string, _now: Instant): Promise<void> {
    return this.onDisk(async () => {
      const folder = this.existing(attemptId);
      if (folder === null || existsSync(join(folder, jobFiles.exit))) return;
      if (writeOnce(folder, jobFiles.claim, { by: 'cancel', atMs: Date.now() } satisfies Claim)) {
        endUnstarted(folder, Date.now());
        return;
      }
      const claim = readWhole<Claim>(folder, jobFiles.claim);
      writeOnce(folder, jobFiles.cancel, {});
      if (claim?.by === 'shim' && isAlive(claim.shim)) signal(claim.shim.pid, 'SIGTERM');
    });
  }

  /**
   * Endings are told by when an instance learnt of them: an exit file appears a moment after the end it tells of, and an ending
   * of before a restart lies long before it. A new instance therefore tells once of every job that none has told of for long
   * enough; the folders of the others are put away, and read again only for who asks from further back than is in memory.
   */
  observe(since: Instant, now: Instant): Promise<readonly EngineJob[]> {
    return this.onDisk(async () => {
      await this.recall(since);
      const alive: EngineJob[] = [];
      const toPutAway: string[] = [];
      for (const attemptId of await this.attempts()) {
        const known = this.ended.get(attemptId);
        const job = known?.job ?? (await this.look(attemptId));
        if (job === null) continue;
        if (known === undefined && (job.state === 'held' || job.state === 'running')) {
          alive.push(job);
          continue;
        }
        const looks = known === undefined ? 0 : known.looks + 1;
        this.ended.set(attemptId, { job, knownAt: known?.knownAt ?? now, looks, isPutAway: false });
        if (looks >= LOOKS_UNTIL_PUT_AWAY) toPutAway.push(attemptId);
        this.shimStartedMs.delete(attemptId);
      }
      await this.putAway(toPutAway.slice(0, PUT_AWAY_AT_ONCE));
      await this.archive.tidy(Date.now());
      return [...alive, ...this.endedSince(since)];
    });
  }

  logs(attemptId: string): Promise<{ readonly stdout: string; readonly stderr: string } | null> {
    return this.onDisk(async () => {
      const folder = this.existing(attemptId);
      if (folder === null) return null;
      const [stdout, stderr] = await Promise.all([
        readOutput(join(folder, jobFiles.stdout)),
        readOutput(join(folder, jobFiles.stderr)),
      ]);
      return { stdout, stderr };
    });
  }

  /** Brings back what was put away, by us or by another instance, if it may have to be told. */
  private async recall(since: Instant): Promise<void> {
    if (this.endedFrom === null || since < this.endedFrom) {
      for (const { job, knownAt } of await this.archive.endedSince(since)) {
        if (!this.ended.has(job.attemptId)) {
          this.ended.set(job.attemptId, { job, knownAt, looks: LOOKS_UNTIL_PUT_AWAY, isPutAway: true });
        }
      }
    }
    this.endedFrom = since;
  }

  private endedSince(since: Instant): readonly EngineJob[] {
    const told: EngineJob[] = [];
    for (const [attemptId, { job, knownAt, isPutAway }] of this.ended) {
      if (knownAt >= since) told.push(job);
      else if (isPutAway) this.ended.delete(attemptId);
    }
    return told;
  }

  /** Nothing of them runs on: they are told as over, and root will one day remove folders in which nobody may move things. */
  private async putAway(attemptIds: readonly string[]): Promise<void> {
    const ran = attemptIds.filter((attemptId) => this.ended.get(attemptId)?.job.startedAt !== null);
    if (ran.length > 0) await killLeftovers(ran.map(ownerOf), null);
    for (const attemptId of attemptIds) {
      const end = this.ended.get(attemptId);
      if (end === undefined) continue;
      await this.archive.putAway(attemptId, { job: end.job, knownAt: end.knownAt }, Date.now());
      this.ended.set(attemptId, { ...end, isPutAway: true });
    }
  }

  /** Twice does no harm: of two shims the one that claims the job runs it. */
  private async startShim(attemptId: string, folder: string): Promise<void> {
    this.shimStartedMs.set(attemptId, Date.now());
    const shim = spawn(process.execPath, [shimPath(), folder], {
      cwd: folder,
      env: {},
      detached: true,
      stdio: 'ignore',
    });
    await new Promise<void>((resolve, reject) => {
      shim.once('spawn', resolve);
      shim.once('error', reject);
    });
    shim.unref();
  }

  /** Null when another instance has put the folder away meanwhile. */
  private async look(attemptId: string): Promise<EngineJob | null> {
    const folder = this.folderOf(attemptId);
    const exit = readWhole<ExitFile>(folder, jobFiles.exit);
    if (exit !== null) return this.tellEnd(attemptId, exit);
    const claim = readWhole<Claim>(folder, jobFiles.claim);
    if (claim === null) return existsSync(folder) ? this.lookAtUnclaimed(attemptId, folder) : null;
    if (claim.by === 'shim' && isAlive(claim.shim)) return this.tellAlive(attemptId, folder);
    // Between our first look and now it may have ended as it should.
    const late = readWhole<ExitFile>(folder, jobFiles.exit);
    if (late !== null) return this.tellEnd(attemptId, late);
    return this.tellEnd(attemptId, await this.endAbandoned(attemptId, folder, claim));
  }

  private async lookAtUnclaimed(attemptId: string, folder: string): Promise<EngineJob> {
    const isReleased = existsSync(join(folder, jobFiles.released));
    const startedMs = this.shimStartedMs.get(attemptId) ?? 0;
    if (isReleased && Date.now() - startedMs > SHIM_PATIENCE_MS) await this.startShim(attemptId, folder);
    return {
      ...this.facts(attemptId),
      state: 'held',
      ...(isReleased ? { detail: 'released; its shim is starting' } : {}),
    };
  }

  /** Writes the exit file of a job whose shim or canceller died before it could. */
  private async endAbandoned(attemptId: string, folder: string, claim: Claim): Promise<ExitFile> {
    if (claim.by === 'cancel') return endUnstarted(folder, claim.atMs);
    const started = readWhole<StartedFile>(folder, jobFiles.started);
    await killLeftovers([ownerOf(attemptId)], started);
    const exit: ExitFile = {
      outcome: 'failed',
      exitCode: null,
      startedAtMs: started?.startedAtMs ?? null,
      endedAtMs: Date.now(),
      detail: 'lost: shim gone',
    };
    writeWhole(folder, jobFiles.exit, exit);
    return exit;
  }

  private tellAlive(attemptId: string, folder: string): EngineJob {
    const started = readWhole<StartedFile>(folder, jobFiles.started);
    if (started === null)
      return { ...this.facts(attemptId), state: 'held', detail: 'released; its command is starting' };
    return { ...this.facts(attemptId), state: 'running', startedAt: this.serviceTime(attemptId, started.startedAtMs) };
  }

  private tellEnd(attemptId: string, exit: ExitFile): EngineJob {
    const startedAt = exit.startedAtMs === null ? null : this.serviceTime(attemptId, exit.startedAtMs);
    const endedAt = Math.max(startedAt ?? 0, this.serviceTime(attemptId, exit.endedAtMs));
    const told = { ...this.facts(attemptId), state: exit.outcome, startedAt, endedAt, exitCode: exit.exitCode };
    return exit.detail === undefined ? told : { ...told, detail: exit.detail };
  }

  /** Never before the release: after downtime a scaled service clock maps old wall times to before they were. */
  private serviceTime(attemptId: string, wallMs: number): Instant {
    const released = readWhole<ReleasedFile>(this.folderOf(attemptId), jobFiles.released);
    return Math.max(this.parts.time.toService(wallMs), released?.serviceMs ?? 0);
  }

  private facts(attemptId: string): Omit<EngineJob, 'state'> {
    const spec = readWhole<SpecFile>(this.folderOf(attemptId), jobFiles.spec);
    const nodeIds = spec?.nodeIds ?? this.parts.nodeIds;
    return { attemptId, ref: refOf(attemptId), startedAt: null, endedAt: null, exitCode: null, nodeIds };
  }

  private async attempts(): Promise<readonly string[]> {
    return (await listed(this.root)).filter(isUuid);
  }

  /** Null for what is no attempt of ours; nothing but a UUID ever becomes part of a path. */
  private existing(attemptId: string): string | null {
    if (!isUuid(attemptId)) return null;
    const folders = [this.folderOf(attemptId), this.archive.folderOf(attemptId)];
    return folders.find((folder) => existsSync(folder)) ?? null;
  }
  private folderOf(attemptId: string): string {
    return join(this.root, attemptId.toLowerCase());
  }

  private async onDisk<T>(deed: () => Promise<T>): Promise<T> {
    try {
      return await deed();
    } catch (error) {
      if (codeOf(error) === undefined || error instanceof EngineUnreachable) throw error;
      throw Object.assign(new EngineUnreachable(this.parts.poolId, `its job folders failed (${String(error)})`), {
        cause: error,
      });
    }
  }
}

const refOf = (attemptId: string): string => `local-${attemptId}`;

const ownerOf = (attemptId: string): LeftBehind =>
  serviceIsRoot() ? { attemptId, user: privateUserOf(attemptId) } : { attemptId };

function endUnstarted(folder: string, atMs: number): ExitFile {
  const exit: ExitFile = { outcome: 'cancelled', exitCode: null, startedAtMs: null, endedAtMs: atMs };
  writeWhole(folder, jobFiles.exit, exit);
  return exit;
}

async function readOutput(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Beside this file: compiled in dist, as source in tests. */
function shimPath(): string {
  const compiled = join(import.meta.dirname, 'local-shim.js');
  return existsSync(compiled) ? compiled : join(import.meta.dirname, 'local-shim.ts');
}
