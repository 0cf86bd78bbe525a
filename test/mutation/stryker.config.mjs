/** One source against a few specs; run.ts names both, and the place of the results. Specs run by our own jest configuration. */
const source = process.env['CHUSUAN_MUTATION_SOURCE'];
const results = process.env['CHUSUAN_MUTATION_RESULTS'];

// oxlint-disable-next-line import/no-default-export -- the one form Stryker takes
export default {
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  mutate: [source],
  jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.mjs', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // A mutant that never ends is told by how often it is passed; the clock is for the rest, and this machine may be busy.
  timeoutMS: 20_000,
  timeoutFactor: 3,
  // None of these specs reads what lies there, and swc looks at no types.
  ignorePatterns: ['dist', '.chusuan', 'coverage', 'seeds', 'deploy', 'apps', 'test/{e2e,contract,integration}'],
  disableTypeChecks: false,
  tempDirName: 'coverage/stryker',
  incremental: true,
  incrementalFile: `${results}.incremental.json`,
  reporters: ['json'],
  jsonReporter: { fileName: `${results}.json` },
};
