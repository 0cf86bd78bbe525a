import { z } from 'zod';
import { GramsCo2, Text, TimeText, Yuan } from './common.js';

export const StagingSeconds = z.int().min(1).nullable().meta({
  description:
    'In which its inputs are brought in, over the declared links, before it runs; null: there is nothing to bring',
});

export const ExpectedGreenShares = z
  .strictObject({ hourMatched: z.number(), gridAverage: z.number() })
  .meta({ id: 'ExpectedGreenShares', description: 'Two figures of two kinds; never added' });

/** Where and when a job would run, and what that comes to: of quotes and of counterfactuals alike. */
export const offer = {
  pool: z.string(),
  poolName: Text,
  group: z.string().nullable(),
  start: z
    .strictObject({
      estimate: TimeText.meta({
        description: 'Where the plan would put it, were each job to last as long as the policy plans it to',
      }),
      p50: TimeText.nullable(),
      p90: TimeText.nullable().meta({ description: 'Null while fewer than 20 promised starts have come true' }),
      basis: z.string(),
    })
    .nullable(),
  stagingSeconds: StagingSeconds,
  costYuan: Yuan.nullable(),
  energyKwh: z.number().nullable(),
  gramsCo2: GramsCo2.nullable(),
  greenShare: ExpectedGreenShares.nullable(),
  simulated: z.boolean(),
  assumed: z.boolean().meta({ description: 'Whether assumptions are behind the energy figures' }),
};
