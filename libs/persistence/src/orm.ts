import { defineConfig } from '@mikro-orm/postgresql';
import { catalogueEntities } from './catalogue-entities.js';

/** Settings of MikroORM for this schema; the connection is opened by the first query. */
export const ormOptions = (url: string) =>
  defineConfig({
    clientUrl: url,
    entities: [...catalogueEntities],
    allowGlobalContext: false,
    timezone: 'Z',
    pool: { min: 0, max: 2 },
  });
