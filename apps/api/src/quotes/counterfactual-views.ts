import { changeKinds } from '#libs/scheduling';
import { z } from 'zod';
import { GramsCo2, Text, Yuan } from '../schemas/common.js';
import { RefusalShown } from '../schemas/evidence.js';
import { ExpectedGreenShares, offer } from '../schemas/offer.js';

const ChangeShown = z
  .strictObject({
    kind: z.enum(changeKinds),
    of: z.enum(['request', 'tenant-quota']).meta({
      description: 'request: who submits changes it. tenant-quota: operators do, by PUT /v1/tenants/{id}/quota',
    }),
    patch: z.record(z.string(), z.unknown()).meta({
      description: 'What would be sent otherwise, as JSON Merge Patch (RFC 7396): null takes a field out',
    }),
  })
  .meta({ id: 'Change', description: 'One thing that could be otherwise' });
export type ChangeShown = z.infer<typeof ChangeShown>;

const seconds = z.int().nullable();
const GainShown = z
  .strictObject({
    estimateSeconds: seconds,
    p50Seconds: seconds,
    p90Seconds: seconds,
    costYuan: Yuan.nullable(),
    energyKwh: z.number().nullable(),
    gramsCo2: GramsCo2.nullable(),
    greenShare: ExpectedGreenShares.nullable(),
  })
  .meta({
    id: 'Gain',
    description:
      'Against the job as it is: seconds sooner, yuan, kWh and grams less, green share more (parts of one). Negative: worse. ' +
      'Null: one of the two has no such figure',
  });

const CounterfactualShown = z
  .strictObject({
    change: ChangeShown,
    text: Text,
    ...offer,
    gain: GainShown,
    startsOnlySo: z.boolean().meta({ description: 'As it is, no start is in sight' }),
    workShare: z
      .number()
      .nullable()
      .meta({
        description:
          'What it may compute within its limit (nodes × limit), as a part of what it may as it is. Below 1 only an earlier start counts as a help. ' +
          'Null: on other cards, of another speed',
      }),
  })
  .meta({ id: 'Counterfactual' });
export type CounterfactualShown = z.infer<typeof CounterfactualShown>;

export const CounterfactualsShown = z
  .strictObject({
    asItIs: z
      .strictObject({
        offer: z.strictObject(offer).nullable().meta({ description: 'The soonest place; null: no start is in sight' }),
        refusal: RefusalShown.nullable(),
      })
      .nullable()
      .meta({ description: 'null: it does not wait, or nodes are being vacated for it' }),
    tried: z.array(ChangeShown).meta({ description: 'Whatever applies to the job, one change at a time' }),
    items: z.array(CounterfactualShown).meta({
      description: 'Those that help, the soonest P50 (else estimate) first, then the cheapest; at most 8',
    }),
    text: Text.meta({ description: 'How many would help; or that nothing would, and why' }),
  })
  .meta({
    id: 'Counterfactuals',
    description: 'The planner re-run with one change each, everything else as it stands',
  });
export type CounterfactualsShown = z.infer<typeof CounterfactualsShown>;
