import type { Figure, Provenance } from '#libs/domain';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether anything in the item rests on an assumption. */
export function holdsAssumption(item: unknown): boolean {
  if (Array.isArray(item)) return item.some(holdsAssumption);
  return isObject(item) && (typeof item['assumption'] === 'string' || Object.values(item).some(holdsAssumption));
}

/**
 * Every number of the item that says where it comes from, by its path (`racks`, `pue.annual`, `modelled.accelerators`). A
 * number below a source takes it from the nearest object that names one. Tables of numbers are left out.
 */
export function figuresOf(item: unknown, path = ''): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  collect(item, { path, from: {} }, figures);
  return figures;
}

function collect(item: unknown, at: { path: string; from: Provenance }, figures: Record<string, Figure>): void {
  if (!isObject(item)) {
    const known = at.from.source !== undefined || at.from.assumption !== undefined;
    if (typeof item === 'number' && known) figures[at.path] = { value: item, ...at.from };
    return;
  }
  const from = provenanceOf(item) ?? at.from;
  for (const [key, value] of Object.entries(item)) {
    const path = key === 'value' ? at.path : at.path === '' ? key : `${at.path}.${key}`;
    collect(value, { path, from }, figures);
  }
}

function provenanceOf(item: Json): Provenance | null {
  const { source, assumption } = item;
  if (typeof source !== 'string' && typeof assumption !== 'string') return null;
  return {
    ...(typeof source === 'string' && { source }),
    ...(typeof assumption === 'string' && { assumption }),
  };
}
