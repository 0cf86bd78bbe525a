import { Controller, Get, Inject } from '@nestjs/common';
import { promiseKinds, type Calibration } from '#libs/application';
import { DAY_MS, rfc3339 } from '#libs/domain';
import { Documented } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { TimeText } from '../schemas/common.js';

const SINCE_DAYS = 30;
const Percent = z.number().min(0).max(100);
const CalibrationShown = z
  .strictObject({
    asOf: TimeText,
    since: TimeText.meta({ description: 'Jobs that started from here on are counted' }),
    items: z.array(
      z.strictObject({
        class: z.string(),
        kind: z.enum(promiseKinds).meta({
          description: 'first: at the first plan; last-hour: the last one made at least an hour before the start',
        }),
        promises: z.int().min(0),
        keptPercent: Percent.meta({ description: 'Started no later than the P90; 90 is the aim' }),
        p50Percent: Percent.meta({ description: 'Started no later than the P50; 50 is the aim' }),
        medianErrorSeconds: z.number().meta({ description: 'Between P50 and start, sooner or later' }),
        withinMinutePercent: Percent,
      }),
    ),
  })
  .meta({ id: 'Calibration' });

/** How well starts are promised, for everybody to see: sums over all tenants, of whom nothing can be told apart. */
@Controller('v1/promises')
export class PromisesController {
  constructor(@Inject(API) private readonly api: ApiDependencies) {}

  @Get('calibration')
  @Documented({
    tag: 'jobs',
    summary: 'How well start promises were kept, by class, over the last 30 days',
    answers: { 200: { description: 'Classes with promises that have come due', schema: CalibrationShown } },
    problems: [],
  })
  async calibration(): Promise<z.infer<typeof CalibrationShown>> {
    const now = this.api.time.now();
    const since = now - SINCE_DAYS * DAY_MS;
    const rows = await this.api.promises.calibration(since);
    return { asOf: rfc3339(now), since: rfc3339(since), items: rows.map(calibrationShown) };
  }
}

function calibrationShown(row: Calibration): z.infer<typeof CalibrationShown>['items'][number] {
  const percent = (count: number): number => Math.round((1000 * count) / Math.max(1, row.promises)) / 10;
  return {
    class: row.class,
    kind: row.kind,
    promises: row.promises,
    keptPercent: percent(row.kept),
    p50Percent: percent(row.withinP50),
    medianErrorSeconds: Math.round(row.medianErrorSeconds),
    withinMinutePercent: percent(row.withinMinute),
  };
}
