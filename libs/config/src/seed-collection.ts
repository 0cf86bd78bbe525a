import type { SeedDocument, SeedFault, SeedPath } from './seed-document.js';
import { type SeedFile, type SeedItem, type SeedSection, seedFile } from './seed-schema.js';
import { nearestWord } from './fault.js';

/** A thing of a seed and where it stands. */
export interface Located<T> {
  readonly item: T;
  readonly document: SeedDocument;
  readonly path: SeedPath;
}

/** Everything of all files that has the right shape, by section. */
export class SeedCollection {
  private readonly files: { readonly document: SeedDocument; readonly data: SeedFile }[] = [];

  constructor(private readonly documents: readonly SeedDocument[]) {}

  /** Takes what of the documents has the right shape and returns the faults of the rest. */
  parse(): SeedFault[] {
    return this.documents.flatMap((document) => {
      const parsed = seedFile.safeParse(document.data);
      if (parsed.success) {
        this.files.push({ document, data: parsed.data });
        return [];
      }
      return parsed.error.issues.flatMap((issue) => issueFaults(document, issue));
    });
  }

  items<S extends SeedSection>(section: S): Located<SeedItem<S>>[] {
    return this.files.flatMap(({ document, data }) =>
      ((data[section] ?? []) as SeedItem<S>[]).map((item, index) => ({ item, document, path: [section, index] })),
    );
  }

  priorityClasses(): NonNullable<SeedFile['priorityClasses']> {
    return this.files.flatMap(({ data }) => data.priorityClasses ?? []);
  }

  pueMonthlyFactors(): Located<NonNullable<SeedFile['pueMonthlyFactor']>>[] {
    return this.files.flatMap(({ document, data }) =>
      data.pueMonthlyFactor ? [{ item: data.pueMonthlyFactor, document, path: ['pueMonthlyFactor'] }] : [],
    );
  }

  /** Every id that a section defines, also in files with faults: one wrong number must not make its pool unknown to others. */
  idsOf(section: SeedSection): Set<string> {
    return new Set(this.rawItems(section).flatMap(({ item }) => (typeof item.id === 'string' ? [item.id] : [])));
  }

  /** Items as they stand in the files, of the right shape or not. */
  rawItems(section: SeedSection): Located<Record<string, unknown>>[] {
    return this.documents.flatMap((document) => {
      const list = isMapping(document.data) ? document.data[section] : undefined;
      if (!Array.isArray(list)) return [];
      return list.flatMap((item: unknown, index) =>
        isMapping(item) ? [{ item, document, path: [section, index] }] : [],
      );
    });
  }
}

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function issueFaults(document: SeedDocument, issue: Issue): SeedFault[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => {
      const near = path.length === 0 ? nearestWord(key, Object.keys(seedFile.shape)) : undefined;
      const remedy = near
        ? `did you mean "${near}"?`
        : 'remove it or mend its spelling; seeds/README.md shows the keys';
      return document.fault([...path, key], `"${key}" is no key of a seed here`, remedy);
    });
  }
  return [
    document.fault(path, issue.message, 'mend it after a neighbour of the same kind; seeds/README.md shows the shape'),
  ];
}
