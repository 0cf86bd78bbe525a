import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Specs that a source is tried against beside its own (`x.spec.ts`, `x.….spec.ts` and `x-….spec.ts` for `x.ts`), by its path
 * from the lib's src. Those of the whole planner are slow: name them only where no smaller one looks at the source.
 */
const alsoSeenBy: Readonly<Record<string, readonly string[]>> = {
  'awaited.ts': ['resolve.spec.ts', 'resolve.books.spec.ts', 'resolve-rules.spec.ts'],
  'counter-profile.ts': ['profile.spec.ts'],
  'device-profile.ts': ['profile.spec.ts'],
  'diagnosis.ts': ['explanation.spec.ts'],
  'explanation.ts': ['refusals.spec.ts'],
  'job-kinds.ts': ['waiting-queue.spec.ts'],
  'node-profile.ts': ['profile.spec.ts'],
  'node-timeline.ts': ['node-profile.spec.ts'],
  'order.ts': ['waiting-queue.spec.ts', 'share-convergence.spec.ts'],
  'quote.ts': ['what-if.spec.ts'],
  'refusing.ts': ['filters.spec.ts'],
  'room-book.ts': ['refusals.spec.ts'],
};

export const src = 'libs/scheduling/src';

/** Where there is nothing to try: types and lists of what is exported. */
const isData = (name: string): boolean =>
  ['index.ts', 'model.ts', 'profile.ts', 'planner-face.ts'].includes(basename(name));
const isSource = (name: string): boolean =>
  name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('testing') && !isData(name);

const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' });

/** All sources of the lib, by their path from its src. */
export const sources = (): string[] => filesIn(src).filter(isSource).sort();

/** Paths of the specs that a source is tried against; none where nobody has named one. */
export function specsOf(source: string): string[] {
  const stem = basename(source, '.ts');
  const own = readdirSync(join(src, dirname(source)))
    .filter((name) => name.endsWith('.spec.ts') && (name.startsWith(`${stem}.`) || name.startsWith(`${stem}-`)))
    .map((name) => join(dirname(source), name));
  return [...own, ...(alsoSeenBy[source] ?? [])].map((name) => join(src, name));
}
