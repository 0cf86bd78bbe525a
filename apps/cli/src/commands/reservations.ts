import type { Command } from 'commander';
import { type PartAsked, type Repeats, partOf, recurrenceOf, secondsOf, timeOf } from '../booking-words.js';
import type { Cli } from '../cli.js';
import { localTime, printData, printJson, say, table } from '../output.js';

interface Occurrence {
  readonly from: string;
  readonly until: string;
  readonly state: string;
  readonly nodes: readonly string[];
  readonly use: { readonly use: string; readonly nodesUsed: number; readonly nodesHeld: number } | null;
}
interface Reservation {
  readonly id: string;
  readonly name: string;
  readonly tenant: string | null;
  readonly class: string | null;
  readonly state: string;
  readonly from: string;
  readonly recurrence: {
    readonly frequency: string;
    readonly interval: number;
    readonly weekdays?: readonly string[];
  } | null;
  readonly parts: readonly {
    readonly pool: string;
    readonly group: string;
    readonly nodes: number | readonly string[] | 'all';
  }[];
  readonly occurrences: readonly Occurrence[];
  readonly overrun?: { readonly attempts: number; readonly latestEnd: string | null };
}
interface Common {
  readonly as?: string;
  readonly json?: boolean;
}
interface When extends Common, Repeats {
  readonly on: readonly string[];
  readonly from?: string;
  readonly until?: string;
  readonly for?: string;
  readonly idempotencyKey?: string;
}
type Kind = 'reservations' | 'maintenance';

/** Bookings and maintenance, as operators make them and everybody looks at them. */
export function reservationCommands(program: Command, cli: Cli): void {
  timed(program.command('reserve').argument('<name>', 'what it is for'))
    .description('book nodes for a tenant or a class; prints the id')
    .option('--tenant <id>', 'open to jobs of this tenant and of those below it')
    .option('--class <class>', 'open to jobs of this class')
    .option('--give-back-after <duration>', 'what nobody uses for so long is free for everybody')
    .action(async (name: string, options: When & { tenant?: string; class?: string; giveBackAfter?: string }) =>
      create(cli, 'reservations', options, {
        name,
        ...(options.tenant !== undefined && { tenant: options.tenant }),
        ...(options.class !== undefined && { class: options.class }),
        ...(options.giveBackAfter !== undefined && { giveBackAfterSeconds: secondsOf(options.giveBackAfter) }),
      }),
    );
  lookedAt(program.command('reservations').description('bookings: list, show, cancel'), cli, 'reservations');
  const maintenance = program.command('maintenance').description('planned maintenance: list, plan, show, cancel');
  lookedAt(maintenance, cli, 'maintenance');
  timed(maintenance.command('plan').argument('<reason>', 'shown on its nodes'))
    .description('take nodes out of service for a time; what runs past its start is waited for')
    .option('--drain', 'nothing new starts on them from now on')
    .action(async (name: string, options: When & { drain?: boolean }) =>
      create(cli, 'maintenance', options, { name, ...(options.drain && { drain: true }) }),
    );
}

const timed = (command: Command): Command =>
  command
    .requiredOption('--on <part...>', 'POOL[/GROUP][=N|all|NODE,NODE…], several times for several groups or pools')
    .option('--from <time>', '"2026-12-01 08:00" in Asia/Shanghai, or RFC 3339; default now')
    .option('--until <time>', 'its end; or --for')
    .option('--for <duration>', 'such as 90m, 2h, 3d')
    .option('--daily', 'comes again every day')
    .option('--weekly [days]', 'comes again every week, on mon,wed,…')
    .option('--every <n>', 'every n days or weeks')
    .option('--times <n>', 'so often')
    .option('--last <time>', 'the last one begins then or before')
    .option('--idempotency-key <key>', 'book once however often this is called with the same key')
    .option('--as <who>')
    .option('--json');

function lookedAt(command: Command, cli: Cli, kind: Kind): void {
  command
    .command('list', { isDefault: true })
    .option('--state <state>', 'active, over or cancelled')
    .option('--limit <n>', 'at most so many', '50')
    .option('--as <who>')
    .option('--json')
    .action(async (options: Common & { state?: string; limit: string }) => {
      const query = new URLSearchParams({ limit: options.limit, ...(options.state && { state: options.state }) });
      const page = await cli
        .client(options.as)
        .get<{ readonly items: readonly Reservation[] }>(`/v1/${kind}?${query.toString()}`);
      if (options.json) return printJson(page);
      printData(listOf(page.items));
    });
  command
    .command('show')
    .argument('<id>')
    .option('--as <who>')
    .option('--json')
    .action(async (id: string, options: Common) => {
      const found = await cli.client(options.as).get<Reservation>(`/v1/${kind}/${encodeURIComponent(id)}`);
      if (options.json) return printJson(found);
      printData(described(found));
    });
  command
    .command('cancel')
    .argument('<id>')
    .description('its nodes are free from now on')
    .option('--as <who>')
    .option('--json')
    .action(async (id: string, options: Common) => {
      const gone = await cli.client(options.as).delete<Reservation>(`/v1/${kind}/${encodeURIComponent(id)}`);
      if (options.json) return printJson(gone);
      say(`${id}: ${gone.state}`);
    });
}

async function create(cli: Cli, kind: Kind, options: When, own: Readonly<Record<string, unknown>>): Promise<void> {
  const recurrence = recurrenceOf(options);
  const body = {
    ...own,
    parts: options.on.map((text): PartAsked => partOf(text)),
    ...(options.from !== undefined && { from: timeOf(options.from) }),
    ...(options.until !== undefined && { until: timeOf(options.until) }),
    ...(options.for !== undefined && { durationSeconds: secondsOf(options.for) }),
    ...(recurrence && { recurrence }),
  };
  const headers: Record<string, string> =
    options.idempotencyKey === undefined ? {} : { 'Idempotency-Key': options.idempotencyKey };
  const made = await cli.client(options.as).post<Reservation>(`/v1/${kind}`, body, headers);
  if (options.json) return printJson(made);
  printData(made.id);
  const first = made.occurrences[0];
  if (first) say(`from ${localTime(first.from)} until ${localTime(first.until)} on ${few(first.nodes)}`);
  const { attempts = 0, latestEnd = null } = made.overrun ?? {};
  if (attempts > 0)
    say(
      `${attempts} running jobs may last past its start, until ${localTime(latestEnd)} at the latest: they are waited for`,
    );
}

const few = (nodes: readonly string[]): string =>
  nodes.length > 4 ? `${nodes.slice(0, 3).join(', ')} and ${nodes.length - 3} more` : nodes.join(', ');
const openTo = ({ tenant, class: jobClass }: Reservation): string =>
  [tenant, jobClass].filter(Boolean).join(', ') || '-';
const repeats = ({ recurrence }: Reservation): string =>
  recurrence
    ? [
        recurrence.frequency,
        recurrence.interval > 1 ? `every ${recurrence.interval}` : '',
        recurrence.weekdays?.join(',') ?? '',
      ]
        .filter(Boolean)
        .join(' ')
    : 'once';
const nodesOf = ({ parts }: Reservation): string =>
  parts.map(({ group, nodes }) => `${group}=${typeof nodes === 'object' ? nodes.length : nodes}`).join(' ');

function listOf(items: readonly Reservation[]): string {
  const rows = items.map((one) => {
    const next = one.occurrences[0];
    return [
      one.id,
      one.name,
      openTo(one),
      one.state,
      localTime(next?.from ?? one.from),
      localTime(next?.until),
      repeats(one),
      nodesOf(one),
    ];
  });
  return table(['ID', 'NAME', 'OPEN TO', 'STATE', 'FROM', 'UNTIL', 'REPEATS', 'NODES'], rows);
}

function described(found: Reservation): string {
  const rows = found.occurrences.map(({ from, until, state, use, nodes }) => [
    localTime(from),
    localTime(until),
    state,
    use ? `${use.use} (${use.nodesUsed} used, ${use.nodesHeld} held)` : '-',
    nodes.join(' '),
  ]);
  return `${found.name}: ${found.state}, open to ${openTo(found)}, ${repeats(found)}, ${nodesOf(found)}\n${table(['FROM', 'UNTIL', 'STATE', 'USE', 'NODES'], rows)}`;
}
