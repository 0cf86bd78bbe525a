import { overPromised } from '#libs/accounting';
import type { SeedCollection } from './seed-collection.js';
import type { SeedFault } from './seed-document.js';

/** The quotas of a tenant's children are parts of its own: together they may not be more. */
export function quotaFaults(seeds: SeedCollection): SeedFault[] {
  const tenants = seeds.items('tenants');
  const quotas = tenants.map(({ item }) => ({
    id: item.id,
    parentId: item.parentId ?? null,
    ...(item.quota.cards && { quota: { cards: item.quota.cards.value } }),
  }));
  const faults = new Map(overPromised(quotas).map((over) => [over.tenantId, over]));
  return tenants.flatMap(({ item, document, path }) => {
    const over = faults.get(item.id);
    if (!over) return [];
    const problem = `has ${over.cards} reference cards, and those below it ${over.promised}`;
    return [document.fault([...path, 'quota', 'cards'], problem, 'raise it, or lower the quotas below it')];
  });
}
