import { type Catalogue, type Citation, type Figure, type JobRequest, type NodeGroup, type Site } from '#libs/domain';
import { linkModelsOf, linksOf, stagingSeconds } from '#libs/scheduling';

/** The parts of the catalogue that requests are checked against and answers explained with. */
export type ReferenceCatalogue = Pick<
  Catalogue,
  | 'pools'
  | 'sites'
  | 'links'
  | 'nodeGroups'
  | 'districts'
  | 'acceleratorModels'
  | 'exchangeRates'
  | 'sources'
  | 'assumptions'
>;

/** The catalogue, indexed for look-ups by id. */
export class Reference {
  readonly poolIds: ReadonlySet<string>;
  readonly siteIds: ReadonlySet<string>;
  readonly districtIds: ReadonlySet<string>;
  readonly acceleratorModels: ReadonlySet<string>;
  private readonly simulatedPools: ReadonlySet<string>;
  private readonly sources: ReadonlyMap<string, Citation>;
  private readonly assumptions: ReadonlyMap<string, Citation>;
  private readonly behindEnergy = new Map<string, readonly Citation[]>();

  constructor(private readonly catalogue: ReferenceCatalogue) {
    this.poolIds = new Set(catalogue.pools.map((pool) => pool.id));
    this.siteIds = new Set(catalogue.sites.map((site) => site.id));
    this.districtIds = new Set(catalogue.districts.map((district) => district.id));
    this.acceleratorModels = new Set(catalogue.acceleratorModels.map((model) => model.id));
    this.simulatedPools = new Set(
      catalogue.pools.filter((pool) => pool.engine.kind === 'simulated').map((pool) => pool.id),
    );
    this.sources = new Map(catalogue.sources.map((source) => [source.id, source]));
    this.assumptions = new Map(catalogue.assumptions.map((assumption) => [assumption.id, assumption]));
  }

  siteOf(poolId: string): string | undefined {
    return this.catalogue.pools.find((pool) => pool.id === poolId)?.siteId;
  }
  isSimulated(poolId: string): boolean {
    return this.simulatedPools.has(poolId);
  }
  get hasSimulatedPools(): boolean {
    return this.catalogue.pools.some((pool) => pool.enabled && this.simulatedPools.has(pool.id));
  }
  poolName(poolId: string): { readonly zh: string; readonly en: string } {
    return this.catalogue.pools.find((pool) => pool.id === poolId)?.name ?? { zh: poolId, en: poolId };
  }

  /** Seconds that bringing inputs to a pool takes over the declared links, as the planner reckons; null: nothing is to be brought, or nothing can. */
  stagingSeconds(inputs: JobRequest['inputs'], poolId: string): number | null {
    const siteId = this.siteOf(poolId);
    if (siteId === undefined) return null;
    const links = linksOf(siteId, this.catalogue.links.flatMap(linkModelsOf));
    const job = { inputs: inputs?.map(({ site, sizeGiB }) => ({ siteId: site, sizeGiB })) };
    const seconds = stagingSeconds(job, { pool: { siteId }, links });
    return seconds > 0 && seconds < Infinity ? seconds : null;
  }

  /** One field may name several ids, separated by commas; their texts are then told together. */
  sourceOf(figure: Figure): Citation | undefined {
    return cited(figure.source, this.sources);
  }
  assumptionOf(figure: Figure): Citation | undefined {
    return cited(figure.assumption, this.assumptions);
  }

  /** Assumptions that a pool's energy, carbon and cost figures rest on: its PUE, its supply, the power of its nodes. */
  assumptionsBehindEnergy(poolId: string): readonly Citation[] {
    const known = this.behindEnergy.get(poolId) ?? this.collectBehindEnergy(poolId);
    this.behindEnergy.set(poolId, known);
    return known;
  }

  private collectBehindEnergy(poolId: string): readonly Citation[] {
    const pool = this.catalogue.pools.find((candidate) => candidate.id === poolId);
    const site = this.catalogue.sites.find((candidate) => candidate.id === pool?.siteId);
    const groups = this.catalogue.nodeGroups.filter((group) => group.poolId === poolId);
    const ids = new Set([...(site ? behindSite(site) : []), ...groups.flatMap(behindPower)].flatMap(idsIn));
    return [...ids].toSorted().map((id) => this.assumptions.get(id) ?? { id, text: { zh: id, en: id } });
  }
}

type Assumed = { readonly assumption?: string } | undefined;
const behindSite = ({ pue, supply }: Site): Assumed[] => [
  pue.annual,
  pue.monthlyFactor,
  ...(supply.directPv.enabled ? [supply.directPv] : []),
  supply.hydroDirectShare,
  ...supply.contracts,
];
const behindPower = (group: NodeGroup): Assumed[] =>
  group.power.flatMap((row) => [row.idleWatts, row.peakWatts, row.exponent]);
const idsIn = (figure: Assumed): string[] => splitIds(figure?.assumption);
const splitIds = (ids: string | undefined): string[] =>
  (ids ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');

function cited(ids: string | undefined, known: ReadonlyMap<string, Citation>): Citation | undefined {
  const found = splitIds(ids).map((id) => known.get(id) ?? { id, text: { zh: id, en: id } });
  if (found.length === 0) return undefined;
  const joined = (language: 'zh' | 'en', mark: string): string => found.map((it) => it.text[language]).join(mark);
  return { id: found.map((it) => it.id).join(','), text: { zh: joined('zh', '；'), en: joined('en', '; ') } };
}
