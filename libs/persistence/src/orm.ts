import { MikroORM, defineConfig } from '@mikro-orm/postgresql';
import { catalogueEntities } from './catalogue-entities.js';
import type { DatabaseRole } from './database.js';

/**
 * Settings of MikroORM for this schema, acting as the given role. The connection is opened by the first query. Types of
 * columns stay MikroORM's own (a Date for a timestamptz): what database.ts says of them holds for its sessions only.
 */
export const ormOptions = (url: string, role: DatabaseRole) =>
  defineConfig({
    clientUrl: url,
    entities: [...catalogueEntities],
    allowGlobalContext: false,
    timezone: 'Z',
    pool: { min: 0, max: 2 },
    logger: () => {}, // it reports broken idle connections; the next query opens a new one, or fails and says so
    driverOptions: {
      application_name: 'chusuan-orm',
      options: `${role === 'owner' ? '' : `-c role=${role} `}-c TimeZone=UTC -c statement_timeout=60000`,
    },
  });

/** Close it with `orm.close()`. */
export const openOrm = (url: string, role: DatabaseRole = 'chusuan_system'): Promise<MikroORM> =>
  MikroORM.init(ormOptions(url, role));
