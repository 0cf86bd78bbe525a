interface Tenant {
  readonly id: string;
  readonly parentId: string | null;
}

/** Parent of each tenant; null at the top. One that is not told, or that is its own ancestor, counts as the top: no circle is walked for ever. */
export function soundParents(tenants: readonly Tenant[]): ReadonlyMap<string, string | null> {
  const told = new Map(tenants.map(({ id, parentId }) => [id, parentId]));
  const isOwnAncestor = (id: string): boolean => {
    const seen = new Set<string>();
    let at = told.get(id);
    while (at && at !== id && !seen.has(at)) {
      seen.add(at);
      at = told.get(at);
    }
    return at === id;
  };
  return new Map(
    tenants.map(({ id, parentId }) => [
      id,
      parentId !== null && told.has(parentId) && !isOwnAncestor(id) ? parentId : null,
    ]),
  );
}
