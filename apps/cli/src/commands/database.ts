import type { Command } from 'commander';
import { databaseOf, migrated, readSeeds, storeSeeds } from '../assembly/database.js';
import type { Cli } from '../cli.js';
import { printData, printJson, say } from '../output.js';

export function databaseCommands(program: Command, cli: Cli): void {
  program
    .command('migrate')
    .description('bring the database schema up to date; safe to run by several at once')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const opened = await databaseOf(cli.settings);
      try {
        const applied = await migrated(opened);
        if (options.json) printJson({ applied });
        else say(applied.length === 0 ? 'the schema is up to date' : `applied ${applied.join(', ')}`);
      } finally {
        await opened.embedded?.stop();
      }
    });

  program
    .command('seed')
    .description('check the seed files and store what changed; jobs are never touched')
    .argument('[directory]', 'directory of the seeds', cli.settings.seedsDir)
    .option('--check', 'only check the files: no database is needed')
    .option(
      '--dev',
      'also enable the pools that are for development (the local pool); so by default on the embedded database',
    )
    .option('--json')
    .action(async (directory: string, options: { check?: boolean; dev?: boolean; json?: boolean }) => {
      const catalogue = await readSeeds(directory);
      const size = {
        pools: catalogue.pools.length,
        nodeGroups: catalogue.nodeGroups.length,
        tenants: catalogue.tenants.length,
      };
      if (options.check) {
        if (options.json) printJson({ faults: [], ...size });
        else
          printData(
            `${directory}: ${size.pools} pools, ${size.nodeGroups} node groups, ${size.tenants} tenants, no faults`,
          );
        return;
      }
      const opened = await databaseOf(cli.settings);
      try {
        await migrated(opened);
        const report = await storeSeeds(opened.url, catalogue, options.dev || opened.embedded ? 'dev' : null);
        const { added, changed, unchanged } = report;
        if (options.json) printJson({ added, changed, unchanged, ...size });
        else
          printData(
            `${added} added, ${changed} changed, ${unchanged} unchanged (${size.pools} pools, ${size.tenants} tenants)`,
          );
      } finally {
        await opened.embedded?.stop();
      }
    });
}
