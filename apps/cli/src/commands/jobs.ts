import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { Cli } from '../cli.js';
import { CliError, exitCodes } from '../exit.js';
import { duration, localTime, percent, printData, printJson, say, table } from '../output.js';
import { queueStartHeads, queueStartRows, queueStarts } from '../queue-starts.js';
import { type Counterfactuals, whatIfRows } from '../what-if-table.js';

interface Text {
  readonly zh: string;
  readonly en: string;
}

interface Job {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly class: string;
  readonly state: string;
  readonly submittedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly exitCode: number | null;
  readonly placement: {
    readonly pool: string;
    readonly nodes: readonly string[];
    readonly sharedAccelerators: {
      readonly kind: string;
      readonly heldFraction: number;
      readonly devices: readonly (readonly number[])[];
    } | null;
  } | null;
  readonly waiting: {
    readonly refusal: string;
    readonly text: Text;
    readonly estimatedStart: string | null;
  } | null;
}
interface Request {
  readonly timeLimitSeconds: number;
  readonly resources: {
    readonly nodes: number;
    readonly acceleratorsPerNode: number;
    readonly acceleratorFraction?: number;
    readonly cpuCoresPerNode?: number;
  };
}
/** In lists the request's size stands beside the job, alone the whole request below it. */
type ListedJob = Job & Request;
type ShownJob = Job & {
  readonly request: Request;
  readonly promise: { readonly p50: string | null; readonly p90: string | null; readonly kept: boolean | null } | null;
};
interface Quote {
  readonly counterfactuals?: Counterfactuals;
  readonly options: readonly {
    readonly pool: string;
    readonly start: { readonly estimate: string; readonly basis: string } | null;
    readonly stagingSeconds: number | null;
    readonly refusal: { readonly code: string } | null;
    readonly costYuan: string | null;
    readonly energyKwh: number | null;
    readonly gramsCo2: { readonly location: number } | null;
    readonly greenShare: { readonly hourMatched: number; readonly gridAverage: number } | null;
  }[];
}
const overStates = ['completed', 'failed', 'timeout', 'cancelled', 'refused'];

/** A job file is the JSON body of POST /v1/jobs; "-" reads it from standard input. */
function readBody(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(
      'usage',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}. Give a JSON file with the job, or - for standard input.`,
    );
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new CliError('usage', `${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

export function jobCommands(program: Command, cli: Cli): void {
  program
    .command('submit')
    .argument('<file>', 'JSON file with the job (the body of POST /v1/jobs), or - for standard input')
    .description('submit a job; prints its id')
    .option('--dry-run', 'ask for a quote instead: where and when it would run, what it would cost, how green')
    .option('--what-if', 'with --dry-run: say as well what one change to it would gain')
    .option('--fraction <part>', 'a part of one card of each node, such as 0.25, instead of what the file says')
    .option('--wait', 'wait for its end; exits with 1 when it did not complete')
    .option('--idempotency-key <key>', 'submit once however often this is called with the same key')
    .option('--as <who>', 'tenant (or operator) whose key of the development credentials is used')
    .option('--json', 'print the answer as JSON')
    .action(async (file: string, options: SubmitOptions) => submit(cli, file, options));

  program
    .command('queue')
    .description('jobs of every state, newest first; --state queued for those that wait')
    .option('--state <state>', 'only jobs in this state')
    .option('--start', 'of those that wait: the promised start (P50, P90), the place and the reason, soonest first')
    .option('--tenant <id>')
    .option('--pool <id>')
    .option('--class <class>')
    .option('--limit <n>', 'at most so many', '50')
    .option('--as <who>')
    .option('--json')
    .action(async (options: QueueOptions) => queue(cli, options));

  const job = program.command('job').description('one job: show, explain, cancel, logs');
  job
    .command('show', { isDefault: true })
    .argument('<id>')
    .option('--as <who>')
    .option('--json')
    .action(async (id: string, options: { as?: string; json?: boolean }) => {
      const found = await cli.client(options.as).get<ShownJob>(`/v1/jobs/${id}`);
      if (options.json) printJson(found);
      else printData(describe(found));
    });
  job
    .command('explain')
    .argument('<id>')
    .option('--what-if', 'say as well what one change to it would gain')
    .option('--as <who>')
    .option('--json')
    .description('why it waits and what it waits for')
    .action(async (id: string, options: ExplainOptions) => explain(cli, id, options));
  job
    .command('cancel')
    .argument('<id>')
    .option('--as <who>')
    .option('--json')
    .action(async (id: string, options: { as?: string; json?: boolean }) => {
      const answer = await cli.client(options.as).post<{ readonly state: string }>(`/v1/jobs/${id}/cancel`, {});
      if (options.json) printJson(answer);
      else say(`${id}: ${answer.state}`);
    });
  job
    .command('logs')
    .argument('<id>')
    .option('--as <who>')
    .option('--json')
    .description('what it wrote to standard output and standard error')
    .action(async (id: string, options: { as?: string; json?: boolean }) => {
      const logs = await cli
        .client(options.as)
        .get<{ readonly stdout: string; readonly stderr: string }>(`/v1/jobs/${id}/logs`);
      if (options.json) return printJson(logs);
      process.stdout.write(logs.stdout);
      process.stderr.write(logs.stderr);
    });
}

interface ExplainOptions {
  readonly whatIf?: boolean;
  readonly as?: string;
  readonly json?: boolean;
}
interface Explanation {
  readonly text: Text;
  readonly stagingSeconds: number | null;
  readonly latency: { readonly isStale: boolean; readonly text: Text } | null;
  readonly counterfactuals?: Counterfactuals;
}

async function explain(cli: Cli, id: string, options: ExplainOptions): Promise<void> {
  const query = options.whatIf ? '?counterfactuals=true' : '';
  const answer = await cli.client(options.as).get<Explanation>(`/v1/jobs/${id}/explanation${query}`);
  if (options.json) return printJson(answer);
  printData(`${answer.text.zh}\n${answer.text.en}`);
  if (answer.stagingSeconds !== null) say(`Its inputs are brought in first: ${duration(answer.stagingSeconds)}.`);
  if (answer.latency?.isStale) printData(`${answer.latency.text.zh}\n${answer.latency.text.en}`);
  if (answer.counterfactuals) printWhatIf(answer.counterfactuals);
}

function printWhatIf(told: Counterfactuals): void {
  const [head, ...rows] = whatIfRows(told);
  if (head) printData(`\n${table(head, rows)}`);
  printData(`\n${told.text.zh}\n${told.text.en}`);
}

interface SubmitOptions {
  readonly dryRun?: boolean;
  readonly whatIf?: boolean;
  readonly fraction?: string;
  readonly wait?: boolean;
  readonly idempotencyKey?: string;
  readonly as?: string;
  readonly json?: boolean;
}

async function submit(cli: Cli, file: string, options: SubmitOptions): Promise<void> {
  const client = cli.client(options.as);
  const body = options.fraction === undefined ? readBody(file) : withFraction(readBody(file), options.fraction);
  if (options.whatIf && !options.dryRun) {
    throw new CliError(
      'usage',
      '--what-if goes with --dry-run: a job that is submitted is asked about by `chusuan job explain ID --what-if`.',
    );
  }
  if (options.dryRun) return dryRun(client, body, options);
  // A key of its own makes the CLI's retry after a lost answer safe.
  const key = options.idempotencyKey ?? randomUUID();
  const job = await client.post<{ readonly id: string; readonly state: string }>('/v1/jobs', body, {
    'idempotency-key': key,
  });
  if (!options.wait) return options.json ? printJson(job) : printData(job.id);
  say(`${job.id}: waiting for its end`);
  const ended = await waitFor(cli, options.as, job.id);
  if (options.json) printJson(ended);
  else printData(`${ended.id} ${ended.state}`);
  if (ended.state !== 'completed') process.exitCode = exitCodes.failed;
}

async function dryRun(client: ApiClient, body: Record<string, unknown>, options: SubmitOptions): Promise<void> {
  const asked = options.whatIf ? { ...body, counterfactuals: true } : body;
  const quote = await client.post<Quote>('/v1/quotes', asked);
  if (options.json) printJson(quote);
  else {
    printData(quoteTable(quote));
    if (quote.counterfactuals) printWhatIf(quote.counterfactuals);
    say(
      'Starts are estimated as if each job lasted as long as the policy plans it to: its limit, or what is predicted. YUAN is the electricity of the whole limit.',
    );
  }
  if (quote.options.every((option) => option.start === null)) {
    say('No pool can run it as it stands: see the column REFUSAL.');
    process.exitCode = exitCodes.failed;
  }
}

function withFraction(body: Record<string, unknown>, text: string): Record<string, unknown> {
  const acceleratorFraction = Number(text);
  if (!(acceleratorFraction > 0 && acceleratorFraction < 1)) {
    throw new CliError(
      'usage',
      `--fraction ${text} is no part of a card: give a number between 0 and 1, such as 0.25.`,
    );
  }
  const resources = body.resources as Record<string, unknown> | undefined;
  return { ...body, resources: { ...resources, acceleratorsPerNode: 1, acceleratorFraction } };
}

async function waitFor(cli: Cli, as: string | undefined, id: string): Promise<Job> {
  const client = cli.client(as);
  for (;;) {
    const job = await client.get<Job>(`/v1/jobs/${id}`);
    if (overStates.includes(job.state)) return job;
    await sleep(1_000);
  }
}

interface QueueOptions {
  readonly start?: boolean;
  readonly state?: string;
  readonly tenant?: string;
  readonly pool?: string;
  readonly class?: string;
  readonly limit: string;
  readonly as?: string;
  readonly json?: boolean;
}

async function queue(cli: Cli, options: QueueOptions): Promise<void> {
  const query = new URLSearchParams({ limit: options.limit });
  for (const name of ['state', 'tenant', 'pool', 'class'] as const) if (options[name]) query.set(name, options[name]);
  if (options.start) return queueStart(cli, query, options);
  const page = await cli
    .client(options.as)
    .get<{ readonly items: readonly ListedJob[]; readonly nextCursor: string | null }>(`/v1/jobs?${query.toString()}`);
  if (options.json) return printJson(page);
  if (page.items.length === 0) return say('no such jobs');
  const rows = page.items.map((job) => [
    job.id,
    job.tenant,
    job.name,
    job.class,
    size(job),
    job.state,
    job.placement?.pool ?? '-',
    localTime(job.submittedAt),
    reason(job),
  ]);
  printData(table(['ID', 'TENANT', 'NAME', 'CLASS', 'SIZE', 'STATE', 'POOL', 'SUBMITTED', 'REASON'], rows));
  if (page.nextCursor !== null) say('There are more, submitted before: --limit shows up to 200.');
}

async function queueStart(cli: Cli, query: URLSearchParams, options: QueueOptions): Promise<void> {
  if (options.state !== undefined && options.state !== 'queued') {
    throw new CliError('usage', `--start tells when waiting jobs start: leave out --state ${options.state}.`);
  }
  const page = await queueStarts(cli.client(options.as), query);
  if (options.json) return printJson(page);
  if (page.items.length === 0) return say('no job waits');
  printData(table(queueStartHeads, queueStartRows(page.items)));
  if (page.nextCursor !== null)
    say(`These ${page.items.length} were submitted last; more wait, and may start sooner. --limit shows up to 200.`);
  say(
    'P50: half of such jobs start by then; P90: nine of ten. "-": too few starts are known yet. `chusuan promises` tells how they were kept.',
  );
}

const size = ({ resources }: Request): string => {
  const { nodes, acceleratorsPerNode, acceleratorFraction, cpuCoresPerNode = '?' } = resources;
  if (acceleratorFraction !== undefined) return `${nodes}×${acceleratorFraction} card`;
  return `${nodes}×${acceleratorsPerNode > 0 ? `${acceleratorsPerNode} cards` : `${cpuCoresPerNode} cores`}`;
};
/** Of each node, in the order of the nodes. */
const cards = ({ placement }: Job): string => {
  if (!placement?.sharedAccelerators) return '-';
  const { kind, heldFraction, devices } = placement.sharedAccelerators;
  const held = heldFraction === 1 ? 'whole' : `${percent(heldFraction)} of each held, ${kind}`;
  return `${devices.map((of) => of.join(',')).join(' ')} (${held})`;
};
const reason = (job: Job): string =>
  job.waiting ? `${job.waiting.refusal}, est. ${localTime(job.waiting.estimatedStart)}` : '';

function describe(job: ShownJob): string {
  const rows: [string, string][] = [
    ['id', job.id],
    ['name', job.name],
    ['tenant', job.tenant],
    ['class', job.class],
    ['size', size(job.request)],
    ['state', job.state],
    ['limit', duration(job.request.timeLimitSeconds)],
    ['submitted', localTime(job.submittedAt)],
    ['started', localTime(job.startedAt)],
    ['ended', localTime(job.endedAt)],
    ['exit code', job.exitCode === null ? '-' : String(job.exitCode)],
    ['pool', job.placement?.pool ?? '-'],
    ['nodes', job.placement?.nodes.join(' ') || '-'],
    ['cards', cards(job)],
  ];
  if (job.waiting)
    rows.push(
      ['waits', `${job.waiting.text.zh} · ${job.waiting.text.en}`],
      ['estimate', localTime(job.waiting.estimatedStart)],
    );
  if (job.promise?.p50) {
    const { p50, p90, kept } = job.promise;
    const outcome = kept === null ? '' : kept ? ' (first promise kept)' : ' (first promise broken)';
    rows.push(['promise', `P50 ${localTime(p50)}, P90 ${localTime(p90)}${outcome}`]);
  }
  return rows.map(([name, value]) => `${name.padEnd(10)}${value}`).join('\n');
}

const startOf = (option: Quote['options'][number]): number =>
  option.start ? Date.parse(option.start.estimate) : Number.POSITIVE_INFINITY;

function quoteTable(quote: Quote): string {
  const byStart = quote.options.toSorted((a, b) => startOf(a) - startOf(b));
  const rows = byStart.map((option) => [
    option.pool,
    option.start ? localTime(option.start.estimate) : '-',
    option.start?.basis ?? '-',
    option.stagingSeconds === null ? '-' : duration(option.stagingSeconds),
    option.costYuan === null ? '-' : Number(option.costYuan).toFixed(2),
    option.energyKwh?.toFixed(1) ?? '-',
    option.gramsCo2 ? (option.gramsCo2.location / 1000).toFixed(1) : '-',
    percent(option.greenShare?.hourMatched),
    percent(option.greenShare?.gridAverage),
    option.refusal?.code ?? '',
  ]);
  return table(
    [
      'POOL',
      'EST. START',
      'BASIS',
      'STAGING',
      'YUAN',
      'KWH',
      'KGCO2',
      'GREEN (HOUR-MATCHED)',
      'GRID AVERAGE',
      'REFUSAL',
    ],
    rows,
  );
}
