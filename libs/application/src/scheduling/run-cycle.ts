import type { Instant } from '#libs/domain';
import { type CyclePlan, type Delta, type PlannedStart, decisionOf, encodeCanonical } from '#libs/scheduling';
import type { SchedulerInstruments } from '../instruments.js';
import type { Committed, CycleEntry, CycleLog, IdSource, JobRefuser, PlanCommitter, VerdictToStore } from '../ports.js';
import { toMs, toSeconds } from '../service-time.js';
import type { KeepPromises } from './keep-promises.js';
import type { PlannerMirror } from './planner-mirror.js';
import { CHUNK_BYTES } from './state-packing.js';

export interface CycleOutcome {
  readonly cycle: number;
  readonly started: number;
  readonly refused: number;
  readonly waiting: number;
  readonly fenced: boolean;
  /** More could have started than a cycle may: run again at once. */
  readonly more: boolean;
}

interface CyclePorts {
  readonly mirror: PlannerMirror;
  readonly committer: PlanCommitter;
  readonly log: CycleLog;
  readonly refuser: JobRefuser;
  readonly ids: IdSource;
  readonly sha256: (text: string) => string;
  readonly stopwatch: () => number;
  readonly instruments: SchedulerInstruments;
  /** Absent: nothing is promised. */
  readonly promises?: Pick<KeepPromises, 'execute' | 'forget'>;
}
const BEAT_EVERY_SECONDS = 5;

export interface CycleOptions {
  /** A keyframe each so many cycles that had something to tell; deltas between. */
  readonly keyframeEvery: number;
  /** Bytes of deltas that stand on a keyframe, however small it is; default 64 KiB. Beyond them it is outgrown by what is larger than itself. */
  readonly deltasAtLeast?: number;
}
const DELTAS_AT_LEAST = 64 * 1024;

/** What the next deltas stand on. */
interface Footing {
  readonly cycle: number;
  readonly bytes: number;
  readonly cycles: number;
  readonly deltaBytes: number;
}

/**
 * One planning cycle: follow the database, plan, commit under the epoch, write down what was decided and why.
 * The planner proposes, the committer disposes (DESIGN.md 4); a refused part of a plan is simply planned again.
 */
export class RunCycle {
  private number: number | null = null;
  private beatenAt = Number.NEGATIVE_INFINITY;
  /** Null: a keyframe is due. */
  private footing: Footing | null = null;
  private pendingDeltas: Delta[] = [];

  constructor(
    private readonly ports: CyclePorts,
    private readonly options: CycleOptions,
  ) {}

  async execute(epoch: number, now: Instant): Promise<CycleOutcome> {
    const { mirror, stopwatch, instruments } = this.ports;
    const began = stopwatch();
    await this.follow(now); // 1. the picture
    const followed = stopwatch();
    const seconds = toSeconds(now);
    const plan = await mirror.host.plan(seconds); // 2. order, place
    const planned = stopwatch();
    const starts = plan.starts.map((start) => ({ ...start, attemptId: this.ports.ids.uuid() }));
    const cycle = await this.nextNumber();
    const committed = await this.commit(epoch, cycle, now, { ...plan, starts }); // 3. commit
    const ended = stopwatch();
    if (committed.kind === 'fenced') {
      instruments.conflicted('fenced', 1);
      this.forget();
      return { cycle, started: 0, refused: 0, waiting: waitingOf(plan), fenced: true, more: false };
    }
    await this.writeDown({ cycle, epoch, now, plan, committed }); // 4. evidence
    await this.beat(epoch, ended, now);
    instruments.staged('snapshot', followed - began);
    instruments.staged('order', plan.stages.order);
    instruments.staged('place', Math.max(0, planned - followed - plan.stages.order));
    instruments.staged('commit', ended - planned);
    return {
      cycle,
      started: committed.started.length,
      refused: committed.refused.length,
      waiting: waitingOf(plan),
      fenced: false,
      more: plan.starts.length >= mirror.policy.planning.maxStarts,
    };
  }

  /** After a lost leadership: nothing remembered is to be trusted. */
  forget(): void {
    this.ports.mirror.forget();
    this.number = null;
    this.footing = null;
    this.pendingDeltas = [];
    this.ports.promises?.forget();
  }

  /** Liveness is read from it, so an idle fleet beats too; a beat a second would be a write a second for nothing. */
  private async beat(epoch: number, at: number, now: Instant): Promise<void> {
    if (at - this.beatenAt < BEAT_EVERY_SECONDS) return;
    await this.ports.committer.dropClaims(now);
    await this.ports.log.beat(epoch);
    this.beatenAt = at;
  }

  private async follow(now: Instant): Promise<void> {
    const refreshed = await this.ports.mirror.refresh(now);
    if (refreshed.kind === 'cold') {
      this.footing = null;
      this.pendingDeltas = [];
    } else this.pendingDeltas.push(...refreshed.deltas);
  }

  private async nextNumber(): Promise<number> {
    this.number = this.number === null ? await this.ports.log.next() : this.number + 1;
    return this.number;
  }

  private async commit(
    epoch: number,
    cycle: number,
    now: Instant,
    plan: Pick<CyclePlan, 'preemptions' | 'claims'> & {
      readonly starts: readonly (PlannedStart & { readonly attemptId: string })[];
    },
  ): Promise<Committed> {
    const { starts, preemptions, claims } = plan;
    if (starts.length + preemptions.length === 0) return { kind: 'committed', started: [], refused: [], preempted: [] };
    return this.ports.committer.commit({ epoch, cycle, now, starts, preemptions, claims });
  }

  private async writeDown(done: {
    readonly cycle: number;
    readonly epoch: number;
    readonly now: Instant;
    readonly plan: CyclePlan;
    readonly committed: Extract<Committed, { kind: 'committed' }>;
  }): Promise<void> {
    const { cycle, epoch, now, plan, committed } = done;
    const { log, instruments } = this.ports;
    for (const refusal of committed.refused) instruments.conflicted(refusal.why, 1);
    await this.recordCycle(cycle, epoch, plan);
    const verdicts = plan.waiting.map((verdict): VerdictToStore => ({
      ...verdict,
      estimatedStart: verdict.estimatedStart === null ? null : toMs(verdict.estimatedStart),
    }));
    if (verdicts.length > 0) await log.storeVerdicts(cycle, now, verdicts);
    await this.ports.promises?.execute({ epoch, now: plan.now, news: plan.waiting });
    await this.refuseRejected(epoch, plan, now);
    // The next cycle must not plan these again, even if the feed still waits for an older transaction to end.
    await this.anticipate(committed, plan.now);
    tellDecisions(instruments, plan, committed);
  }

  /** A job that every engine it could run on has rejected would wait for ever: it ends, with the engine's words in its detail. */
  private async refuseRejected(epoch: number, plan: CyclePlan, now: Instant): Promise<void> {
    const rejected = plan.waiting.filter((verdict) => verdict.refusal === 'rejected-by-engines');
    if (rejected.length === 0) return;
    await this.ports.refuser.refuse(
      epoch,
      rejected.map((verdict) => verdict.jobId),
      'rejected-by-engines',
      now,
    );
  }

  private async recordCycle(cycle: number, epoch: number, plan: CyclePlan): Promise<void> {
    const isIdle = plan.starts.length + plan.preemptions.length === 0;
    if (isIdle && this.pendingDeltas.length === 0 && this.footing) {
      this.number = cycle - 1; // an idle tick is not worth a row nor a number
      return;
    }
    const state = await this.stateOf(cycle, plan.now);
    const recorded = await this.ports.log.record({
      cycle,
      epoch,
      nowSeconds: plan.now,
      policy: this.ports.mirror.policy,
      state,
      planSha256: this.ports.sha256(encodeCanonical(decisionOf(plan))),
      starts: plan.starts.length,
      preemptions: plan.preemptions.length,
      considered: plan.counts.considered,
    });
    this.footing = recorded === 'superseded' ? null : footingAfter(this.footing, cycle, state);
    this.pendingDeltas = [];
  }

  /** Deltas, unless the keyframe is so many cycles old, or they outgrow it: then a new one costs less than what is replayed. */
  private async stateOf(cycle: number, now: number): Promise<CycleEntry['state']> {
    const { host } = this.ports.mirror;
    const { footing } = this;
    if (footing && footing.cycles < this.options.keyframeEvery) {
      const packed = await host.packed(this.pendingDeltas);
      const room = Math.max(footing.bytes, this.options.deltasAtLeast ?? DELTAS_AT_LEAST);
      if (packed.bytes.length <= CHUNK_BYTES && footing.deltaBytes + packed.bytes.length <= room)
        return { kind: 'deltas', keyframeCycle: footing.cycle, step: footing.cycles, packed };
    }
    return { kind: 'keyframe', chunks: await host.keyframe(now) };
  }

  private async anticipate(committed: Extract<Committed, { kind: 'committed' }>, now: number): Promise<void> {
    if (committed.started.length === 0) return;
    const deltas = committed.started.map(({ attemptId, start }): Delta => {
      const { jobId, tenantId, groupId, nodeIndices, nodes: nodeCount, perNode, endsBy, predictedEnd, devices } = start;
      return {
        kind: 'attempt-placed',
        attempt: {
          attemptId,
          jobId,
          tenantId,
          groupId,
          nodeIndices,
          nodeCount,
          perNode,
          startedAt: now,
          endsBy,
          ...(predictedEnd !== undefined && { predictedEnd }),
          ...(devices && { devices }),
        },
      };
    });
    const withdrawn = committed.started.map(({ jobId }): Delta => ({ kind: 'job-withdrawn', jobId }));
    await this.ports.mirror.anticipate([...withdrawn, ...deltas]);
    // They belong to the stretch between this cycle and the next, as what the feed brings does.
    this.pendingDeltas.push(...withdrawn, ...deltas);
  }
}

function footingAfter(before: Footing | null, cycle: number, state: CycleEntry['state']): Footing | null {
  if (state.kind === 'keyframe') {
    return { cycle, bytes: state.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0), cycles: 1, deltaBytes: 0 };
  }
  return before && { ...before, cycles: before.cycles + 1, deltaBytes: before.deltaBytes + state.packed.bytes.length };
}

const waitingOf = (plan: CyclePlan): number => plan.counts.considered - plan.starts.length;

function tellDecisions(
  instruments: SchedulerInstruments,
  plan: CyclePlan,
  committed: Extract<Committed, { kind: 'committed' }>,
): void {
  const passed = committed.started.filter(({ start }) => start.backfilled);
  for (const [poolId, starts] of Map.groupBy(passed, ({ start }) => start.poolId))
    instruments.backfilled(poolId, starts.length);
  const impossible = plan.waiting.filter((verdict) => verdict.estimatedStart === null).length;
  instruments.decided('placed', committed.started.length - passed.length);
  instruments.decided('backfilled', passed.length);
  instruments.decided('reserved', plan.counts.reserved);
  instruments.decided('unsatisfiable', impossible);
  instruments.decided('deferred', Math.max(0, waitingOf(plan) - plan.counts.reserved - impossible));
  instruments.decided('preempting', committed.preempted.length);
  for (const { poolId, reason } of committed.preempted) instruments.preempted(poolId, reason);
}
