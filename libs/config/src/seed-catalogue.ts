import type { Catalogue, GridZone, NodeGroup, Pool, Series, Site, Tenant } from '#libs/domain';
import type { SeedCollection } from './seed-collection.js';
import type { SeedItem, SeedSection } from './seed-schema.js';

/** Puts faultless seeds together: groups get what their type and its cards have, sites the common monthly PUE factors. */
export function buildCatalogue(seeds: SeedCollection): Catalogue {
  const pools = all(seeds, 'pools');
  const monthly = seeds.pueMonthlyFactors()[0]?.item;
  return {
    systems: all(seeds, 'systems'),
    sites: all(seeds, 'sites').map((site) => siteOf(site, monthly)),
    pools: pools.map(poolOf),
    nodeGroups: pools.flatMap((pool) => pool.nodeGroups.map((group) => nodeGroupOf(seeds, pool.id, group))),
    nodeTypes: all(seeds, 'nodeTypes'),
    acceleratorModels: all(seeds, 'acceleratorModels'),
    exchangeRates: all(seeds, 'exchangeRates'),
    districts: all(seeds, 'districts'),
    priorityClasses: seeds.priorityClasses(),
    jobKinds: all(seeds, 'jobKinds'),
    tenants: all(seeds, 'tenants').map((tenant) => tenantOf(seeds, tenant)),
    tariffs: all(seeds, 'tariffs'),
    grids: all(seeds, 'grids').map(gridOf),
    links: all(seeds, 'links'),
    calendars: all(seeds, 'calendars'),
    pueLimits: all(seeds, 'pueLimits'),
    benchmarks: all(seeds, 'benchmarks'),
    sources: all(seeds, 'sources'),
    assumptions: all(seeds, 'assumptions'),
  };
}

const all = <S extends SeedSection>(seeds: SeedCollection, section: S): SeedItem<S>[] =>
  seeds.items(section).map(({ item }) => item);

function siteOf({ pueAnnual, pueMonthlyFactor, ...site }: SeedItem<'sites'>, common: Series | undefined): Site {
  const monthlyFactor = pueMonthlyFactor ?? common;
  if (!monthlyFactor)
    throw new Error(`site ${site.id} has no monthly PUE factors although the seeds passed their checks`);
  return { ...site, pue: { annual: pueAnnual, monthlyFactor } };
}

function poolOf({ nodeGroups: _groups, ...pool }: SeedItem<'pools'>): Pool {
  return pool;
}

function nodeGroupOf(seeds: SeedCollection, poolId: string, group: SeedItem<'pools'>['nodeGroups'][number]): NodeGroup {
  const type = all(seeds, 'nodeTypes').find(({ id }) => id === group.nodeType);
  const architecture = group.architecture?.id ?? type?.architectures[0];
  if (!type || !architecture)
    throw new Error(`group ${group.id} has no node type although the seeds passed their checks`);
  const model = all(seeds, 'acceleratorModels').find(({ id }) => id === type.acceleratorModel);
  return {
    id: group.id,
    poolId,
    nodeTypeId: type.id,
    name: group.name,
    nodes: group.nodes,
    acceleratorModel: type.acceleratorModel,
    acceleratorMemoryGiB: model?.memoryGiB.value ?? 0,
    architecture,
    stack: model?.stack ?? 'none',
    shape: {
      cards: type.acceleratorsPerNode.value,
      cores: type.cpuCores.value,
      memoryGiB: type.memoryGiB.value,
    },
    power: type.power,
    ...(group.nodesPerBlock && { nodesPerBlock: group.nodesPerBlock }),
    ...(group.sharing && { sharing: group.sharing }),
  };
}

function tenantOf(seeds: SeedCollection, tenant: SeedItem<'tenants'>): Tenant {
  const kinds = new Map(all(seeds, 'jobKinds').map((kind) => [kind.id, kind.class]));
  return {
    ...tenant,
    jobs: tenant.jobs.map((job) => {
      const jobClass = kinds.get(job.kind);
      if (!jobClass)
        throw new Error(`tenant ${tenant.id} has a job of unknown kind although the seeds passed their checks`);
      return { ...job, class: jobClass };
    }),
  };
}

function gridOf({ factorsKgPerKwh, ...grid }: SeedItem<'grids'>): GridZone {
  return { ...grid, factors: factorsKgPerKwh };
}
