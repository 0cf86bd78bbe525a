import { type Catalogue, type Instant, type NodeGroup, type Site } from '#libs/domain';
import { type SiteEnergy, type SupplyHour, nodeWatts, outlookFor, powerModelAt, pueAt, tariffAt } from '#libs/energy';

/** The energy side of one site of the catalogue, ready to be asked hour by hour. */
export interface SiteBook {
  readonly site: Site;
  readonly poolIds: readonly string[];
  readonly groups: readonly NodeGroup[];
  supplyAt(at: Instant): SupplyHour;
  /** PUE of the month, modelled: annual × monthly factor. */
  pueAt(at: Instant): number;
  /** Facility watts at the pools' baseline utilisation: the load that an outlook expects before it is measured. */
  expectedWattsAt(at: Instant): number;
}

/** One book for each site that has a pool among `poolIds`. Throws RangeError when a site names a grid or tariff that is not there. */
export function siteBooks(catalogue: Catalogue, poolIds: ReadonlySet<string>): Map<string, SiteBook> {
  const bySite = Map.groupBy(
    catalogue.pools.filter((pool) => poolIds.has(pool.id)),
    (pool) => pool.siteId,
  );
  return new Map(
    catalogue.sites
      .filter((site) => bySite.has(site.id))
      .map((site) => [
        site.id,
        bookOf(
          catalogue,
          site,
          (bySite.get(site.id) ?? []).map((pool) => pool.id),
        ),
      ]),
  );
}

function bookOf(catalogue: Catalogue, site: Site, poolIds: readonly string[]): SiteBook {
  const groups = catalogue.nodeGroups.filter((group) => poolIds.includes(group.poolId));
  const supplies = new Map<string, (at: Instant) => SupplyHour>();
  const pueOf = (at: Instant): number => pueAt(site.pue, at);
  const baseline = new Map(catalogue.pools.map((pool) => [pool.id, pool.baselineUtilisation.value]));
  return {
    site,
    poolIds,
    groups,
    pueAt: pueOf,
    supplyAt: (at) => {
      const energy = siteEnergy(catalogue, site, at);
      const key = energy.tariff.validFrom;
      const supply = supplies.get(key) ?? outlookFor(energy);
      supplies.set(key, supply);
      return supply(at);
    },
    expectedWattsAt: (at) =>
      pueOf(at) *
      groups.reduce(
        (watts, group) =>
          watts + group.nodes.value * nodeWatts(powerModelAt(group.power, at), baseline.get(group.poolId) ?? 0),
        0,
      ),
  };
}

function siteEnergy(catalogue: Catalogue, site: Site, at: Instant): SiteEnergy {
  const grid = catalogue.grids.find((zone) => zone.id === site.gridId);
  const tariff = tariffAt(catalogue.tariffs, site.tariff.id, at);
  if (!grid)
    throw new RangeError(
      `site ${site.id} names grid "${site.gridId}", which the catalogue does not have: seed it first`,
    );
  if (!tariff)
    throw new RangeError(
      `site ${site.id} names tariff "${site.tariff.id}", which the catalogue does not have: seed it first`,
    );
  return { supply: site.supply, grid, tariff, planId: site.tariff.planId };
}
