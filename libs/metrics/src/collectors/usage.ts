import { bounds, catalogue, other, type FamilyKey, type LabelsOf } from '../catalogue.js';
import type { Candidate } from '../named-lists.js';
import { seriesKey } from '../samples.js';
import type { Collector, CollectorContext } from './collector.js';

const tenantList = 'tenants';

/** Tenants by what they used: the order in which they are named when not all can be. */
function byTenant(rows: readonly { readonly tenant: string; readonly weight: number }[]): Candidate[] {
  const sums = new Map<string, number>();
  for (const { tenant, weight } of rows) sums.set(tenant, (sums.get(tenant) ?? 0) + weight);
  return [...sums].map(([key, weight]) => ({ key, weight }));
}

/** Returns what to write for a tenant in a series of the family. */
async function tenantNames(
  context: CollectorContext,
  rows: readonly { readonly tenant: string; readonly weight: number }[],
): Promise<(key: FamilyKey, tenant: string) => string> {
  const named = await context.lists.named(tenantList, byTenant(rows), bounds.tenants);
  return (key, tenant) => {
    if (named.has(tenant)) return tenant;
    context.dropped(key, tenant);
    return other;
  };
}

export const usageCollector: Collector = {
  name: 'usage',
  families: ['acceleratorSeconds', 'acceleratorLostSeconds'],
  async collect({ metrics }, into, context) {
    const rows = await metrics.acceleratorSeconds();
    const nameOf = await tenantNames(
      context,
      rows.map(({ tenant, cardSeconds }) => ({ tenant, weight: cardSeconds })),
    );
    const series = rows.map((row) => ({
      labels: { pool: row.pool, model: row.model, class: row.class, tenant: nameOf('acceleratorSeconds', row.tenant) },
      cardSeconds: row.cardSeconds,
    }));
    const kept = await namedSeries(context, series);
    for (const { labels, cardSeconds } of series) {
      const id = seriesKey('acceleratorSeconds', labels);
      const isNamed = labels.tenant === other || kept.has(id);
      if (!isNamed) context.dropped('acceleratorSeconds', id);
      into.add('acceleratorSeconds', isNamed ? labels : { ...labels, tenant: other }, cardSeconds);
    }
    for (const { pool, model, reason, cardSeconds } of await metrics.lostSeconds())
      into.add('acceleratorLostSeconds', { pool, model, reason }, cardSeconds);
  },
};

/** Fifty tenants in every pool, model and class are still too many series for one family. */
function namedSeries(
  { lists }: CollectorContext,
  series: readonly { readonly labels: LabelsOf<'acceleratorSeconds'>; readonly cardSeconds: number }[],
): Promise<ReadonlySet<string>> {
  const { bound, fold } = catalogue.acceleratorSeconds;
  const candidates = series
    .filter(({ labels }) => labels.tenant !== other)
    .map(({ labels, cardSeconds }) => ({ key: seriesKey('acceleratorSeconds', labels), weight: cardSeconds }));
  return lists.named('accelerator-seconds', candidates, bound - (fold?.sets ?? 0));
}

export const tenantCollector: Collector = {
  name: 'tenants',
  families: ['tenantEnergy', 'tenantEmissions'],
  async collect({ metrics }, into, context) {
    const rows = await metrics.tenantEnergy();
    const nameOf = await tenantNames(
      context,
      rows.map(({ tenant, joules }) => ({ tenant, weight: joules })),
    );
    for (const { tenant, pool, joules, marketGrams } of rows) {
      into.add('tenantEnergy', { tenant: nameOf('tenantEnergy', tenant), pool }, joules);
      into.add('tenantEmissions', { tenant: nameOf('tenantEmissions', tenant) }, marketGrams);
    }
  },
};

export const shareCollector: Collector = {
  name: 'shares',
  families: ['tenantQuota', 'tenantAllocated', 'tenantFairShare'],
  async collect({ metrics }, into, context) {
    const rows = await metrics.tenantShares();
    const candidates = byTenant(rows.map(({ tenant, held }) => ({ tenant, weight: held })));
    const named = await context.lists.named('tenants', candidates, bounds.tenants);
    for (const { tenant, quota, held, ratio } of rows) {
      // A ratio of many tenants together is none of any: who is not named is left out here, and counted as dropped.
      if (!named.has(tenant)) {
        context.dropped('tenantFairShare', tenant);
        continue;
      }
      if (quota !== null) into.add('tenantQuota', { tenant }, quota);
      into.add('tenantAllocated', { tenant }, held);
      if (ratio !== null) into.add('tenantFairShare', { tenant }, ratio);
    }
  },
};
