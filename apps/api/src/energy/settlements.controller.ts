import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { SettlementView } from '#libs/application';
import { DAY_MS, rfc3339 } from '#libs/domain';
import { CursorSealer, Documented, Problem, pageOf } from '#libs/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { gramsOf, kwhOf, yuanOf } from '../presenters/amounts.js';
import type { Reference } from '../reference.js';
import { CitationShown, GramsCo2, Slug, TimeText, Yuan, cursorField, limitField } from '../schemas/common.js';
import { stretchFields, stretchOf } from '../schemas/stretch.js';

const SettlementShown = z
  .strictObject({
    pool: z.string(),
    site: z.string(),
    hour: TimeText.meta({ description: 'Start of the hour' }),
    itEnergyKwh: z.number(),
    facilityEnergyKwh: z.number(),
    energyKwhBySource: z.strictObject({
      direct: z.number(),
      storage: z.number(),
      contract: z.number(),
      grid: z.number(),
    }),
    greenAvailableKwh: z.number(),
    greenMatchedKwh: z.number(),
    greenCurtailedKwh: z.number(),
    greenShare: z
      .strictObject({ hourMatched: z.number(), gridAverage: z.number() })
      .meta({ description: 'Two figures of two kinds; never added' }),
    gridIntensityGramsPerKwh: z.number(),
    gridPriceYuanPerKwh: z.number(),
    gramsCo2: GramsCo2,
    costYuan: Yuan,
    pue: z.number(),
    estimated: z.boolean().meta({ description: 'Modelled, not metered' }),
    assumed: z.boolean(),
  })
  .meta({ id: 'Settlement' });
const SettlementPage = z
  .strictObject({
    items: z.array(SettlementShown),
    nextCursor: z.string().nullable(),
    assumptions: z.array(CitationShown),
  })
  .meta({ id: 'SettlementPage' });

const SettlementsQuery = z.strictObject({
  pool: Slug.optional(),
  ...stretchFields,
  limit: limitField,
  cursor: cursorField,
});
type SettlementsQuery = z.infer<typeof SettlementsQuery>;

@Controller('v1/energy/settlements')
export class SettlementsController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
    @Inject(CursorSealer) private readonly cursors: CursorSealer,
  ) {}

  @Get()
  @Documented({
    tag: 'energy',
    summary: 'Energy, carbon and cost of each pool, hour by settled hour',
    description: 'Hours that start in [from, until); the last day unless told otherwise.',
    answers: { 200: { description: 'One page', schema: SettlementPage } },
    problems: ['query-invalid', 'cursor-invalid', 'pool-unknown'],
  })
  async settlements(
    @Query({ schema: SettlementsQuery }) query: SettlementsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof SettlementPage>> {
    const reference = this.reference();
    if (query.pool !== undefined && !reference.poolIds.has(query.pool)) {
      throw new Problem('pool-unknown', `There is no pool "${query.pool}". See GET /v1/pools.`);
    }
    // The default stretch ends now, and now moves on between two pages: only what was asked for belongs to the cursor.
    const shape = { list: 'settlements', filter: { pool: query.pool, from: query.from, until: query.until } };
    const after = this.cursors.open(query.cursor, shape);
    const { from, until } = stretchOf(query, this.api.time.now(), DAY_MS);
    const found = await this.api.catalogue.settlements({
      ...(query.pool !== undefined && { poolId: query.pool }),
      from,
      until,
      limit: query.limit,
      after,
    });
    const items = found.items.map((settlement) => settlementShown(settlement, reference));
    const behind = found.items.flatMap((settlement) => reference.assumptionsBehindEnergy(settlement.poolId));
    const assumptions = [...new Map(behind.map((assumption) => [assumption.id, assumption])).values()];
    const page = pageOf({ items, after: found.nextCursor }, { sealer: this.cursors, shape }, reply);
    return { ...page, items, assumptions };
  }
}

function settlementShown(settled: SettlementView, reference: Reference): z.infer<typeof SettlementShown> {
  const { bySource, facilityJoules, greenMatchedJoules } = settled;
  return {
    pool: settled.poolId,
    site: settled.siteId,
    hour: rfc3339(settled.hour),
    itEnergyKwh: kwhOf(settled.itJoules),
    facilityEnergyKwh: kwhOf(facilityJoules),
    energyKwhBySource: {
      direct: kwhOf(bySource.direct),
      storage: kwhOf(bySource.storage),
      contract: kwhOf(bySource.contract),
      grid: kwhOf(bySource.grid),
    },
    greenAvailableKwh: kwhOf(settled.greenAvailableJoules),
    greenMatchedKwh: kwhOf(greenMatchedJoules),
    greenCurtailedKwh: kwhOf(settled.greenCurtailedJoules),
    greenShare: {
      hourMatched: facilityJoules === 0n ? 0 : Number(greenMatchedJoules) / Number(facilityJoules),
      gridAverage: settled.gridGreenShare,
    },
    gridIntensityGramsPerKwh: settled.gramsPerKwh,
    gridPriceYuanPerKwh: settled.yuanPerKwh,
    gramsCo2: { location: gramsOf(settled.locationMilligrams), market: gramsOf(settled.marketMilligrams) },
    costYuan: yuanOf(settled.costMicroYuan),
    pue: settled.pue,
    estimated: settled.estimated,
    assumed: reference.assumptionsBehindEnergy(settled.poolId).length > 0,
  };
}
