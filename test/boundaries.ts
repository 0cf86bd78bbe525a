// Import boundaries, by dependency-cruiser, with a floor: a check that silently sees fewer modules than exist proves nothing.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ICruiseResult, cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
// @ts-expect-error the rules are plain JavaScript, as dependency-cruiser's own command reads them
import rules from '../.dependency-cruiser.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const sources = ['apps', 'libs'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);
const { output } = await cruise(
  ['apps', 'libs'],
  { ...rules.options, ruleSet: { forbidden: rules.forbidden }, validate: true },
  undefined,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
if (typeof output === 'string') throw new Error(`dependency-cruiser answered with a text: ${output}`);
const result: ICruiseResult = output;
const cruised = result.modules.filter((module) => /^(apps|libs)\/.*\.ts$/.test(module.source));
for (const { rule, from, to } of result.summary.violations) {
  const comment =
    (rules.forbidden as { name: string; comment?: string }[]).find(({ name }) => name === rule.name)?.comment ?? '';
  console.error(`${rule.severity}: ${rule.name}: ${from} → ${to}${comment ? `\n  ${comment}` : ''}`);
}
console.log(`${cruised.length} modules cruised of ${sources.length}, ${result.summary.violations.length} violations`);
const missed = sources.filter((source) => !cruised.some((module) => module.source === source));
if (missed.length > 0) console.error(`not seen: ${missed.join(', ')}`);
process.exit(result.summary.violations.length > 0 || missed.length > 0 ? 1 : 0);
