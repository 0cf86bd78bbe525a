// Import boundaries, by dependency-cruiser, with a floor: a check that silently sees fewer modules than exist proves nothing.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../.dependency-cruiser.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const sources = ['apps', 'libs'].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);
const { output } = await cruise(
  ['apps', 'libs'],
  { ...rules.options, ruleSet: { forbidden: rules.forbidden }, validate: true },
  undefined,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const cruised = output.modules.filter((module) => /^(apps|libs)\/.*\.ts$/.test(module.source));
for (const { rule, from, to } of output.summary.violations) {
  const comment = rules.forbidden.find(({ name }) => name === rule.name)?.comment ?? '';
  console.error(`${rule.severity}: ${rule.name}: ${from} → ${to}${comment ? `\n  ${comment}` : ''}`);
}
console.log(`${cruised.length} modules cruised of ${sources.length}, ${output.summary.violations.length} violations`);
const missed = sources.filter((source) => !cruised.some((module) => module.source === source));
if (missed.length > 0) console.error(`not seen: ${missed.join(', ')}`);
process.exit(output.summary.violations.length > 0 || missed.length > 0 ? 1 : 0);
