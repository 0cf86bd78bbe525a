import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { Principal } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import { Caller, Documented } from '#libs/http';
import type { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { jobRequestOf } from '../jobs/check-body.js';
import { submissionProblem } from '../jobs/submission-problem.js';
import { counterfactualsShown } from '../presenters/counterfactuals.js';
import { optionShown } from '../presenters/offer.js';
import type { Reference } from '../reference.js';
import { QuoteBody, QuoteShown } from './quote-views.js';

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
    description:
      'With `counterfactuals` it tells as well what one change to the request would gain. One such question is worked out at a ' +
      'time, a few wait; beyond, it is answered with `what-ifs-busy`.',
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
      'what-ifs-busy',
    ],
  })
  async quote(
    @Caller() principal: Principal,
    @Body({ schema: QuoteBody }) { counterfactuals = false, ...body }: QuoteBody,
  ): Promise<z.infer<typeof QuoteShown>> {
    const now = this.api.time.now();
    const reference = this.reference();
    const request = jobRequestOf(body, reference, now);
    const tenant = body.tenant ?? null;
    const quoted = await this.api.quoteJob.execute({ principal, tenant, request, now, counterfactuals });
    if (quoted.kind !== 'quoted') throw submissionProblem(quoted);
    const options = quoted.options.map((option) => optionShown(option, reference));
    const told = quoted.counterfactuals && counterfactualsShown(quoted.counterfactuals, request, reference);
    return {
      tenant: quoted.tenant,
      asOf: rfc3339(quoted.asOf),
      options,
      ...(told && { counterfactuals: told }),
      notice,
    };
  }
}
