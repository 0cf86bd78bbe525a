import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { duration, printData, printJson, say, table } from '../output.js';

interface Calibration {
  readonly asOf: string;
  readonly items: readonly {
    readonly class: string;
    readonly kind: string;
    readonly promises: number;
    readonly keptPercent: number;
    readonly p50Percent: number;
    readonly medianErrorSeconds: number;
    readonly withinMinutePercent: number;
  }[];
}

export function promiseCommands(program: Command, cli: Cli): void {
  program
    .command('promises')
    .description('how well start promises were kept, by class')
    .option('--as <who>')
    .option('--json')
    .action(async (options: { as?: string; json?: boolean }) => {
      const answer = await cli.client(options.as).get<Calibration>('/v1/promises/calibration');
      if (options.json) return printJson(answer);
      if (answer.items.length === 0)
        return say('No promise with an interval has come due yet: the first 20 starts are needed to learn from.');
      printData(
        table(
          ['CLASS', 'PROMISE', 'JOBS', 'P90 KEPT', 'P50 KEPT', 'MEDIAN ERROR', 'WITHIN 1 MIN'],
          answer.items.map((item) => [
            item.class,
            item.kind,
            String(item.promises),
            `${item.keptPercent} %`,
            `${item.p50Percent} %`,
            duration(item.medianErrorSeconds),
            `${item.withinMinutePercent} %`,
          ]),
        ),
      );
      say(`As of ${answer.asOf}, over the last 30 days; 90 and 50 % are the aims.`);
    });
}
