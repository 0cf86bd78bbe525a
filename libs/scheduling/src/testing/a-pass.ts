import { Fleet } from '../fleet.js';
import { type Bid, type Gate, Gates } from '../gates.js';
import { JobKinds } from '../job-kinds.js';
import type { GroupModel, PlanningPolicy, QueuedJob, RunningJob, Seconds, WindowModel } from '../model.js';
import { Openings } from '../openings.js';
import { orderOf } from '../order.js';
import { Pass, type PassOutcome, type PassWish } from '../pass.js';
import { WaitingQueue } from '../waiting-queue.js';
import { aPolicy, aSnapshot } from './builders.js';

export const PASS_NOW = 1000;

interface State {
  readonly groups: readonly GroupModel[];
  readonly queued: readonly QueuedJob[];
  readonly running?: readonly RunningJob[];
  readonly windows?: readonly WindowModel[];
  readonly policy?: Partial<PlanningPolicy>;
  readonly gates?: readonly Gate[];
  /** By `job@group`; absent: none is better than another. */
  readonly scores?: Readonly<Record<string, number>>;
  /** Seconds by `job@group`; absent: the limit. */
  readonly holds?: Readonly<Record<string, number>>;
}

/** A wish that names jobs by their ids. */
export interface Asked {
  readonly goal?: PassWish['goal'];
  readonly until?: string;
  readonly without?: string;
}

export interface Told {
  /** `job@group`, and how many nodes where that is more than one. */
  readonly starts: readonly string[];
  /** `job@group from`. */
  readonly reservations: readonly string[];
  readonly blocked: readonly string[];
  readonly held: Readonly<Record<string, string>>;
  readonly backfilled: readonly string[];
  readonly looked: number;
  readonly isCutShort: boolean;
}

/** A pass over a queue that stands, with nothing of the planner around it. Jobs are told by their ids. */
export class APass {
  readonly fleet: Fleet;
  readonly queue: WaitingQueue;
  readonly openings: Openings;
  readonly pass: Pass;
  private readonly kinds: JobKinds;

  constructor({ groups, queued, running = [], windows = [], policy, gates, scores, holds }: State) {
    this.fleet = new Fleet(aSnapshot({ groups }));
    for (const attempt of running) this.fleet.place(attempt);
    for (const window of windows) this.fleet.setWindow(window);
    this.kinds = new JobKinds(this.fleet);
    this.queue = new WaitingQueue(this.kinds, orderOf('fcfs'));
    queued.forEach((job, sequence) => this.queue.add({ ...job, sequence, submittedAt: sequence }));
    this.openings = new Openings();
    this.openings.set(this.fleet.allWindows(), (id) => this.fleet.indexOf(id));
    const { queue, kinds, fleet, openings } = this;
    const score = (slot: number, group: number): number => scores?.[this.place(slot, group)] ?? 0;
    const hold = (slot: number, group: number): number => holds?.[this.place(slot, group)] ?? queue.limit(slot);
    this.pass = new Pass({
      queue,
      kinds,
      profiles: fleet.profiles,
      policy: aPolicy(policy),
      score,
      openings,
      ...(gates && { gates: new Gates(gates) }),
      ...(holds && { hold }),
    });
  }

  run({ goal = 'estimates', until, without }: Asked = {}): PassOutcome {
    this.kinds.refresh();
    this.fleet.settle(PASS_NOW);
    const slot = (id: string): number => this.queue.slot(id)!;
    const stops = {
      ...(until !== undefined && { until: slot(until) }),
      ...(without !== undefined && { without: slot(without) }),
    };
    return this.pass.run(PASS_NOW, { goal, ...stops });
  }

  /** Runs, undoes and tells. */
  told(wish: Asked = {}): Told {
    const outcome = this.run(wish);
    const told = this.tell(outcome);
    outcome.undoReservations();
    outcome.undoStarts();
    return told;
  }

  tell({ starts, reservations, blocked, held, looked, isCutShort }: PassOutcome): Told {
    const id = (slot: number): string => this.queue.job(slot).id;
    return {
      starts: starts.map((s) => this.place(s.slot, s.group) + (s.count > 1 ? ` ${s.count}` : '')),
      reservations: reservations.map((r) => `${this.place(r.slot, r.group)} ${r.start}`),
      blocked: blocked.map(id),
      held: Object.fromEntries([...held].map(([slot, refusal]) => [id(slot), refusal])),
      backfilled: starts.filter(({ backfilled }) => backfilled).map(({ slot }) => id(slot)),
      looked,
      isCutShort,
    };
  }

  private place(slot: number, group: number): string {
    return `${this.queue.job(slot).id}@${this.fleet.group(group).id}`;
  }
}

interface Taking {
  readonly bid: Bid;
  readonly start: Seconds;
}

/** A gate that opens at a time of the test's, and keeps what was taken. */
export class AGate implements Gate {
  readonly refusal = 'power-cap-reached';
  readonly taken: Taking[] = [];

  constructor(
    private readonly opens: (bid: Bid, from: Seconds, taken: readonly Taking[]) => Seconds,
    readonly state: (slot: number) => number = () => NaN,
  ) {}

  earliest(bid: Bid, from: Seconds): Seconds {
    return this.opens(bid, from, this.taken);
  }

  take(bid: Bid, start: Seconds): () => void {
    this.taken.push({ bid, start });
    return () => void this.taken.pop();
  }
}
