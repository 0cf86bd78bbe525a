import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { ReplayCycle } from '#libs/application';
import { PostgresCycleLog, openDatabase } from '#libs/persistence';
import { databaseOf } from '../assembly/database.js';
import { sha256 } from '../assembly/foundation.js';
import type { Cli } from '../cli.js';
import { CliError, exitCodes } from '../exit.js';
import { printData, printJson } from '../output.js';

export function replayCommand(program: Command, cli: Cli): void {
  program
    .command('replay')
    .argument(
      '[cycle]',
      'number of the cycle (an explanation names it); without it, the newest that started something',
      cycleNumber,
    )
    .description('plan a past cycle again from its keyframe and deltas, and compare the plans')
    .option('--plan', 'print the plan too')
    .option('--json')
    .action(async (cycle: number | undefined, options: { plan?: boolean; json?: boolean }) => {
      const opened = await databaseOf(cli.settings);
      const system = openDatabase(opened.url, { role: 'chusuan_system', max: 2, applicationName: 'chusuan-replay' });
      try {
        const log = new PostgresCycleLog(system);
        const wanted = cycle ?? (await log.newestWithStarts()) ?? (await log.next()) - 1;
        const replayed = await new ReplayCycle(log, sha256).execute(wanted);
        if (replayed.kind === 'not-kept') {
          throw new CliError(
            'not-found',
            `Cycle ${wanted} is not kept: it never was, or it is older than what is kept for replay. Ask for a newer one.`,
          );
        }
        const { plan, ...summary } = replayed;
        if (options.json) printJson(options.plan ? replayed : summary);
        else {
          printData(
            `cycle ${summary.cycle}: ${summary.kind} plan, ${summary.starts} starts of ${summary.considered} jobs looked at`,
          );
          printData(`recorded ${summary.recordedSha256}\nreplayed ${summary.replayedSha256}`);
          if (options.plan) printData(JSON.stringify(plan, null, 2));
        }
        if (replayed.kind === 'different') process.exitCode = exitCodes.failed;
      } finally {
        await system.close();
        await opened.embedded?.stop();
      }
    });
}

function cycleNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('give the number of a cycle, 1 or more.');
}
