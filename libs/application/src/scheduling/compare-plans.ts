import type { CyclePlan, PlannedReservation, PlannedStart, Seconds, Snapshot } from '#libs/scheduling';

/** What a plan comes to; means are null over nothing. Price and green share are of the hour that the starts fall in, by nodes. */
export interface PlanFigures {
  readonly starts: number;
  readonly startedNodes: number;
  readonly backfilled: number;
  readonly preemptions: number;
  readonly reservations: number;
  readonly meanScore: number | null;
  readonly meanWaitSeconds: number | null;
  readonly meanReservedWaitSeconds: number | null;
  readonly meanYuanPerKwh: number | null;
  readonly meanGreenShare: number | null;
}
export interface StartPlace {
  readonly poolId: string;
  readonly groupId: string;
  readonly nodeIndices: readonly number[];
}
export interface ReservedPlace {
  readonly poolId: string;
  readonly groupId: string;
  readonly start: Seconds;
}
/** Of two plans of one state. Lists are in the order of the first plan, then of the second. */
export interface PlanDifference {
  readonly figures: { readonly one: PlanFigures; readonly other: PlanFigures };
  readonly startsOnlyInOne: readonly string[];
  readonly startsOnlyInOther: readonly string[];
  readonly startsElsewhere: readonly { readonly jobId: string; readonly one: StartPlace; readonly other: StartPlace }[];
  /** null where the plan reserves nothing for the job. */
  readonly reservations: readonly {
    readonly jobId: string;
    readonly one: ReservedPlace | null;
    readonly other: ReservedPlace | null;
  }[];
}

export function comparePlans(state: Snapshot, one: CyclePlan, other: CyclePlan): PlanDifference {
  const [startsOfOne, startsOfOther] = [byJob(one.starts), byJob(other.starts)];
  const [reservedByOne, reservedByOther] = [byJob(one.reservations), byJob(other.reservations)];
  const without = (starts: readonly PlannedStart[], known: ReadonlyMap<string, unknown>): string[] =>
    starts.flatMap(({ jobId }) => (known.has(jobId) ? [] : [jobId]));
  return {
    figures: { one: figuresOf(state, one), other: figuresOf(state, other) },
    startsOnlyInOne: without(one.starts, startsOfOther),
    startsOnlyInOther: without(other.starts, startsOfOne),
    startsElsewhere: one.starts.flatMap((start) => {
      const there = startsOfOther.get(start.jobId);
      return there && !isSamePlace(start, there)
        ? [{ jobId: start.jobId, one: startPlace(start), other: startPlace(there) }]
        : [];
    }),
    reservations: [...new Set([...reservedByOne.keys(), ...reservedByOther.keys()])].flatMap((jobId) => {
      const [here, there] = [reservedByOne.get(jobId), reservedByOther.get(jobId)];
      const isSame = here && there && here.groupId === there.groupId && here.start === there.start;
      return isSame ? [] : [{ jobId, one: reservedPlace(here), other: reservedPlace(there) }];
    }),
  };
}

const byJob = <T extends { readonly jobId: string }>(items: readonly T[]): ReadonlyMap<string, T> =>
  new Map(items.map((item) => [item.jobId, item]));
const isSamePlace = (a: StartPlace, b: StartPlace): boolean =>
  a.groupId === b.groupId && a.nodeIndices.join() === b.nodeIndices.join();
const startPlace = ({ poolId, groupId, nodeIndices }: PlannedStart): StartPlace => ({ poolId, groupId, nodeIndices });
const reservedPlace = (it: PlannedReservation | undefined): ReservedPlace | null =>
  it ? { poolId: it.poolId, groupId: it.groupId, start: it.start } : null;

function figuresOf(state: Snapshot, plan: CyclePlan): PlanFigures {
  const submitted = new Map(state.queued.map((job) => [job.id, job.submittedAt]));
  const siteOf = new Map(state.pools.map((pool) => [pool.id, pool.siteId]));
  const hours = new Map(state.outlooks.map((outlook) => [outlook.siteId, outlook]));
  const waitUntil = (jobId: string, start: Seconds): number => start - (submitted.get(jobId) ?? start);
  const ofHour = (key: 'yuanPerKwh' | 'greenShare'): number | null =>
    mean(
      plan.starts.flatMap((start) => {
        const outlook = hours.get(siteOf.get(start.poolId) ?? '');
        const value = outlook?.[key][Math.floor((plan.now - outlook.from) / 3600)];
        return value === undefined ? [] : [{ value, weight: start.nodes }];
      }),
    );
  return {
    starts: plan.starts.length,
    startedNodes: plan.starts.reduce((sum, start) => sum + start.nodes, 0),
    backfilled: plan.counts.backfilled,
    preemptions: plan.preemptions.length,
    reservations: plan.reservations.length,
    meanScore: mean(plan.starts.map(({ score }) => ({ value: score, weight: 1 }))),
    meanWaitSeconds: mean(plan.starts.map(({ jobId }) => ({ value: waitUntil(jobId, plan.now), weight: 1 }))),
    meanReservedWaitSeconds: mean(
      plan.reservations.map(({ jobId, start }) => ({ value: waitUntil(jobId, start), weight: 1 })),
    ),
    meanYuanPerKwh: ofHour('yuanPerKwh'),
    meanGreenShare: ofHour('greenShare'),
  };
}

function mean(items: readonly { readonly value: number; readonly weight: number }[]): number | null {
  const weight = items.reduce((sum, item) => sum + item.weight, 0);
  return weight === 0 ? null : items.reduce((sum, item) => sum + item.value * item.weight, 0) / weight;
}
