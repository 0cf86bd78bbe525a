import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import {
  type CycleLoss,
  CycleRecordBroken,
  type PlanDifference,
  type PlanFigures,
  ReplayCycle,
} from '#libs/application';
import { PostgresCycleLog, openDatabase } from '#libs/persistence';
import { databaseOf, expectMigrated } from '../assembly/database.js';
import { sha256 } from '../assembly/foundation.js';
import type { Cli } from '../cli.js';
import { CliError, exitCodes } from '../exit.js';
import { duration, localTime, percent, printData, printJson, say, table } from '../output.js';
import { readPolicy } from './policy.js';

interface ReplayOptions {
  readonly out?: string;
  readonly explain?: string;
  readonly policy?: string;
  readonly plan?: boolean;
  readonly range?: boolean;
  readonly json?: boolean;
}

export function replayCommand(program: Command, cli: Cli): void {
  program
    .command('replay')
    .argument(
      '[cycle]',
      'number of the cycle (an explanation names it); without it, the newest that started something',
      cycleNumber,
    )
    .description(
      'plan a past cycle again from its keyframe and deltas, and compare the plans; reads the database itself, so that it asks for no key',
    )
    .option('--plan', 'print the plan too')
    .option('--out <file>', 'write the plan as it is hashed, in canonical JSON')
    .option('--explain <job>', 'why the job waited as things stood then')
    .option('--policy <file>', 'what another policy would have done with the same state')
    .option('--range', 'which cycles are kept')
    .option('--json')
    .action(async (cycle: number | undefined, options: ReplayOptions) => {
      const policy = options.policy === undefined ? null : await readPolicy(options.policy);
      await withLog(cli, async (log) => {
        if (options.range) {
          const kept = await log.range();
          if (options.json) printJson(kept);
          else printData(range(kept));
          return;
        }
        const wanted = cycle ?? (await log.newestWithStarts()) ?? (await log.range())?.newest;
        if (wanted === undefined) throw new CliError('not-found', range(null));
        const replay = new ReplayCycle(log, sha256);
        if (policy) {
          const compared = kept(await replay.under(wanted, policy.planning), wanted);
          if (options.json) printJson({ cycle: wanted, policy: policy.name, ...compared.difference });
          else printData(differenceShown(wanted, policy.name, compared.difference));
        } else if (options.explain !== undefined) {
          const { verdict } = kept(await replay.explain(wanted, options.explain), wanted);
          if (options.json) printJson({ cycle: wanted, jobId: options.explain, verdict });
          else if (verdict) printData(JSON.stringify(verdict, null, 2));
          else
            printData(`job ${options.explain} did not wait after cycle ${wanted}: it started then, or was not queued`);
        } else await again(replay, wanted, options);
      });
    });
}

async function again(replay: ReplayCycle, cycle: number, options: ReplayOptions): Promise<void> {
  const { decision, ...summary } = kept(await replay.execute(cycle), cycle);
  if (options.out !== undefined) {
    await writeFile(options.out, decision);
    say(`wrote ${options.out}`);
  }
  if (options.json) printJson(options.plan ? { ...summary, plan: JSON.parse(decision) as unknown } : summary);
  else {
    printData(
      `cycle ${cycle}: ${summary.kind} plan, ${summary.starts} starts of ${summary.considered} jobs looked at\n` +
        `recorded ${summary.recordedSha256}\nreplayed ${summary.replayedSha256}\npolicy   ${summary.policySha256}`,
    );
    if (options.plan) printData(JSON.stringify(JSON.parse(decision), null, 2));
  }
  if (summary.kind === 'same') return;
  say(
    'The plans differ: another version of the planner recorded this cycle, or the record was changed since. --plan prints what is decided now.',
  );
  process.exitCode = exitCodes.failed;
}

function kept<T extends { readonly kind: string }>(
  answer: T | { readonly kind: 'not-kept'; readonly why: CycleLoss },
  cycle: number,
): Exclude<T, { kind: 'not-kept' }> {
  if (answer.kind !== 'not-kept') return answer as Exclude<T, { kind: 'not-kept' }>;
  throw new CycleNotKept(cycle, (answer as { readonly why: CycleLoss }).why);
}

class CycleNotKept extends Error {
  constructor(
    readonly cycle: number,
    readonly why: CycleLoss,
  ) {
    super(`cycle ${cycle} is not kept`);
  }
}
const lossWords: Readonly<Record<CycleLoss, string>> = {
  pruned: 'is older than what is kept for replay (CHUSUAN_REPLAY_DAYS, CHUSUAN_REPLAY_GIB)',
  'not-yet': 'has not been planned yet',
  'never-recorded': 'was never written down: its scheduler ended before',
  'other-format':
    'was recorded by another version of the service, in a form that this one does not read: replay it with that version',
  superseded: 'follows cycles that another scheduler has overwritten when it took over',
};
const range = (kept: { readonly oldest: number; readonly newest: number } | null): string =>
  kept
    ? `Cycles ${kept.oldest} to ${kept.newest} can be replayed; ask for one of them.`
    : 'None can be replayed yet: ask again when a scheduler has planned something.';

async function withLog(cli: Cli, use: (log: PostgresCycleLog) => Promise<void>): Promise<void> {
  const opened = await databaseOf(cli.settings);
  const system = openDatabase(opened.url, { role: 'chusuan_system', max: 2, applicationName: 'chusuan-replay' });
  const log = new PostgresCycleLog(system);
  try {
    await expectMigrated(opened);
    await use(log);
  } catch (error) {
    if (error instanceof CycleRecordBroken) throw new CliError('failed', error.message);
    if (!(error instanceof CycleNotKept)) throw error;
    throw new CliError('not-found', `Cycle ${error.cycle} ${lossWords[error.why]}. ${range(await log.range())}`);
  } finally {
    await system.close();
    await opened.embedded?.stop();
  }
}

const orDash = (value: number | null, shown: (value: number) => string): string =>
  value === null ? '-' : shown(value);
const figureRows: Readonly<Record<string, (figures: PlanFigures) => string>> = {
  starts: (it) => String(it.starts),
  'nodes started': (it) => String(it.startedNodes),
  backfilled: (it) => String(it.backfilled),
  preemptions: (it) => String(it.preemptions),
  reservations: (it) => String(it.reservations),
  'mean score': (it) => orDash(it.meanScore, (value) => value.toFixed(3)),
  'mean wait of starts': (it) => orDash(it.meanWaitSeconds, duration),
  'mean wait of reserved': (it) => orDash(it.meanReservedWaitSeconds, duration),
  'yuan/kWh now': (it) => orDash(it.meanYuanPerKwh, (value) => value.toFixed(3)),
  'green share now': (it) => percent(it.meanGreenShare),
};

function differenceShown(cycle: number, policy: string, difference: PlanDifference): string {
  const { one, other } = difference.figures;
  const nodes = (place: { readonly groupId: string; readonly nodeIndices: readonly number[] }): string =>
    `${place.groupId} ${place.nodeIndices.join(',')}`;
  const reserved = (place: { readonly groupId: string; readonly start: number } | null): string =>
    place ? `${place.groupId} ${localTime(new Date(place.start * 1000).toISOString())}` : '-';
  const jobs = [
    ...difference.startsOnlyInOne.map((id) => [id, 'starts', 'waits']),
    ...difference.startsOnlyInOther.map((id) => [id, 'waits', 'starts']),
    ...difference.startsElsewhere.map((it) => [it.jobId, `starts on ${nodes(it.one)}`, `starts on ${nodes(it.other)}`]),
    ...difference.reservations.map((it) => [
      it.jobId,
      `reserved ${reserved(it.one)}`,
      `reserved ${reserved(it.other)}`,
    ]),
  ];
  const figures = Object.entries(figureRows).map(([name, shown]) => [name, shown(one), shown(other)]);
  return [
    table([`cycle ${cycle}`, 'its own policy', policy], figures),
    '',
    jobs.length === 0 ? 'the two decide the same' : table(['job', 'its own policy', policy], jobs),
  ].join('\n');
}

function cycleNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('give the number of a cycle, 1 or more.');
}
