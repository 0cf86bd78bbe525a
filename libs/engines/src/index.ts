export * from './engine-directory.js';
export * from './faulty-engine.js';
export * from './in-memory-simulated-engine-store.js';
export * from './local-engine.js';
export * from './release-refused.js';
export type { SimulatedNode, SimulatedPool } from './simulated-books.js';
export * from './simulated-engine.js';
export { drawnRunSeconds } from './simulated-run.js';
