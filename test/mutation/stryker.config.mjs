/**
 * Mutation score of the planner: `npm run mutation`, or of one file: `npm run mutation -- --mutate libs/scheduling/src/vector.ts`.
 * Properties run fewer times (libs/scheduling/src/testing/runs.ts); results are kept in coverage/ and only what changed is tried
 * again. Mutants of a sandbox run by our own jest configuration; none of these specs needs PostgreSQL.
 */
process.env['CHUSUAN_PROPERTY_RUNS'] ??= '30';

// oxlint-disable-next-line import/no-default-export -- the one form Stryker takes
export default {
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  mutate: ['libs/scheduling/src/**/*.ts', '!libs/scheduling/src/**/*.spec.ts', '!libs/scheduling/src/testing/**'],
  jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.mjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 20_000,
  timeoutFactor: 3,
  ignorePatterns: ['dist', '.chusuan', 'coverage', 'seeds', 'deploy'],
  tempDirName: 'coverage/stryker',
  incremental: true,
  incrementalFile: 'coverage/mutation.json',
  reporters: ['clear-text', 'progress', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  htmlReporter: { fileName: 'coverage/mutation.html' },
  thresholds: { high: 90, low: 80, break: 80 },
};
