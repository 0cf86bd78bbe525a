import type { Committed } from '#libs/application';
import type { PlannedStart } from '#libs/scheduling';

export type StartToCommit = PlannedStart & { readonly attemptId: string };
type Refused = Extract<Committed, { kind: 'committed' }>['refused'][number];

interface Amounts {
  readonly cards: number;
  readonly cores: number;
  readonly memory_gib: number;
}
export interface JobRow extends Amounts {
  readonly id: string;
  readonly state: string;
  readonly nodes: number;
  /** Of an elastic job; else null. */
  readonly nodes_max?: number | null;
}
export interface GroupRow {
  readonly id: string;
  readonly pool_id: string;
  readonly placement: 'pinned' | 'delegated';
  readonly enabled: boolean;
  /** Of a delegated pool: usable less allocated; negative while the group is overcommitted. */
  readonly free: Amounts | null;
}
/** A node of a pinned pool with what is free on it. */
export interface NodeRow extends Amounts {
  readonly id: string;
  readonly group_id: string;
  readonly index: number;
  readonly up: boolean;
}
/** Rows as they are under lock. */
export interface LockedWorld {
  readonly jobs: readonly JobRow[];
  readonly groups: readonly GroupRow[];
  readonly nodes: readonly NodeRow[];
  /** Attempts of this very plan that an earlier try wrote, whose answer was lost. */
  readonly written: readonly { readonly id: string; readonly job_id: string }[];
  /** Attempts of this plan that would run into a window which is not open to them. */
  readonly overruns: ReadonlySet<string>;
}
export interface AcceptedStart {
  readonly start: StartToCommit;
  readonly group: GroupRow;
  /** Empty in a delegated pool. */
  readonly nodeIds: readonly string[];
}
export interface Decision {
  readonly accepted: readonly AcceptedStart[];
  readonly refused: readonly Refused[];
  readonly refusedAttempts: readonly string[];
}

/**
 * Goes through the plan in its order and gives each start all of its nodes or none; one that is refused takes nothing, so that
 * a later one may still have what it asked for.
 */
export function decideStarts(starts: readonly StartToCommit[], world: LockedWorld): Decision {
  const ledger = new Ledger(world);
  const written = new Map(world.written.map((attempt) => [attempt.id, attempt.job_id]));
  const accepted: AcceptedStart[] = [];
  const refused: Refused[] = [];
  const refusedAttempts: string[] = [];
  for (const start of starts) {
    if (written.get(start.attemptId) === start.jobId) continue;
    const outcome = ledger.take(start);
    if (typeof outcome !== 'string') {
      accepted.push(outcome);
      continue;
    }
    refused.push({ jobId: start.jobId, why: outcome });
    refusedAttempts.push(start.attemptId);
  }
  return { accepted, refused, refusedAttempts };
}

class Ledger {
  private readonly waiting: Map<string, JobRow>;
  private readonly groups: Map<string, GroupRow>;
  private readonly nodes: Map<string, NodeRow>;
  private readonly free = new Map<string, { cards: number; cores: number; memory_gib: number }>();
  private readonly overruns: ReadonlySet<string>;

  constructor(world: LockedWorld) {
    this.overruns = world.overruns;
    this.waiting = new Map(world.jobs.filter((job) => job.state === 'queued').map((job) => [job.id, job]));
    this.groups = new Map(world.groups.map((group) => [group.id, group]));
    this.nodes = new Map(world.nodes.map((node) => [placeOf(node.group_id, node.index), node]));
    for (const node of world.nodes) if (node.up) this.free.set(node.id, { ...node });
    for (const group of world.groups) if (group.free) this.free.set(group.id, { ...group.free });
  }

  take(start: StartToCommit): AcceptedStart | Refused['why'] {
    const job = this.waiting.get(start.jobId);
    // A job that was amended since, or that the plan names twice, is not the job the planner saw.
    if (!job || new Set(start.nodeIndices).size !== start.nodeIndices.length) return 'job-moved';
    if (start.nodes < job.nodes || start.nodes > (job.nodes_max ?? job.nodes)) return 'job-moved';
    const group = this.groups.get(start.groupId);
    if (!group?.enabled || this.overruns.has(start.attemptId)) return 'capacity-taken';
    const places = group.placement === 'pinned' ? this.nodesFor(start) : [group.id];
    const share = group.placement === 'pinned' ? 1 : start.nodes;
    if (typeof places === 'string') return places;
    if (!places.every((place) => this.holds(place, job, share))) return 'capacity-taken';
    for (const place of places) this.reduce(place, job, share);
    this.waiting.delete(job.id);
    return { start, group, nodeIds: group.placement === 'pinned' ? places : [] };
  }

  private nodesFor(start: StartToCommit): string[] | Refused['why'] {
    if (start.nodeIndices.length !== start.nodes) return 'job-moved';
    const ids = start.nodeIndices.map((index) => this.nodes.get(placeOf(start.groupId, index))?.id);
    return ids.every((id) => id !== undefined) ? ids : 'capacity-taken';
  }

  private holds(place: string, ask: Amounts, times: number): boolean {
    const free = this.free.get(place);
    return (
      free !== undefined &&
      ask.cards * times <= free.cards &&
      ask.cores * times <= free.cores &&
      ask.memory_gib * times <= free.memory_gib
    );
  }

  private reduce(place: string, ask: Amounts, times: number): void {
    const free = this.free.get(place);
    if (!free) return;
    free.cards -= ask.cards * times;
    free.cores -= ask.cores * times;
    free.memory_gib -= ask.memory_gib * times;
  }
}

const placeOf = (groupId: string, index: number): string => `${groupId}/${index}`;
