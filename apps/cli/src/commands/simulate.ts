import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readTrace, renderTraceFaults } from '#libs/config';
import {
  type BackfillMode,
  type OrderName,
  type PredictorName,
  backfillModes,
  orderNames,
  predictorNames,
} from '#libs/scheduling';
import { cleanProtocolA, processorsOf, readSwf, scheduleText, simulate } from '#libs/simulation';
import { CliError } from '../exit.js';
import { duration, percent, printData, printJson } from '../output.js';

interface SimulateOptions {
  readonly trace: string;
  readonly order: OrderName;
  readonly backfill: BackfillMode;
  readonly depth?: number;
  readonly backfillOrder?: 'queue' | 'shortest-first';
  readonly runTimes: 'limit' | 'predicted';
  readonly predictor: PredictorName;
  readonly processors?: number;
  readonly first?: number;
  readonly count?: number;
  readonly starts?: string;
  readonly lenient?: boolean;
  readonly json?: boolean;
}

export function simulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('replay a log in SWF through the production planner’s order, profile and pass on one machine')
    .requiredOption('--trace <file>', 'the log, plain or gzip')
    .addOption(new Option('--order <order>').choices(orderNames).default('fcfs'))
    .addOption(new Option('--backfill <mode>').choices(backfillModes).default('easy'))
    .option(
      '--depth <k>',
      'reservations of conservative backfilling: for the first k that cannot start; default: all',
      whole(0),
    )
    .addOption(
      new Option('--backfill-order <order>', 'how jobs without a reservation are tried')
        .choices(['queue', 'shortest-first'])
        .default('queue'),
    )
    .addOption(
      new Option('--run-times <times>', 'plan with limits, or with predictions until they are outlived')
        .choices(['limit', 'predicted'])
        .default('limit'),
    )
    .addOption(
      new Option(
        '--predictor <name>',
        'with --run-times predicted: mean of the user’s last two runs, or the same unless his requests are exact',
      )
        .choices(predictorNames)
        .default('tsafrir'),
    )
    .option(
      '--processors <n>',
      'size of the machine; default: MaxProcs or MaxNodes of the log’s header, else its largest job',
      whole(1),
    )
    .option('--first <i>', 'begin with the i-th job of the cleaned log, from 0', whole(0))
    .option('--count <n>', 'so many jobs', whole(1))
    .option('--starts <file>', 'write a line "id start" for each job')
    .option('--lenient', 'skip lines with fewer than 11 fields instead of refusing the log')
    .option('--json')
    .action(run);
}

async function run(options: SimulateOptions): Promise<void> {
  const mode = options.lenient ? 'protocol' : 'strict';
  const read = await readTrace(options.trace, (text) => readSwf(text, { mode }));
  if (read.kind === 'faults') {
    throw new CliError(
      'usage',
      `${options.trace} cannot be replayed: ${read.count} fault(s).\n${renderTraceFaults(read)}`,
    );
  }
  const processors = options.processors ?? processorsOf({ ...read, faults: [] });
  const jobs = cleanProtocolA(read.jobs, processors);
  const dropped = read.jobs.length - jobs.length;
  const first = options.first ?? 0;
  if (jobs.length <= first) {
    throw new CliError(
      'usage',
      `${options.trace} has ${jobs.length} jobs that fit ${processors} processors, none from index ${first} on: lower --first or raise --processors.`,
    );
  }
  const began = performance.now();
  const { starts, ...result } = simulate({
    jobs,
    processors,
    order: options.order,
    backfill: options.backfill,
    reservationDepth: options.depth,
    backfillOrder: options.backfillOrder,
    runTimes: options.runTimes,
    predictor: options.predictor,
    first,
    count: options.count,
  });
  const wallSeconds = (performance.now() - began) / 1000;
  const hash = createHash('sha256');
  for (const chunk of scheduleText(starts)) hash.update(chunk);
  if (options.starts) await pipeline(Readable.from(scheduleText(starts)), createWriteStream(options.starts));
  const summary = {
    trace: basename(options.trace),
    ...result,
    dropped,
    scheduleSha256: hash.digest('hex'),
    wallSeconds,
  };
  if (options.json) printJson(summary);
  else {
    printData(
      [
        `${summary.trace}: ${result.jobs} jobs on ${processors} processors, order ${options.order}, backfill ${options.backfill}` +
          (dropped > 0 ? `; ${dropped} left out (too large, or without a run time)` : ''),
        `wait              mean ${duration(result.meanWaitSeconds)}, longest ${duration(result.maxWaitSeconds)}`,
        `bounded slowdown  mean ${result.meanBoundedSlowdown.toFixed(2)}`,
        `utilisation       ${percent(result.utilisation)} over ${duration(result.makespanSeconds)}`,
        `backfilled        ${result.backfilled}`,
        `schedule          sha256 ${summary.scheduleSha256}`,
        `simulated in      ${wallSeconds.toFixed(2)} s`,
      ].join('\n'),
    );
  }
}

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`give a whole number, ${least} or more.`);
  };
}
