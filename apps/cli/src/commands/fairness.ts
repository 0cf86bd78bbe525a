import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { CliError } from '../exit.js';
import { duration, localTime, percent, printData, printJson, say, table } from '../output.js';

interface Text {
  readonly zh: string;
  readonly en: string;
}
interface Flow {
  readonly tenant: string;
  readonly cards: number;
}
interface Share {
  readonly tenant: string;
  readonly asOf: string;
  readonly rank: number;
  readonly usedCardHours: { readonly ended: number; readonly running: number };
  readonly levels: readonly {
    readonly tenant: string;
    readonly weight: number;
    readonly dueShare: number;
    readonly usedCardHours: number;
    readonly usedShare: number | null;
    readonly ratio: number | null;
    readonly place: number;
    readonly among: number;
  }[];
  readonly quota: {
    readonly drawsOn: string | null;
    readonly held: number;
    readonly room: number | null;
    readonly levels: readonly {
      readonly tenant: string;
      readonly cards: number;
      readonly held: number;
      readonly borrowed: number;
      readonly borrowedFrom: readonly Flow[] | null;
      readonly lent: number;
      readonly lentTo: readonly Flow[] | null;
    }[];
  };
  readonly halfLifeSeconds: number;
  readonly text: Text;
  readonly wouldChangeIt: readonly Text[];
}
interface Quota {
  readonly tenant: string;
  readonly cards: number | null;
  readonly borrowingLimit: number | null;
  readonly lendingLimit: number | null;
  readonly setBy: string | null;
  readonly setAt: string | null;
  readonly version: number;
}
interface Rates {
  readonly items: readonly {
    readonly model: string;
    readonly per: string;
    readonly precision: string;
    readonly validFrom: string;
    readonly inForce: boolean;
    readonly rate: {
      readonly value: number;
      readonly source?: { readonly id: string };
      readonly assumption?: { readonly id: string };
    };
  }[];
}
interface Shown {
  readonly as?: string;
  readonly json?: boolean;
}

export function fairnessCommands(program: Command, cli: Cli): void {
  program
    .command('share')
    .description('what a tenant’s share is, why, and who borrows from it')
    .argument('[tenant]', 'default: the only one that the key covers')
    .option('--as <who>')
    .option('--json')
    .action(async (tenant: string | undefined, options: Shown) => {
      const client = cli.client(options.as);
      const id = tenant ?? (await onlyTenant(cli, options.as));
      const share = await client.get<Share>(`/v1/tenants/${encodeURIComponent(id)}/share`);
      if (options.json) printJson(share);
      else printData(shareText(share));
    });
  program
    .command('exchange')
    .description('how many reference cards each card counts for')
    .option('--as <who>')
    .option('--json')
    .action(async (options: Shown) => {
      const rates = await cli.client(options.as).get<Rates>('/v1/exchange-rates');
      if (options.json) return printJson(rates);
      const rows = rates.items.map(({ model, per, precision, validFrom, inForce, rate }) => [
        model,
        per,
        precision,
        `${Number(rate.value.toFixed(4))}${rate.assumption ? '*' : ''}`,
        validFrom,
        inForce ? '' : 'not in force',
      ]);
      printData(table(['MODEL', 'PER', 'PRECISION', 'REFERENCE CARDS', 'FROM', 'NOTE'], rows));
      say('* rests on an assumption. One reference card = one Ascend 910B, FP16.');
    });
  quotaCommand(program, cli);
}

function quotaCommand(program: Command, cli: Cli): void {
  program
    .command('quota')
    .description('show a tenant’s quota, or set it')
    .argument('<tenant>')
    .option('--cards <n>', 'reference cards that it may always have', Number)
    .option('--borrow <n>', 'how many more it may take; left out: as many as there are', Number)
    .option('--lend <n>', 'how many of its own others may take while idle; left out: all', Number)
    .option('--as <who>')
    .option('--json')
    .action(async (tenant: string, options: Shown & { cards?: number; borrow?: number; lend?: number }) => {
      const { cards, borrow, lend } = options;
      const path = `/v1/tenants/${encodeURIComponent(tenant)}/quota`;
      const client = cli.client(options.as);
      if (cards === undefined && (borrow !== undefined || lend !== undefined)) {
        throw new CliError('usage', 'A quota is set as a whole: give --cards too.');
      }
      const quota =
        cards === undefined
          ? await client.get<Quota>(path)
          : await client.put<Quota>(path, { cards, borrowingLimit: borrow, lendingLimit: lend });
      if (options.json) return printJson(quota);
      const limit = (value: number | null): string => (value === null ? 'no limit' : String(value));
      printData(
        table(
          ['TENANT', 'CARDS', 'MAY BORROW', 'MAY LEND', 'SET BY'],
          [
            [
              quota.tenant,
              quota.cards === null ? 'no quota' : String(quota.cards),
              limit(quota.borrowingLimit),
              limit(quota.lendingLimit),
              quota.setBy === null ? 'seeds' : `${quota.setBy}, ${localTime(quota.setAt)}`,
            ],
          ],
        ),
      );
    });
}

async function onlyTenant(cli: Cli, as: string | undefined): Promise<string> {
  const { items } = await cli.client(as).get<{ readonly items: readonly { readonly id: string }[] }>('/v1/tenants');
  const [only, ...more] = items;
  if (only && more.length === 0) return only.id;
  throw new CliError('usage', `Name one of the tenants: ${items.map(({ id }) => id).join(', ')}`);
}

const hours = (value: number): string => value.toFixed(1);
const flows = (list: readonly Flow[] | null, sum: number): string =>
  list === null ? hours(sum) : list.map(({ tenant, cards }) => `${tenant} ${hours(cards)}`).join(', ') || '-';

function shareText(share: Share): string {
  const levels = share.levels.map((level) => [
    level.tenant,
    String(level.weight),
    percent(level.dueShare),
    percent(level.usedShare),
    level.ratio === null ? '-' : level.ratio.toFixed(2),
    `${level.place}/${level.among}`,
    hours(level.usedCardHours),
  ]);
  const quotas = share.quota.levels.map((level) => [
    level.tenant,
    hours(level.cards),
    hours(level.held),
    flows(level.borrowedFrom, level.borrowed),
    flows(level.lentTo, level.lent),
  ]);
  return [
    share.text.zh,
    share.text.en,
    '',
    table(['TENANT', 'WEIGHT', 'DUE', 'USED', 'USED/DUE', 'PLACE', 'CARD-HOURS'], levels),
    '',
    ...(quotas.length > 0
      ? [table(['QUOTA OF', 'CARDS', 'HELD', 'BORROWS FROM', 'LENDS TO'], quotas)]
      : ['No quota limits it.']),
    `holds ${hours(share.quota.held)} reference cards, room for ${share.quota.room === null ? 'any number' : hours(share.quota.room)} more, what others may lend it included`,
    `as of ${localTime(share.asOf)}; use counts half after ${duration(share.halfLifeSeconds)}; cards by \`chusuan exchange\``,
    ...share.wouldChangeIt.map(({ zh, en }) => `- ${zh} · ${en}`),
  ].join('\n');
}
