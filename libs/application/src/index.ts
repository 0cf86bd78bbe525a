export * from './ports.js';
export * from './read-ports.js';
