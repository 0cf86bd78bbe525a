import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { localTime, printData, printJson, say } from '../output.js';

interface Node {
  readonly id: string;
  readonly pool: string;
  readonly state: string;
  readonly stateReason: string | null;
  readonly stateSince: string | null;
  readonly installed: { readonly cards: number; readonly cores: number; readonly memoryGiB: number };
  readonly used: { readonly cards: number; readonly cores: number; readonly memoryGiB: number };
}
const verbs = { drain: 'drained', resume: 'up', maintain: 'maintenance', down: 'down' } as const;
const meanings: Readonly<Record<keyof typeof verbs, string>> = {
  drain: 'place nothing new on it; what runs goes on',
  resume: 'place on it again',
  maintain: 'mark it as in maintenance; what runs goes on',
  down: 'it is gone: its jobs are lost there and go back into the queue',
};

/** Nodes as operators steer them. */
export function nodeCommands(program: Command, cli: Cli): void {
  const node = program.command('node').description('one node: show, drain, resume, maintain, down');
  node
    .command('show', { isDefault: true })
    .argument('<id>')
    .option('--as <who>')
    .option('--json')
    .action(async (id: string, options: { as?: string; json?: boolean }) => {
      const found = await cli.client(options.as).get<Node>(`/v1/nodes/${encodeURIComponent(id)}`);
      if (options.json) return printJson(found);
      const { installed, used } = found;
      printData(
        [
          `${found.id} of pool ${found.pool}`,
          `state   ${found.state}${found.stateReason ? ` (${found.stateReason})` : ''} since ${localTime(found.stateSince)}`,
          `in use  ${used.cards} of ${installed.cards} cards, ${used.cores} of ${installed.cores} cores, ${used.memoryGiB} of ${installed.memoryGiB} GiB`,
        ].join('\n'),
      );
    });
  for (const [verb, state] of Object.entries(verbs)) {
    node
      .command(verb)
      .argument('<id>')
      .description(meanings[verb as keyof typeof verbs])
      .option('--reason <text>', 'why; shown to whoever looks at the node')
      .option('--as <who>')
      .option('--json')
      .action(async (id: string, options: { reason?: string; as?: string; json?: boolean }) => {
        const changed = await cli.client(options.as).patch<Node>(`/v1/nodes/${encodeURIComponent(id)}`, {
          state,
          ...(options.reason ? { reason: options.reason } : {}),
        });
        if (options.json) printJson(changed);
        else say(`${id}: ${changed.state}`);
      });
  }
}
