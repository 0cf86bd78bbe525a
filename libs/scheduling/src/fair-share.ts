import { soundParents } from '#libs/accounting';
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
 * neighbour in another institute does. Ties are theirs too: tenants that stand exactly equal rank the same; the children of
 * those that do compete as if they had one parent; and one without children ranks with the first of them. Otherwise a name
 * would decide among tenants that have used nothing yet.
 *
 * A tenant with children that has jobs of its own is ranked as one more child of itself, with the mean weight of the others.
 */
export function rankTenants(tenants: readonly TenantModel[]): ReadonlyMap<string, number> {
  const parents = soundParents(tenants);
  const sorted = tenants.toSorted((a, b) => compareKeys(a.id, b.id));
  const children = Map.groupBy(sorted, ({ id }) => parents.get(id) ?? null);
  const totals = new Map<string, number>();
  const ranks = new Map<string, number>();
  const roots = children.get(null) ?? [];
  for (const root of roots) sumUp(root);
  descend(roots.map(branchOf), 0);
  return ranks;

  function sumUp(tenant: TenantModel): number {
    const total = (children.get(tenant.id) ?? []).reduce((sum, child) => sum + sumUp(child), tenant.usage);
    totals.set(tenant.id, total);
    return total;
  }

  function branchOf(tenant: TenantModel): Branch {
    return { tenant, ratio: totals.get(tenant.id)! / tenant.weight, isOwn: false };
  }

  function branchesUnder(tenant: TenantModel, below: readonly TenantModel[]): Branch[] {
    const meanWeight = below.reduce((sum, child) => sum + child.weight, 0) / below.length;
    return [{ tenant, ratio: tenant.usage / meanWeight, isOwn: true }, ...below.map(branchOf)];
  }

  function descend(siblings: readonly Branch[], first: number): void {
    const byRatio = Map.groupBy(siblings, ({ ratio }) => ratio);
    let rank = first;
    for (const ratio of [...byRatio.keys()].toSorted((a, b) => a - b)) {
      const merged: Branch[] = [];
      for (const { tenant, isOwn } of byRatio.get(ratio)!) {
        const below = isOwn ? undefined : children.get(tenant.id);
        if (below) merged.push(...branchesUnder(tenant, below));
        else ranks.set(tenant.id, rank);
      }
      descend(merged, rank);
      rank = ranks.size;
    }
  }
}
