import { createRequire } from 'node:module';
import base from '../jest.config.mjs';

// In a sandbox there is no database to start, and none is asked for.
const { globalSetup: _setup, globalTeardown: _teardown, transform, ...config } = base;
const [[pattern, [swc, options]]] = Object.entries(transform);

/** Our own configuration for the few specs that run.ts names. */
// oxlint-disable-next-line import/no-default-export -- the one form jest takes
export default {
  ...config,
  // One name for all sandboxes, so that what was compiled in one is not compiled again in the next.
  id: 'mutation',
  rootDir: '../..',
  roots: ['<rootDir>/libs/scheduling'],
  testMatch: process.env['CHUSUAN_MUTATION_SPECS'].split(' ').map((spec) => `<rootDir>/${spec}`),
  // Nobody reads the traces of thousands of failures, and a source map would be parsed for each.
  transform: { [pattern]: [swc, { ...options, sourceMaps: false }] },
  moduleNameMapper: {
    ...config.moduleNameMapper,
    '^fast-check$': '<rootDir>/test/mutation/fast-check.cjs',
    '^fast-check-itself$': createRequire(import.meta.url).resolve('fast-check'),
  },
  maxWorkers: 1,
};
