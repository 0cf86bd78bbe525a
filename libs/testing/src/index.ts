export * from './fresh-database.js';
export * from './new-job.js';
export * from './open-traces.js';
export * from './running-work.js';
export * from './seed-rows.js';
export * from './booking-bench.js';
