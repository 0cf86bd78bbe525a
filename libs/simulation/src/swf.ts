/**
 * The Standard Workload Format (Feitelson, Chapin et al., 1999): one job a line, 18 numbers between white space, comments and
 * header after a semicolon, −1 for what is not known. Times are whole seconds.
 */
export interface SwfJob {
  readonly id: number;
  readonly submitSeconds: number;
  readonly runSeconds: number;
  /** Field 8 (requested) where it is positive, else field 5 (allocated). */
  readonly processors: number;
  /** Field 5, where it is positive and not the same. */
  readonly allocatedProcessors?: number;
  readonly requestedSeconds: number;
  readonly user: number;
  readonly group: number;
  readonly queue: number;
  readonly partition: number;
}

export interface SwfFault {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
}

export interface SwfLog {
  readonly jobs: readonly SwfJob[];
  /** The `; Key: value` lines; of a key that comes twice, the first. */
  readonly header: ReadonlyMap<string, string>;
  readonly faults: readonly SwfFault[];
}

/**
 * protocol: lines with fewer than 11 fields are skipped in silence, as the published results were made (PROTOCOL A1).
 * strict: every line that is not 18 numbers is a fault, and so is a last line that was cut off.
 */
export type SwfMode = 'protocol' | 'strict';

const FIELDS = 18;
const PROTOCOL_FIELDS = 11;

/** Reads a whole log. Malformed lines give faults and no job; nothing is thrown. */
export function readSwf(text: string, options: { readonly mode: SwfMode }): SwfLog {
  const jobs: SwfJob[] = [];
  const header = new Map<string, string>();
  const faults: SwfFault[] = [];
  const lines = text.split('\n');
  lines.forEach((raw, index) => {
    const line = raw.trim();
    if (line === '') return;
    if (line.startsWith(';')) {
      noteHeader(line, header);
      return;
    }
    const fields = line.split(/\s+/);
    if (options.mode === 'protocol' && fields.length < PROTOCOL_FIELDS) return;
    const isLast = index === lines.length - 1;
    const problem = problemOf(fields, options.mode, isLast);
    if (problem === null) jobs.push(jobOf(fields.map((field) => Math.trunc(Number(field)))));
    else faults.push({ line: index + 1, problem });
  });
  return { jobs, header, faults };
}

function problemOf(fields: readonly string[], mode: SwfMode, isLast: boolean): string | null {
  if (mode === 'strict' && fields.length !== FIELDS) {
    if (isLast && fields.length < FIELDS) {
      return `the last line is cut off after ${fields.length} of ${FIELDS} fields: the file was not copied whole; fetch it again`;
    }
    return `${fields.length} fields where the format has ${FIELDS}: fill unknown fields with -1`;
  }
  const wrong = fields.findIndex((field) => !Number.isFinite(Number(field)));
  if (wrong >= 0)
    return `field ${wrong + 1} is "${fields[wrong]!.slice(0, 40)}", not a number: write -1 where it is not known`;
  return null;
}

function noteHeader(line: string, header: Map<string, string>): void {
  const match = /^;+\s*([^:]+?)\s*:\s*(.*)$/.exec(line);
  if (match && !header.has(match[1]!)) header.set(match[1]!, match[2]!);
}

function jobOf(fields: readonly number[]): SwfJob {
  const field = (number: number): number => fields[number - 1] ?? -1;
  const [allocated, requested] = [field(5), field(8)];
  return {
    id: field(1),
    submitSeconds: field(2),
    runSeconds: field(4),
    processors: requested > 0 ? requested : allocated,
    ...(requested > 0 && allocated > 0 && allocated !== requested && { allocatedProcessors: allocated }),
    requestedSeconds: field(9),
    user: field(12),
    group: field(13),
    queue: field(15),
    partition: field(16),
  };
}

/** Size of the machine by the header (MaxProcs, else MaxNodes); where it says nothing, that of the largest job. */
export function processorsOf(log: SwfLog): number {
  for (const key of ['MaxProcs', 'MaxNodes']) {
    const count = Number.parseInt(log.header.get(key) ?? '', 10);
    if (count > 0) return count;
  }
  return log.jobs.reduce((most, job) => Math.max(most, job.processors), 0);
}
