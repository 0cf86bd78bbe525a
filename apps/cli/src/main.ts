import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { parseSettings, renderFaults } from '#libs/config';
import { Cli } from './cli.js';
import { cycleCommands } from './commands/cycles.js';
import { databaseCommands } from './commands/database.js';
import { devCommand } from './commands/dev.js';
import { fairnessCommands } from './commands/fairness.js';
import { generateCommand } from './commands/generate.js';
import { jobCommands } from './commands/jobs.js';
import { promiseCommands } from './commands/promises.js';
import { keyCommands } from './commands/keys.js';
import { nodeCommands } from './commands/nodes.js';
import { policyCommands } from './commands/policy.js';
import { poolCommands } from './commands/pools.js';
import { powerCapCommands } from './commands/power-caps.js';
import { replayCommand } from './commands/replay.js';
import { reservationCommands } from './commands/reservations.js';
import { serviceCommands } from './commands/services.js';
import { simulateCommand } from './commands/simulate.js';
import { CliError, exitCodes } from './exit.js';
import { say } from './output.js';

async function main(): Promise<void> {
  const parsed = parseSettings(process.env);
  if (parsed.kind === 'faults')
    throw new CliError('usage', `The settings have faults:\n${renderFaults(parsed.faults)}`);
  const cli = new Cli(parsed.settings);
  const program = new Command('chusuan')
    .description('楚算: compute-resource scheduling and capacity planning')
    .version(version())
    .showHelpAfterError('(add --help for what this verb takes)')
    .addHelpText('after', '\nExit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 75 try later.')
    .exitOverride();
  devCommand(program, cli);
  serviceCommands(program, cli);
  databaseCommands(program, cli);
  keyCommands(program, cli);
  jobCommands(program, cli);
  promiseCommands(program, cli);
  poolCommands(program, cli);
  policyCommands(program, cli);
  fairnessCommands(program, cli);
  nodeCommands(program, cli);
  reservationCommands(program, cli);
  powerCapCommands(program, cli);
  simulateCommand(program);
  cycleCommands(program, cli);
  replayCommand(program, cli);
  generateCommand(program);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((it) => it.commands)])
    command.exitOverride();
  await program.parseAsync(process.argv);
}

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

main().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else if (error instanceof CliError) {
    say(error.message);
    process.exitCode = exitCodes[error.reason];
  } else {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = exitCodes.failed;
  }
});
