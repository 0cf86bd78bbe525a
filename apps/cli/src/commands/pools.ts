import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { percent, printData, printJson, say, table } from '../output.js';

interface Pool {
  readonly id: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly tier: string;
  readonly enabled: boolean;
  readonly reachable: boolean;
  readonly assumed: boolean;
  readonly simulated: boolean;
  readonly live: {
    readonly nodes: number;
    readonly cards: number;
    readonly cardsAllocated: number;
    readonly runningAttempts: number;
  };
  readonly lastHour: {
    readonly greenShare: { readonly hourMatched: number; readonly volumetric: number; readonly gridAverage: number };
  } | null;
}

export function poolCommands(program: Command, cli: Cli): void {
  program
    .command('pools')
    .description('pools with capacity, use and green share')
    .option('--all', 'with the federated pools that are not enabled')
    .option('--as <who>')
    .option('--json')
    .action(async (options: { all?: boolean; as?: string; json?: boolean }) => {
      const { items } = await cli.client(options.as).get<{ readonly items: readonly Pool[] }>('/v1/pools');
      const shown = items.filter((pool) => options.all || pool.enabled);
      if (options.json) return printJson({ items: shown });
      const rows = shown.map((pool) => [
        pool.id,
        pool.name.zh,
        pool.tier,
        `${pool.live.nodes}${pool.assumed ? '*' : ''}`,
        `${pool.live.cardsAllocated}/${pool.live.cards}${pool.assumed ? '*' : ''}`,
        String(pool.live.runningAttempts),
        percent(pool.lastHour?.greenShare.hourMatched),
        percent(pool.lastHour?.greenShare.volumetric),
        percent(pool.lastHour?.greenShare.gridAverage),
        [pool.enabled ? '' : 'off', pool.reachable ? '' : 'unreachable', pool.simulated ? 'simulated' : '']
          .filter(Boolean)
          .join(' '),
      ]);
      printData(
        table(
          [
            'POOL',
            'NAME',
            'TIER',
            'NODES',
            'CARDS IN USE',
            'RUNNING',
            'GREEN HOURLY',
            'GREEN VOLUME',
            'GRID AVERAGE',
            'NOTE',
          ],
          rows,
        ),
      );
      say(
        '* rests on an assumption. Green: matched in the last settled hour · by volume over all settled hours · the grid’s own mix; never added.',
      );
    });
}
