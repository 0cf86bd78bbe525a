import type { QuotaFlow } from '#libs/accounting';
import type { QuotaView, ShareView, ShownQuotaLevel } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import { z } from 'zod';
import { timeOrNull } from '../presenters/amounts.js';
import { FigureShown, Text, TimeText } from '../schemas/common.js';

const CARDS = 'Reference cards held at a time';
const limit = z.number().nonnegative().max(1e9);
export const QuotaChange = z.strictObject({
  cards: limit.meta({ description: 'What the tenant and those below it may always have, reference cards' }),
  borrowingLimit: limit.optional().meta({ description: 'How much more it may take; absent: as much as there is' }),
  lendingLimit: limit.optional().meta({ description: 'How much of it others may take while idle; absent: all' }),
  version: z.int().nonnegative().optional().meta({ description: 'Only if this is still the version in force' }),
});
export type QuotaChange = z.infer<typeof QuotaChange>;
export const QuotaShown = z
  .strictObject({
    tenant: z.string(),
    cards: z
      .number()
      .nullable()
      .meta({ description: `${CARDS}; null: no quota of its own` }),
    borrowingLimit: z.number().nullable(),
    lendingLimit: z.number().nullable(),
    setBy: z.string().nullable().meta({ description: 'The key that set it; null: as the seeds say' }),
    setAt: TimeText.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Quota' });
export const quotaShown = ({ tenantId, setAt, ...view }: QuotaView): z.infer<typeof QuotaShown> => ({
  tenant: tenantId,
  ...view,
  setAt: timeOrNull(setAt),
});

export const ExchangeRates = z
  .strictObject({
    reference: z.strictObject({ model: z.string(), precision: z.string() }),
    items: z.array(
      z.strictObject({
        model: z.string(),
        per: z.enum(['card', 'node']),
        precision: z.string(),
        validFrom: z.string().meta({ description: 'YYYY-MM-DD, from midnight in Asia/Shanghai' }),
        inForce: z.boolean(),
        rate: FigureShown,
      }),
    ),
    nextCursor: z.null(),
  })
  .meta({ id: 'ExchangeRates' });

const Flow = z.strictObject({ tenant: z.string(), cards: z.number() });
const FairLevel = z.strictObject({
  tenant: z.string(),
  weight: z.number(),
  dueShare: z.number().meta({ description: 'Part of the weights of those with the same parent' }),
  usedCardHours: z.number(),
  usedShare: z.number().nullable(),
  ratio: z.number().nullable().meta({ description: 'Used over due: below 1 it has had less than its share' }),
  place: z.int().meta({ description: '1 goes first' }),
  among: z.int(),
});
const QuotaLevelShown = z.strictObject({
  tenant: z.string(),
  cards: z.number(),
  held: z.number(),
  borrowingLimit: z.number().nullable(),
  neverLent: z.number(),
  borrowed: z.number(),
  borrowedFrom: z.array(Flow).nullable().meta({ description: 'null: of a tenant that the key does not cover' }),
  borrowedAbove: z.number().meta({ description: 'Part of it that came from beside the parent: see the next level' }),
  lent: z.number(),
  lentTo: z.array(Flow).nullable(),
});
export const ShareShown = z
  .strictObject({
    tenant: z.string(),
    asOf: TimeText.meta({ description: 'The accrual tick that the figures are of' }),
    rank: z.int().meta({ description: 'Place in the whole fair tree, 0 first' }),
    usedCardHours: z.strictObject({ ended: z.number(), running: z.number() }),
    levels: z.array(FairLevel).meta({ description: 'From the top down to the tenant' }),
    quota: z.strictObject({
      drawsOn: z.string().nullable().meta({ description: 'Whose quota: its own or the nearest above; null: no limit' }),
      held: z.number(),
      room: z.number().nullable().meta({ description: 'How much more it may hold now; null: no limit' }),
      levels: z.array(QuotaLevelShown).meta({ description: 'From the quota drawn on to the top' }),
    }),
    halfLifeSeconds: z.int(),
    entryPenaltySeconds: z.int(),
    accrualSeconds: z.int(),
    exchange: z.string().meta({ description: 'Where the exchange table stands' }),
    text: Text,
    wouldChangeIt: z.array(Text),
  })
  .meta({ id: 'Share' });
type ShareShown = z.infer<typeof ShareShown>;

const cardsOf = (milli: number): number => milli / 1000;
const hoursOf = (seconds: number): number => seconds / 3600;
const flowShown = ({ tenantId, milli }: QuotaFlow): z.infer<typeof Flow> => ({
  tenant: tenantId,
  cards: cardsOf(milli),
});

export function shareShown(view: ShareView): ShareShown {
  const { standing, quota, halfLifeSeconds, entryPenaltySeconds, accrualSeconds } = view;
  return {
    tenant: standing.tenantId,
    asOf: rfc3339(standing.asOf * 1000),
    rank: standing.rank,
    usedCardHours: { ended: hoursOf(standing.own.ended), running: hoursOf(standing.own.running) },
    levels: standing.levels.map(({ tenantId, use, siblings, ...level }) => ({
      tenant: tenantId,
      ...level,
      usedCardHours: hoursOf(use),
      among: siblings,
    })),
    quota: {
      drawsOn: quota.drawsOn,
      held: cardsOf(quota.held),
      room: quota.room === Infinity ? null : cardsOf(quota.room),
      levels: quota.levels.map(quotaLevelShown),
    },
    halfLifeSeconds,
    entryPenaltySeconds,
    accrualSeconds,
    exchange: '/v1/exchange-rates',
    text: told(view),
    wouldChangeIt: wouldChange(view),
  };
}

const quotaLevelShown = (level: ShownQuotaLevel): z.infer<typeof QuotaLevelShown> => ({
  tenant: level.tenantId,
  cards: cardsOf(level.nominal),
  held: cardsOf(level.held),
  borrowingLimit: level.borrowingLimit === null ? null : cardsOf(level.borrowingLimit),
  neverLent: cardsOf(level.kept),
  borrowed: cardsOf(level.borrowed),
  borrowedFrom: level.flows?.borrowedFrom.map(flowShown) ?? null,
  borrowedAbove: cardsOf(level.fromAbove),
  lent: cardsOf(level.lent),
  lentTo: level.flows?.lentTo.map(flowShown) ?? null,
});

/** Which level decides: the first from the top where it has had more than its due. */
function told({ standing }: ShareView): z.infer<typeof Text> {
  const own = standing.levels.at(-1);
  const over = standing.levels.find(({ ratio }) => ratio !== null && ratio > 1);
  const deciding = over ?? own;
  if (!deciding || deciding.ratio === null || deciding.usedShare === null) {
    return {
      zh: '同级租户都还没有用量，按提交先后排队。',
      en: 'Nobody beside it has used anything yet: first come, first served.',
    };
  }
  const { tenantId, ratio, place, siblings } = deciding;
  const due = (deciding.dueShare * 100).toFixed(1);
  const used = (deciding.usedShare * 100).toFixed(1);
  return {
    zh: `${tenantId} 应得 ${due}%，已用 ${used}%（${ratio.toFixed(2)} 倍），在同级 ${siblings} 个租户中排第 ${place}。`,
    en: `${tenantId} is due ${due} % and has used ${used} % (${ratio.toFixed(2)} times its due): place ${place} of ${siblings} beside it.`,
  };
}

function wouldChange({ standing, quota, halfLifeSeconds }: ShareView): z.infer<typeof Text>[] {
  const days = (halfLifeSeconds / 86_400).toFixed(1);
  const borrows = quota.levels.some(({ borrowed }) => borrowed > 0);
  return [
    ...(standing.own.ended + standing.own.running > 0
      ? [
          {
            zh: `用量每 ${days} 天减半，用得少则名次上升。`,
            en: `Use counts half after ${days} days: who uses less rises.`,
          },
        ]
      : []),
    ...(quota.room === 0 ? [{ zh: '配额已满：等作业结束、他人归还，或由运营方提高配额。', en: 'The quota is full: its jobs end, others give back, or an operator raises it.' }] : []), // prettier-ignore
    ...(borrows ? [{ zh: '借用的卡在出借方需要时可能被收回（仅可抢占作业）。', en: 'What is borrowed may be taken back by its owner, from preemptible jobs only.' }] : []), // prettier-ignore
    { zh: '权重与配额由运营方决定。', en: 'Weight and quota are the operators’ to decide.' },
  ];
}
