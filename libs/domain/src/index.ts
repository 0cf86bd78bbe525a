export * from './catalogue.js';
export * from './job.js';
export * from './life-cycle.js';
export * from './quantities.js';
export * from './refusal.js';
export * from './time.js';
export * from './topology.js';
export * from './uuid.js';
