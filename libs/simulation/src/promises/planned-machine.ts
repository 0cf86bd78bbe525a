import { CounterProfile, inTurn, type JobOrder, type QueuedJob, type Seconds } from '#libs/scheduling';
import { Completions } from '../completions.js';
import { Line, type LineRules } from '../machine.js';

const NO_NODES: readonly number[] = [];
const VECTOR = { cards: 1000, cores: 0, memory: 0 };
const holding = (count: number): Parameters<CounterProfile['occupy']>[0] => ({
  nodes: NO_NODES,
  count,
  perNode: VECTOR,
});

interface Hold {
  readonly job: QueuedJob;
  readonly killedAt: Seconds;
  until: Seconds;
}

/**
 * A machine that plans on run times which may prove too short: a hold lasts for what the job's `limit` says, and until it is
 * killed once it has outlived that. What the plan says of waiting jobs is kept beside what it starts.
 */
export class PlannedMachine {
  private readonly profile: CounterProfile;
  private readonly line: Line;
  private readonly holds = new Map<number, Hold>();
  private readonly expiries = new Completions();

  constructor(
    private readonly processors: number,
    private readonly rules: LineRules,
  ) {
    this.profile = new CounterProfile(processors);
    this.line = new Line(processors, this.profile, rules);
  }

  queued(index: number): QueuedJob {
    const { queue } = this.line;
    return queue.job(queue.slot(String(index))!);
  }

  enqueue(job: QueuedJob): void {
    this.line.queue.add(job);
  }

  reorder(order: JobOrder): void {
    this.line.queue.reorder(order);
  }

  /** What could start now; to be told to `start` before the next instant. */
  startable(now: Seconds): readonly QueuedJob[] {
    this.turnTo(now);
    return this.line.startable(now).map(({ job }) => job);
  }

  /** What could start now, and the plan's point of every other job, in order. */
  plan(now: Seconds): { readonly starts: readonly QueuedJob[]; readonly points: ReadonlyMap<number, Point> } {
    this.turnTo(now);
    const { starts, reservations } = this.line.plan(now);
    const reserved = new Map(reservations.map(({ job, start }) => [job.sequence, start]));
    const started = new Set(starts);
    const points = new Map<number, Point>();
    let work = this.workOfRunning(now) + starts.reduce((sum, job) => sum + job.limit * job.nodes, 0);
    for (const job of this.waiting(now, started, reserved)) {
      const start = reserved.get(job.sequence);
      const basis = start === undefined ? 'backlog' : 'reservation';
      points.set(job.sequence, { start: start ?? now + Math.ceil(work / this.processors), basis, ahead: points.size });
      work += job.limit * job.nodes;
    }
    return { starts, points };
  }

  /** Those that go on waiting, in the order in which they can hope to start. */
  private waiting(now: Seconds, started: ReadonlySet<QueuedJob>, reserved: ReadonlyMap<number, Seconds>): QueuedJob[] {
    const { queue } = this.line;
    const line: number[] = [];
    const cursor = queue.cursor(now);
    for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) if (!started.has(queue.job(slot))) line.push(slot);
    const isReserved = (slot: number): boolean => reserved.has(queue.job(slot).sequence);
    const turns =
      this.rules.backfillOrder === 'shortest-first'
        ? inTurn(Int32Array.from(line), isReserved, (slot) => queue.limit(slot))
        : line;
    return Array.from(turns, (slot) => queue.job(slot));
  }

  start(job: QueuedJob, now: Seconds, killedAfter: number): void {
    this.line.queue.remove(job.id);
    const hold = { job, killedAt: now + killedAfter, until: now + job.limit };
    this.holds.set(job.sequence, hold);
    this.profile.occupy(holding(job.nodes), -Infinity, hold.until);
    this.expiries.add(job.sequence, hold.until);
  }

  end(index: number): void {
    const hold = this.holds.get(index)!;
    this.profile.vacate(holding(hold.job.nodes), -Infinity, hold.until);
    this.holds.delete(index);
  }

  private turnTo(now: Seconds): void {
    while (this.expiries.next <= now) {
      const hold = this.holds.get(this.expiries.take());
      if (hold === undefined || hold.until > now || hold.killedAt <= hold.until) continue;
      this.profile.vacate(holding(hold.job.nodes), -Infinity, hold.until);
      hold.until = hold.killedAt;
      this.profile.occupy(holding(hold.job.nodes), -Infinity, hold.until);
    }
    this.profile.turnTo(now);
  }

  private workOfRunning(now: Seconds): number {
    let work = 0;
    for (const { job, until } of this.holds.values()) work += (until - now) * job.nodes;
    return work;
  }
}

export interface Point {
  readonly start: Seconds;
  readonly basis: 'reservation' | 'backlog';
  readonly ahead: number;
}
