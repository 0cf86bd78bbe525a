import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type PolicyFile, loadPolicy, renderFaults } from '#libs/config';
import { CliError } from '../exit.js';
import { policySha256 } from '../assembly/policy.js';
import { printData, printJson } from '../output.js';

/** What the planner plans by: checked before it is used, shown, and changed. */
export function policyCommands(program: Command): void {
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
}

/** @throws CliError with all faults */
export async function readPolicy(file: string): Promise<PolicyFile> {
  if (!existsSync(file)) throw new CliError('not-found', `There is no file ${file}: name a policy file.`);
  const loaded = await loadPolicy(file);
  if (loaded.kind === 'ok') return loaded.policy;
  throw new CliError('usage', `The policy has faults; nothing was changed.\n${renderFaults(loaded.faults)}`);
}
