import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { Principal, QuoteOption } from '#libs/application';
import { refusals, rfc3339 } from '#libs/domain';
import { Caller, Documented } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { jobRequestOf } from '../jobs/check-body.js';
import { JobBody } from '../jobs/job-body.js';
import { EvidenceShown } from '../jobs/job-views.js';
import { submissionProblem } from '../jobs/submission-problem.js';
import { timeOrNull, yuanFromNumber } from '../presenters/amounts.js';
import { evidenceShown, refusalShown } from '../presenters/explanation.js';
import type { Reference } from '../reference.js';
import { CitationShown, GramsCo2, Text, TimeText, Yuan } from '../schemas/common.js';

const QuoteOptionShown = z
  .strictObject({
    pool: z.string(),
    poolName: Text,
    group: z.string().nullable(),
    start: z
      .strictObject({
        estimate: TimeText.meta({ description: 'Where the plan would put it, were every job to use its whole limit' }),
        p50: TimeText.nullable(),
        p90: TimeText.nullable().meta({ description: 'Null while fewer than 20 promised starts have come true' }),
        basis: z.string(),
      })
      .nullable(),
    refusal: z
      .strictObject({ code: z.enum(refusals), text: Text, wokenBy: z.string(), wokenByText: Text, final: z.boolean() })
      .nullable(),
    evidence: EvidenceShown,
    costYuan: Yuan.nullable(),
    energyKwh: z.number().nullable(),
    gramsCo2: GramsCo2.nullable(),
    greenShare: z
      .strictObject({ hourMatched: z.number(), gridAverage: z.number() })
      .nullable()
      .meta({ description: 'Two figures of two kinds; never added' }),
    simulated: z.boolean(),
    assumed: z.boolean(),
    assumptions: z.array(CitationShown),
  })
  .meta({ id: 'QuoteOption' });
const QuoteShown = z
  .strictObject({ tenant: z.string(), asOf: TimeText, options: z.array(QuoteOptionShown), notice: Text })
  .meta({ id: 'Quote' });

const notice = {
  zh: '费用、能耗与排放按作业用满时限估算；实际以结算为准。',
  en: 'Cost, energy and emissions are estimated for the whole time limit; what is settled later follows the real use.',
};

@Controller('v1/quotes')
export class QuotesController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
  ) {}

  @Post()
  @Documented({
    tag: 'quotes',
    summary: 'Ask where, when and at what cost a job would run, without submitting it',
    answers: { 200: { description: 'One option for each pool', schema: QuoteShown } },
    problems: [
      'body-malformed',
      'body-missing',
      'body-unsafe',
      'body-too-large',
      'media-type-unsupported',
      'request-invalid',
      'not-offered',
      'tenant-needed',
      'tenant-out-of-reach',
      'planner-not-ready',
    ],
  })
  async quote(
    @Caller() principal: Principal,
    @Body({ schema: JobBody }) body: JobBody,
  ): Promise<z.infer<typeof QuoteShown>> {
    const now = this.api.time.now();
    const reference = this.reference();
    const request = jobRequestOf(body, reference, now);
    const quoted = await this.api.quoteJob.execute({ principal, tenant: body.tenant ?? null, request, now });
    if (quoted.kind !== 'quoted') throw submissionProblem(quoted);
    const options = quoted.options.map((option) => optionShown(option, reference));
    return { tenant: quoted.tenant, asOf: rfc3339(quoted.asOf), options, notice };
  }
}

function optionShown(option: QuoteOption, reference: Reference): z.infer<typeof QuoteOptionShown> {
  const { start, energy } = option;
  const assumptions = energy ? [...reference.assumptionsBehindEnergy(option.poolId)] : [];
  return {
    pool: option.poolId,
    poolName: reference.poolName(option.poolId),
    group: option.groupId,
    start: start && {
      estimate: rfc3339(start.estimateMs),
      p50: timeOrNull(start.p50Ms),
      p90: timeOrNull(start.p90Ms),
      basis: start.basis,
    },
    refusal: option.refusal && refusalShown(option.refusal),
    evidence: evidenceShown(option.evidence),
    costYuan: energy && yuanFromNumber(energy.costYuan),
    energyKwh: energy && energy.energyKwh,
    gramsCo2: energy && energy.gramsCo2,
    greenShare: energy && energy.greenShare,
    simulated: reference.isSimulated(option.poolId),
    assumed: assumptions.length > 0,
    assumptions,
  };
}
