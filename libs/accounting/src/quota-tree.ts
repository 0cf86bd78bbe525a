import { compareKeys } from '#libs/domain';
import { soundParents } from './sound-parents.js';

/** All in reference cards held at a time. */
export interface QuotaModel {
  /** What the tenant and those below it may always have: the quotas of those below are parts of it. */
  readonly cards: number;
  /** How much more than `cards` it may take of what others leave idle; absent: as much as there is. */
  readonly borrowingLimit?: number;
  /** How much of `cards` others may take while it is idle; absent: all. */
  readonly lendingLimit?: number;
}

export interface QuotaTenant {
  readonly id: string;
  readonly parentId: string | null;
  readonly quota?: QuotaModel;
}

/** Whole thousandths of a reference card, so that what is added and taken off leaves nothing behind. */
export const milliOf = (cards: number): number => Math.round(cards * 1000);

/**
 * One account of the book: a tenant with a quota of its own, or the root above them all. The words are those of Kueue's
 * hierarchical cohorts (`resource_node.go`), in milli reference cards:
 *
 * - `nominal`: the quota, at least the sum of the quotas below it: what was promised on is kept, whoever promised too much;
 * - `ownPart`: what of it was not promised to accounts below;
 * - `pool`: `ownPart` and what the accounts below put into it (`pool − kept` of each);
 * - `kept`: the part of the pool that is never lent upwards (all above the lending limit);
 * - `ceiling`: `pool` and the borrowing limit.
 */
export interface Account {
  readonly tenantId: string | null;
  /** Index of the account it draws on; −1: the root has none. */
  readonly parent: number;
  readonly nominal: number;
  readonly ownPart: number;
  readonly pool: number;
  readonly kept: number;
  readonly ceiling: number;
  readonly children: readonly number[];
}

export interface QuotaTree {
  /** Parents stand before their children; the root is the first. */
  readonly accounts: readonly Account[];
  /** Account that each tenant draws on; −1: none, it is not limited. */
  readonly accountOf: ReadonlyMap<string, number>;
}

/**
 * Tenants that have promised more than they have: the quotas below are parts of a tenant's own, and together may not be more.
 * Amounts in reference cards.
 */
export function overPromised(
  tenants: Iterable<QuotaTenant>,
): { readonly tenantId: string; readonly cards: number; readonly promised: number }[] {
  const known = [...tenants];
  const quotas = new Map(known.map((tenant) => [tenant.id, tenant.quota?.cards ?? 0]));
  return quotaTreeOf(known).accounts.flatMap(({ tenantId, nominal }) => {
    const cards = tenantId === null ? undefined : quotas.get(tenantId);
    if (tenantId === null || cards === undefined || milliOf(cards) >= nominal) return [];
    return [{ tenantId, cards, promised: nominal / 1000 }];
  });
}

/** The accounts of a tenant tree. A parent that is not among the tenants counts as the root, and so does one that is its own ancestor. */
export function quotaTreeOf(tenants: Iterable<QuotaTenant>): QuotaTree {
  const sorted = [...tenants].toSorted((a, b) => compareKeys(a.id, b.id));
  const byId = new Map(sorted.map((tenant) => [tenant.id, tenant]));
  const parents = soundParents(sorted);
  /** The nearest with a quota on the way up from `id`, itself included; null where there is none. */
  const holderOf = (id: string | null): string | null => {
    let at = id;
    while (at !== null && !byId.get(at)!.quota) at = parents.get(at)!;
    return at;
  };
  const holders = sorted.filter((tenant) => tenant.quota !== undefined);
  const below = Map.groupBy(holders, ({ id }) => holderOf(parents.get(id)!));
  const accounts: Account[] = [];
  open(null, -1, accounts, below);
  const indexOf = new Map(accounts.map((account, index) => [account.tenantId, index]));
  const accountOf = new Map(
    sorted.map(({ id }) => {
      const holder = holderOf(id);
      return [id, holder === null ? -1 : indexOf.get(holder)!];
    }),
  );
  return { accounts, accountOf };
}

/** Adds the account of `tenant` and of all below it; answers with its index. */
function open(
  tenant: QuotaTenant | null,
  parent: number,
  accounts: Account[],
  below: ReadonlyMap<string | null, readonly QuotaTenant[]>,
): number {
  const index = accounts.length;
  // Holds the place, so that a parent stands before its children; its figures follow from theirs.
  accounts.push({ tenantId: null, parent, nominal: 0, ownPart: 0, pool: 0, kept: 0, ceiling: 0, children: [] });
  const children = (below.get(tenant?.id ?? null) ?? []).map((child) => open(child, index, accounts, below));
  const promised = children.reduce((sum, child) => sum + accounts[child]!.nominal, 0);
  const nominal = Math.max(milliOf(tenant?.quota?.cards ?? 0), promised);
  const ownPart = nominal - promised;
  const pool = ownPart + children.reduce((sum, child) => sum + accounts[child]!.pool - accounts[child]!.kept, 0);
  const { lendingLimit, borrowingLimit } = tenant?.quota ?? {};
  const kept = lendingLimit === undefined ? 0 : Math.max(0, pool - milliOf(lendingLimit));
  const ceiling = tenant === null ? pool : borrowingLimit === undefined ? Infinity : pool + milliOf(borrowingLimit);
  accounts[index] = { tenantId: tenant?.id ?? null, parent, nominal, ownPart, pool, kept, ceiling, children };
  return index;
}
