import { duration, localTime, percent } from './formats.js';

interface Text {
  readonly zh: string;
  readonly en: string;
}
interface Offer {
  readonly pool: string;
  readonly start: { readonly estimate: string; readonly p50: string | null; readonly p90: string | null } | null;
  readonly costYuan: string | null;
  readonly energyKwh: number | null;
  readonly gramsCo2: { readonly location: number } | null;
  readonly greenShare: { readonly hourMatched: number } | null;
}
/** What the table reads of the answer of POST /v1/quotes and of an explanation. */
export interface Counterfactuals {
  readonly asItIs: { readonly offer: Offer | null; readonly refusal: { readonly code: string } | null } | null;
  readonly items: readonly (Offer & {
    readonly change: { readonly kind: string; readonly patch: unknown };
    readonly gain: {
      readonly estimateSeconds: number | null;
      readonly p50Seconds: number | null;
      readonly costYuan: string | null;
      readonly energyKwh: number | null;
      readonly gramsCo2: { readonly location: number } | null;
      readonly greenShare: { readonly hourMatched: number } | null;
    };
    readonly startsOnlySo: boolean;
    readonly workShare: number | null;
  })[];
  readonly text: Text;
}

const headers: string[] = ['CHANGE', 'SEND', 'POOL', 'START', 'P90', 'SOONER', 'YUAN', 'KWH', 'KGCO2', 'GREEN', 'WORK'];

/**
 * Header, the job as it is, and each change that helps, with the differences in parentheses. Nothing where nothing helps: the
 * text says why.
 */
export function whatIfRows({ asItIs, items }: Counterfactuals): string[][] {
  if (asItIs === null || items.length === 0) return [];
  const first = ['as it is', '', ...placeOf(asItIs.offer), asItIs.refusal?.code ?? '', ...figuresOf(asItIs.offer), ''];
  const rows = items.map((item) => {
    const { change, gain, startsOnlySo, workShare } = item;
    const sooner = gain.p50Seconds ?? gain.estimateSeconds;
    const gained = startsOnlySo || sooner === null ? 'starts only so' : signedDuration(sooner);
    const work = workShare === null ? 'other cards' : percent(workShare);
    return [change.kind, JSON.stringify(change.patch), ...placeOf(item), gained, ...figuresOf(item, gain), work];
  });
  return [headers, first, ...rows];
}

const placeOf = (offer: Offer | null): string[] => [
  offer?.pool ?? '-',
  localTime(offer?.start?.p50 ?? offer?.start?.estimate),
  localTime(offer?.start?.p90),
];

type Gain = Counterfactuals['items'][number]['gain'];
function figuresOf(offer: Offer | null, gain?: Gain): string[] {
  return [
    figure(offer?.costYuan, gain?.costYuan, 2),
    figure(offer?.energyKwh, gain?.energyKwh, 1),
    figure(kilo(offer?.gramsCo2?.location), kilo(gain?.gramsCo2?.location), 1),
    figure(points(offer?.greenShare?.hourMatched), points(gain?.greenShare?.hourMatched, -1), 1),
  ];
}

const kilo = (grams: number | undefined): number | null => (grams === undefined ? null : grams / 1000);
const points = (share: number | undefined, sign = 1): number | null =>
  share === undefined ? null : share * 100 * sign;

/** "4.92 (+0.14)": what it would be, and how much more than as it is; a gain is so much less. */
function figure(
  value: string | number | null | undefined,
  gain: string | number | null | undefined,
  digits: number,
): string {
  if (value === null || value === undefined) return '-';
  const shown = Number(value).toFixed(digits);
  if (gain === null || gain === undefined) return shown;
  const more = (-Number(gain)).toFixed(digits);
  if (Number(more) === 0) return shown;
  return `${shown} (${Number(more) > 0 ? '+' : ''}${more})`;
}

function signedDuration(seconds: number): string {
  if (seconds === 0) return '0s';
  return seconds > 0 ? duration(seconds) : `-${duration(-seconds)}`;
}
