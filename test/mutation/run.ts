/**
 * Mutation score of the planner: `npm run mutation` for all of it, `npm run mutation -- vector blocks` for some sources,
 * `npm run mutation -- --table` for what has been measured so far. Goes source by source; each is tried against a few specs
 * (specs-of.ts), whose properties run CHUSUAN_PROPERTY_RUNS times (default: 5) on the same made-up states. So a score is a lower
 * bound: what these few specs let pass, another spec or more runs may find. Results lie in coverage/mutation, and only what
 * changed is tried again; after a change of builders or of other sources `--force` tries all.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sources, specsOf, src } from './specs-of.ts';

interface Mutant {
  readonly status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'RuntimeError' | 'Ignored';
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}
interface Place {
  readonly line: number;
  readonly column: number;
}
interface Tried {
  readonly source: string;
  readonly mutants: readonly Mutant[];
}

const folder = 'coverage/mutation';
const resultsOf = (source: string): string => join(folder, source.replace('/', '.').replace(/\.ts$/, ''));

function isRun(source: string, more: readonly string[]): boolean {
  const specs = specsOf(source);
  if (specs.length === 0) {
    console.error(`${source}: no spec looks at it; give it one, or name some in test/mutation/specs-of.ts`);
    return false;
  }
  const { status } = spawnSync('stryker', ['run', 'test/mutation/stryker.config.mjs', '--logLevel', 'error', ...more], {
    stdio: 'inherit',
    env: {
      CHUSUAN_PROPERTY_RUNS: '5',
      ...process.env,
      CHUSUAN_MUTATION_SOURCE: join(src, source),
      CHUSUAN_MUTATION_RESULTS: resultsOf(source),
      CHUSUAN_MUTATION_SPECS: specs.join(' '),
    },
  });
  return status === 0;
}

function read(source: string): Tried | null {
  const file = `${resultsOf(source)}.json`;
  if (!existsSync(file)) return null;
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as { files: Record<string, { mutants: Mutant[] }> };
  return { source, mutants: files[join(src, source)]?.mutants ?? [] };
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** What a mutant did to the text: the lines that it is in, up to its end, and what it puts there. */
function tell({ source, mutants }: Tried): void {
  const lines = readFileSync(join(src, source), 'utf8').split('\n');
  for (const { status, location, replacement, mutatorName } of mutants) {
    if (status !== 'Survived' && status !== 'NoCoverage') continue;
    const { start, end } = location;
    const was = lines.slice(start.line - 1, end.line);
    was[was.length - 1] = was.at(-1)!.slice(0, end.column - 1);
    was[0] = was[0]!.slice(start.column - 1);
    const change = `${oneLine(was.join(' '))}  →  ${oneLine(replacement ?? mutatorName)}`;
    console.log(`${src}/${source}:${start.line}:${start.column} ${status === 'Survived' ? '' : '(not run) '}${change}`);
  }
}

function row(name: string, mutants: readonly Mutant[]): string {
  const count = (...statuses: Mutant['status'][]): number => mutants.filter((m) => statuses.includes(m.status)).length;
  const [killed, timeouts] = [count('Killed'), count('Timeout')];
  const survived = count('Survived', 'NoCoverage');
  const all = killed + timeouts + survived;
  const score = all === 0 ? '-' : ((100 * (killed + timeouts)) / all).toFixed(1);
  return `| ${name} | ${all} | ${killed} | ${survived} | ${timeouts} | ${score} |`;
}

function table(): string {
  const tried = sources().map(read);
  const measured = tried.filter((each) => each !== null);
  const missing = sources().filter((_, index) => tried[index] === null);
  return [
    '| file | mutants | killed | survived | timeouts | score |',
    '|---|--:|--:|--:|--:|--:|',
    ...measured.map(({ source, mutants }) => row(source, mutants)),
    row(
      `**${measured.length} of ${tried.length} files**`,
      measured.flatMap(({ mutants }) => mutants),
    ),
    ...(missing.length > 0 ? ['', `Not measured: ${missing.join(', ')}`] : []),
    '',
  ].join('\n');
}

mkdirSync(folder, { recursive: true });
const words = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith('--') && word !== '--table');
const named = words
  .filter((word) => !word.startsWith('--'))
  .map((word) => `${word.replace(`${src}/`, '').replace(/\.ts$/, '')}.ts`);
const unknown = named.filter((name) => !sources().includes(name));
if (unknown.length > 0) {
  throw new Error(`no source to mutate: ${unknown.join(', ')}; name files of ${src}, with or without .ts`);
}
const wanted = words.includes('--table') ? [] : named.length > 0 ? named : sources();
let areAllRun = true;
for (const source of wanted) {
  const began = performance.now();
  const isDone = isRun(source, flags);
  areAllRun &&= isDone;
  const tried = isDone ? read(source) : null;
  if (!tried) continue;
  if (named.length > 0) tell(tried);
  console.log(`${row(source, tried.mutants)} ${Math.round((performance.now() - began) / 1000)} s`);
  writeFileSync(join(folder, 'table.md'), table());
}
if (named.length !== 1) console.log(`\n${table()}`);
process.exit(areAllRun ? 0 : 1);
