import { readFile, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Catalogue } from '#libs/domain';
import { buildCatalogue } from './seed-catalogue.js';
import { SeedCollection, isMapping } from './seed-collection.js';
import { SeedDocument, type SeedFault } from './seed-document.js';
import { checkProvenance } from './seed-provenance.js';
import { checkDuplicates, checkReferences } from './seed-references.js';
import { sharingFaults } from './seed-sharing.js';
import { checkTotals } from './seed-totals.js';

export type { SeedFault } from './seed-document.js';
export type LoadedSeeds =
  | { readonly kind: 'ok'; readonly catalogue: Catalogue }
  | { readonly kind: 'faults'; readonly faults: readonly SeedFault[] };

/**
 * Reads every .yaml file under the directory as one catalogue, or says everything that is wrong with it: syntax, shape,
 * numbers without a source, ids used twice or never defined, totals that do not add up. Throws where the directory
 * itself cannot be read.
 */
export async function loadSeeds(directory: string): Promise<LoadedSeeds> {
  const documents = await readDocuments(directory);
  if (documents.length === 0) return { kind: 'faults', faults: [noSeeds(directory)] };
  const readable = documents.filter(({ data }) => data !== undefined);
  const seeds = new SeedCollection(readable);
  const shape = seeds.parse();
  const defined = new Set([...seeds.idsOf('sources'), ...seeds.idsOf('assumptions')]);
  const faults = [
    ...documents.flatMap((document) => document.syntaxFaults()),
    ...shape,
    ...readable.flatMap((document) => checkProvenance(document, defined)),
    ...checkDuplicates(seeds),
    ...checkReferences(seeds),
    ...checkTotals(seeds),
    ...sharingFaults(seeds),
    ...checkMonthlyFactor(seeds, readable),
  ];
  if (faults.length > 0) return { kind: 'faults', faults: faults.toSorted(byPlace) };
  return { kind: 'ok', catalogue: buildCatalogue(seeds) };
}

/** Says how to play the logs of other machines, which is no part of the catalogue: read by trace-mapping.ts. */
const TRACE_MAPPINGS = 'traces';
/** Nor is what the planner plans by: read by load-policy.ts. */
const POLICY = 'policy.yaml';

async function readDocuments(directory: string): Promise<SeedDocument[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(directory, path).startsWith(TRACE_MAPPINGS + sep))
    .filter((path) => relative(directory, path) !== POLICY)
    .toSorted();
  return Promise.all(
    paths.map(async (path) => {
      const file = relative(directory, path).split(sep).join('/');
      return new SeedDocument(file, await readFile(path, 'utf8'));
    }),
  );
}

/** Exactly one file gives the monthly factors of PUE that sites without their own follow. */
function checkMonthlyFactor(seeds: SeedCollection, documents: readonly SeedDocument[]): SeedFault[] {
  const [first, ...more] = seeds.pueMonthlyFactors();
  const again = more.map(({ document, path }) =>
    document.fault(path, 'gives the monthly PUE factors a second time', `leave them in ${first?.document.file} alone`),
  );
  const isWritten = documents.some(({ data }) => isMapping(data) && 'pueMonthlyFactor' in data);
  if (isWritten) return again;
  return seeds
    .items('sites')
    .filter(({ item }) => !item.pueMonthlyFactor)
    .map(({ document, path }) =>
      document.fault(
        path,
        'has no monthly PUE factors, and no file gives common ones',
        'add pueMonthlyFactor to one file',
      ),
    );
}

const noSeeds = (directory: string): SeedFault => ({
  file: directory,
  path: '',
  where: directory,
  problem: 'holds no .yaml file',
  remedy: 'set CHUSUAN_SEEDS_DIR to the directory of the seeds',
});

const byPlace = (a: SeedFault, b: SeedFault): number =>
  a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) : a.file < b.file ? -1 : 1;
