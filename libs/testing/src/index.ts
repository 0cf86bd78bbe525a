export * from './fresh-database.js';
export * from './seed-rows.js';
export * from './new-job.js';
