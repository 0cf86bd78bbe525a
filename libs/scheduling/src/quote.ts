import { compareKeys } from '#libs/domain';
import { Backlog } from './backlog.js';
import { evidenceOf } from './diagnosis.js';
import type { ExplanationGround } from './explanation.js';
import { filters } from './filters.js';
import type { JobKind } from './job-kinds.js';
import type { PoolOption, QueuedJob, Seconds } from './model.js';
import type { Pass } from './pass.js';
import { whyBarred } from './refusing.js';
import { scoreOf } from './scorers.js';

interface Asked {
  readonly job: QueuedJob;
  readonly kind: JobKind;
  readonly now: Seconds;
  readonly ahead: number;
  readonly backlog: Backlog;
  /** Groups that jobs ahead without a place of their own wait for: there the profile alone would promise too much. */
  readonly contended: ReadonlySet<number>;
}

/**
 * What each pool answers to a job that is not submitted: the pass is run up to the place it would have in the order, and each
 * group is asked for the first gap behind what was placed before. Best score first, refusals last; ties by pool id.
 * Expects the fleet settled at `now` and the job in the queue under `slot`; leaves the profiles as they were.
 */
export function quotePools(ground: ExplanationGround, pass: Pass, slot: number, now: Seconds): PoolOption[] {
  const { fleet, queue } = ground;
  const outcome = pass.run(now, { goal: 'estimates', until: slot });
  const placed = new Set([...outcome.starts, ...outcome.reservations].map((place) => place.slot));
  const backlog = new Backlog(fleet, ground.kinds, now);
  const contended = new Set<number>();
  for (const start of outcome.starts) {
    backlog.chargeGroup(start.group, queue.kind(start.slot), queue.job(start.slot).predicted);
  }
  let ahead = 0;
  const cursor = queue.cursor(now);
  for (let other = cursor.next(); other >= 0 && other !== slot; other = cursor.next()) {
    const kind = queue.kind(other);
    backlog.charge(kind, queue.job(other).predicted);
    ahead++;
    if (placed.has(other) || queue.notBefore(other) > now) continue;
    for (const index of kind.eligible) contended.add(index);
  }
  ahead -= outcome.starts.length;
  const asked = { job: queue.job(slot), kind: queue.kind(slot), now, ahead, backlog, contended };
  const poolIds = [...new Set(fleet.candidates.map((candidate) => candidate.pool.id))].sort(compareKeys);
  const options = poolIds.map((poolId) => poolOption(ground, asked, poolId));
  outcome.undoReservations();
  outcome.undoStarts();
  return options.sort(
    (a, b) =>
      Number(a.refusal !== null) - Number(b.refusal !== null) || b.score - a.score || compareKeys(a.poolId, b.poolId),
  );
}

function poolOption(ground: ExplanationGround, asked: Asked, poolId: string): PoolOption {
  const { fleet } = ground;
  const { job, kind, ahead } = asked;
  const inPool = fleet.candidates.filter((candidate) => candidate.pool.id === poolId);
  const barred = whyBarred(job, inPool, filters);
  let best: PoolOption | null = null;
  for (const index of kind.eligible) {
    if (fleet.group(index).poolId !== poolId) continue;
    const freeNodes = fleet.profiles[index]!.free(kind.ask);
    const evidence = evidenceOf(barred, { groupId: fleet.group(index).id, freeNodes, askedNodes: job.nodes }, ahead);
    const option = groupOption(ground, asked, index);
    if (option && (best === null || isBetter(option, best))) best = { ...option, poolId, refusal: null, evidence };
  }
  if (best) return best;
  // Open, but never free for so long: the holds there have no end.
  const refusal = barred.refusal ?? (job.perNode.cards > 0 ? 'no-free-accelerators' : 'no-free-nodes');
  const nothing = { groupId: null, estimatedStart: null, endsBy: null, basis: 'none', score: 0 } as const;
  return { poolId, ...nothing, refusal, evidence: evidenceOf(barred, null, ahead) };
}

type GroupOption = Pick<PoolOption, 'groupId' | 'basis' | 'score'> & { estimatedStart: Seconds; endsBy: Seconds };

const isBetter = (a: GroupOption, b: PoolOption): boolean =>
  a.score > b.score || (a.score === b.score && a.estimatedStart < (b.estimatedStart ?? Infinity));

function groupOption({ fleet, policy }: ExplanationGround, asked: Asked, index: number): GroupOption | null {
  const { job, kind, now, backlog, contended } = asked;
  const from = Math.max(now, job.earliestStart ?? now);
  const profile = fleet.profiles[index]!;
  const gap = profile.earliest(kind.ask, job.limit, from);
  if (gap === Infinity) return null;
  const isQueued = contended.has(index);
  const start = isQueued
    ? profile.earliest(kind.ask, job.limit, Math.ceil(Math.max(gap, now + backlog.at(index))))
    : gap;
  const score = scoreOf(
    {
      job,
      now,
      start,
      candidate: fleet.candidates[index]!,
      freeNodes: profile.free(kind.ask),
      outlook: fleet.outlookAt(index),
      dearest: fleet.dearest,
    },
    policy.weights,
  );
  const basis = isQueued ? 'backlog' : 'reservation';
  return { groupId: fleet.group(index).id, estimatedStart: start, endsBy: start + job.limit, basis, score };
}
