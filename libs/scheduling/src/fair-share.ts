import { compareKeys } from '#libs/domain';
import type { TenantModel } from './model.js';

interface Branch {
  readonly tenant: TenantModel;
  /** Use of the whole subtree over weight: who has least of its due goes first. */
  readonly ratio: number;
  /** The tenant standing for its own jobs, beside its children. */
  readonly isOwn: boolean;
}

/**
 * Rank of each tenant, 0 first: the fair tree (Slurm's Fair Tree, in the words of Cox and Morrison, 2014). Siblings are compared
 * by the use of their subtree over their weight, level by level from the roots, so that a project never gains by what its
 * neighbour in another institute does. Siblings that stand exactly equal are merged: tenants rank the same and their children
 * compete as if they had one parent; otherwise a name would decide among tenants that have used nothing yet.
 *
 * A tenant with children that has jobs of its own is ranked as one more child of itself, with the mean weight of the others.
 */
export function rankTenants(tenants: readonly TenantModel[]): ReadonlyMap<string, number> {
  const known = new Set(tenants.map((tenant) => tenant.id));
  const children = new Map<string | null, TenantModel[]>();
  for (const tenant of tenants.toSorted((a, b) => compareKeys(a.id, b.id))) {
    const parent = tenant.parentId !== null && known.has(tenant.parentId) ? tenant.parentId : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(tenant);
    else children.set(parent, [tenant]);
  }
  const totals = new Map<string, number>();
  const ranks = new Map<string, number>();
  descend((children.get(null) ?? []).map(branchOf));
  return ranks;

  function totalOf(tenant: TenantModel): number {
    const kept = totals.get(tenant.id);
    if (kept !== undefined) return kept;
    const sum = (children.get(tenant.id) ?? []).reduce((acc, child) => acc + totalOf(child), tenant.usage);
    totals.set(tenant.id, sum);
    return sum;
  }

  function branchOf(tenant: TenantModel): Branch {
    return { tenant, ratio: totalOf(tenant) / tenant.weight, isOwn: false };
  }

  function branchesUnder(tenant: TenantModel): Branch[] {
    const below = children.get(tenant.id) ?? [];
    const meanWeight = below.reduce((acc, child) => acc + child.weight, 0) / below.length;
    return [{ tenant, ratio: tenant.usage / meanWeight, isOwn: true }, ...below.map(branchOf)];
  }

  function descend(siblings: readonly Branch[]): void {
    const sorted = siblings.toSorted((a, b) => a.ratio - b.ratio);
    for (let i = 0; i < sorted.length;) {
      const ratio = sorted[i]!.ratio;
      const rank = ranks.size;
      const merged: Branch[] = [];
      for (; i < sorted.length && sorted[i]!.ratio === ratio; i++) {
        const branch = sorted[i]!;
        if (branch.isOwn || !children.has(branch.tenant.id)) ranks.set(branch.tenant.id, rank);
        else merged.push(...branchesUnder(branch.tenant));
      }
      if (merged.length > 0) descend(merged);
    }
  }
}
