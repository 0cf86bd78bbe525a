import { compareKeys } from '#libs/domain';
import { admitJob } from './admission.js';
import { Diagnostician } from './diagnosis.js';
import { type ExplanationGround, explainWaiting } from './explanation.js';
import { Fleet } from './fleet.js';
import { JobKinds } from './job-kinds.js';
import type {
  Admission,
  CyclePlan,
  Delta,
  PlannedStart,
  PlanningPolicy,
  PoolOption,
  QueuedJob,
  Seconds,
  Snapshot,
  TenantModel,
} from './model.js';
import { orderOf } from './order.js';
import { Pass, type PassStart } from './pass.js';
import { quotePools } from './quote.js';
import { scoreOf } from './scorers.js';
import { WaitingQueue } from './waiting-queue.js';

/**
 * The planner's state and what can be asked of it. It proposes: `plan` leaves the state as it was, and what the committer made
 * of the plan comes back as deltas.
 */
export interface Planner {
  /** Follows changes. Deltas that repeat what is known, or end what is unknown, change nothing. Throws on unknown groups and nodes. */
  advance(deltas: readonly Delta[]): void;
  /** @param stopwatch seconds from any origin, for the stages of the plan */
  plan(now: Seconds, stopwatch?: () => number): CyclePlan;
  /** When and where it would start if it were queued now, pool by pool; best first, refusals last. */
  quote(job: QueuedJob, now: Seconds): readonly PoolOption[];
  /** Whether any pool would ever hold it. */
  admit(job: QueuedJob): Admission;
  /** The whole state, sorted: a planner started from it plans as this one does. */
  snapshot(now: Seconds): Snapshot;
}

/** @throws Error when the snapshot contradicts itself: a group without its pool, an attempt on a node that is not there. */
export function createPlanner(snapshot: Snapshot, policy: PlanningPolicy): Planner {
  return new FleetPlanner(snapshot, policy);
}

class FleetPlanner implements Planner {
  private readonly fleet: Fleet;
  private readonly kinds: JobKinds;
  private readonly queue: WaitingQueue;
  private readonly pass: Pass;
  private readonly ground: ExplanationGround;
  private readonly tenants = new Map<string, TenantModel>();
  private readonly pools: Snapshot['pools'];
  private now: Seconds;
  private tenancyVersion = 0;

  constructor(
    snapshot: Snapshot,
    private readonly policy: PlanningPolicy,
  ) {
    this.now = snapshot.now;
    this.pools = snapshot.pools;
    this.fleet = new Fleet(snapshot);
    this.kinds = new JobKinds(this.fleet);
    for (const tenant of snapshot.tenants) this.tenants.set(tenant.id, tenant);
    this.fleet.setTenants(snapshot.tenants);
    this.queue = new WaitingQueue(this.kinds, orderOf(policy.order, snapshot.tenants));
    const { fleet, queue, kinds } = this;
    const score = (slot: number, group: number, start: Seconds): number => this.score(slot, group, start);
    this.pass = new Pass({ queue, kinds, profiles: fleet.profiles, policy, score });
    this.ground = { fleet, queue, kinds, policy, diagnostician: new Diagnostician(fleet) };
    this.load(snapshot);
  }

  advance(deltas: readonly Delta[]): void {
    let isUsageNew = false;
    for (const delta of deltas) {
      if (delta.kind === 'usage') isUsageNew = true;
      this.follow(delta);
    }
    if (isUsageNew) this.fleet.setTenants([...this.tenants.values()]);
    if (isUsageNew && this.policy.order === 'fair') this.queue.reorder(orderOf('fair', [...this.tenants.values()]));
  }

  plan(now: Seconds, stopwatch: () => number = () => 0): CyclePlan {
    const begun = stopwatch();
    const resume = this.stand(now);
    this.queue.settle(now);
    const ordered = stopwatch();
    const outcome = this.pass.run(now, { goal: 'estimates' });
    const starts = outcome.starts.map((start) => this.plannedStart(start, now));
    outcome.undoReservations();
    const waiting = explainWaiting(this.ground, outcome, now);
    outcome.undoStarts();
    resume();
    return {
      now,
      starts,
      waiting,
      counts: {
        considered: this.queue.size,
        backfilled: starts.filter((start) => start.backfilled).length,
        reserved: outcome.reservations.length,
      },
      stages: { order: ordered - begun, place: stopwatch() - ordered },
    };
  }

  quote(job: QueuedJob, now: Seconds): readonly PoolOption[] {
    // Its own id, so that asking about a job that waits already does not put it out of the queue.
    const id = `quote of ${job.id}`;
    const slot = this.queue.add({ ...job, id });
    try {
      const resume = this.stand(now);
      try {
        return quotePools(this.ground, this.pass, slot, now);
      } finally {
        resume();
      }
    } finally {
      this.queue.remove(id);
    }
  }

  admit(job: QueuedJob): Admission {
    return admitJob(job, this.fleet.candidates);
  }

  snapshot(now: Seconds): Snapshot {
    const known = new Map(this.fleet.candidates.map(({ pool }) => [pool.id, pool]));
    return {
      now,
      pools: this.pools.map((pool) => known.get(pool.id) ?? pool).sort((a, b) => compareKeys(a.id, b.id)),
      groups: this.fleet.candidates.map((candidate) => candidate.group),
      tenants: [...this.tenants.values()].sort((a, b) => compareKeys(a.id, b.id)),
      queued: this.queue.all().sort((a, b) => a.sequence - b.sequence),
      ...this.fleet.picture(),
    };
  }

  private load(snapshot: Snapshot): void {
    for (const { groupId, index, state } of snapshot.nodeStates) this.fleet.setNodeState(groupId, index, state);
    for (const window of snapshot.windows) this.fleet.setWindow(window);
    for (const outlook of snapshot.outlooks) this.fleet.setOutlook(outlook);
    for (const attempt of snapshot.running) this.fleet.place(attempt);
    for (const job of snapshot.queued) this.queue.add(job);
  }

  private follow(delta: Delta): void {
    switch (delta.kind) {
      case 'job-queued':
        this.queue.add(delta.job);
        return;
      case 'job-withdrawn':
        return this.queue.remove(delta.jobId);
      case 'attempt-placed':
      case 'attempt-changed':
        this.queue.remove(delta.attempt.jobId);
        return this.fleet.place(delta.attempt);
      case 'attempt-ended':
        return this.fleet.end(delta.attemptId);
      case 'node-state':
        return this.fleet.setNodeState(delta.groupId, delta.index, delta.state);
      case 'pool-reachable':
        return this.fleet.setReachable(delta.poolId, delta.reachable);
      case 'window-set':
        return this.fleet.setWindow(delta.window);
      case 'window-gone':
        return this.fleet.dropWindow(delta.windowId);
      case 'usage':
        for (const tenant of delta.tenants) this.tenants.set(tenant.id, tenant);
        return;
      case 'outlook':
        return this.fleet.setOutlook(delta.outlook);
      case 'pool-changed':
        return this.fleet.setPool(delta.pool);
      case 'power-cap-set':
        return this.fleet.setPowerCap(delta.cap);
      case 'power-cap-gone':
        return this.fleet.dropPowerCap(delta.capId);
    }
  }

  /** Brings the state to an instant; the undo takes back what holds for that instant only. */
  private stand(now: Seconds): () => void {
    this.now = now;
    if (this.tenancyVersion !== this.fleet.tenancyVersion) {
      this.tenancyVersion = this.fleet.tenancyVersion;
      this.queue.rejoin();
    }
    this.kinds.refresh();
    return this.fleet.settle(now);
  }

  private plannedStart(start: PassStart, now: Seconds): PlannedStart {
    const { id: jobId, tenantId, nodes, perNode, limit } = this.queue.job(start.slot);
    const { id: groupId, poolId } = this.fleet.group(start.group);
    const { nodes: nodeIndices, backfilled, score } = start;
    return { jobId, tenantId, nodes, perNode, groupId, poolId, nodeIndices, endsBy: now + limit, backfilled, score };
  }

  private score(slot: number, group: number, start: Seconds): number {
    const { dearest } = this.fleet;
    const job = this.queue.job(slot);
    const freeNodes = this.fleet.profiles[group]!.free(this.queue.kind(slot).ask);
    const option = { job, start, freeNodes, dearest, now: this.now, candidate: this.fleet.candidates[group]! };
    return scoreOf({ ...option, outlook: this.fleet.outlookAt(group) }, this.policy.weights);
  }
}
