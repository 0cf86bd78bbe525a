import type { Candidate } from './filters.js';
import type { OutlookModel, QueuedJob, ScoreWeights, Seconds } from './model.js';
import { gibibytesToMove, stagingSeconds } from './staging.js';

/** One way to run a job, as the scorers see it. */
export interface Option {
  readonly job: QueuedJob;
  readonly candidate: Candidate;
  readonly now: Seconds;
  readonly start: Seconds;
  /** Nodes of the group that could take it now. */
  readonly freeNodes: number;
  readonly outlook: OutlookModel | undefined;
  /** The dearest hour of any outlook, yuan per kWh: prices are told as a part of it. */
  readonly dearest: number;
}

/** Each in [0, 1]; 1 is best, and what is not known is in the middle. */
export type Scorer = (option: Option) => number;

const HOUR = 3600;
const UNKNOWN = 0.5;
/** One-way milliseconds at which nearness is worth half: about one ring around a city. */
const HALF_WAY_MS = 10;
/** Data to be brought in at which nearness is worth half: about a quarter of an hour on a gigabit line. */
const HALF_WAY_GIB = 100;

function atHour(
  outlook: OutlookModel | undefined,
  series: 'greenShare' | 'yuanPerKwh',
  at: Seconds,
): number | undefined {
  return outlook?.[series][Math.floor((at - outlook.from) / HOUR)];
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

export const scorers: Readonly<Record<keyof ScoreWeights, Scorer>> = {
  startDelay: ({ job, candidate, now, start }) =>
    HOUR / (HOUR + Math.max(0, start - now) + stagingSeconds(job, candidate)),
  // What will be free by a later start is not known: it depends on who is served before.
  tightFit: ({ job, freeNodes, now, start }) => (start > now ? UNKNOWN : job.nodes / Math.max(job.nodes, freeNodes)),
  price: ({ outlook, start, dearest }) => {
    const yuan = atHour(outlook, 'yuanPerKwh', start);
    return yuan === undefined || dearest <= 0 ? UNKNOWN : clamp(1 - yuan / dearest);
  },
  green: ({ outlook, start }) => clamp(atHour(outlook, 'greenShare', start) ?? UNKNOWN),
  nearness: ({ job, candidate }) => {
    const ms = candidate.pool.latencyMs[job.fromDistrict ?? ''];
    const toUser = ms === undefined ? undefined : HALF_WAY_MS / (HALF_WAY_MS + Math.max(0, ms));
    const toData = job.inputs?.length ? HALF_WAY_GIB / (HALF_WAY_GIB + gibibytesToMove(job, candidate)) : undefined;
    if (toUser !== undefined && toData !== undefined) return (toUser + toData) / 2;
    return toUser ?? toData ?? UNKNOWN;
  },
};

const names = Object.keys(scorers) as (keyof ScoreWeights)[];

/** The weighted mean of all scorers, in [0, 1]; 0 where no weight is set. */
export function scoreOf(option: Option, weights: ScoreWeights): number {
  let sum = 0;
  let total = 0;
  for (const name of names) {
    const weight = weights[name];
    if (weight === 0) continue;
    sum += weight * scorers[name](option);
    total += weight;
  }
  return total > 0 ? sum / total : 0;
}
