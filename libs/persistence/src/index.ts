export * from './database.js';
export * from './database-errors.js';
export * from './embedded-postgres.js';
export * from './migrate.js';
