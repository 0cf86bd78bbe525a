import { compareKeys } from '#libs/domain';
import { awaitedGroups } from './awaited.js';
import type { Fleet } from './fleet.js';
import type { Gates } from './gates.js';
import type { Held } from './holdings.js';
import type { JobKinds } from './job-kinds.js';
import type { PlannedClaim, PlannedPreemption, PlanningPolicy, QueuedJob, RunningJob, Seconds } from './model.js';
import type { Openings } from './openings.js';
import type { PassOutcome, PassReservation } from './pass.js';
import type { Ask, Undo } from './profile.js';
import type { WaitingQueue } from './waiting-queue.js';

/** Who is entitled to what, in reference cards of the quota. */
export interface Entitlement {
  /** The job would still be within what is its tenant's own: it may ask back what is lent. */
  isWithinOwn(job: QueuedJob, group: number): boolean;
  /** The holder borrows on the way to what both draw on. */
  mayReclaimFrom(job: QueuedJob, holderTenantId: string): boolean;
  /** Its tenant may hold so many nodes of the group more. */
  mayHold(job: Pick<QueuedJob, 'tenantId' | 'perNode'>, group: number, nodes: number): boolean;
}

export interface ResolveGround {
  readonly fleet: Fleet;
  readonly queue: WaitingQueue;
  readonly kinds: JobKinds;
  readonly openings: Openings;
  readonly policy: Pick<PlanningPolicy, 'preemption' | 'elastic' | 'quotas'>;
  readonly gates: Gates;
  readonly entitlement: Entitlement;
  hold(slot: number, group: number): number;
  /** Takes an attempt out of its profile and of the books of the gates until undone. */
  withdraw(held: Held): Undo;
  /** Whether quota and caps let a withdrawn attempt go on with so many nodes. */
  mayGoOn(held: Held, nodes: number): boolean;
  /** Counts a withdrawn attempt with so many nodes in the books of the gates, until undone. */
  goOn(held: Held, nodes: number): Undo;
}

export interface Resolution {
  readonly preemptions: readonly PlannedPreemption[];
  readonly claims: readonly PlannedClaim[];
}

/** A checkpoint counts as just made for so long: plans come once a second at best, and engines take a while to stop a job. */
export const CHECKPOINT_GRACE: Seconds = 60;
/** For a job that did not start although room was made so often, nobody is put out again: something else is in its way. */
export const MOST_CLAIMS = 3;
/** Candidates that are weighed in one group, those that lose the least first. */
const MOST_VICTIMS = 256;

/** Seconds of work that are lost when an attempt is stopped: since its last checkpoint, or since its start without any. */
export function lostSeconds(attempt: RunningJob, now: Seconds): Seconds {
  const ran = Math.max(0, now - attempt.startedAt);
  return attempt.checkpointInterval ? ran % attempt.checkpointInterval : ran;
}

export const lostNodeSeconds = (attempt: RunningJob, now: Seconds): number =>
  lostSeconds(attempt, now) * (attempt.nodeIndices.length || attempt.nodeCount);

const isElastic = (attempt: RunningJob): boolean =>
  attempt.nodesMax !== undefined &&
  attempt.nodeIndices.length > 0 &&
  attempt.checkpointInterval !== undefined &&
  attempt.leaving !== true;

/** Whether the attempt has just made a checkpoint. */
const isAtCheckpoint = (attempt: RunningJob, now: Seconds): boolean =>
  now - attempt.startedAt >= attempt.checkpointInterval! && lostSeconds(attempt, now) < CHECKPOINT_GRACE;

/** The first time after `now` at which somebody may be put out or resized who could not before: a checkpoint, or the end of a protection. */
export function nextResolve(
  attempts: Iterable<RunningJob>,
  { preemption, elastic }: Pick<PlanningPolicy, 'preemption' | 'elastic'>,
  now: Seconds,
): Seconds {
  let turn = Infinity;
  for (const attempt of attempts) {
    if (elastic !== 'off' && isElastic(attempt)) {
      const made = Math.max(0, Math.floor((now - attempt.startedAt) / attempt.checkpointInterval!));
      turn = Math.min(turn, attempt.startedAt + (made + 1) * attempt.checkpointInterval!);
    }
    if (preemption && attempt.preemptible && (attempt.preemptions ?? 0) > 0) {
      const ends = attempt.startedAt + preemption.minRunSeconds;
      if (ends > now && ends < turn) turn = ends;
    }
  }
  return turn;
}

/**
 * Makes room for jobs that reserved because they could not start: by putting out running work, the least of it, or by shrinking
 * elastic jobs at their checkpoints; then lets elastic jobs grow where nobody waits for the nodes. Nobody is put out unless the
 * job that he makes room for starts on just these nodes: each preemption comes with a claim on them.
 *
 * Expects the pass's starts in the profiles and its reservations taken back; lays those of jobs ahead again as it goes, so that
 * nothing ahead is delayed. Leaves the profiles as they were.
 */
export function resolveBlocked(
  ground: ResolveGround,
  outcome: Pick<PassOutcome, 'blocked' | 'reservations' | 'starts'>,
  now: Seconds,
): Resolution {
  const round = new Round(ground, now);
  round.makeRoom(outcome);
  round.grow(outcome);
  return round.end();
}

class Round {
  private readonly preemptions: PlannedPreemption[] = [];
  private readonly claims: PlannedClaim[] = [];
  private readonly undos: Undo[] = [];
  private readonly gone = new Set<string>();
  private readonly claimants = new Set<string>();
  private offered: ReadonlyMap<number, readonly Held[]> | null = null;
  private checkpointed: readonly Held[] | null = null;

  constructor(
    private readonly ground: ResolveGround,
    private readonly now: Seconds,
  ) {}

  makeRoom({ blocked, reservations }: Pick<PassOutcome, 'blocked' | 'reservations'>): void {
    const { preemption } = this.ground.policy;
    const reserved = new Map(reservations.map((reservation) => [reservation.slot, reservation]));
    let preemptors = 0;
    for (const slot of blocked) {
      const mayPreempt = preemption !== undefined && preemptors < preemption.maxPreemptors;
      const isHelped =
        this.mayClaim(this.ground.queue.job(slot)) && ((mayPreempt && this.preemptFor(slot)) || this.shrinkFor(slot));
      const reservation = reserved.get(slot);
      if (isHelped) preemptors++;
      else if (reservation) this.layAgain(reservation);
    }
  }

  /** Elastic jobs that have just made a checkpoint take what is idle in groups for which nobody waits. */
  grow({ starts }: Pick<PassOutcome, 'starts'>): void {
    if (this.ground.policy.elastic === 'off') return;
    const growing = this.elastic().filter(({ attempt }) => attempt.nodeIndices.length < attempt.nodesMax!);
    if (growing.length === 0) return;
    const started = new Set(starts.map(({ slot }) => slot));
    const isServed = (slot: number): boolean => started.has(slot) || this.claimants.has(this.ground.queue.job(slot).id);
    const awaited = awaitedGroups(this.ground, this.now, isServed);
    for (const { attempt, group } of growing) {
      const count = attempt.nodeIndices.length;
      if (awaited.has(group)) continue;
      const undo = this.vacate({ attempt, group });
      const most = this.mostNodes({ attempt, group }, attempt.nodesMax!);
      if (most <= count) {
        undo();
        continue;
      }
      this.undos.push(undo);
      this.resize({ attempt, group }, { nodes: most, reason: 'grow', forJobId: attempt.jobId });
    }
  }

  end(): Resolution {
    for (let undo = this.undos.pop(); undo; undo = this.undos.pop()) undo();
    return { preemptions: this.preemptions, claims: this.claims };
  }

  /** What a job ahead has reserved is not to be had; where a claim has changed the picture, its next place is looked for. */
  private layAgain({ slot, group, start }: PassReservation): void {
    const profile = this.ground.fleet.profiles[group]!;
    const { ask } = this.ground.queue.kind(slot);
    const seconds = this.ground.hold(slot, group);
    // Where nothing runs that could make room, nobody asks what is left.
    if (!this.isContested(group)) return;
    const at = profile.earliest(ask, seconds, start);
    if (at < Infinity) this.undos.push(profile.take(ask, at, seconds).undo);
  }

  /** Whether anything that runs in the group may be put out or shrunk. */
  private isContested(group: number): boolean {
    const { preemption, elastic } = this.ground.policy;
    if (preemption !== undefined && this.offeredIn(group).length > 0) return true;
    return elastic !== 'off' && this.elastic().some((held) => held.group === group);
  }

  private preemptFor(slot: number): boolean {
    const { queue } = this.ground;
    const job = queue.job(slot);
    let best: { readonly group: number; readonly victims: readonly Held[]; readonly lost: number } | null = null;
    for (const group of queue.kind(slot).eligible) {
      const candidates = this.candidates(job, group);
      if (candidates.length === 0) continue;
      const victims = this.fewest(slot, group, candidates);
      if (victims === null) continue;
      const lost = victims.reduce((sum, { attempt }) => sum + lostNodeSeconds(attempt, this.now), 0);
      const isBetter = !best || lost < best.lost || (lost === best.lost && victims.length < best.victims.length);
      if (isBetter) best = { group, victims, lost };
    }
    if (!best) return false;
    for (const victim of best.victims) {
      this.undos.push(this.vacate(victim));
      this.gone.add(victim.attempt.attemptId);
      const reason = this.outranks(job, victim.attempt) ? 'priority' : 'reclaim';
      this.preemptions.push(this.preemption(victim.attempt, reason, job.id));
    }
    this.claimFor(slot, best.group);
    return true;
  }

  private candidates(job: QueuedJob, group: number): Held[] {
    const offered = this.offeredIn(group);
    if (offered.length === 0) return [];
    const { entitlement } = this.ground;
    const mayReclaim = this.ground.policy.preemption?.reclaim === true && entitlement.isWithinOwn(job, group);
    return offered
      .filter(
        ({ attempt }) =>
          !this.gone.has(attempt.attemptId) &&
          (this.outranks(job, attempt) || (mayReclaim && entitlement.mayReclaimFrom(job, attempt.tenantId))),
      )
      .sort((a, b) => this.byLoss(a, b))
      .slice(0, MOST_VICTIMS);
  }

  /**
   * Work of the group that may be put out at all; looked up once a round, for all who ask. Not where nodes have no names: no
   * claim can keep them, and somebody might be put out for nothing.
   */
  private offeredIn(group: number): readonly Held[] {
    this.offered ??= Map.groupBy(
      this.ground.fleet.held(
        ({ attempt }) =>
          attempt.preemptible === true &&
          attempt.leaving !== true &&
          attempt.nodeIndices.length > 0 &&
          !this.isProtected(attempt),
      ),
      (held) => held.group,
    );
    return this.offered.get(group) ?? [];
  }

  private outranks(job: QueuedJob, victim: RunningJob): boolean {
    const { bandsBelow } = this.ground.policy.preemption!;
    return bandsBelow !== undefined && (victim.priority ?? 2) - job.priority >= bandsBelow;
  }

  private isProtected({ preemptions = 0, startedAt }: RunningJob): boolean {
    return preemptions > 0 && this.now - startedAt < this.ground.policy.preemption!.minRunSeconds;
  }

  /** Those that lose the least first; among equals the less important, then by id. */
  private byLoss(a: Held, b: Held): number {
    return (
      lostNodeSeconds(a.attempt, this.now) - lostNodeSeconds(b.attempt, this.now) ||
      (b.attempt.priority ?? 2) - (a.attempt.priority ?? 2) ||
      compareKeys(a.attempt.attemptId, b.attempt.attemptId)
    );
  }

  private claimFor(slot: number, group: number): void {
    const { ask } = this.ground.queue.kind(slot);
    const seconds = this.ground.hold(slot, group);
    this.claim(this.ground.queue.job(slot).id, group, { ask, seconds });
    const counted = this.ground.gates.take({ slot, group, nodes: ask.nodes, seconds }, this.now, this.now);
    if (counted) this.undos.push(counted);
  }

  /** Whether the job could start in the group as it stands. */
  private fits(slot: number, group: number): boolean {
    const { ask } = this.ground.queue.kind(slot);
    const seconds = this.ground.hold(slot, group);
    if (this.ground.fleet.profiles[group]!.longest(ask) < seconds) return false;
    return this.ground.gates.refusal({ slot, group, nodes: ask.nodes, seconds }, this.now) === null;
  }

  /** The victims without whom the job could not start, or null when it could not even with all gone: those that lose the most are spared first. */
  private fewest(slot: number, group: number, candidates: readonly Held[]): Held[] | null {
    const undos = new Map<Held, Undo>(candidates.map((held) => [held, this.vacate(held)]));
    const victims: Held[] = [];
    if (this.fits(slot, group)) {
      for (const held of candidates.toReversed()) {
        const undo = undos.get(held)!;
        undo();
        undos.delete(held);
        if (this.fits(slot, group)) continue;
        undos.set(held, this.vacate(held));
        victims.push(held);
      }
    }
    for (const undo of [...undos.values()].reverse()) undo();
    // Nobody to be put out means that it fits: the pass has kept it back for a reason that is not ours to judge.
    return victims.length > 0 ? victims.reverse() : null;
  }

  private shrinkFor(slot: number): boolean {
    if (this.ground.policy.elastic === 'off') return false;
    const { queue } = this.ground;
    const kind = queue.kind(slot);
    for (const held of this.elastic()) {
      const { attempt, group } = held;
      const count = attempt.nodeIndices.length;
      if (!kind.eligible.includes(group) || count <= (attempt.nodesMin ?? count)) continue;
      if (this.fits(slot, group)) continue;
      const undo = this.vacate(held);
      const most = this.fits(slot, group) ? this.mostBeside(slot, held) : 0;
      if (most < Math.max(1, attempt.nodesMin ?? 1)) {
        undo();
        continue;
      }
      this.undos.push(undo);
      this.claimFor(slot, group);
      this.resize(held, { nodes: most, reason: 'shrink', forJobId: queue.job(slot).id });
      return true;
    }
    return false;
  }

  /** As many nodes as the vacated attempt could go on with beside the job. */
  private mostBeside(slot: number, held: Held): number {
    const seconds = this.ground.hold(slot, held.group);
    const { ask } = this.ground.queue.kind(slot);
    const taken = this.ground.fleet.profiles[held.group]!.take(ask, this.now, seconds);
    const bid = { slot, group: held.group, nodes: ask.nodes, seconds };
    const uncount = this.ground.gates.take(bid, this.now, this.now);
    const most = this.mostNodes(held, held.attempt.nodeIndices.length - 1);
    uncount?.();
    taken.undo();
    return most;
  }

  /** Elastic jobs that have just made a checkpoint and go on as they are so far. */
  private elastic(): Held[] {
    this.checkpointed ??= this.ground.fleet.held(
      ({ attempt }) => isElastic(attempt) && isAtCheckpoint(attempt, this.now),
    );
    return this.checkpointed.filter(
      ({ attempt }) => !this.gone.has(attempt.attemptId) && !this.hasClaim(attempt.jobId),
    );
  }

  /** As many nodes, from one up to `most`, as the vacated attempt could go on with until its limit, within its tenant's quota and the caps of its site. */
  private mostNodes(held: Held, most: number): number {
    const { attempt, group } = held;
    const { fleet, kinds } = this.ground;
    const profile = fleet.profiles[group]!;
    const ask = kinds.askLike(attempt);
    const seconds = Math.max(1, attempt.endsBy - this.now);
    let low = 0;
    for (let high = most; low < high;) {
      const nodes = (low + high + 1) >>> 1;
      if (this.ground.mayGoOn(held, nodes) && profile.longest({ ...ask, nodes }) >= seconds) low = nodes;
      else high = nodes - 1;
    }
    return low;
  }

  /** The vacated attempt stops at the checkpoint it has just made and has a claim on the nodes that it goes on with. */
  private resize(
    held: Held,
    to: { readonly nodes: number; readonly reason: 'shrink' | 'grow'; readonly forJobId: string },
  ): void {
    const { attempt, group } = held;
    this.undos.push(this.ground.goOn(held, to.nodes));
    this.gone.add(attempt.attemptId);
    this.preemptions.push(this.preemption(attempt, to.reason, to.forJobId));
    const ask = { ...this.ground.kinds.askLike(attempt), nodes: to.nodes };
    this.claim(attempt.jobId, group, { ask, seconds: Math.max(1, attempt.endsBy - this.now) });
  }

  private claim(jobId: string, group: number, { ask, seconds }: { readonly ask: Ask; readonly seconds: number }): void {
    const { fleet } = this.ground;
    const { nodes, undo } = fleet.profiles[group]!.take(ask, this.now, seconds);
    this.undos.push(undo);
    const { id: groupId, poolId } = fleet.group(group);
    this.claims.push({ jobId, groupId, poolId, nodeIndices: nodes });
    this.claimants.add(jobId);
  }

  /** Whether room may be made for the job: it has none yet, and has not had it too often. */
  private mayClaim({ id, claims = 0 }: QueuedJob): boolean {
    return claims < MOST_CLAIMS && !this.hasClaim(id);
  }

  private hasClaim(jobId: string): boolean {
    return this.claimants.has(jobId) || this.ground.openings.hasClaim(jobId);
  }

  private preemption(attempt: RunningJob, reason: PlannedPreemption['reason'], forJobId: string): PlannedPreemption {
    const { attemptId, jobId } = attempt;
    return { attemptId, jobId, reason, forJobId, at: this.now, lostNodeSeconds: lostNodeSeconds(attempt, this.now) };
  }

  private vacate(held: Held): Undo {
    return this.ground.withdraw(held);
  }
}
