import type { Refusal } from '#libs/domain';
import { Backlog } from './backlog.js';
import { type Diagnosis, type Diagnostician, evidenceOf, type Footing } from './diagnosis.js';
import type { Fleet } from './fleet.js';
import type { JobKind, JobKinds } from './job-kinds.js';
import type { PlanningPolicy, Seconds, WaitingVerdict } from './model.js';
import type { PassOutcome, PassReservation } from './pass.js';
import type { WaitingQueue } from './waiting-queue.js';

export interface ExplanationGround {
  readonly fleet: Fleet;
  readonly queue: WaitingQueue;
  readonly kinds: JobKinds;
  readonly diagnostician: Diagnostician;
  readonly policy: PlanningPolicy;
}

type Estimate = Pick<WaitingVerdict, 'estimatedStart' | 'basis' | 'poolId'>;
const NEVER: Estimate = { estimatedStart: null, basis: 'none', poolId: null };

/**
 * A verdict for each job that did not start, in order. The pass's starts stand in the profiles and its reservations have been
 * taken back, so that "would fit but for a reservation" can be seen.
 */
export function explainWaiting(ground: ExplanationGround, outcome: PassOutcome, now: Seconds): WaitingVerdict[] {
  const { fleet, queue, kinds } = ground;
  const diagnoses = ground.diagnostician.examine(kinds.byIndex);
  const started = new Set(outcome.starts.map((start) => start.slot));
  const reserved = new Map(outcome.reservations.map((reservation) => [reservation.slot, reservation]));
  const backlog = new Backlog(fleet, now);
  for (const { slot, group } of outcome.starts) {
    backlog.chargeGroup(group, queue.kind(slot), queue.job(slot).predicted);
  }
  const isStrict = ground.policy.backfill === 'none' || outcome.isCutShort;
  const verdicts: WaitingVerdict[] = [];
  // Of the jobs that only the limit of starts kept waiting, as many as the next cycle may start.
  let nextStarts = outcome.isCutShort ? ground.policy.maxStarts : 0;
  const cursor = queue.cursor(now);
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) {
    if (started.has(slot)) continue;
    const job = queue.job(slot);
    const kind = queue.kind(slot);
    const diagnosis = diagnoses[kind.index]!;
    const notBefore = Math.max(now + 1, queue.notBefore(slot));
    const isNext = job.limit <= diagnosis.footing.room && notBefore === now + 1 && nextStarts-- > 0;
    const waiting = { kind, footing: diagnosis.footing, reservation: reserved.get(slot), notBefore, now, isNext };
    const estimate = estimateOf(fleet, waiting, backlog);
    verdicts.push({
      jobId: job.id,
      refusal: refusalOf(kind, diagnosis, { limit: job.limit, isEarly: queue.notBefore(slot) > now, isStrict }),
      ...estimate,
      evidence: evidenceOf(diagnosis.barred, diagnosis.footing.best, verdicts.length),
    });
    backlog.charge(kind, job.predicted);
  }
  return verdicts;
}

function refusalOf(
  kind: JobKind,
  diagnosis: Diagnosis,
  { limit, isEarly, isStrict }: { limit: number; isEarly: boolean; isStrict: boolean },
): Refusal {
  if (kind.eligible.length === 0) return diagnosis.barred.refusal ?? 'nodes-out-of-service';
  if (isEarly) return 'before-earliest-start';
  if (limit <= diagnosis.footing.room) return isStrict ? 'behind-in-queue' : 'behind-reservation';
  if (limit <= diagnosis.footing.roomWithoutWindows) return 'would-overrun-window';
  return diagnosis.footing.shortOf;
}

interface Waiting {
  readonly kind: JobKind;
  readonly footing: Footing;
  readonly reservation: PassReservation | undefined;
  readonly notBefore: Seconds;
  readonly now: Seconds;
  readonly isNext: boolean;
}

function estimateOf(fleet: Fleet, waiting: Waiting, backlog: Backlog): Estimate {
  const { kind, footing, reservation, notBefore, now, isNext } = waiting;
  if (reservation) {
    const poolId = fleet.group(reservation.group).poolId;
    return { estimatedStart: reservation.start, basis: 'reservation', poolId };
  }
  const { eligible } = kind;
  const { releases } = footing;
  let soonest = Infinity;
  let best = -1;
  for (let i = 0; i < eligible.length; i++) {
    const release = releases[i]!;
    if (release >= soonest) continue;
    const served = isNext ? now : now + backlog.at(eligible[i]!);
    if (served >= soonest) continue;
    soonest = release > served ? release : served;
    best = eligible[i]!;
  }
  if (best < 0) return NEVER;
  const estimatedStart = Math.ceil(Math.max(soonest, notBefore));
  return { estimatedStart, basis: 'backlog', poolId: fleet.group(best).poolId };
}
