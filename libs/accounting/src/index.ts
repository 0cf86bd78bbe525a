export * from './quota-book.js';
export * from './quota-explanation.js';
export * from './quota-tree.js';
export * from './sound-parents.js';
