import type { Architecture, Catalogue, DataLevel, NodeShape, PoolTier, Stack } from '#libs/domain';

/** A node group that jobs can be sent to, with what its pool allows. */
export interface Offer {
  readonly poolId: string;
  readonly tier: PoolTier;
  readonly districtId: string;
  readonly levels: readonly DataLevel[];
  readonly latencyMs: Readonly<Record<string, number>>;
  readonly model: string | null;
  readonly cardMemoryGiB: number;
  readonly architecture: Architecture;
  readonly stack: Stack;
  readonly nodes: number;
  readonly shape: NodeShape;
  /** Gives out parts of its cards. */
  readonly shares: boolean;
}

/** The groups of all pools that we place jobs in: managed and enabled. */
export function offersOf(catalogue: Pick<Catalogue, 'pools' | 'sites' | 'nodeGroups'>): Offer[] {
  const districts = new Map(catalogue.sites.map((site) => [site.id, site.district.id]));
  const pools = new Map(
    catalogue.pools.filter((pool) => pool.enabled && pool.scope === 'managed').map((pool) => [pool.id, pool]),
  );
  return catalogue.nodeGroups.flatMap((group) => {
    const pool = pools.get(group.poolId);
    if (!pool) return [];
    return {
      poolId: pool.id,
      tier: pool.tier,
      districtId: districts.get(pool.siteId) ?? '',
      levels: pool.dataLevels.levels,
      latencyMs: pool.latencyOneWayMs.byDistrict,
      model: group.acceleratorModel,
      cardMemoryGiB: group.acceleratorMemoryGiB,
      architecture: group.architecture,
      stack: group.stack,
      nodes: group.nodes.value,
      shape: group.shape,
      shares: group.sharing !== undefined,
    };
  });
}

/** What a job takes together: `nodes` equal nodes of one group. */
export interface Gang {
  readonly nodes: number;
  readonly perNode: NodeShape;
}

/** Jobs without cards go to groups without cards: the generator asks as the planner places. */
export const holds = (offer: Offer, { nodes, perNode }: Gang): boolean =>
  offer.shape.cards > 0 === perNode.cards > 0 &&
  nodes <= offer.nodes &&
  perNode.cards <= offer.shape.cards &&
  perNode.cores <= offer.shape.cores &&
  perNode.memoryGiB <= offer.shape.memoryGiB;

export const within = (offer: Offer, district: string, maxMs: number): boolean =>
  (offer.latencyMs[district] ?? Infinity) <= maxMs;
