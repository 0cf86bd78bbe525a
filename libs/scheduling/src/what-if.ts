import { compareKeys, type Refusal } from '#libs/domain';
import { type Candidate, filters, isOfItsSort } from './filters.js';
import type { Gates } from './gates.js';
import type { PoolOption, QueuedJob, Seconds } from './model.js';
import type { Pass } from './pass.js';
import { during, poolOptions, type QuoteGround, standAt, type Standing } from './quote.js';
import { whyBarred } from './refusing.js';

/** One thing that could be otherwise about a job. */
export type Change =
  | { readonly kind: 'any-pool' }
  /** These models and no others. */
  | { readonly kind: 'other-model'; readonly models: readonly string[] }
  | { readonly kind: 'any-latency' }
  | { readonly kind: 'fewer-nodes'; readonly nodes: number }
  | { readonly kind: 'shorter-limit'; readonly limit: Seconds }
  | { readonly kind: 'later-deadline'; readonly deadline: Seconds }
  | { readonly kind: 'no-green-floor' }
  | { readonly kind: 'no-earliest-start' }
  | { readonly kind: 'preemptible' }
  /** Its tenant's quota set aside, as if others lent what it needs. */
  | { readonly kind: 'borrow' };

export const changeKinds = [
  'any-pool',
  'other-model',
  'any-latency',
  'fewer-nodes',
  'shorter-limit',
  'later-deadline',
  'no-green-floor',
  'no-earliest-start',
  'preemptible',
  'borrow',
] as const satisfies readonly Change['kind'][];

export interface WhatIf {
  /** Null: the job as it is. */
  readonly change: Change | null;
  /** The soonest place; of several as soon, the best. Null when there is none in sight. */
  readonly option: PoolOption | null;
  /** Why there is none. */
  readonly refusal: Refusal | null;
}

/** The job as it is, and with each change: same order as they were asked in. */
export interface WhatIfs {
  readonly base: WhatIf;
  /** What each pool answers to the job as it is: what `quote` would say. */
  readonly options: readonly PoolOption[];
  readonly changes: readonly WhatIf[];
}

export interface WhatIfGround extends QuoteGround {
  readonly pass: Pass;
  readonly gates: Gates;
  /** The gates but for quotas. */
  readonly gatesOfBorrowers: Gates;
}

const DAY = 86_400;
/** Models that are tried, each for itself. */
const MOST_MODELS = 4;

/** The job with one thing changed; all else stays, its place in submission too. */
export function changed(job: QueuedJob, change: Change): QueuedJob {
  switch (change.kind) {
    case 'any-pool':
      return { ...job, pools: undefined };
    case 'other-model':
      return { ...job, acceleratorModels: change.models };
    case 'any-latency':
      return { ...job, maxLatencyMs: undefined };
    case 'fewer-nodes':
      return { ...job, nodes: change.nodes };
    case 'shorter-limit':
      return { ...job, limit: change.limit, predicted: Math.min(job.predicted, change.limit) };
    case 'later-deadline':
      return { ...job, deadline: change.deadline };
    case 'no-green-floor':
      return { ...job, minGreenShare: undefined };
    case 'no-earliest-start':
      return { ...job, earliestStart: undefined };
    case 'preemptible':
      return { ...job, preemptible: true };
    case 'borrow':
      return job;
  }
}

/**
 * What is worth asking about a job: only what applies to it. That it may be preempted is asked though this planner starts nobody
 * sooner for that today: who offers it hears so.
 */
export function changesFor(job: QueuedJob, candidates: readonly Candidate[], now: Seconds): Change[] {
  const changes: Change[] = [];
  if (job.pools?.length) changes.push({ kind: 'any-pool' });
  for (const model of otherModels(job, candidates)) changes.push({ kind: 'other-model', models: [model] });
  if (job.maxLatencyMs !== undefined) changes.push({ kind: 'any-latency' });
  if (job.nodes > 1) changes.push({ kind: 'fewer-nodes', nodes: Math.floor(job.nodes / 2) });
  for (const limit of shorterLimits(job)) changes.push({ kind: 'shorter-limit', limit });
  if (job.deadline !== undefined) changes.push({ kind: 'later-deadline', deadline: job.deadline + DAY });
  if (job.minGreenShare !== undefined) changes.push({ kind: 'no-green-floor' });
  if (job.earliestStart !== undefined && job.earliestStart > now) changes.push({ kind: 'no-earliest-start' });
  if (job.preemptible !== true) changes.push({ kind: 'preemptible' });
  changes.push({ kind: 'borrow' });
  return changes;
}

function otherModels(job: QueuedJob, candidates: readonly Candidate[]): string[] {
  const { acceleratorModels } = job;
  if (!acceleratorModels?.length || job.perNode.cards === 0) return [];
  const others = new Set<string>();
  for (const { group } of candidates) {
    const model = group.acceleratorModel;
    if (model !== null && isOfItsSort(job, group) && !acceleratorModels.includes(model)) others.add(model);
  }
  const isOpen = (model: string): boolean =>
    whyBarred(changed(job, { kind: 'other-model', models: [model] }), candidates, filters).refusal === null;
  return [...others].sort(compareKeys).filter(isOpen).slice(0, MOST_MODELS);
}

function shorterLimits({ limit, predicted }: QueuedJob): Seconds[] {
  const half = Math.ceil(limit / 2);
  const limits = [half, predicted].filter((seconds) => seconds > 0 && seconds < limit);
  return [...new Set(limits)].sort((a, b) => b - a);
}

/** Where a plan would put it: as soon as can be; of places as soon, the best score, then the pool's id. */
export function soonest(options: readonly PoolOption[]): PoolOption | null {
  let best: PoolOption | null = null;
  for (const option of options) {
    if (option.estimatedStart === null) continue;
    if (best === null || isSooner(option, best)) best = option;
  }
  return best;
}

function isSooner(a: PoolOption, b: PoolOption): boolean {
  if (a.estimatedStart !== b.estimatedStart) return a.estimatedStart! < b.estimatedStart!;
  return a.score > b.score || (a.score === b.score && compareKeys(a.poolId, b.poolId) < 0);
}

/**
 * The job under `slot`, as it is and with each change, everything else as it stands. The pass ahead of the job is run once; a
 * change that moves the job itself to another place in the order (a deadline, or the size where the order goes by size) is
 * looked at from that place, with a pass of its own. Expects the fleet settled at `now`; leaves queue and profiles as they were.
 */
export function whatIf(ground: WhatIfGround, slot: number, changes: readonly Change[], now: Seconds): WhatIfs {
  const job = ground.queue.job(slot);
  const answers: (Answer | undefined)[] = changes.map(() => undefined);
  const { options, ...base } = during(standAt(ground, ground.pass, now, { slot }), (standing) => {
    changes.forEach((change, i) => {
      answers[i] = asVariant(ground, changed(job, change), (variant) =>
        ground.queue.standsWith(slot, variant) ? answer(ground, { slot: variant, standing, change }) : undefined,
      );
    });
    return answer(ground, { slot, standing, change: null });
  });
  const complete = changes.map(
    (change, i) =>
      answers[i] ??
      asVariant(ground, changed(job, change), (variant) =>
        during(standAt(ground, ground.pass, now, { slot: variant, without: slot }), (elsewhere) =>
          answer(ground, { slot: variant, standing: elsewhere, change }),
        ),
      ),
  );
  return { base, options, changes: complete.map(({ options: _options, ...told }) => told) };
}

/** Puts another version of a job into the queue while it is looked at. */
function asVariant<T>({ queue, kinds }: WhatIfGround, job: QueuedJob, look: (slot: number) => T): T {
  const id = `what if ${job.id}`;
  const slot = queue.add({ ...job, id });
  try {
    kinds.refresh();
    return look(slot);
  } finally {
    queue.remove(id);
  }
}

type Answer = WhatIf & Pick<WhatIfs, 'options'>;

function answer(
  ground: WhatIfGround,
  { slot, standing, change }: { readonly slot: number; readonly standing: Standing; readonly change: Change | null },
): Answer {
  const gates = change?.kind === 'borrow' ? ground.gatesOfBorrowers : ground.gates;
  const options = poolOptions(ground, { slot, standing, gates });
  const option = soonest(options);
  return { change, option, refusal: option ? null : refusalOf(ground, slot, options), options };
}

/** Of the pools that are open to it, or, where none is, what would open the nearest. */
function refusalOf({ fleet, queue }: WhatIfGround, slot: number, options: readonly PoolOption[]): Refusal | null {
  const open = new Set(queue.kind(slot).eligible.map((index) => fleet.group(index).poolId));
  const inOpen = options.find(({ poolId }) => open.has(poolId));
  return inOpen ? inOpen.refusal : whyBarred(queue.job(slot), fleet.candidates, filters).refusal;
}
