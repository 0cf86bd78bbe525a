import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type DispatchOrder,
  type Engine,
  type EngineDescription,
  type EngineJob,
  EngineUnreachable,
  type Prepared,
} from '#libs/application';
import { type Instant, isUuid, SECOND_MS } from '#libs/domain';
import { killLeftovers } from './local-leftovers.js';
import { argumentsOf, environmentOf, objectionToOrder } from './local-order.js';
import {
  type Claim,
  codeOf,
  type ExitFile,
  isAlive,
  jobFiles,
  readWhole,
  type ShimSpec,
  signal,
  type StartedFile,
  writeOnce,
  writeWhole,
} from './local-shim.js';
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
}
export interface LocalEngineParts {
  readonly poolId: string;
  /** The pool's one machine, told where an order names no node. */
  readonly nodeIds: readonly string[];
  /** Job folders are `<dataDir>/local/<poolId>/<attemptId>/`. */
  readonly dataDir: string;
  readonly time: LocalTime;
}

interface SpecFile extends ShimSpec {
  readonly nodeIds: readonly string[];
}
interface ReleasedFile {
  readonly serviceMs: Instant;
}

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** After so long without a claim a shim is started again; the claim keeps a slow first one from running the job twice. */
const SHIM_PATIENCE_MS = 10_000;

/**
 * Runs jobs as processes of this machine, each under a detached shim (local-shim.ts). All that is known of a job is in its
 * folder, so any instance, also one of a later life of the service, can look after it.
 */
export class LocalEngine implements Engine {
  private readonly root: string;
  private readonly options: Required<LocalEngineOptions>;
  private readonly ended = new Map<string, { readonly job: EngineJob; readonly knownAt: Instant }>();
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
    this.options = { maxOutputBytes: 4 * 1024 * 1024, graceMs: 5_000, ...options };
  }

  async describe(): Promise<EngineDescription> {
    return {
      kind: 'local',
      capabilities: ['release', 'logs', 'pin-nodes'],
      notice: 'local: runs as a process of the machine and the user of the service, without isolation',
    };
  }

  prepare(order: DispatchOrder, _now: Instant): Promise<Prepared> {
    return this.onDisk(async (): Promise<Prepared> => {
      const objection = objectionToOrder(order);
      if (objection !== null) return { kind: 'rejected', why: objection };
      const folder = this.folderOf(order.attemptId);
      if (!existsSync(folder)) await this.writeFolder(order, folder);
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
   * Endings are told by when this instance learnt of them: an exit file appears a moment after the end it tells of, and an
   * ending of before a restart lies long before it. A new instance therefore tells once of every job it finds.
   */
  observe(since: Instant, now: Instant): Promise<readonly EngineJob[]> {
    return this.onDisk(async () => {
      const told: EngineJob[] = [];
      for (const attemptId of await this.attempts()) {
        const known = this.ended.get(attemptId);
        if (known !== undefined && known.knownAt < since) continue;
        const job = known?.job ?? (await this.look(attemptId));
        if (known === undefined && job.state !== 'held' && job.state !== 'running') {
          this.ended.set(attemptId, { job, knownAt: now });
          this.shimStartedMs.delete(attemptId);
        }
        told.push(job);
      }
      return told;
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

  /** Built aside and renamed, so that a folder under an attempt's name is complete; the first of two wins. */
  private async writeFolder(order: DispatchOrder, folder: string): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: FOLDER_MODE });
    const aside = await mkdtemp(join(this.root, '.preparing-'));
    const spec: SpecFile = {
      attemptId: order.attemptId,
      argv: argumentsOf(order, folder),
      environment: environmentOf(order, folder),
      limitMs: (order.limitSeconds * SECOND_MS) / this.parts.time.rate,
      graceMs: this.options.graceMs,
      maxOutputBytes: this.options.maxOutputBytes,
      nodeIds: order.nodeIds.length > 0 ? order.nodeIds : this.parts.nodeIds,
    };
    try {
      await mkdir(join(aside, jobFiles.work), { mode: FOLDER_MODE });
      if (order.run.script !== undefined) {
        await writeFile(join(aside, jobFiles.script), order.run.script, { mode: FILE_MODE });
      }
      writeWhole(aside, jobFiles.spec, spec);
      await chmod(aside, FOLDER_MODE);
      await rename(aside, folder);
    } catch (error) {
      await rm(aside, { recursive: true, force: true });
      const code = codeOf(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
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

  private async look(attemptId: string): Promise<EngineJob> {
    const folder = this.folderOf(attemptId);
    const exit = readWhole<ExitFile>(folder, jobFiles.exit);
    if (exit !== null) return this.tellEnd(attemptId, exit);
    const claim = readWhole<Claim>(folder, jobFiles.claim);
    if (claim === null) return this.lookAtUnclaimed(attemptId, folder);
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
    await killLeftovers(attemptId, started);
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
    try {
      return (await readdir(this.root)).filter(isUuid);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Null for what is no attempt of ours; nothing but a UUID ever becomes part of a path. */
  private existing(attemptId: string): string | null {
    if (!isUuid(attemptId)) return null;
    const folder = this.folderOf(attemptId);
    return existsSync(folder) ? folder : null;
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
