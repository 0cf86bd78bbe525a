import type { TenantModel } from './model.js';

/** Parent of each tenant, null for those at the top. */
export type Parents = ReadonlyMap<string, string | null>;

export const parentsOf = (tenants: readonly TenantModel[]): Parents =>
  new Map(tenants.map((tenant) => [tenant.id, tenant.parentId]));

/** The tenants listed and all below them. A listed tenant that the tree does not know stands for itself. */
export function membersOf(listed: readonly string[], parents: Parents): ReadonlySet<string> {
  const members = new Set(listed);
  const strangers = new Set<string>();
  for (const id of parents.keys()) {
    const way: string[] = [];
    let at: string | null | undefined = id;
    while (at && !members.has(at) && !strangers.has(at) && !way.includes(at)) {
      way.push(at);
      at = parents.get(at);
    }
    const side = at && members.has(at) ? members : strangers;
    for (const step of way) side.add(step);
  }
  return members;
}
