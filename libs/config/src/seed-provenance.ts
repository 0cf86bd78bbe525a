import type { SeedDocument, SeedFault, SeedPath } from './seed-document.js';

const citations = ['source', 'assumption'];

/**
 * Every number must stand in a mapping that names a source or an assumption, itself or one around it, and every id so named
 * must be defined. Walks the raw text of the file and not the parsed catalogue, so that a new section is under the rule
 * from its first day.
 */
export function checkProvenance(document: SeedDocument, defined: ReadonlySet<string>): SeedFault[] {
  const faults: SeedFault[] = [];
  const walk = (value: unknown, path: SeedPath, cited: boolean): void => {
    if (typeof value === 'number') {
      if (!cited) faults.push(unsourced(document, path));
      return;
    }
    if (Array.isArray(value)) {
      value.forEach((item, index) => walk(item, [...path, index], cited));
      return;
    }
    if (value === null || typeof value !== 'object') return;
    const here = cited || citations.some((key) => key in value);
    for (const [key, inner] of Object.entries(value)) {
      if (citations.includes(key)) faults.push(...undefinedIds(document, [...path, key], inner, defined));
      else walk(inner, [...path, key], here);
    }
  };
  walk(document.data, [], false);
  return faults;
}

const unsourced = (document: SeedDocument, path: SeedPath): SeedFault =>
  document.fault(
    path,
    'is a number without a source or an assumption',
    'write it as {value: …, source: S…} or {value: …, assumption: A-…}, with an id of sources.yaml',
  );

function undefinedIds(
  document: SeedDocument,
  path: SeedPath,
  named: unknown,
  defined: ReadonlySet<string>,
): SeedFault[] {
  if (typeof named !== 'string') return [];
  return named
    .split(',')
    .map((word) => word.trim())
    .filter((word) => !defined.has(word))
    .map((word) =>
      document.fault(
        path,
        `names "${word}", which no seed defines`,
        'define it in sources.yaml, or name one that is there',
      ),
    );
}
