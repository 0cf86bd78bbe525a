import {
  architectures,
  dataLevels,
  jobClasses,
  plannedEngines,
  poolStatuses,
  poolTiers,
  precisions,
  sharingKinds,
  stacks,
} from '#libs/domain';
import { z } from 'zod';
import { calendar, grid, tariff } from './seed-schema-energy.js';
import {
  amount,
  count,
  date,
  figure,
  id,
  location,
  modelledTotals,
  name,
  namedFigure,
  series,
  share,
  shareFigure,
  sourced,
  wholeFigure,
} from './seed-schema-parts.js';

/** What a seed file may hold. Any section may stand in any file; a section of the same name in two files is one list. */
const citation = z.strictObject({
  id: z.string().regex(/^(S\d+[a-z]?|A-[A-Z]+-\d+)$/, 'is no source or assumption id: S12, S32b or A-CAP-1'),
  text: name,
});

const district = z.strictObject({ id, name, location });

const powerRow = z.strictObject({ validFrom: date, idleWatts: figure, peakWatts: figure, exponent: figure });
const nodeType = z.strictObject({
  id,
  name,
  architectures: z.array(z.enum(architectures)).min(1),
  acceleratorModel: id.nullable(),
  acceleratorsPerNode: wholeFigure,
  cpuCores: wholeFigure,
  memoryGiB: figure,
  fp64TflopsPerNode: figure.optional(),
  power: z.array(powerRow).min(1),
});
const acceleratorModel = z.strictObject({
  id,
  name,
  stack: z.enum(stacks),
  fp16Tflops: figure,
  fp64TensorTflops: figure.optional(),
  memoryGiB: figure,
  tdpWatts: figure,
});

const exchangeRate = z.strictObject({
  model: id,
  per: z.enum(['card', 'node']),
  precision: z.enum(precisions),
  validFrom: date,
  rate: sourced({ value: z.number().positive() }),
});

const contract = sourced({
  id,
  kind: z.literal('ppa'),
  annualMWh: amount,
  tradedShare: share.optional(),
  mix: z.strictObject({ pv: share, wind: share }),
  premiumYuanPerKwh: z.number(),
  validFrom: date,
  validUntil: date,
});
const site = z.strictObject({
  id,
  name,
  operator: sourced({ ...name.shape }),
  district: sourced({ id }),
  location,
  gridId: id,
  tariff: sourced({ id, planId: id }),
  racks: wholeFigure.optional(),
  pueAnnual: sourced({ value: z.number().min(1).max(5) }),
  pueMonthlyFactor: series(12).optional(),
  supply: z.strictObject({
    directPv: sourced({ megawatts: amount, enabled: z.boolean() }),
    hydroDirectShare: shareFigure.optional(),
    contracts: z.array(contract),
    gecMWhPerYear: figure,
  }),
});

const nodeGroup = z.strictObject({
  id,
  nodeType: id,
  name,
  nodes: wholeFigure,
  architecture: sourced({ id: z.enum(architectures) }).optional(),
  nodesPerBlock: sourced({ value: z.int().positive() }).optional(),
  sharing: sourced({
    kind: z.enum(sharingKinds),
    slices: z
      .int()
      .min(1)
      .max(1000)
      .refine((slices) => slices <= 30 || 1000 % slices === 0, 'is neither 1 to 30 nor a divisor of 1000'),
  }).optional(),
});
const pool = z.strictObject({
  id,
  siteId: id,
  name,
  tier: z.enum(poolTiers),
  scope: z.enum(['managed', 'federated']),
  enabled: z.boolean(),
  enabledIn: z.array(id).optional(),
  status: z.enum(poolStatuses),
  engine: sourced({ kind: z.enum(['simulated', 'local']), planned: z.enum(plannedEngines).optional() }),
  placement: z.enum(['pinned', 'delegated']),
  dataLevels: sourced({ levels: z.array(z.enum(dataLevels)).min(1) }),
  classes: z.array(z.enum(jobClasses)).min(1).optional(),
  tenants: z.array(id).min(1).optional(),
  latencyOneWayMs: sourced({ byDistrict: z.record(id, amount) }),
  baselineUtilisation: shareFigure,
  nodeGroups: z.array(nodeGroup).min(1),
  modelled: modelledTotals,
  published: z.array(namedFigure.omit({ id: true })),
  facts: z.array(z.strictObject({ text: name, source: z.string() })),
});
const siteLink = z.strictObject({
  id,
  name,
  siteIds: z.array(id).min(2, 'names fewer than two sites'),
  gbitPerSecond: sourced({ value: z.number().positive() }),
});
const system = z.strictObject({ id, name, poolIds: z.array(id).min(1), modelled: modelledTotals });

const monthlyHours = sourced({ cardHoursPerMonth: amount, coreHoursPerMonth: amount });
const tenantQuota = monthlyHours.extend({
  cards: figure.optional(),
  borrowingLimit: figure.optional(),
  lendingLimit: figure.optional(),
});
const tenantJob = sourced({
  kind: id,
  demandSeries: z.string(),
  perWorkday: amount,
  cards: z.array(count).min(1),
  cardProbability: z.array(share).min(1),
  coresPerJob: count,
  p50Hours: z.number().positive(),
  p95Hours: z.number().positive(),
  deferrableHours: amount,
  preemptible: z.boolean(),
  maxOneWayLatencyMs: amount.optional(),
});
const tenant = z.strictObject({
  id,
  parentId: id.optional(),
  name,
  sample: z.boolean(),
  role: id,
  sector: name,
  homeDistrict: id,
  priorityClass: wholeFigure,
  shareWeight: sourced({ value: z.number().positive() }),
  maxDataLevel: sourced({ level: z.enum(dataLevels) }),
  expectedDemand: monthlyHours,
  quota: tenantQuota,
  namedIn: z.strictObject({ source: z.string() }),
  jobs: z.array(tenantJob),
  objective: sourced({ maxOneWayLatencyMs: amount, availabilityPercent: amount.max(100) }).optional(),
  voucher: sourced({
    subsidyPercent: amount.max(100),
    capYuanPerYear: amount,
    years: count,
    freeCardHoursPerYear: amount,
  }).optional(),
});

export const seedFile = z.strictObject({
  schema: z.literal('seeds/v1'),
  sources: z.array(citation).optional(),
  assumptions: z.array(citation).optional(),
  districts: z.array(district).optional(),
  acceleratorModels: z.array(acceleratorModel).optional(),
  nodeTypes: z.array(nodeType).optional(),
  exchangeRates: z.array(exchangeRate).optional(),
  pueMonthlyFactor: series(12).optional(),
  pueLimits: z.array(namedFigure).optional(),
  benchmarks: z.array(namedFigure).optional(),
  sites: z.array(site).optional(),
  pools: z.array(pool).optional(),
  systems: z.array(system).optional(),
  links: z.array(siteLink).optional(),
  priorityClasses: z.array(z.strictObject({ priority: wholeFigure, name })).optional(),
  jobKinds: z.array(z.strictObject({ id, name, class: z.enum(jobClasses) })).optional(),
  tenants: z.array(tenant).optional(),
  tariffs: z.array(tariff).optional(),
  grids: z.array(grid).optional(),
  calendars: z.array(calendar).optional(),
});
export type SeedFile = z.infer<typeof seedFile>;
/** Sections that are lists of things with an id. */
export type SeedSection = Exclude<keyof SeedFile, 'schema' | 'pueMonthlyFactor' | 'priorityClasses'>;
export type SeedItem<S extends SeedSection> = NonNullable<SeedFile[S]>[number];
