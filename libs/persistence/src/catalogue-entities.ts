import { defineEntity, p } from '@mikro-orm/core';

/*
 * The catalogue tables, which change a few times a year and by key: worth entities. Everything that changes by the second
 * (jobs, attempts, counts on nodes) is moved by set-based SQL in the store concerned. Columns that only such statements write
 * (usable_*, allocated_*, used_*, reachable, usage) are left out, so that no flush can put an old value back.
 */

export const ReferenceSchema = defineEntity({
  name: 'Reference',
  tableName: 'reference',
  properties: {
    kind: p.text().primary(),
    id: p.text().primary(),
    position: p.integer(),
    body: p.json<unknown>(),
    seedHash: p.text(),
  },
});

export const SiteSchema = defineEntity({
  name: 'Site',
  tableName: 'site',
  properties: {
    id: p.text().primary(),
    nameZh: p.text(),
    nameEn: p.text(),
    districtId: p.text(),
    latitude: p.double(),
    longitude: p.double(),
    tariffPlan: p.text(),
    facts: p.json<unknown>(),
    assumed: p.boolean(),
    position: p.integer(),
    seedHash: p.text(),
    listed: p.boolean().default(true),
  },
});

export const PoolSchema = defineEntity({
  name: 'Pool',
  tableName: 'pool',
  properties: {
    id: p.text().primary(),
    siteId: p.text(),
    nameZh: p.text(),
    nameEn: p.text(),
    tier: p.text(),
    scope: p.text(),
    enabled: p.boolean(),
    engine: p.text(),
    plannedEngine: p.text(),
    placement: p.text(),
    dataLevels: p.array(),
    classes: p.array().nullable(),
    latencyMs: p.json<Readonly<Record<string, number>>>(),
    facts: p.json<unknown>(),
    assumed: p.boolean(),
    position: p.integer(),
    seedHash: p.text(),
    listed: p.boolean().default(true),
  },
});

export const NodeGroupSchema = defineEntity({
  name: 'NodeGroup',
  tableName: 'node_group',
  properties: {
    id: p.text().primary(),
    poolId: p.text(),
    nodeTypeId: p.text(),
    acceleratorModel: p.text().nullable(),
    acceleratorMemoryGib: p.integer(),
    architecture: p.text(),
    stack: p.text(),
    nodeCount: p.integer(),
    cards: p.integer(),
    cores: p.integer(),
    memoryGib: p.integer(),
    idleWatts: p.double(),
    peakWatts: p.double(),
    powerExponent: p.double(),
    fp16TflopsPerCard: p.double().name('fp16_tflops_per_card'),
    fp64TflopsPerNode: p.double().name('fp64_tflops_per_node'),
    sharingKind: p.text().nullable(),
    sharingSlices: p.integer().nullable(),
    facts: p.json<unknown>(),
    assumed: p.boolean(),
    position: p.integer(),
    seedHash: p.text(),
    listed: p.boolean().default(true),
    // Written once, with the row; afterwards by set-based statements alone.
    usableCards: p.integer(),
    usableCores: p.integer(),
    usableMemoryGib: p.integer(),
    usableNodes: p.integer(),
  },
});

export const NodeSchema = defineEntity({
  name: 'Node',
  tableName: 'node',
  properties: {
    id: p.text().primary(),
    groupId: p.text(),
    index: p.integer(),
    installedCards: p.integer(),
    installedCores: p.integer(),
    installedMemoryGib: p.integer(),
  },
});

export const TenantSchema = defineEntity({
  name: 'Tenant',
  tableName: 'tenant',
  properties: {
    id: p.text().primary(),
    parentId: p.text().nullable(),
    nameZh: p.text(),
    nameEn: p.text(),
    kind: p.text(),
    homeDistrict: p.text(),
    priority: p.integer(),
    maxDataLevel: p.text(),
    weight: p.double(),
    quotaCards: p.double().nullable(),
    quotaBorrowing: p.double().nullable(),
    quotaLending: p.double().nullable(),
    sample: p.boolean(),
    facts: p.json<unknown>(),
    position: p.integer(),
    seedHash: p.text(),
    listed: p.boolean().default(true),
  },
});

export const catalogueEntities = [
  ReferenceSchema,
  SiteSchema,
  PoolSchema,
  NodeGroupSchema,
  NodeSchema,
  TenantSchema,
] as const;
