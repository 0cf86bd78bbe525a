import { directLineFees, tariffPeriods } from '#libs/domain';
import { z } from 'zod';
import {
  amount,
  date,
  figure,
  hourTable,
  id,
  name,
  namedFigure,
  series,
  shareFigure,
  sourced,
} from './seed-schema-parts.js';

const month = z.int().min(1).max(12);
const hour = z.int().min(0).max(24);
const byPeriod = z.strictObject({ sharp: amount, peak: amount, flat: amount, valley: amount });

export const tariff = z.strictObject({
  id,
  name,
  validFrom: date,
  periods: z.array(
    sourced({
      period: z.enum(tariffPeriods),
      name,
      months: z.array(month).min(1),
      hours: z.array(z.tuple([hour, hour])).min(1),
    }),
  ),
  multipliers: sourced({ byPeriod }),
  components: sourced({
    baseYuanPerKwh: amount,
    agentPurchaseYuanPerKwh: amount,
    lineLossYuanPerKwh: amount,
    governmentFundYuanPerKwh: amount,
    systemOperationYuanPerKwh: amount,
  }),
  rows: z.array(
    sourced({
      id,
      structure: z.enum(['single-part', 'two-part']),
      voltage: z.string().min(1),
      transmissionYuanPerKwh: amount,
      flatAdjustmentYuanPerKwh: z.number(),
      listedYuanPerKwh: byPeriod,
      demandYuanPerKwMonth: amount.optional(),
      capacityYuanPerKvaMonth: amount.optional(),
    }),
  ),
  plans: z.array(sourced({ id, name, rowId: id })),
  directLine: z.strictObject({
    generationYuanPerKwh: figure,
    feesDue: sourced({ fees: z.array(z.enum(directLineFees)) }),
    selfUseOfGenerationMin: shareFigure,
    selfUseOfLoadMin: shareFigure,
    selfUseOfLoadMinNewFrom2030: shareFigure,
    exportShareMax: shareFigure,
  }),
  greenTrade: sourced({ premiumYuanPerKwh: z.number(), gecYuanPerCertificate: amount }),
});

export const grid = z.strictObject({
  id,
  name,
  locationScope: id,
  residualScope: id,
  factorsKgPerKwh: z.array(sourced({ scope: id, name, year: z.int(), value: amount })).min(1),
  method: z.array(name),
  monthlyGenerationTWh: z.record(z.string(), series(12)),
  installed: z.array(namedFigure),
  carbonIntensityKgPerKwh: hourTable,
  gridGreenShare: hourTable,
  pvCapacityFactor: hourTable,
  windCapacityFactor: hourTable,
});

const range = { from: date, to: date };
export const calendar = z.strictObject({
  id,
  timezone: z.literal('Asia/Shanghai'),
  holidays: z.array(sourced({ id, name, ...range, provisional: z.boolean() })),
  adjustedWorkdays: sourced({ dates: z.array(date) }),
  springFestivalDay: sourced({ byYear: z.record(z.string().regex(/^\d{4}$/), date) }),
  terms: z.array(sourced({ id, kind: z.enum(['autumn', 'winter-break', 'spring', 'summer-break']), ...range })),
  demandFactors: z.array(
    sourced({
      id,
      name,
      springFestivalDays: z.tuple([z.int(), z.int()]).optional(),
      hours: z.tuple([hour, hour]).optional(),
      factors: z.record(z.string(), amount),
    }),
  ),
  hourlyShapes: z.array(sourced({ id, name, series: z.array(z.string()).min(1), values: z.array(amount).length(24) })),
  seasons: z.array(sourced({ id, name, months: z.array(month).min(1) })),
  events: z.array(sourced({ id, name, day: z.string().regex(/^\d\d-\d\d$/) })),
});
