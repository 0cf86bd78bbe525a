import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import type { Principal, TenantView, UsageView } from '#libs/application';
import { DAY_MS, type Instant, rfc3339 } from '#libs/domain';
import { Caller, Documented, Problem } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { gramsOf, kwhOf, timeOrNull, yuanOf } from '../presenters/amounts.js';
import { figuresShown } from '../presenters/figures.js';
import type { Reference } from '../reference.js';
import { CitationShown, Figures, GramsCo2, Text, TimeText, Yuan } from '../schemas/common.js';
import { stretchOf, stretchFields } from '../schemas/stretch.js';

const TenantShown = z
  .strictObject({
    id: z.string(),
    parent: z.string().nullable(),
    name: Text,
    kind: z.string(),
    homeDistrict: z.string(),
    priorityClass: z.int(),
    maxDataLevel: z.string(),
    shareWeight: z.number(),
    sample: z.boolean().meta({ description: 'Named in public plans; its quota and jobs are made up' }),
    assumed: z.boolean(),
    figures: Figures,
  })
  .meta({ id: 'Tenant' });
const TenantList = z.strictObject({ items: z.array(TenantShown), nextCursor: z.null() }).meta({ id: 'TenantList' });

const usageFields = {
  cardHours: z.number(),
  facilityEnergyKwh: z.number(),
  greenMatchedKwh: z.number(),
  costYuan: Yuan,
};
const UsageShown = z
  .strictObject({
    tenant: z.string(),
    from: TimeText,
    until: TimeText,
    settledUntil: TimeText.nullable().meta({ description: 'Only settled hours are counted; null before the first' }),
    ...usageFields,
    coreHours: z.number(),
    itEnergyKwh: z.number(),
    gramsCo2: GramsCo2,
    jobs: z.record(z.string(), z.int()).meta({ description: 'Jobs by state' }),
    byPool: z.array(z.strictObject({ pool: z.string(), ...usageFields })),
    sample: z.boolean(),
    assumed: z.boolean(),
    assumptions: z.array(CitationShown),
  })
  .meta({ id: 'Usage' });

const UsageQuery = z.strictObject(stretchFields);
type UsageQuery = z.infer<typeof UsageQuery>;
const DEFAULT_STRETCH_MS = 30 * DAY_MS;

@Controller('v1/tenants')
export class TenantsController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
  ) {}

  @Get()
  @Documented({
    tag: 'tenants',
    summary: 'The tenants that the key covers',
    answers: { 200: { description: 'The tenants', schema: TenantList } },
  })
  async tenants(@Caller() principal: Principal): Promise<z.infer<typeof TenantList>> {
    const reference = this.reference();
    return {
      items: (await this.api.catalogue.tenants(principal)).map((tenant) => tenantShown(tenant, reference)),
      nextCursor: null,
    };
  }

  @Get(':id')
  @Documented({
    tag: 'tenants',
    summary: 'One tenant',
    answers: { 200: { description: 'The tenant', schema: TenantShown } },
    problems: ['tenant-unknown'],
  })
  async tenant(@Caller() principal: Principal, @Param('id') id: string): Promise<z.infer<typeof TenantShown>> {
    return tenantShown(await this.find(principal, id), this.reference());
  }

  @Get(':id/usage')
  @Documented({
    tag: 'tenants',
    summary: 'What a tenant used: card-hours, energy, carbon, cost',
    description: 'Settled hours of [from, until); the last 30 days unless told otherwise.',
    answers: { 200: { description: 'The use', schema: UsageShown } },
    problems: ['tenant-unknown', 'query-invalid'],
  })
  async usage(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Query({ schema: UsageQuery }) query: UsageQuery,
  ): Promise<z.infer<typeof UsageShown>> {
    const tenant = await this.find(principal, id);
    const { from, until } = stretchOf(query, this.api.time.now(), DEFAULT_STRETCH_MS);
    const usage = await this.api.catalogue.usage(principal, id, from, until);
    if (!usage) throw unknownTenant(id);
    return usageShown(usage, tenant, { from, until }, this.reference());
  }

  private async find(principal: Principal, id: string): Promise<TenantView> {
    const tenant = (await this.api.catalogue.tenants(principal)).find((candidate) => candidate.id === id);
    if (!tenant) throw unknownTenant(id);
    return tenant;
  }
}

function tenantShown(tenant: TenantView, reference: Reference): z.infer<typeof TenantShown> {
  const figures = figuresShown(tenant.figures, reference);
  return {
    id: tenant.id,
    parent: tenant.parentId,
    name: tenant.name,
    kind: tenant.kind,
    homeDistrict: tenant.homeDistrict,
    priorityClass: tenant.priority,
    maxDataLevel: tenant.maxDataLevel,
    shareWeight: tenant.weight,
    sample: tenant.sample,
    assumed: Object.values(figures).some((figure) => figure.assumption !== undefined),
    figures,
  };
}

function usageShown(
  usage: UsageView,
  tenant: TenantView,
  { from, until }: { readonly from: Instant; readonly until: Instant },
  reference: Reference,
): z.infer<typeof UsageShown> {
  const behind = usage.byPool.flatMap((pool) => reference.assumptionsBehindEnergy(pool.poolId));
  const assumptions = [...new Map(behind.map((assumption) => [assumption.id, assumption])).values()];
  const used = (part: Pick<UsageView, 'cardSeconds' | 'facilityJoules' | 'greenMatchedJoules' | 'costMicroYuan'>) => ({
    cardHours: part.cardSeconds / 3600,
    facilityEnergyKwh: kwhOf(part.facilityJoules),
    greenMatchedKwh: kwhOf(part.greenMatchedJoules),
    costYuan: yuanOf(part.costMicroYuan),
  });
  return {
    tenant: usage.tenantId,
    from: rfc3339(from),
    until: rfc3339(until),
    settledUntil: timeOrNull(usage.settledUntil),
    ...used(usage),
    coreHours: usage.coreSeconds / 3600,
    itEnergyKwh: kwhOf(usage.itJoules),
    gramsCo2: { location: gramsOf(usage.locationMilligrams), market: gramsOf(usage.marketMilligrams) },
    jobs: usage.jobs,
    byPool: usage.byPool.map((pool) => ({ pool: pool.poolId, ...used(pool) })),
    sample: tenant.sample,
    assumed: assumptions.length > 0,
    assumptions,
  };
}

const unknownTenant = (id: string): Problem =>
  new Problem('tenant-unknown', `There is no tenant "${id}" that this key covers. See GET /v1/tenants.`);
