export * from './machine.js';
export * from './metrics.js';
export * from './protocols/protocol-a.js';
export * from './simulate.js';
export * from './swf.js';
export * from './demand/index.js';
export * from './trace-demand.js';
