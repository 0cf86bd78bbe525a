import type { Instant, JobRequest, Refusal } from '#libs/domain';
import type { Change, Evidence, PoolOption, WhatIfs } from '#libs/scheduling';
import { toSeconds } from '../service-time.js';
import type { PriceList, QuoteEnergy, QuoteOption } from './option-prices.js';

/** How much better than the job as it is: sooner, cheaper, less, greener. Negative: worse. Null: one of the two says nothing of it. */
export interface Gain {
  /** Of the plan's points. */
  readonly estimateSeconds: number | null;
  readonly p50Seconds: number | null;
  readonly p90Seconds: number | null;
  readonly costYuan: number | null;
  readonly energyKwh: number | null;
  readonly gramsCo2: QuoteEnergy['gramsCo2'] | null;
  /** Parts of one, two figures, never added. */
  readonly greenShare: QuoteEnergy['greenShare'] | null;
}
export interface Counterfactual {
  readonly change: Change;
  readonly option: QuoteOption;
  readonly gain: Gain;
  /** As it is, no start is in sight. */
  readonly startsOnlySo: boolean;
  /**
   * What it may compute within its limit, as a part of what it may as it is: nodes × limit. Null on other cards, which compute
   * at another speed. Where it is not 1, less cost and less energy are no gain; below 1 only an earlier start is.
   */
  readonly workShare: number | null;
}
/** Why no change helps. */
export type NothingHelps =
  | { readonly kind: 'starts-now' }
  | { readonly kind: 'others-ahead'; readonly evidence: Evidence }
  | { readonly kind: 'refused'; readonly refusal: Refusal };
export interface Counterfactuals {
  readonly asItIs: { readonly option: QuoteOption | null; readonly refusal: Refusal | null };
  readonly tried: readonly Change[];
  /** The soonest first, then the cheapest. */
  readonly helpful: readonly Counterfactual[];
  readonly nothingHelps: NothingHelps | null;
}

export const MOST_TOLD = 8;
/** Below a minute nobody plans differently. */
const LEAST_SECONDS = 60;
/** Of what it costs as it is; and of green shares, a point. */
const LEAST_PART = 0.01;

/** The planner's answers with their prices: what each change would gain, those that gain something. */
export function counterfactualsOf(
  { base, changes }: WhatIfs,
  { request, now, list }: { readonly request: JobRequest; readonly now: Instant; readonly list: PriceList },
): Counterfactuals {
  const asItIs = base.option && list.price(base.option, request);
  const told = changes.flatMap(({ change, option }): Counterfactual[] => {
    if (change === null || option === null) return [];
    const changed = requestWith(request, change);
    const priced = list.price(option, changed);
    const gain = gainOf(asItIs, priced);
    const workShare = isOnOtherCards(list, base.option, option, change) ? null : workOf(changed) / workOf(request);
    return [{ change, option: priced, gain, startsOnlySo: asItIs === null, workShare }];
  });
  const helpful = told
    .filter((one) => helps(one, asItIs))
    .sort((a, b) => startOf(a) - startOf(b) || costOf(a) - costOf(b))
    .slice(0, MOST_TOLD);
  return {
    asItIs: { option: asItIs, refusal: base.refusal },
    tried: changes.flatMap(({ change }) => (change === null ? [] : [change])),
    helpful,
    nothingHelps: helpful.length > 0 ? null : whyNothing(base, toSeconds(now)),
  };
}

/** The request as it would be sent; what a change lifts or grants leaves size and limit as they are. */
function requestWith(request: JobRequest, change: Change): JobRequest {
  if (change.kind === 'fewer-nodes') return { ...request, resources: { ...request.resources, nodes: change.nodes } };
  if (change.kind === 'shorter-limit') return { ...request, timeLimitSeconds: change.limit };
  return request;
}

const workOf = ({ resources, timeLimitSeconds }: JobRequest): number => resources.nodes * timeLimitSeconds;

function isOnOtherCards(list: PriceList, before: PoolOption | null, after: PoolOption, { kind }: Change): boolean {
  if (before === null) return kind === 'other-model';
  const modelOf = ({ groupId }: PoolOption): string | null => (groupId === null ? null : list.modelOf(groupId));
  return modelOf(before) !== modelOf(after);
}

function gainOf(before: QuoteOption | null, after: QuoteOption): Gain {
  const sooner = (of: (start: NonNullable<QuoteOption['start']>) => Instant | null): number | null => {
    const [a, b] = [before?.start && of(before.start), after.start && of(after.start)];
    return typeof a === 'number' && typeof b === 'number' ? (a - b) / 1000 : null;
  };
  const saved = gainOfEnergy(before?.energy ?? null, after.energy);
  return {
    estimateSeconds: sooner((start) => start.estimateMs),
    p50Seconds: sooner((start) => start.p50Ms),
    p90Seconds: sooner((start) => start.p90Ms),
    ...saved,
  };
}

type EnergyGain = Pick<Gain, 'costYuan' | 'energyKwh' | 'gramsCo2' | 'greenShare'>;
function gainOfEnergy(before: QuoteEnergy | null, after: QuoteEnergy | null): EnergyGain {
  if (!before || !after) return { costYuan: null, energyKwh: null, gramsCo2: null, greenShare: null };
  return {
    costYuan: before.costYuan - after.costYuan,
    energyKwh: before.energyKwh - after.energyKwh,
    gramsCo2: {
      location: before.gramsCo2.location - after.gramsCo2.location,
      market: before.gramsCo2.market - after.gramsCo2.market,
    },
    greenShare: {
      hourMatched: after.greenShare.hourMatched - before.greenShare.hourMatched,
      gridAverage: after.greenShare.gridAverage - before.greenShare.gridAverage,
    },
  };
}

function helps({ gain, startsOnlySo, workShare }: Counterfactual, asItIs: QuoteOption | null): boolean {
  if (startsOnlySo) return true;
  if ([gain.estimateSeconds, gain.p50Seconds, gain.p90Seconds].some((seconds) => (seconds ?? 0) >= LEAST_SECONDS)) {
    return true;
  }
  // Who computes less wins nothing by costing less, nor by waiting for a greener hour: that could be had for all of the work.
  if (workShare !== null && workShare < 1) return false;
  const { greenShare, gramsCo2 } = gain;
  if (greenShare && Math.max(greenShare.hourMatched, greenShare.gridAverage) >= LEAST_PART) return true;
  const energy = asItIs?.energy;
  if (workShare === null || !energy) return false;
  const isWorthIt = (saved: number | null | undefined, of: number): boolean =>
    of > 0 && (saved ?? 0) >= LEAST_PART * of;
  return (
    isWorthIt(gain.costYuan, energy.costYuan) ||
    isWorthIt(gain.energyKwh, energy.energyKwh) ||
    isWorthIt(gramsCo2?.location, energy.gramsCo2.location) ||
    isWorthIt(gramsCo2?.market, energy.gramsCo2.market)
  );
}

/** What it is compared by is the same for all, so the soonest gains most. */
const startOf = ({ option: { start } }: Counterfactual): Instant => start?.p50Ms ?? start?.estimateMs ?? Infinity;
const costOf = ({ option: { energy } }: Counterfactual): number => energy?.costYuan ?? Infinity;

function whyNothing({ option, refusal }: WhatIfs['base'], now: number): NothingHelps {
  if (option === null || option.estimatedStart === null)
    return { kind: 'refused', refusal: refusal ?? 'no-free-nodes' };
  if (option.estimatedStart <= now) return { kind: 'starts-now' };
  return { kind: 'others-ahead', evidence: option.evidence };
}
