import { compareKeys } from '#libs/domain';
import { Backlog } from './backlog.js';
import { evidenceOf } from './diagnosis.js';
import type { ExplanationGround } from './explanation.js';
import { filters } from './filters.js';
import type { Gates } from './gates.js';
import type { JobKind } from './job-kinds.js';
import type { PoolOption, QueuedJob, Seconds } from './model.js';
import type { Openings } from './openings.js';
import type { Pass } from './pass.js';
import { whyBarred } from './refusing.js';
import { stagingSeconds } from './staging.js';

/** What quotes are made on: the same holds, gates and openings as the pass has. */
export interface QuoteGround extends ExplanationGround {
  readonly openings: Openings;
  hold(slot: number, group: number): number;
  score(slot: number, group: number, start: Seconds): number;
}

/** The plan up to a place in the order, laid into the profiles. */
export interface Standing {
  readonly now: Seconds;
  readonly ahead: number;
  readonly backlog: Backlog;
  /** Groups that jobs ahead without a place of their own wait for: there the profile alone would promise too much. */
  readonly contended: ReadonlySet<number>;
  /** Whoever fits now starts now, whatever waits ahead of it without a place. */
  readonly isOpen: boolean;
  /** To be called once; leaves the profiles as they were. */
  end(): void;
}

/** What a look throws must not leave holds behind: the planner is asked again. */
export function during<T>(standing: Standing, look: (standing: Standing) => T): T {
  try {
    return look(standing);
  } finally {
    standing.end();
  }
}

/**
 * Runs the pass up to a slot. Expects the fleet settled at `now`.
 *
 * @param without a slot that is passed over as if it did not wait
 */
export function standAt(
  ground: ExplanationGround,
  pass: Pass,
  now: Seconds,
  { slot, without }: { readonly slot: number; readonly without?: number },
): Standing {
  const { fleet, queue, policy } = ground;
  const outcome = pass.run(now, { goal: 'estimates', until: slot, without });
  const placed = new Set([...outcome.starts, ...outcome.reservations].map((place) => place.slot));
  const backlog = new Backlog(fleet, ground.kinds, now);
  const contended = new Set<number>();
  for (const start of outcome.starts) {
    backlog.chargeGroup(start.group, queue.kind(start.slot), queue.job(start.slot).predicted);
  }
  let ahead = 0;
  const cursor = queue.cursor(now);
  for (let other = cursor.next(); other >= 0 && other !== slot; other = cursor.next()) {
    if (other === without) continue;
    const kind = queue.kind(other);
    backlog.charge(queue.kind(other).index, queue.job(other).predicted);
    ahead++;
    // Those that a gate keeps back for good are in nobody's way.
    if (placed.has(other) || queue.notBefore(other) > now || outcome.held.has(other)) continue;
    for (const index of kind.eligible) contended.add(index);
  }
  return {
    now,
    ahead: ahead - outcome.starts.length,
    backlog,
    contended,
    isOpen: policy.backfill !== 'none' && !outcome.isCutShort,
    end: () => {
      outcome.undoReservations();
      outcome.undoStarts();
    },
  };
}

/** A job that is asked about, at a place in the order that was stood at. */
export interface Asked {
  readonly slot: number;
  readonly standing: Standing;
  readonly gates: Gates;
}

interface Question extends Asked {
  readonly job: QueuedJob;
  readonly kind: JobKind;
}

/** What each pool answers. Best score first, refusals last; ties by pool id. */
export function poolOptions(ground: QuoteGround, asked: Asked): PoolOption[] {
  const { fleet, queue } = ground;
  const question = { ...asked, job: queue.job(asked.slot), kind: queue.kind(asked.slot) };
  const poolIds = [...new Set(fleet.candidates.map((candidate) => candidate.pool.id))].sort(compareKeys);
  return poolIds
    .map((poolId) => poolOption(ground, question, poolId))
    .sort(
      (a, b) =>
        Number(a.refusal !== null) - Number(b.refusal !== null) || b.score - a.score || compareKeys(a.poolId, b.poolId),
    );
}

function poolOption(ground: QuoteGround, asked: Question, poolId: string): PoolOption {
  const { fleet } = ground;
  const { job, kind } = asked;
  const { ahead, now } = asked.standing;
  const inPool = fleet.candidates.filter((candidate) => candidate.pool.id === poolId);
  const barred = whyBarred(job, inPool, filters);
  let best: PoolOption | null = null;
  let gated: PoolOption['refusal'] = null;
  for (const index of kind.eligible) {
    if (fleet.group(index).poolId !== poolId) continue;
    const freeNodes = fleet.profiles[index]!.free(kind.ask);
    const evidence = evidenceOf(barred, { groupId: fleet.group(index).id, freeNodes, askedNodes: job.nodes }, ahead);
    const option = groupOption(ground, asked, index);
    if (option && (best === null || isBetter(option, best))) best = { ...option, poolId, refusal: null, evidence };
    if (!option) gated ??= asked.gates.refusal(bidOf(ground, asked, index), now);
  }
  if (best) return best;
  // Open, but never free for so long: the holds there have no end.
  const refusal = barred.refusal ?? gated ?? (job.perNode.cards > 0 ? 'no-free-accelerators' : 'no-free-nodes');
  const nothing = { groupId: null, estimatedStart: null, endsBy: null, basis: 'none', score: 0 } as const;
  return { poolId, ...nothing, refusal, evidence: evidenceOf(barred, null, ahead) };
}

type GroupOption = Pick<PoolOption, 'groupId' | 'basis' | 'score' | 'stagingSeconds'> & {
  estimatedStart: Seconds;
  endsBy: Seconds;
};

const isBetter = (a: GroupOption, b: PoolOption): boolean =>
  a.score > b.score || (a.score === b.score && a.estimatedStart < (b.estimatedStart ?? Infinity));

const bidOf = (ground: QuoteGround, { slot, kind }: Question, group: number) => ({
  slot,
  group,
  nodes: kind.ask.nodes,
  seconds: ground.hold(slot, group),
});

function groupOption(ground: QuoteGround, asked: Question, index: number): GroupOption | null {
  const { fleet } = ground;
  const { slot, job } = asked;
  const { now, backlog, contended, isOpen } = asked.standing;
  const from = Math.max(now, job.earliestStart ?? now);
  const gap = earliestIn(ground, asked, index, from);
  if (gap === Infinity) return null;
  const isQueued = contended.has(index) && !(isOpen && gap === now);
  const served = Math.ceil(Math.max(gap, now + backlog.at(index)));
  const start = isQueued ? earliestIn(ground, asked, index, served) : gap;
  if (start === Infinity) return null;
  const staging = stagingSeconds(job, fleet.candidates[index]!);
  return {
    groupId: fleet.group(index).id,
    estimatedStart: start,
    endsBy: start + staging + job.limit,
    ...(staging > 0 && { stagingSeconds: staging }),
    basis: isQueued ? 'backlog' : 'reservation',
    score: ground.score(slot, index, start),
  };
}

/** The first time at which there are nodes and every gate is open; windows that are open to the job are not in its way. */
function earliestIn(ground: QuoteGround, asked: Question, index: number, from: Seconds): Seconds {
  const { job, kind, gates } = asked;
  const profile = ground.fleet.profiles[index]!;
  const bid = bidOf(ground, asked, index);
  const windows = ground.openings.windowsFor(job, index);
  const layAgain = windows && profile.liftWindows(windows);
  const earliest = gates.earliest(bid, from, (at) => profile.earliest(kind.ask, bid.seconds, at));
  layAgain?.();
  return earliest;
}
