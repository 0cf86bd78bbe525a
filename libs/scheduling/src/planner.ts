import { compareKeys } from '#libs/domain';
import { admitJob } from './admission.js';
import { Diagnostician } from './diagnosis.js';
import { explainWaiting, type Wanted, withClaims } from './explanation.js';
import { Fleet } from './fleet.js';
import { Gates } from './gates.js';
import { JobKinds } from './job-kinds.js';
import type {
  Admission,
  CyclePlan,
  Delta,
  PlannedStart,
  PlanningPolicy,
  PoolOption,
  QueuedJob,
  RunningJob,
  Seconds,
  Snapshot,
  TenantModel,
  WaitingVerdict,
} from './model.js';
import { Openings } from './openings.js';
import { fairOrder, orderOf } from './order.js';
import { Pass, type PassOutcome, type PassStart } from './pass.js';
import { GreenGate } from './green-hours-gate.js';
import { PowerGate } from './power-gate.js';
import { QuotaGate } from './quota-gate.js';
import type { Planner, PlanWish } from './planner-face.js';
import { during, poolOptions, standAt } from './quote.js';
import { nextResolve, resolveBlocked, type ResolveGround } from './resolve.js';
import { scoreOf } from './scorers.js';
import { ACCRUAL_SECONDS } from './share-book.js';
import { stagingSeconds } from './staging.js';
import { TenantAccounts } from './tenant-accounts.js';
import { allOf } from './undo.js';
import { VerdictNews } from './verdict-news.js';
import { WaitingQueue } from './waiting-queue.js';
import { type Change, changesFor, whatIf, type WhatIfGround, type WhatIfs } from './what-if.js';

/** @throws Error when the snapshot contradicts itself: a group without its pool, an attempt on a node that is not there. */
export function createPlanner(snapshot: Snapshot, policy: PlanningPolicy): Planner {
  return new FleetPlanner(snapshot, policy);
}

const HOUR = 3600;

class FleetPlanner implements Planner {
  private readonly fleet: Fleet;
  private readonly kinds: JobKinds;
  private readonly queue: WaitingQueue;
  private readonly pass: Pass;
  private readonly ground: WhatIfGround;
  private readonly openings: Openings;
  private readonly accounts: TenantAccounts;
  private readonly quota: QuotaGate;
  private readonly power: PowerGate;
  private readonly green: GreenGate;
  private readonly gates: Gates;
  private readonly news = new VerdictNews();
  private readonly tenants = new Map<string, TenantModel>();
  private readonly pools: Snapshot['pools'];
  private now: Seconds;
  private windowsVersion = -1;
  private openFrom: Seconds = Infinity;
  private openUntil: Seconds = -Infinity;
  private tenancyVersion = 0;
  // The last plan, while nothing has happened and time alone changes nothing.
  private last: { readonly plan: CyclePlan; readonly validUntil: Seconds } | null = null;

  constructor(
    snapshot: Snapshot,
    private readonly policy: PlanningPolicy,
  ) {
    this.now = snapshot.now;
    this.pools = snapshot.pools;
    this.fleet = new Fleet(snapshot, policy.runTimes);
    this.kinds = new JobKinds(this.fleet);
    this.queue = new WaitingQueue(this.kinds, orderOf(policy.order), policy.runTimes);
    this.openings = new Openings((tenantId) => this.fleet.lineOf(tenantId));
    const { fleet, queue, kinds, openings } = this;
    this.quota = new QuotaGate({ job: (slot) => queue.job(slot), group: (index) => fleet.group(index) });
    this.power = new PowerGate(fleet, queue);
    this.green = new GreenGate(fleet, queue);
    this.accounts = new TenantAccounts(this.quota, policy.fairShare);
    const gatesOfBorrowers = new Gates([this.power, this.green]);
    this.gates = policy.quotas === 'off' ? gatesOfBorrowers : new Gates([this.quota, this.power, this.green]);
    const score = (slot: number, group: number, start: Seconds): number => this.score(slot, group, start);
    const hold = (slot: number, group: number): number => this.hold(slot, group);
    this.pass = new Pass({ queue, kinds, profiles: fleet.profiles, policy, score, hold, gates: this.gates, openings });
    const { pass, gates } = this;
    const diagnostician = new Diagnostician(fleet);
    this.ground = { fleet, queue, kinds, policy, diagnostician, openings, score, hold, pass, gates, gatesOfBorrowers };
    this.load(snapshot);
  }

  advance(deltas: readonly Delta[]): void {
    if (deltas.length > 0) this.last = null;
    let areTenantsNew = false;
    for (const delta of deltas) {
      if (delta.kind === 'usage') areTenantsNew = true;
      this.follow(delta);
    }
    if (areTenantsNew) this.takeTenants();
  }

  plan(now: Seconds, { stopwatch = () => 0, verdicts = 'all' }: PlanWish = {}): CyclePlan {
    if (verdicts !== 'all' && this.last && now >= this.last.plan.now && now < this.last.validUntil) {
      return { ...this.last.plan, now, waiting: [], looked: 0, stages: { order: 0, place: 0 } };
    }
    const begun = stopwatch();
    const resume = this.stand(now);
    this.queue.settle(now);
    const ordered = stopwatch();
    const outcome = this.pass.run(now, { goal: 'estimates' });
    const starts = outcome.starts.map((start) => this.plannedStart(start, now));
    outcome.undoReservations();
    const resolution = resolveBlocked(this.resolveGround(), outcome, now);
    const waiting = this.verdicts(outcome, verdicts, now);
    const isQuiet = starts.length === 0 && resolution.preemptions.length === 0;
    // While what holds for this instant only still stands: attempts whose nodes are not known end too.
    const validUntil = isQuiet ? this.validUntil(outcome, now) : now;
    outcome.undoStarts();
    resume();
    const plan: CyclePlan = {
      now,
      starts,
      ...resolution,
      reservations: outcome.reservations.map(({ slot, group, start }) => {
        const { id: groupId, poolId } = this.fleet.group(group);
        return { jobId: this.queue.job(slot).id, groupId, poolId, start };
      }),
      waiting,
      counts: {
        considered: this.queue.size,
        backfilled: starts.filter((start) => start.backfilled).length,
        reserved: outcome.reservations.length,
      },
      looked: outcome.looked,
      stages: { order: ordered - begun, place: stopwatch() - ordered },
    };
    this.last = isQuiet ? { plan: { ...plan, waiting: [] }, validUntil } : null;
    return plan;
  }

  explain(jobId: string, now: Seconds): WaitingVerdict | null {
    const asked = this.queue.slot(jobId);
    if (asked === undefined) return null;
    const resume = this.stand(now);
    const outcome = this.pass.run(now, { goal: 'estimates' });
    outcome.undoReservations();
    const found = explainWaiting(this.ground, withClaims(this.ground, outcome), now, (slot) => slot === asked);
    outcome.undoStarts();
    resume();
    return found[0]?.verdict ?? null;
  }

  quote(job: QueuedJob, now: Seconds): readonly PoolOption[] {
    return this.asked(job, now, (slot) =>
      during(standAt(this.ground, this.pass, now, { slot }), (standing) =>
        poolOptions(this.ground, { slot, standing, gates: this.gates }),
      ),
    );
  }

  whatIf(asked: QueuedJob | string, now: Seconds, changes?: readonly Change[]): WhatIfs | null {
    const look = (slot: number): WhatIfs =>
      whatIf(this.ground, slot, changes ?? changesFor(this.queue.job(slot), this.fleet.candidates, now), now);
    if (typeof asked !== 'string') return this.asked(asked, now, look);
    const slot = this.queue.slot(asked);
    if (slot === undefined) return null;
    const resume = this.stand(now);
    try {
      return this.openings.hasClaim(asked) ? null : look(slot);
    } finally {
      resume();
    }
  }

  /** Looks at a job that is not submitted. Under its own id, so that a job that waits already is not put out of the queue. */
  private asked<T>(job: QueuedJob, now: Seconds, look: (slot: number) => T): T {
    const id = `quote of ${job.id}`;
    const slot = this.queue.add({ ...job, id });
    try {
      const resume = this.stand(now);
      try {
        return look(slot);
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
    for (const tenant of snapshot.tenants) this.tenants.set(tenant.id, tenant);
    this.takeTenants();
    for (const { groupId, index, state } of snapshot.nodeStates) this.fleet.setNodeState(groupId, index, state);
    for (const window of snapshot.windows) this.fleet.setWindow(window);
    for (const outlook of snapshot.outlooks) this.fleet.setOutlook(outlook);
    for (const attempt of snapshot.running) this.follow({ kind: 'attempt-placed', attempt });
    for (const job of snapshot.queued) this.enqueue(job);
  }

  private follow(delta: Delta): void {
    switch (delta.kind) {
      case 'job-queued':
        return this.enqueue(delta.job);
      case 'job-withdrawn':
        return this.queue.remove(delta.jobId);
      case 'attempt-placed':
      case 'attempt-changed':
        this.queue.remove(delta.attempt.jobId);
        return this.begin(delta.attempt);
      case 'attempt-ended':
        this.accounts.end(delta.attemptId);
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

  private enqueue(job: QueuedJob): void {
    this.news.forget(this.queue.add(job));
  }

  private takeTenants(): void {
    const tenants = [...this.tenants.values()];
    this.fleet.setTenants(tenants);
    this.accounts.setTenants(tenants);
    this.openings.forget();
  }

  /** Brings the state to an instant; the undo takes back what holds for that instant only. */
  private stand(now: Seconds): () => void {
    this.now = now;
    this.open(now);
    if (this.tenancyVersion !== this.fleet.tenancyVersion) {
      this.tenancyVersion = this.fleet.tenancyVersion;
      this.queue.rejoin();
    }
    const ranks = this.policy.order === 'fair' ? this.accounts.newRanks(now) : null;
    if (ranks) this.queue.reorder(fairOrder(ranks));
    this.power.turnTo(now);
    this.green.begin(now);
    this.kinds.refresh();
    this.fleet.heedMix(this.kinds.byIndex);
    const resume = this.fleet.settle(now);
    const freeClaims = this.holdClaims();
    return () => {
      freeClaims();
      resume();
    };
  }

  private begin(attempt: RunningJob): void {
    this.fleet.place(attempt);
    this.accounts.begin(attempt, this.fleet.group(this.fleet.indexOf(attempt.groupId)));
  }

  /** Those for whom nodes are being vacated have their quota too, or somebody else would take it meanwhile. */
  private holdClaims(): () => void {
    const undos = this.openings.claims().flatMap(({ jobId, group, nodes }) => {
      const slot = this.queue.slot(jobId);
      return slot === undefined ? [] : [this.quota.keepFor(slot, group, nodes)];
    });
    return () => {
      for (const undo of undos.toReversed()) undo();
    };
  }

  /** Knows the windows that have not ended. */
  private open(now: Seconds): void {
    const isSame = this.windowsVersion === this.fleet.windowsVersion && now >= this.openFrom && now < this.openUntil;
    if (isSame) return;
    this.windowsVersion = this.fleet.windowsVersion;
    const windows = this.fleet.allWindows().filter((window) => window.until > now);
    this.openFrom = now;
    this.openUntil = windows.reduce((first, window) => Math.min(first, window.until), Infinity);
    this.openings.set(windows, (groupId) => this.fleet.indexOf(groupId));
  }

  private verdicts(outcome: PassOutcome, wish: NonNullable<PlanWish['verdicts']>, now: Seconds): WaitingVerdict[] {
    if (wish === 'none') return [];
    const { news } = this;
    news.begin(this.queue.size - outcome.starts.length);
    const isWanted: Wanted = wish === 'all' ? () => true : (slot, ahead) => news.isDue(slot, ahead);
    const found = explainWaiting(this.ground, withClaims(this.ground, outcome), now, isWanted);
    const told = wish === 'all' ? found : found.filter(({ slot, verdict }) => news.tell(slot, verdict, now));
    return told.map(({ verdict }) => verdict);
  }

  /** Until when the plan stays what it is if nothing happens: jobs can only start, move or be put out when something turns. */
  private validUntil({ reservations }: PassOutcome, now: Seconds): Seconds {
    // The mean over a run changes with every second that its start is put off.
    if (this.green.hasKeptBack) return now;
    const { accrualSeconds = ACCRUAL_SECONDS } = this.policy.fairShare ?? {};
    const nextHour = (Math.floor(now / HOUR) + 1) * HOUR;
    const resizes = nextResolve(this.fleet.attempts(), this.policy, now);
    let until = Math.min(this.queue.nextTurn(now), this.power.nextEdge(now), resizes, nextHour);
    if (this.policy.order === 'fair' || this.policy.preemption) {
      until = Math.min(until, (Math.floor(now / accrualSeconds) + 1) * accrualSeconds);
    }
    until = Math.min(until, this.openUntil);
    for (const { start } of reservations) until = Math.min(until, start);
    for (const profile of this.fleet.profiles) until = Math.min(until, profile.nextEdge(now));
    return until;
  }

  private resolveGround(): ResolveGround {
    const { fleet, queue, kinds, openings, policy, gates, quota, accounts, power, now } = this;
    return {
      fleet,
      queue,
      kinds,
      openings,
      policy,
      gates,
      entitlement: quota,
      hold: (slot, group) => this.hold(slot, group),
      withdraw: ({ attempt }) =>
        allOf(fleet.withdraw(attempt.attemptId), accounts.withdraw(attempt.attemptId), power.withdraw(attempt, now)),
      mayGoOn: ({ attempt, group }, nodes) =>
        (policy.quotas === 'off' || quota.mayHold(attempt, group, nodes)) && power.mayGoOn(attempt, nodes, now),
      goOn: ({ attempt, group }, nodes) => allOf(quota.goOn(attempt, group, nodes), power.goOn(attempt, nodes, now)),
    };
  }

  /** What a start in the group is planned with: before a window it must be over at its limit, whatever is predicted. */
  private hold(slot: number, group: number): number {
    const run = this.fleet.hasWindowsIn(group, this.now) ? this.queue.limit(slot) : this.queue.shortest(slot);
    return run + this.staging(slot, group);
  }

  private staging(slot: number, group: number): number {
    const job = this.queue.job(slot);
    return job.inputs ? stagingSeconds(job, this.fleet.candidates[group]!) : 0;
  }

  private plannedStart(start: PassStart, now: Seconds): PlannedStart {
    const { id: jobId, tenantId, perNode, limit } = this.queue.job(start.slot);
    const { id: groupId, poolId } = this.fleet.group(start.group);
    const { nodes: nodeIndices, count: nodes, devices, backfilled, score } = start;
    const placed = { jobId, tenantId, nodes, perNode, groupId, poolId, nodeIndices, backfilled, score };
    const stagingSeconds = this.staging(start.slot, start.group);
    const runsFrom = now + stagingSeconds;
    return {
      ...placed,
      endsBy: runsFrom + limit,
      ...(this.policy.runTimes === 'predicted' && { predictedEnd: runsFrom + this.queue.shortest(start.slot) }),
      ...(stagingSeconds > 0 && { stagingSeconds }),
      ...(devices && { devices }),
    };
  }

  private score(slot: number, group: number, start: Seconds): number {
    const { dearest } = this.fleet;
    const job = this.queue.job(slot);
    const freeNodes = this.fleet.profiles[group]!.free(this.queue.kind(slot).ask);
    const option = { job, start, freeNodes, dearest, now: this.now, candidate: this.fleet.candidates[group]! };
    return scoreOf({ ...option, outlook: this.fleet.outlookAt(group) }, this.policy.weights);
  }
}
