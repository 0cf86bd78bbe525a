import type { QuoteOption } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import type { z } from 'zod';
import type { QuoteOptionShown } from '../quotes/quote-views.js';
import type { Reference } from '../reference.js';
import type { offer } from '../schemas/offer.js';
import { timeOrNull, yuanFromNumber } from './amounts.js';
import { evidenceShown, refusalShown } from './explanation.js';

type Offer = { [Field in keyof typeof offer]: z.infer<(typeof offer)[Field]> };

export function offerShown(option: QuoteOption, reference: Reference): Offer {
  const { start, energy } = option;
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
    stagingSeconds: option.stagingSeconds,
    costYuan: energy && yuanFromNumber(energy.costYuan),
    energyKwh: energy && energy.energyKwh,
    gramsCo2: energy && energy.gramsCo2,
    greenShare: energy && energy.greenShare,
    simulated: reference.isSimulated(option.poolId),
    assumed: energy !== null && reference.assumptionsBehindEnergy(option.poolId).length > 0,
  };
}

export const optionShown = (option: QuoteOption, reference: Reference): QuoteOptionShown => ({
  ...offerShown(option, reference),
  refusal: option.refusal && refusalShown(option.refusal),
  evidence: evidenceShown(option.evidence),
  assumptions: option.energy ? [...reference.assumptionsBehindEnergy(option.poolId)] : [],
});
