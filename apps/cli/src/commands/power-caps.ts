import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { localTime, printData, printJson, say, table } from '../output.js';

interface Cap {
  readonly id: string;
  readonly site: string;
  readonly from: string;
  readonly until: string;
  readonly watts: number;
  readonly reason: string | null;
}
interface SetOptions {
  readonly site: string;
  readonly from: string;
  readonly until: string;
  readonly watts: string;
  readonly reason?: string;
  readonly as?: string;
  readonly json?: boolean;
}

/** How much a site may draw, as operators cap it. */
export function powerCapCommands(program: Command, cli: Cli): void {
  const caps = program.command('power-cap').description('caps on the IT load of a site: list, set, lift');
  caps
    .command('list', { isDefault: true })
    .option('--as <who>')
    .option('--json')
    .action(async (options: { as?: string; json?: boolean }) => {
      const { items } = await cli.client(options.as).get<{ readonly items: readonly Cap[] }>('/v1/power-caps');
      if (options.json) return printJson({ items });
      if (items.length === 0) return say('no power cap stands or is to come');
      const rows = items.map((cap) => [
        cap.id,
        cap.site,
        localTime(cap.from),
        localTime(cap.until),
        `${cap.watts} W`,
        cap.reason ?? '',
      ]);
      printData(table(['CAP', 'SITE', 'FROM', 'UNTIL', 'AT MOST', 'REASON'], rows));
    });
  caps
    .command('set')
    .requiredOption('--site <id>')
    .requiredOption('--from <time>', 'RFC 3339 with an offset, on the service clock')
    .requiredOption('--until <time>')
    .requiredOption('--watts <n>', 'IT load that the site may not pass')
    .option('--reason <text>')
    .option('--as <who>')
    .option('--json')
    .action(async ({ site, from, until, watts, reason, as, json }: SetOptions) => {
      const body = { site, from, until, watts: Number(watts), ...(reason && { reason }) };
      const cap = await cli.client(as).post<Cap>('/v1/power-caps', body);
      if (json) printJson(cap);
      else
        say(
          `${cap.site}: at most ${cap.watts} W from ${localTime(cap.from)} until ${localTime(cap.until)} (${cap.id})`,
        );
    });
  caps
    .command('lift')
    .argument('<id>')
    .option('--as <who>')
    .option('--json')
    .action(async (id: string, options: { as?: string; json?: boolean }) => {
      const lifted = await cli.client(options.as).delete(`/v1/power-caps/${encodeURIComponent(id)}`);
      if (options.json) printJson(lifted);
      else say(`${id}: lifted`);
    });
}
