export * from './model.js';
export * from './promise.js';
export * from './residual-book.js';
