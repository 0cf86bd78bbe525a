export * from './promise-report.js';
export * from './replay-promises.js';
