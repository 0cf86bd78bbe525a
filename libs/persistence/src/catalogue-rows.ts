import type { AcceleratorModel, Catalogue, NodeGroup, NodeType, Pool, Site, Tenant } from '#libs/domain';
import type { InferEntity } from '@mikro-orm/core';
import { contentHash } from './canonical-json.js';
import type { NodeGroupSchema, PoolSchema, ReferenceSchema, SiteSchema, TenantSchema } from './catalogue-entities.js';
import { holdsAssumption } from './catalogue-figures.js';

type RowOf<Schema> = Omit<
  InferEntity<Schema>,
  'seedHash' | 'listed' | 'usableCards' | 'usableCores' | 'usableMemoryGib' | 'usableNodes' | symbol
>;
/** A row as the seeds want it; `seedHash` tells at a glance whether the stored one says the same. */
export type Hashed<Row> = Row & { readonly seedHash: string };
export interface CatalogueRows {
  readonly references: readonly Hashed<RowOf<typeof ReferenceSchema>>[];
  readonly sites: readonly Hashed<RowOf<typeof SiteSchema>>[];
  readonly pools: readonly Hashed<RowOf<typeof PoolSchema>>[];
  readonly groups: readonly Hashed<RowOf<typeof NodeGroupSchema>>[];
  /** Parents before children. */
  readonly tenants: readonly Hashed<RowOf<typeof TenantSchema>>[];
}

/** Parts of the catalogue that no SQL filters by: each item is one row of `reference`, under its key here. */
export const referenceKinds = [
  'systems',
  'nodeTypes',
  'acceleratorModels',
  'exchangeRates',
  'districts',
  'priorityClasses',
  'jobKinds',
  'tariffs',
  'grids',
  'links',
  'calendars',
  'pueLimits',
  'benchmarks',
  'sources',
  'assumptions',
] as const satisfies readonly (keyof Catalogue)[];
export type ReferenceKind = (typeof referenceKinds)[number];

/**
 * The tables as the catalogue wants them. `enable`: ways of running (`dev`) that switch on pools which name them in
 * `enabledIn`. Throws RangeError when two items of a kind have one id, or one names a node type or model that is not there.
 */
export function catalogueRows(catalogue: Catalogue, enable: readonly string[]): CatalogueRows {
  const types = new Map(catalogue.nodeTypes.map((type) => [type.id, type]));
  const models = new Map(catalogue.acceleratorModels.map((model) => [model.id, model]));
  return {
    references: unique(
      'reference',
      referenceKinds.flatMap((kind) => referencesOf(catalogue, kind)),
      (row) => `${row.kind}/${row.id}`,
    ),
    sites: unique(
      'site',
      catalogue.sites.map((site, position) => siteRow(site, position)),
    ),
    pools: unique(
      'pool',
      catalogue.pools.map((pool, position) => poolRow(pool, position, enable)),
    ),
    groups: unique(
      'node group',
      catalogue.nodeGroups.map((group, position) => groupRow(group, position, partsOf(group, types, models))),
    ),
    tenants: parentsFirst(
      unique(
        'tenant',
        catalogue.tenants.map((tenant, position) => tenantRow(tenant, position)),
      ),
    ),
  };
}

const hashed = <Row extends object>(row: Row): Hashed<Row> => ({ ...row, seedHash: contentHash(row) });

function unique<Row extends { readonly id: string }>(
  what: string,
  rows: readonly Row[],
  keyOf = (row: Row) => row.id,
): readonly Row[] {
  const seen = new Set<string>();
  for (const row of rows) {
    const key = keyOf(row);
    if (seen.has(key))
      throw new RangeError(`The catalogue has two items "${key}" (${what}): give one of them another id`);
    seen.add(key);
  }
  return rows;
}

// A tariff keeps its id through its versions, a priority class is its number: both get a key that tells them apart.
const referenceId: { readonly [Kind in ReferenceKind]?: (item: Catalogue[Kind][number]) => string } = {
  priorityClasses: (item) => String(item.priority.value),
  exchangeRates: (item) => `${item.model}/${item.precision}@${item.validFrom}`,
  tariffs: (item) => `${item.id}@${item.validFrom}`,
};

function referencesOf<Kind extends ReferenceKind>(
  catalogue: Catalogue,
  kind: Kind,
): Hashed<RowOf<typeof ReferenceSchema>>[] {
  const idOf = referenceId[kind] ?? ((item: Catalogue[Kind][number]) => (item as { readonly id: string }).id);
  const items: readonly Catalogue[Kind][number][] = catalogue[kind];
  return items.map((item, position) => hashed({ kind, id: idOf(item), position, body: item as unknown }));
}

const siteRow = (site: Site, position: number) =>
  hashed({
    id: site.id,
    nameZh: site.name.zh,
    nameEn: site.name.en,
    districtId: site.district.id,
    latitude: site.location.latitudeDegrees,
    longitude: site.location.longitudeDegrees,
    tariffPlan: site.tariff.planId,
    facts: site as unknown,
    assumed: holdsAssumption(site),
    position,
  });

const poolRow = (pool: Pool, position: number, enable: readonly string[]) =>
  hashed({
    id: pool.id,
    siteId: pool.siteId,
    nameZh: pool.name.zh,
    nameEn: pool.name.en,
    tier: pool.tier as string,
    scope: pool.scope as string,
    enabled: pool.enabled || (pool.enabledIn ?? []).some((way) => enable.includes(way)),
    engine: pool.engine.kind as string,
    plannedEngine: (pool.engine.planned ?? 'none') as string,
    placement: pool.placement as string,
    dataLevels: [...pool.dataLevels.levels] as string[],
    classes: pool.classes ? ([...pool.classes] as string[]) : null,
    latencyMs: pool.latencyOneWayMs.byDistrict,
    facts: pool as unknown,
    assumed: holdsAssumption(pool),
    position,
  });

interface GroupParts {
  readonly type: NodeType;
  readonly model: AcceleratorModel | null;
}
function partsOf(
  group: NodeGroup,
  types: ReadonlyMap<string, NodeType>,
  models: ReadonlyMap<string, AcceleratorModel>,
): GroupParts {
  const type = types.get(group.nodeTypeId);
  const model = group.acceleratorModel === null ? null : models.get(group.acceleratorModel);
  if (!type || model === undefined) {
    const missing = type ? `accelerator model "${group.acceleratorModel}"` : `node type "${group.nodeTypeId}"`;
    throw new RangeError(
      `Node group ${group.id} names ${missing}, which the catalogue does not have: add it, or name another`,
    );
  }
  return { type, model };
}

function groupRow(group: NodeGroup, position: number, { type, model }: GroupParts) {
  const power = group.power.toSorted((a, b) => (a.validFrom < b.validFrom ? -1 : 1)).at(-1);
  if (!power) throw new RangeError(`Node group ${group.id} has no power model: give it idle and peak watts`);
  return hashed({
    id: group.id,
    poolId: group.poolId,
    nodeTypeId: group.nodeTypeId,
    acceleratorModel: group.acceleratorModel,
    acceleratorMemoryGib: group.acceleratorMemoryGiB,
    architecture: group.architecture as string,
    stack: group.stack as string,
    nodeCount: group.nodes.value,
    cards: group.shape.cards,
    cores: group.shape.cores,
    memoryGib: group.shape.memoryGiB,
    idleWatts: power.idleWatts.value,
    peakWatts: power.peakWatts.value,
    powerExponent: power.exponent.value,
    fp16TflopsPerCard: model?.fp16Tflops.value ?? 0,
    fp64TflopsPerNode: (type.fp64TflopsPerNode?.value ?? 0) + group.shape.cards * (model?.fp64TensorTflops?.value ?? 0),
    sharingKind: (group.sharing?.kind ?? null) as string | null,
    sharingSlices: group.sharing?.slices ?? null,
    facts: group as unknown,
    assumed: holdsAssumption(group),
    position,
  });
}

const tenantRow = (tenant: Tenant, position: number) =>
  hashed({
    id: tenant.id,
    parentId: tenant.parentId ?? null,
    nameZh: tenant.name.zh,
    nameEn: tenant.name.en,
    kind: tenant.role,
    homeDistrict: tenant.homeDistrict,
    priority: tenant.priorityClass.value,
    maxDataLevel: tenant.maxDataLevel.level as string,
    weight: tenant.shareWeight.value,
    quotaCards: tenant.quota.cards?.value ?? null,
    quotaBorrowing: tenant.quota.borrowingLimit?.value ?? null,
    quotaLending: tenant.quota.lendingLimit?.value ?? null,
    sample: tenant.sample,
    facts: tenant as unknown,
    position,
  });

function parentsFirst<Row extends { readonly id: string; readonly parentId: string | null }>(
  rows: readonly Row[],
): readonly Row[] {
  const parents = new Map(rows.map((row) => [row.id, row.parentId]));
  const depth = (id: string | null, below = 0): number => {
    if (below > rows.length) throw new RangeError(`Tenant ${id} is its own ancestor: correct its parent`);
    return id === null ? 0 : 1 + depth(parents.get(id) ?? null, below + 1);
  };
  return rows.toSorted((a, b) => depth(a.id) - depth(b.id));
}
