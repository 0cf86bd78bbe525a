import { catalogue, familyOf, type FamilyKey, type LabelsOf } from './catalogue.js';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
/** Equal label values give equal keys; the order of the catalogue's labels makes a pool's series sort together. */
export const seriesKey = (key: FamilyKey, labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(catalogue[key].labels.map((label) => labels[label]));

/** What one collector found, checked against the catalogue as it is written down. */
export class Samples {
  private readonly byFamily = new Map<FamilyKey, Map<string, Sample>>();

  constructor(families: readonly FamilyKey[]) {
    for (const key of families) this.byFamily.set(key, new Map());
  }

  /**
   * Adds to the series; a zero makes it known. Throws on a family that the collector did not announce, on labels that are not
   * exactly the catalogue's, and on a value that is no finite number.
   */
  add<K extends FamilyKey>(key: K, labels: LabelsOf<K>, value: number): void {
    this.addRow(key, labels, value);
  }

  /** As add, for labels that come from a table. */
  addRow(key: FamilyKey, labels: Readonly<Record<string, string>>, value: number): void {
    const series = this.byFamily.get(key);
    const { name } = familyOf(key);
    if (series === undefined) throw new Error(`${name} is not among the families of this collector: list it there`);
    if (!hasExactly(labels, familyOf(key).labels))
      throw new Error(
        `${name} has labels [${Object.keys(labels).join(', ')}]: give those of the catalogue, all of them`,
      );
    if (!Number.isFinite(value))
      throw new Error(`${name}${seriesKey(key, labels)} is ${value}: a sample is a finite number`);
    const id = seriesKey(key, labels);
    series.set(id, { labels, value: (series.get(id)?.value ?? 0) + value });
  }

  of(key: FamilyKey): ReadonlyMap<string, Sample> {
    return this.byFamily.get(key) ?? new Map();
  }
}

export function hasExactly(labels: Readonly<Record<string, string>>, names: readonly string[]): boolean {
  const given = Object.keys(labels);
  return given.length === names.length && names.every((name) => typeof labels[name] === 'string');
}
