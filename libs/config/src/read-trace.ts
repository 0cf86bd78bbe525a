import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** What a reader of a log format makes of a text; `readSwf` of libs/simulation is one, and comes in as an argument. */
export interface ReadLog<Job> {
  readonly jobs: readonly Job[];
  readonly header: ReadonlyMap<string, string>;
  readonly faults: readonly TraceFault[];
}
export interface TraceFault {
  /** Counted from 1; absent when the whole file is meant. */
  readonly line?: number;
  readonly problem: string;
}
export type ReadTrace<Job> =
  | { readonly kind: 'ok'; readonly jobs: readonly Job[]; readonly header: ReadonlyMap<string, string> }
  /** The first faults, and how many there are in all. */
  | { readonly kind: 'faults'; readonly file: string; readonly faults: readonly TraceFault[]; readonly count: number };

const SHOWN_FAULTS = 20;
/** Unpacked. The largest log of the Parallel Workloads Archive has about half of it; more is more likely a mistake. */
const MOST_BYTES = 512 * 2 ** 20;

/**
 * Reads a log, plain or gzipped (told by its first bytes, not its name). All that is wrong comes back at once; nothing that a
 * file can do wrong is thrown.
 */
export async function readTrace<Job>(file: string, read: (text: string) => ReadLog<Job>): Promise<ReadTrace<Job>> {
  const unpacked = await unpack(file);
  if (unpacked.kind === 'fault') return faultsOf(file, [{ problem: unpacked.problem }]);
  const { jobs, header, faults } = read(unpacked.text);
  if (faults.length > 0) return faultsOf(file, faults);
  if (jobs.length === 0)
    return faultsOf(file, [{ problem: 'no line is a job: give a log in the Standard Workload Format' }]);
  return { kind: 'ok', jobs, header };
}

/** One line a fault, for people. */
export function renderTraceFaults({ file, faults, count }: Extract<ReadTrace<unknown>, { kind: 'faults' }>): string {
  const lines = faults.map(({ line, problem }) => `${file}${line === undefined ? '' : `:${line}`}: ${problem}`);
  const more = count - faults.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}

const faultsOf = (file: string, faults: readonly TraceFault[]): Extract<ReadTrace<never>, { kind: 'faults' }> => ({
  kind: 'faults',
  file,
  faults: faults.slice(0, SHOWN_FAULTS),
  count: faults.length,
});

type Unpacked = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'fault'; readonly problem: string };

async function unpack(file: string): Promise<Unpacked> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  try {
    for await (const chunk of await opened(file)) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES)
        return { kind: 'fault', problem: `unpacks to more than ${MOST_BYTES / 2 ** 20} MiB: cut it into pieces` };
      parts.push(decoder.decode(chunk, { stream: true }));
    }
    return { kind: 'text', text: parts.join('') + decoder.decode() };
  } catch (error) {
    return { kind: 'fault', problem: problemOf(error, parts) };
  }
}

/** The file's bytes, unpacked where it begins as a gzip does. */
async function opened(file: string): Promise<AsyncIterable<Uint8Array>> {
  const head = await firstBytes(file);
  const raw = createReadStream(file);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return raw;
  const gunzip = createGunzip();
  raw.on('error', (error) => gunzip.destroy(error));
  return raw.pipe(gunzip) satisfies Readable;
}

async function firstBytes(file: string): Promise<Uint8Array> {
  for await (const chunk of createReadStream(file, { start: 0, end: 1 })) return chunk as Uint8Array;
  return new Uint8Array();
}

function problemOf(error: unknown, parts: readonly string[]): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const lines = parts.join('').split('\n').length - 1;
  const problems: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file: check the path',
    EACCES: 'may not be read by this user: change its rights',
    EISDIR: 'is a directory: name a file in it',
    Z_BUF_ERROR: `the gzip ends early, after ${lines} whole lines: the file was not copied whole; fetch it again`,
    Z_DATA_ERROR: `the gzip is damaged after ${lines} whole lines (${message}): fetch it again`,
  };
  return problems[code ?? ''] ?? `cannot be read: ${message}`;
}
