import type { Committed } from '#libs/application';
import { heldMilli, type PlannedStart } from '#libs/scheduling';

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
  /** Of each card, what it asks for. */
  readonly card_milli: number;
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
  /** Parts that each of its cards may be given out in; null: whole cards only, and nobody says which. */
  readonly slices: number | null;
}
/** A card of a node whose group shares its cards, with the milli-cards that are free of it. */
export interface DeviceRow {
  readonly node_id: string;
  readonly index: number;
  readonly milli: number;
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
  /** Of the nodes whose groups share their cards. */
  readonly devices: readonly DeviceRow[];
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
  /** Cards of each node; null where they are not told apart. */
  readonly devices: readonly (readonly number[])[] | null;
  /** Milli-cards held of each card. */
  readonly heldMilli: number;
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
  private readonly freeMilli: Map<string, number>;

  constructor(world: LockedWorld) {
    this.overruns = world.overruns;
    this.waiting = new Map(world.jobs.filter((job) => job.state === 'queued').map((job) => [job.id, job]));
    this.groups = new Map(world.groups.map((group) => [group.id, group]));
    this.nodes = new Map(world.nodes.map((node) => [placeOf(node.group_id, node.index), node]));
    for (const node of world.nodes) if (node.up) this.free.set(node.id, { ...node });
    for (const group of world.groups) if (group.free) this.free.set(group.id, { ...group.free });
    this.freeMilli = new Map(world.devices.map((device) => [placeOf(device.node_id, device.index), device.milli]));
  }

  take(start: StartToCommit): AcceptedStart | Refused['why'] {
    const job = this.waiting.get(start.jobId);
    // A job that was amended since, or that the plan names twice, is not the job the planner saw.
    if (!job || new Set(start.nodeIndices).size !== start.nodeIndices.length) return 'job-moved';
    if (start.nodes < job.nodes || start.nodes > (job.nodes_max ?? job.nodes)) return 'job-moved';
    const group = this.groups.get(start.groupId);
    if (!group?.enabled || this.overruns.has(start.attemptId)) return 'capacity-taken';
    const nodeIds = group.placement === 'pinned' ? this.nodesFor(start) : [];
    if (typeof nodeIds === 'string') return nodeIds;
    const claim = claimOf(start, { job, group, nodeIds });
    if (!claim?.takings.every((taking) => this.holds(taking)) || !this.holdsParts(claim)) return 'capacity-taken';
    for (const taking of claim.takings) this.reduce(taking);
    for (const card of claim.cards) this.freeMilli.set(card, (this.freeMilli.get(card) ?? 0) - claim.heldMilli);
    this.waiting.delete(job.id);
    return { start, group, nodeIds, devices: claim.devices, heldMilli: claim.heldMilli };
  }

  private nodesFor(start: StartToCommit): string[] | Refused['why'] {
    if (start.nodeIndices.length !== start.nodes) return 'job-moved';
    const ids = start.nodeIndices.map((index) => this.nodes.get(placeOf(start.groupId, index))?.id);
    return ids.every((id) => id !== undefined) ? ids : 'capacity-taken';
  }

  private holds({ place, ask, times }: Taking): boolean {
    const free = this.free.get(place);
    return (
      free !== undefined &&
      ask.cards * times <= free.cards &&
      ask.cores * times <= free.cores &&
      ask.memory_gib * times <= free.memory_gib
    );
  }

  private holdsParts({ cards, heldMilli: milli }: Claim): boolean {
    return new Set(cards).size === cards.length && cards.every((card) => (this.freeMilli.get(card) ?? 0) >= milli);
  }

  private reduce({ place, ask, times }: Taking): void {
    const free = this.free.get(place);
    if (!free) return;
    free.cards -= ask.cards * times;
    free.cores -= ask.cores * times;
    free.memory_gib -= ask.memory_gib * times;
  }
}

interface Taking {
  readonly place: string;
  readonly ask: Amounts;
  readonly times: number;
}
interface Claim {
  readonly takings: readonly Taking[];
  /** Of each node, where cards are told apart. */
  readonly devices: readonly (readonly number[])[] | null;
  /** The same as keys, each of which is held to so much. */
  readonly cards: readonly string[];
  readonly heldMilli: number;
}

/** What a start takes where; undefined where the group gives out its cards in another way than the plan thought. */
function claimOf(
  start: StartToCommit,
  { job, group, nodeIds }: { readonly job: JobRow; readonly group: GroupRow; readonly nodeIds: readonly string[] },
): Claim | undefined {
  const whole = { devices: null, cards: [], heldMilli: 1000 };
  if (group.slices === null) {
    if (job.card_milli < 1000) return undefined;
    const places = group.placement === 'pinned' ? nodeIds : [group.id];
    const times = group.placement === 'pinned' ? 1 : start.nodes;
    return { ...whole, takings: places.map((place) => ({ place, ask: job, times })) };
  }
  const { devices } = start;
  if (devices?.length !== nodeIds.length || devices.some((cards) => cards.length !== job.cards)) return undefined;
  return {
    // Their cards are counted one by one.
    takings: nodeIds.map((place) => ({ place, ask: { ...job, cards: 0 }, times: 1 })),
    devices,
    cards: nodeIds.flatMap((id, place) => (devices[place] ?? []).map((device) => placeOf(id, device))),
    heldMilli: heldMilli(job.card_milli, group.slices),
  };
}

const placeOf = (id: string, index: number): string => `${id}/${index}`;
