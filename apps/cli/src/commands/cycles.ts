import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { localTime, printData, printJson, say, table } from '../output.js';

interface Listed {
  readonly cycle: number;
  readonly at: string;
  readonly policy: { readonly sha256: string; readonly name: string } | null;
  readonly planSha256: string;
  readonly starts: number;
  readonly preemptions: number;
  readonly considered: number;
  readonly state: string;
  readonly sizeBytes: number;
  readonly replayable: boolean;
  readonly whyNot: string | null;
}
interface CyclesOptions {
  readonly limit: string;
  readonly cursor?: string;
  readonly as?: string;
  readonly json?: boolean;
}

export function cycleCommands(program: Command, cli: Cli): void {
  program
    .command('cycles')
    .description('planning cycles that are kept for replay, newest first; operators only')
    .option('--limit <n>', 'at most so many', '50')
    .option('--cursor <cursor>', 'on from where a page ended')
    .option('--as <who>')
    .option('--json')
    .action(async (options: CyclesOptions) => {
      const query = new URLSearchParams({ limit: options.limit });
      if (options.cursor !== undefined) query.set('cursor', options.cursor);
      const page = await cli
        .client(options.as)
        .get<{ readonly items: readonly Listed[]; readonly nextCursor: string | null }>(
          `/v1/cycles?${query.toString()}`,
        );
      if (options.json) return printJson(page);
      if (page.items.length === 0)
        return say('No cycle is kept yet: a scheduler records those that had something to plan.');
      printData(table(['CYCLE', 'AT', 'POLICY', 'PLAN', 'STARTS', 'PREEMPTED', 'JOBS', 'KEPT', 'BYTES', 'REPLAY'], page.items.map(cells))); // prettier-ignore
      if (page.nextCursor !== null) say(`There are more: --cursor ${page.nextCursor}`);
    });
}

const cells = (it: Listed): string[] => [
  String(it.cycle),
  localTime(it.at),
  it.policy?.name ?? '-',
  it.planSha256.slice(0, 12),
  String(it.starts),
  String(it.preemptions),
  String(it.considered),
  it.state,
  String(it.sizeBytes),
  it.replayable ? 'yes' : (it.whyNot ?? 'no'),
];
