import { createHash, randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isUuid } from '#libs/domain';
import { PostgresKeyStore, isForeignKeyViolation, openDatabase } from '#libs/persistence';
import { databaseOf } from '../assembly/database.js';
import { ids } from '../assembly/foundation.js';
import type { Cli } from '../cli.js';
import { CliError } from '../exit.js';
import { printData, printJson, say } from '../output.js';

interface KeyOptions {
  readonly role: 'operator' | 'planner' | 'auditor' | 'tenant';
  readonly tenant?: string;
  readonly label?: string;
  readonly days?: number;
  readonly json?: boolean;
}

/** API keys of a real installation: the key is shown once, the database keeps its hash. */
export function keyCommands(program: Command, cli: Cli): void {
  const key = program.command('key').description('make or revoke API keys, directly in the database');
  key
    .command('add')
    .addOption(new Option('--role <role>').choices(['operator', 'planner', 'auditor', 'tenant']).makeOptionMandatory())
    .option('--tenant <id>', 'the tenant of a tenant key')
    .option('--label <text>', 'what it is for')
    .option('--days <n>', 'valid for so many days', (text) => {
      const days = Number(text);
      if (!(days > 0)) throw new InvalidArgumentError('give a number of days over 0.');
      return days;
    })
    .option('--json')
    .action(async (options: KeyOptions) => {
      if (options.role === 'tenant' && options.tenant === undefined) {
        throw new CliError('usage', 'A key of role "tenant" needs --tenant <id>.');
      }
      if (options.role !== 'tenant' && options.tenant !== undefined) {
        throw new CliError(
          'usage',
          `A key of role "${options.role}" covers every tenant: leave --tenant out, or use --role tenant.`,
        );
      }
      const secret = `csk_${options.role}_${randomBytes(24).toString('base64url')}`;
      const id = ids.uuid();
      await withKeys(cli, (store) =>
        store.add([
          {
            id,
            sha256: createHash('sha256').update(secret).digest(),
            role: options.role,
            tenantId: options.tenant ?? null,
            label: options.label ?? '',
            expiresAt: options.days === undefined ? null : Date.now() + options.days * 86_400_000,
          },
        ]),
      );
      if (options.json) printJson({ id, key: secret });
      else {
        printData(secret);
        say(`id ${id}; this is the only time the key is shown`);
      }
    });
  key
    .command('revoke')
    .argument('<id>', 'id of the key')
    .action(async (id: string) => {
      if (!isUuid(id))
        throw new CliError('usage', `"${id}" is no id of a key: \`key add\` printed one, in the form of a UUID.`);
      const revoked = await withKeys(cli, (store) => store.revoke(id));
      if (!revoked) throw new CliError('not-found', `There is no valid key with id ${id}.`);
      say(`revoked ${id}; processes that have just used it forget it within two seconds`);
    });
}

async function withKeys<T>(cli: Cli, work: (store: PostgresKeyStore) => Promise<T>): Promise<T> {
  const opened = await databaseOf(cli.settings);
  const system = openDatabase(opened.url, { role: 'chusuan_system', max: 2, applicationName: 'chusuan-key' });
  try {
    return await work(new PostgresKeyStore(system));
  } catch (error) {
    if (isForeignKeyViolation(error)) {
      throw new CliError(
        'not-found',
        'There is no such tenant in the database: `curl …/v1/tenants` lists those there are, seeds/tenants makes them.',
      );
    }
    throw error;
  } finally {
    await system.close();
    await opened.embedded?.stop();
  }
}
