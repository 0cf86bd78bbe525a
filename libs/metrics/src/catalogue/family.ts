/** The one prefix of every name that leaves the service. */
export const prefix = 'chusuan_';

/** What the bounds are reckoned with; a deployment beyond them is folded or cut, and counted (see named-lists.ts, label-guard.ts). */
export const bounds = { pools: 40, modelsPerPool: 3, models: 12, tenants: 50, classes: 5, routes: 60 } as const;
/** One more label value each: what the list of names no longer holds. */
export const other = '_other';
export const maxSeries = 20_500;
export const maxSeriesPerFamily = 4_000;

export type FamilyGroup = 'A' | 'C' | 'D' | 'E' | 'F' | 'H';
export const groupTitles = {
  A: { zh: '容量、分配与使用', en: 'Capacity, allocation, use' },
  C: { zh: '排队与作业', en: 'Queue and jobs' },
  D: { zh: '调度', en: 'Scheduler' },
  E: { zh: '能耗、绿电与碳', en: 'Energy, green power, carbon' },
  F: { zh: '成本', en: 'Cost' },
  H: { zh: '服务自身', en: 'The service itself' },
} as const satisfies Record<FamilyGroup, { zh: string; en: string }>;

/**
 * Where the values live. state: read from the database on each refresh. durable: added up by processes, kept in the database
 * and read from there. process: of the process that is scraped; starts at zero with it.
 */
export type Origin = 'state' | 'durable' | 'process';
export type MetricType = 'gauge' | 'counter' | 'histogram';

export interface Family<L extends string = string> {
  /** With the prefix. */
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly help: { readonly zh: string; readonly en: string };
  readonly labels: readonly L[];
  readonly origin: Origin;
  readonly stability: 'stable' | 'experimental';
  /** At most so many series, histogram buckets included. */
  readonly bound: number;
  /** Where the value comes from. */
  readonly formula: string;
  /** Upper bounds, in `unit`; histograms only. */
  readonly buckets?: readonly number[];
  /** The label that becomes `_other` when the bound is met, and the label sets kept for that; without it the excess is left out. */
  readonly fold?: { readonly label: L; readonly sets: number };
  /** Service: queries compare it with chusuan_clock_timestamp_seconds, and divide its rates by chusuan_clock_rate. */
  readonly clock?: 'service' | 'wall';
}

type Details<L extends string> = Omit<Family<L>, 'name' | 'type' | 'labels' | 'stability'> & {
  readonly stability?: Family['stability'];
};

const family =
  (type: MetricType) =>
  <const L extends string = never>(name: string, labels: readonly L[], details: Details<L>): Family<L> => ({
    name: `${prefix}${name}`,
    type,
    labels,
    stability: 'stable',
    ...details,
  });
export const gauge = family('gauge');
export const counter = family('counter');

/** `sets` label sets, each with its buckets, +Inf, sum and count. */
export function histogram<const L extends string = never>(
  name: string,
  labels: readonly L[],
  details: Omit<Details<L>, 'bound' | 'origin'> & { readonly sets: number; readonly buckets: readonly number[] },
): Family<L> {
  const { sets, ...rest } = details;
  return family('histogram')<L>(name, labels, {
    ...rest,
    origin: 'process',
    bound: sets * (details.buckets.length + 3),
  });
}
