import { compareKeys, type NodeShape } from '#libs/domain';
import type { Candidate } from './filters.js';
import { finalFilters, isOfItsSort, passingFilters } from './filters.js';
import type { QueuedJob, RunningJob } from './model.js';
import type { Ask } from './profile.js';
import { inputsBySite } from './staging.js';
import { askOf, capacityOf, dominantShare } from './vector.js';

/** Jobs alike in all that placing looks at, but for their limit: what is found out for one holds for all. */
export interface JobKind {
  readonly index: number;
  readonly key: string;
  /** Any one of them that has joined since pools were last opened to others. */
  sample: QueuedJob;
  readonly ask: Ask;
  /** The same with the cards alone, to tell whether it is cards that are short. */
  readonly cardsAsk: Ask;
  /** How many wait. */
  waiting: number;
  /** Groups that pass the final filters, as pools stand. */
  conceivable: readonly number[];
  /** Groups open to it as things stand, ascending. */
  eligible: readonly number[];
  /** Number of the set of eligible groups; kinds with the same set share it. */
  set: number;
  /** Runs of one such job that the eligible groups could carry at a time, were they empty. */
  capacity: number;
  standing: number;
  /** Which pools are open to whom, as its sample knows it. */
  tenancy: number;
  /** None of those that wait is held for less; the queue keeps it. Who was held for that long may have gone. */
  leastHold: number;
}

export interface Ground {
  readonly candidates: readonly Candidate[];
  /** Changes whenever reachability or node states do. */
  readonly version: number;
  /** Changes whenever pools themselves do; absent: never. */
  readonly poolsVersion?: number;
  /** Changes whenever pools with a list of tenants are open to others than before; absent: never. */
  readonly tenancyVersion?: number;
  /** Stands for the pools with a list of tenants that the tenant may use; absent: no pool has one. */
  reachOf?(tenantId: string): string;
}

// Kinds without waiting jobs are kept, because the next such job is often near; swept when they are the many.
const SWEEP_SLACK = 1024;

/** The equivalence classes of the queue. */
export class JobKinds {
  readonly byIndex: JobKind[] = [];
  private readonly byKey = new Map<string, JobKind>();
  private readonly freeIndices: number[] = [];
  private readonly shapes = new Map<string, { id: number; users: number }>();
  private readonly freeShapes: number[] = [];
  private shapesMade = 0;
  private readonly sets = new Map<string, { id: number; groups: readonly number[] }>();
  private setsVersion = -1;
  private poolsVersion = 0;
  private alive = 0;

  constructor(private readonly ground: Ground) {}

  join(job: QueuedJob): JobKind {
    const key = keyOf(job, this.ground.reachOf?.(job.tenantId) ?? '');
    const kind = this.byKey.get(key) ?? this.make(key, job);
    if (kind.tenancy !== this.tenancy) this.sampleAnew(kind, job);
    if (kind.waiting++ === 0) this.alive++;
    return kind;
  }

  leave(kind: JobKind): void {
    if (--kind.waiting > 0) return;
    kind.leastHold = Infinity;
    this.alive--;
    if (this.byKey.size > 2 * this.alive + SWEEP_SLACK) this.sweep();
  }

  /** What a running attempt asks of each of its nodes, in the terms of the kinds. */
  askLike(attempt: Pick<RunningJob, 'perNode' | 'nodeCount'>): Ask {
    return this.askFor(attempt.nodeCount, attempt.perNode);
  }

  /** How many different sets of eligible groups there are. */
  get setCount(): number {
    return this.sets.size;
  }

  /** All sets of eligible groups, by number. */
  setGroups(): readonly (readonly number[])[] {
    const groups: (readonly number[])[] = [];
    for (const set of this.sets.values()) groups[set.id] = set.groups;
    return groups;
  }

  /** Brings the eligible groups of every kind with waiting jobs up to date. */
  refresh(): void {
    if (this.poolsVersion !== (this.ground.poolsVersion ?? 0)) {
      this.poolsVersion = this.ground.poolsVersion ?? 0;
      for (const kind of this.byKey.values()) kind.conceivable = this.conceive(kind.sample);
    }
    if (this.setsVersion !== this.ground.version) this.sets.clear();
    this.setsVersion = this.ground.version;
    for (const kind of this.byIndex) {
      if (kind.waiting > 0 && kind.standing !== this.ground.version) this.stand(kind);
    }
  }

  private get tenancy(): number {
    return this.ground.tenancyVersion ?? 0;
  }

  /** What a tenant reaches has changed: those of the kind so far may be of tenants who are of another one now. */
  private sampleAnew(kind: JobKind, job: QueuedJob): void {
    kind.sample = job;
    kind.conceivable = this.conceive(job);
    kind.standing = -1;
    kind.tenancy = this.tenancy;
  }

  private make(key: string, job: QueuedJob): JobKind {
    const index = this.freeIndices.pop() ?? this.byIndex.length;
    const kind: JobKind = {
      index,
      key,
      sample: job,
      waiting: 0,
      conceivable: this.conceive(job),
      ask: this.askFor(job.nodes, job.perNode),
      cardsAsk: this.askFor(job.nodes, cardsAlone(job.perNode)),
      eligible: [],
      set: -1,
      capacity: 0,
      standing: -1,
      tenancy: this.tenancy,
      leastHold: Infinity,
    };
    this.byIndex[index] = kind;
    this.byKey.set(key, kind);
    return kind;
  }

  private conceive(job: QueuedJob): readonly number[] {
    const conceivable: number[] = [];
    this.ground.candidates.forEach((candidate, index) => {
      if (!isOfItsSort(job, candidate.group)) return;
      if (finalFilters.every((filter) => filter.passes(job, candidate))) conceivable.push(index);
    });
    return conceivable;
  }

  private stand(kind: JobKind): void {
    const { candidates, version } = this.ground;
    const open = kind.conceivable.filter((index) =>
      passingFilters.every((filter) => filter.passes(kind.sample, candidates[index]!)),
    );
    // The same array as before where the groups are: what was found out about them is known by it.
    const isAsBefore = open.length === kind.eligible.length && open.every((index, i) => index === kind.eligible[i]);
    if (!isAsBefore) kind.eligible = open;
    kind.capacity = 0;
    for (const index of kind.eligible) {
      const { group, up } = candidates[index]!;
      kind.capacity += up / dominantShare(kind.ask.perNode, capacityOf(group.shape)) / kind.ask.nodes;
    }
    const key = kind.eligible.join(',');
    kind.set = -1;
    if (kind.eligible.length > 0) {
      const set = this.sets.get(key) ?? { id: this.sets.size, groups: kind.eligible };
      this.sets.set(key, set);
      kind.set = set.id;
      // One array for all kinds with the set: walking the queue touches it for every job.
      kind.eligible = set.groups;
    }
    kind.standing = version;
  }

  private askFor(nodes: number, perNode: NodeShape): Ask {
    const key = shapeKey(perNode);
    let shape = this.shapes.get(key);
    if (!shape) {
      shape = { id: this.freeShapes.pop() ?? this.shapesMade++, users: 0 };
      this.shapes.set(key, shape);
    }
    shape.users++;
    return { nodes, perNode: askOf(perNode), shape: shape.id };
  }

  private sweep(): void {
    for (const kind of this.byKey.values()) {
      if (kind.waiting > 0) continue;
      this.byKey.delete(kind.key);
      this.freeIndices.push(kind.index);
      this.dropShape(kind.sample.perNode);
      this.dropShape(cardsAlone(kind.sample.perNode));
    }
  }

  private dropShape(perNode: NodeShape): void {
    const key = shapeKey(perNode);
    const shape = this.shapes.get(key);
    if (!shape || --shape.users > 0) return;
    this.shapes.delete(key);
    this.freeShapes.push(shape.id);
  }
}

const cardsAlone = ({ cards }: NodeShape): NodeShape => ({ cards, cores: 0, memoryGiB: 0 });
const shapeKey = (perNode: NodeShape): string => `${perNode.cards}/${perNode.cores}/${perNode.memoryGiB}`;

/**
 * Everything that a filter or a profile reads of a job, except its limit. Lists count as sets. Of its tenant the key holds only
 * which closed pools are open to it, so that tenants do not multiply the kinds.
 */
function keyOf(job: QueuedJob, reach: string): string {
  const plain = `${job.nodes}*${shapeKey(job.perNode)} ${job.class} ${job.dataLevel} ${job.stack ?? ''} ${job.architecture ?? ''}`;
  const place =
    job.maxLatencyMs === undefined ? '' : `${job.maxLatencyMs} ms ${JSON.stringify(job.fromDistrict ?? null)}`;
  const lists = [job.acceleratorModels, job.pools, job.avoidPools]
    .map((list) => (list === undefined ? '' : JSON.stringify(list.toSorted())))
    .join(';');
  const data = job.dataSite === undefined && !job.inputs?.length ? '' : dataKey(job);
  return `${plain} ${job.minAcceleratorMemoryGiB ?? ''} ${place} ${lists} ${data} ${reach}`;
}

const dataKey = (job: QueuedJob): string =>
  JSON.stringify([job.dataSite ?? null, [...inputsBySite(job)].sort(([a], [b]) => compareKeys(a, b))]);
