import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// NestJS 12, MikroORM 7 and many others ship ES modules only. swc turns those packages (found, not listed by hand) and our own
// TypeScript into CommonJS for jest, so that tests need no --experimental-vm-modules and jest.mock() keeps working.
// Found as node finds it: a mutation run works in a copy of the checkout without node_modules of its own.
const modules = new URL('../', pathToFileURL(createRequire(import.meta.url).resolve('jest/package.json')));
function esmPackages() {
  const names = readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(new URL(`${name}/`, modules)).map((sub) => `${name}/${sub}`) : [name],
    );
  return names.filter((name) => {
    const manifest = new URL(`${name}/package.json`, modules);
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
  });
}

const swc = [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2024',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

// oxlint-disable-next-line import/no-default-export -- the one form jest takes
export default {
  rootDir: '..',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts', '<rootDir>/test/**/*.{spec,e2e-spec}.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.chusuan'],
  transform: { '^.+\\.(ts|js|mjs)$': swc },
  transformIgnorePatterns: [
    `/node_modules/(?!(${esmPackages()
      .map((name) => name.replace('/', '\\/'))
      .join('|')})/)`,
  ],
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'require', 'default'] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  maxWorkers: 2,
  testTimeout: 60000,
};
