import { z } from 'zod';
import { JobBody } from '../jobs/job-body.js';
import { CitationShown, Text, TimeText } from '../schemas/common.js';
import { EvidenceShown, RefusalShown } from '../schemas/evidence.js';
import { offer } from '../schemas/offer.js';
import { CounterfactualsShown } from './counterfactual-views.js';

/** The body of POST /v1/quotes: a job, and whether to look at changes to it. */
export const QuoteBody = JobBody.extend({
  counterfactuals: z.boolean().optional().meta({
    description: 'Whether to say as well what one change to the request would do; default false',
  }),
}).meta({ id: 'QuoteRequest' });
export type QuoteBody = z.infer<typeof QuoteBody>;

export const QuoteOptionShown = z
  .strictObject({
    ...offer,
    refusal: RefusalShown.nullable(),
    evidence: EvidenceShown,
    assumptions: z.array(CitationShown),
  })
  .meta({ id: 'QuoteOption' });
export type QuoteOptionShown = z.infer<typeof QuoteOptionShown>;

export const QuoteShown = z
  .strictObject({
    tenant: z.string(),
    asOf: TimeText,
    options: z.array(QuoteOptionShown),
    counterfactuals: CounterfactualsShown.optional().meta({ description: 'Only when they were asked for' }),
    notice: Text,
  })
  .meta({ id: 'Quote' });
