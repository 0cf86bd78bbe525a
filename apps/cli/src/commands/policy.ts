import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type PolicyFile, loadPolicy, renderFaults, renderPolicy } from '#libs/config';
import { stringify } from 'yaml';
import { policySha256 } from '../assembly/policy.js';
import type { Cli } from '../cli.js';
import { CliError } from '../exit.js';
import { localTime, printData, printJson, table } from '../output.js';

/** What the planner plans by: checked before it is used, shown, and changed. */
export function policyCommands(program: Command, cli: Cli): void {
  const policy = program.command('policy').description('what the planner plans by');
  policy
    .command('check')
    .argument('<file>', 'a policy file, as seeds/policy.yaml')
    .description('say all that is wrong with a policy file, or the hash it would have; changes nothing')
    .option('--json')
    .action(async (file: string, options: { json?: boolean }) => {
      const read = await readPolicy(file);
      const sha256 = policySha256(read);
      if (options.json) printJson({ name: read.name, sha256, policy: read });
      else printData(`${file}: no faults\nname    ${read.name}\nsha256  ${sha256}`);
    });
  policy
    .command('show', { isDefault: true })
    .description('the policy that is planned by')
    .option('--as <who>')
    .option('--json')
    .action(async (options: { as?: string; json?: boolean }) => {
      showPolicy(await cli.client(options.as).get<Shown>('/v1/policy'), options.json ?? false);
    });
  policy
    .command('history')
    .description('which policy held when, newest first')
    .option('--as <who>')
    .option('--json')
    .action(async (options: { as?: string; json?: boolean }) => {
      const { items } = await cli
        .client(options.as)
        .get<{ readonly items: readonly Activation[] }>('/v1/policy/history');
      if (options.json) return printJson(items);
      const rows = items.map((it) => [localTime(it.since), it.name, it.sha256.slice(0, 12), it.origin, it.actor]);
      printData(table(['since', 'name', 'sha256', 'origin', 'by'], rows));
    });
  policy
    .command('apply')
    .argument('<file>', 'a policy file')
    .description(
      'plan by this policy until the policy file of the scheduler changes or another is applied; operators only',
    )
    .option('--as <who>')
    .option('--json')
    .action(async (file: string, options: { as?: string; json?: boolean }) => {
      const body: unknown = JSON.parse(renderPolicy(await readPolicy(file)));
      showPolicy(await cli.client(options.as).put<Shown>('/v1/policy', body), options.json ?? false);
    });
}

interface Activation {
  readonly sha256: string;
  readonly name: string;
  readonly origin: string;
  readonly actor: string;
  readonly since: string;
}
interface Shown {
  readonly active: Activation | null;
  readonly policy: Readonly<Record<string, unknown>> | null;
}

function showPolicy(shown: Shown, isJson: boolean): void {
  const { active, policy } = shown;
  if (isJson) return printJson(shown);
  if (!active) return printData('none was activated yet: the default holds');
  const head = `${active.name} (${active.sha256}) since ${localTime(active.since)}, ${active.origin} by ${active.actor}`;
  printData(`${head}\n${stringify(policy).trimEnd()}`);
}

/** @throws CliError with all faults */
export async function readPolicy(file: string): Promise<PolicyFile> {
  if (!existsSync(file)) throw new CliError('not-found', `There is no file ${file}: name a policy file.`);
  const loaded = await loadPolicy(file);
  if (loaded.kind === 'ok') return loaded.policy;
  throw new CliError('usage', `The policy has faults; nothing was changed.\n${renderFaults(loaded.faults)}`);
}
