import type { Refusal } from '#libs/domain';
import { Backlog } from './backlog.js';
import { type Diagnosis, type Diagnostician, evidenceOf, type Footing } from './diagnosis.js';
import type { Fleet } from './fleet.js';
import type { JobKind, JobKinds } from './job-kinds.js';
import type { PlanningPolicy, Seconds, WaitingVerdict } from './model.js';
import type { Openings } from './openings.js';
import type { PassOutcome, PassReservation } from './pass.js';
import { inTurn } from './turns.js';
import type { WaitingQueue } from './waiting-queue.js';

export interface ExplanationGround {
  readonly fleet: Fleet;
  readonly queue: WaitingQueue;
  readonly kinds: JobKinds;
  readonly diagnostician: Diagnostician;
  readonly policy: PlanningPolicy;
}

/** Whose verdicts are wanted: by slot and by the number of jobs ahead that wait. */
export type Wanted = (slot: number, ahead: number) => boolean;

type Estimate = Pick<WaitingVerdict, 'estimatedStart' | 'basis' | 'poolId'>;
const NEVER: Estimate = { estimatedStart: null, basis: 'none', poolId: null };

export interface SlotVerdict {
  readonly slot: number;
  readonly verdict: WaitingVerdict;
}

/**
 * A verdict for each job that did not start and is asked about, in order. The pass's starts stand in the profiles and its
 * reservations have been taken back, so that "would fit but for a reservation" can be seen.
 */
export function explainWaiting(
  ground: ExplanationGround,
  outcome: PassOutcome,
  now: Seconds,
  isWanted: Wanted,
): SlotVerdict[] {
  const { queue } = ground;
  const reserved = new Map(outcome.reservations.map((reservation) => [reservation.slot, reservation]));
  const line = turnsIn(ground, lineOf(queue, outcome, now), reserved);
  const wanted = wantedPlaces(line, isWanted);
  if (wanted.length === 0) return [];
  const kinds = new Set(wanted.map((place) => queue.kind(line[place]!)));
  const diagnoses = ground.diagnostician.examine([...kinds]);
  const backlog = new Backlog(ground.fleet, ground.kinds, now);
  for (const { slot, group } of outcome.starts) {
    backlog.chargeGroup(group, queue.kind(slot), queue.job(slot).predicted);
  }
  const isStrict = ground.policy.backfill === 'none' || outcome.isCutShort;
  // Of the jobs that only the limit of starts kept waiting, as many as the next cycle may start.
  let nextStarts = outcome.isCutShort ? ground.policy.maxStarts : 0;
  const verdicts: SlotVerdict[] = [];
  let charged = 0;
  for (const ahead of wanted) {
    for (; charged < ahead; charged++) backlog.charge(queue.kindIndex(line[charged]!), queue.predicted(line[charged]!));
    const slot = line[ahead]!;
    const kind = queue.kind(slot);
    const diagnosis = diagnoses[kind.index]!;
    const notBefore = Math.max(now + 1, queue.notBefore(slot));
    const isNext = queue.limit(slot) <= diagnosis.footing.room && notBefore === now + 1 && nextStarts-- > 0;
    const waiting = { kind, footing: diagnosis.footing, reservation: reserved.get(slot), notBefore, now, isNext };
    const about = { limit: queue.limit(slot), isEarly: queue.notBefore(slot) > now, isStrict };
    const refusal = refusalOf(kind, diagnosis, { ...about, held: outcome.held.get(slot) });
    // Where only an event opens the gate there is no time to tell; but the quota may reach for another group, reserved for later.
    const isShut = refusal === 'quota-spent' && !waiting.reservation;
    const estimate = isShut ? NEVER : estimateOf(ground.fleet, waiting, backlog);
    const evidence = evidenceOf(diagnosis.barred, diagnosis.footing.best, ahead);
    verdicts.push({ slot, verdict: { jobId: queue.job(slot).id, refusal, ...estimate, evidence } });
  }
  return verdicts;
}

/** Jobs for which nodes are being vacated wait for just that. */
export function withClaims(
  { queue, openings }: Pick<ExplanationGround, 'queue'> & { readonly openings: Openings },
  outcome: PassOutcome,
): PassOutcome {
  const claimed = outcome.blocked.filter((slot) => openings.hasClaim(queue.job(slot).id));
  if (claimed.length === 0) return outcome;
  const held = new Map(outcome.held);
  for (const slot of claimed) held.set(slot, 'waiting-for-preemption');
  return { ...outcome, held };
}

/** Slots of those that did not start, in order. */
function lineOf(queue: WaitingQueue, { starts }: PassOutcome, now: Seconds): Int32Array {
  const hasStarted = new Uint8Array(queue.width);
  for (const { slot } of starts) hasStarted[slot] = 1;
  const line = new Int32Array(queue.size);
  let count = 0;
  const cursor = queue.cursor(now);
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) if (hasStarted[slot] === 0) line[count++] = slot;
  return line.subarray(0, count);
}

/** In the order in which they can hope to start. */
function turnsIn(
  { queue, policy }: ExplanationGround,
  line: Int32Array,
  reserved: ReadonlyMap<number, unknown>,
): Int32Array {
  if (policy.backfillOrder !== 'shortest-first' || policy.backfill === 'none') return line;
  const isReserved = new Uint8Array(queue.width);
  for (const slot of reserved.keys()) isReserved[slot] = 1;
  return inTurn(
    line,
    (slot) => isReserved[slot] === 1,
    (slot) => queue.shortest(slot),
  );
}

function wantedPlaces(line: Int32Array, isWanted: Wanted): number[] {
  const wanted: number[] = [];
  for (let ahead = 0; ahead < line.length; ahead++) if (isWanted(line[ahead]!, ahead)) wanted.push(ahead);
  return wanted;
}

interface About {
  readonly limit: number;
  readonly isEarly: boolean;
  readonly isStrict: boolean;
  readonly held: Refusal | undefined;
}

function refusalOf(kind: JobKind, diagnosis: Diagnosis, { limit, isEarly, isStrict, held }: About): Refusal {
  if (kind.eligible.length === 0) return diagnosis.barred.refusal ?? 'nodes-out-of-service';
  if (isEarly) return 'before-earliest-start';
  if (held) return held;
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
