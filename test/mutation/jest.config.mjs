import base from '../jest.config.mjs';

/** Our own configuration for the planner's specs alone: in a sandbox there is no database to start, and none is asked for. */
const { globalSetup: _setup, globalTeardown: _teardown, ...config } = base;

// oxlint-disable-next-line import/no-default-export -- the one form jest takes
export default { ...config, rootDir: '../..', testMatch: ['<rootDir>/libs/scheduling/**/*.spec.ts'], maxWorkers: 1 };
