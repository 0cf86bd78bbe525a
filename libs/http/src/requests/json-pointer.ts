export type PathKey = string | number;

/** RFC 6901, 6: a JSON Pointer as a URI fragment, e.g. `#/resources/nodes`. */
export function pointerTo(path: readonly PropertyKey[]): string {
  const steps = path.map((key) =>
    encodeURIComponent(String(key).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')),
  );
  return `#${steps.map((step) => `/${step}`).join('')}`;
}
