/**
 * The process between the service and a local job. It outlives the service: it starts the command, keeps its output and its
 * limit, and leaves an exit file for whoever looks next.
 *
 * Started as `node <this file> <job folder>`. It imports nothing of ours and is written in erasable TypeScript, so that Node
 * runs the source as it is (tests) and the build alike (dist); the engine shares the file formats by importing from here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** What a job folder holds; each file is whole from the moment it has its name. */
export const jobFiles = {
  /** What to run; there before the folder has its name. */
  spec: 'spec.json',
  /** The command's working directory, or a link to it: all that the command's user can come to. */
  work: 'work',
  /** In the working directory. */
  script: 'script.sh',
  /** Released, and when by the service clock. */
  released: 'released.json',
  /** Who may decide about the job: made once, by a shim that will run it or by a cancel that came first. */
  claim: 'claim.json',
  started: 'started.json',
  cancel: 'cancel.json',
  exit: 'exit.json',
  stdout: 'stdout.log',
  stderr: 'stderr.log',
} as const;

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}
/** Durations are wall milliseconds. */
export interface ShimSpec {
  readonly attemptId: string;
  /** Who runs the command; nobody named where the service is not root and cannot choose. */
  readonly user?: UserIds;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly limitMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** Of each of stdout and stderr. */
  readonly maxOutputBytes: number;
}
/** A process that cannot be taken for a later one with the same number. Null where there is no /proc to tell them apart. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: string | null;
  readonly bootId: string | null;
}
export type Claim =
  { readonly by: 'shim'; readonly shim: ProcessMark } | { readonly by: 'cancel'; readonly atMs: number };
export interface StartedFile {
  readonly startedAtMs: number;
  /** Leader of the command's process group. */
  readonly pid: number;
}
/** Times are epoch milliseconds of the machine. */
export interface ExitFile {
  readonly outcome: 'completed' | 'failed' | 'timeout' | 'cancelled';
  readonly exitCode: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
  readonly detail?: string;
}

const TIMEOUT_EXIT_CODE = 124;
const CANNOT_RUN_EXIT_CODE = 126;
const NOT_FOUND_EXIT_CODE = 127;
/** setTimeout fires at once when asked for more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How long the pipes may stay open after the command ended: a process that left its group may hold them for ever. */
const DRAIN_MS = 500;

// ---------------------------------------------------------------- files

/** Writes a file so that it is there whole or not at all, also after a power cut. */
export function writeWhole(folder: string, name: string, content: unknown): void {
  const temporary = writeTemporary(folder, name, content);
  renameSync(temporary, join(folder, name));
  syncFolder(folder);
}

/**
 * As writeWhole, for the first caller only; false for all others. A hard link instead of O_EXCL, because a file made by O_EXCL
 * is there, and empty, before it says who made it.
 */
export function writeOnce(folder: string, name: string, content: unknown): boolean {
  const temporary = writeTemporary(folder, name, content);
  try {
    linkSync(temporary, join(folder, name));
    syncFolder(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/** Null when the file is not there. */
export function readWhole<T>(folder: string, name: string): T | null {
  try {
    // Our own records, written whole by writeWhole and writeOnce.
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** By shape, not by class: errors of the system may come from another realm than the code that catches them. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;

function writeTemporary(folder: string, name: string, content: unknown): string {
  const path = join(folder, `.${name}.${process.pid}`);
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

// ---------------------------------------------------------------- processes

export function markOf(pid: number): ProcessMark {
  return { pid, startTicks: statOf(pid)?.startTicks ?? null, bootId: bootId() };
}

/** Whether that very process still runs; one that ended and was not waited for (a zombie) does not. */
export function isAlive(mark: ProcessMark): boolean {
  if (mark.startTicks !== null) {
    const stat = statOf(mark.pid);
    return stat !== null && stat.state !== 'Z' && stat.startTicks === mark.startTicks && bootId() === mark.bootId;
  }
  try {
    process.kill(mark.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Does nothing when the process, or the whole group of a negative number, is gone already or has become another user's. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** State and start time of proc(5)'s stat; the name before them may hold spaces and brackets. */
function statOf(pid: number): { readonly state: string; readonly startTicks: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

// ---------------------------------------------------------------- the run

/** A file that takes so many bytes and says where it was cut. */
class CappedFile {
  private left: number;
  private readonly file: number;
  private readonly maxBytes: number;

  constructor(path: string, maxBytes: number) {
    this.file = openSync(path, 'w', 0o600);
    this.left = maxBytes;
    this.maxBytes = maxBytes;
  }

  write(chunk: Buffer): void {
    if (this.left < 0) return;
    this.put(chunk.subarray(0, this.left));
    this.left -= chunk.length;
    if (this.left < 0) this.put(Buffer.from(`\n[chusuan: output cut after ${this.maxBytes} bytes]\n`));
  }

  /** A full disk costs the output, not the job. */
  private put(bytes: Buffer): void {
    try {
      let from = 0;
      while (from < bytes.length) from += writeSync(this.file, bytes, from);
    } catch {
      this.left = -1;
    }
  }
}

type StopReason = 'cancelled' | 'timeout' | 'shutdown';

/** Ends the command's process group: asks, and after the grace insists. The first reason counts. */
class Stopper {
  reason: StopReason | null = null;
  private group: number | null = null;
  private readonly graceMs: number;

  constructor(graceMs: number) {
    this.graceMs = graceMs;
  }

  watch(group: number): void {
    this.group = group;
    if (this.reason !== null) this.strike(group);
  }
  stop(reason: StopReason): void {
    if (this.reason !== null) return;
    this.reason = reason;
    if (this.group !== null) this.strike(this.group);
  }
  private strike(group: number): void {
    signal(-group, 'SIGTERM');
    setTimeout(() => signal(-group, 'SIGKILL'), this.graceMs).unref();
  }
}

/** Runs the job of a folder, unless somebody else has claimed it. Leaves the exit file behind. */
export async function runShim(folder: string): Promise<void> {
  process.umask(0o077);
  const spec = readWhole<ShimSpec>(folder, jobFiles.spec);
  if (spec === null) throw new Error(`${folder}: no ${jobFiles.spec} there; only prepared jobs can be run`);
  const stopper = new Stopper(spec.graceMs);
  // Listened to before the claim: whoever reads the claim may send it.
  process.on('SIGTERM', () => stopper.stop(existsSync(join(folder, jobFiles.cancel)) ? 'cancelled' : 'shutdown'));
  if (!writeOnce(folder, jobFiles.claim, { by: 'shim', shim: markOf(process.pid) } satisfies Claim)) return;
  if (existsSync(join(folder, jobFiles.cancel))) {
    const never: ExitFile = { outcome: 'cancelled', exitCode: null, startedAtMs: null, endedAtMs: Date.now() };
    return writeWhole(folder, jobFiles.exit, never);
  }
  writeWhole(folder, jobFiles.exit, await runCommand(folder, spec, stopper));
}

async function runCommand(folder: string, spec: ShimSpec, stopper: Stopper): Promise<ExitFile> {
  const [program = ''] = spec.argv;
  const startedAtMs = Date.now();
  const child = launch(folder, spec);
  if (child instanceof Error) {
    return { ...verdict({ failure: child }, null, program), startedAtMs, endedAtMs: Date.now() };
  }
  const end = endOf(child);
  if (child.pid !== undefined) {
    writeWhole(folder, jobFiles.started, { startedAtMs, pid: child.pid } satisfies StartedFile);
    keepOutput(child, folder, spec.maxOutputBytes);
    stopper.watch(child.pid);
    stopAt(startedAtMs + spec.limitMs, stopper);
  }
  const ended = await end;
  const endedAtMs = Date.now();
  const reason = stopper.reason;
  // The job is over with its leader; what it left in its group goes too.
  if (child.pid !== undefined) signal(-child.pid, 'SIGKILL');
  await drained(child);
  return { ...verdict(ended, reason, program), startedAtMs, endedAtMs };
}

/** Node throws some failures to start (arguments too long) and tells others by an event (no such file). */
function launch(folder: string, spec: ShimSpec): ChildProcess | Error {
  const [program = '', ...args] = spec.argv;
  if (process.getuid?.() === 0 && (spec.user === undefined || spec.user.uid === 0 || spec.user.gid === 0)) {
    return new Error('it would run as root; submit it again, so that it is prepared with a user of its own');
  }
  const cwd = join(folder, jobFiles.work);
  try {
    // With a uid Node also drops the supplementary groups. Output comes through pipes and not to files that the command
    // holds, which it could grow without end or rewrite.
    return spawn(program, args, {
      cwd,
      env: spec.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...spec.user,
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

type End = { readonly code: number | null; readonly signal: NodeJS.Signals | null } | { readonly failure: Error };

const endOf = (child: ChildProcess): Promise<End> =>
  new Promise((resolve) => {
    child.once('error', (failure) => {
      if (child.pid === undefined) resolve({ failure });
    });
    child.once('exit', (code, name) => resolve({ code, signal: name }));
  });

function keepOutput(child: ChildProcess, folder: string, maxBytes: number): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const file = new CappedFile(join(folder, jobFiles[name]), maxBytes);
    child[name]?.on('data', (chunk: Buffer) => file.write(chunk));
  }
}

/** Waits for the machine's clock, not for one timer: limits may be longer than timers can be. */
function stopAt(deadlineMs: number, stopper: Stopper): void {
  const left = deadlineMs - Date.now();
  if (left <= 0) stopper.stop('timeout');
  else setTimeout(() => stopAt(deadlineMs, stopper), Math.min(left, LONGEST_TIMER_MS)).unref();
}

const drained = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    const open = [child.stdout, child.stderr].filter((pipe) => pipe !== null && !pipe.closed);
    if (open.length === 0) resolve();
    child.once('close', () => resolve());
    setTimeout(resolve, DRAIN_MS);
  });

function verdict(
  ended: End,
  reason: StopReason | null,
  program: string,
): Pick<ExitFile, 'outcome' | 'exitCode' | 'detail'> {
  if ('failure' in ended) {
    const why = codeOf(ended.failure) ?? ended.failure.message;
    const exitCode = why === 'ENOENT' ? NOT_FOUND_EXIT_CODE : CANNOT_RUN_EXIT_CODE;
    return { outcome: 'failed', exitCode, detail: `"${program}" could not be started: ${why}` };
  }
  const exitCode = ended.code ?? 128 + (ended.signal === null ? 0 : constants.signals[ended.signal]);
  if (reason === 'timeout')
    return { outcome: 'timeout', exitCode: TIMEOUT_EXIT_CODE, detail: 'its time limit was reached' };
  if (reason === 'cancelled') return { outcome: 'cancelled', exitCode };
  if (reason === 'shutdown') return { outcome: 'failed', exitCode, detail: 'the machine asked its processes to end' };
  if (ended.signal !== null) return { outcome: 'failed', exitCode, detail: `ended by ${ended.signal}` };
  return { outcome: exitCode === 0 ? 'completed' : 'failed', exitCode };
}

/** Leaves at once when the job is over: what still holds a pipe or a timer is not worth waiting for. */
function runAsProgram(folder: string): void {
  runShim(folder).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}

const [, program, jobFolder] = process.argv;
if (
  program !== undefined &&
  jobFolder !== undefined &&
  existsSync(program) &&
  realpathSync(program) === import.meta.filename
) {
  runAsProgram(jobFolder);
}
