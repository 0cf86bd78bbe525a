import type { Refusal } from '#libs/domain';
import type { GroupModel, PoolModel, QueuedJob } from './model.js';
import { heldMilli } from './shared-cards.js';
import { askOf, capacityOf, fitsWithin } from './vector.js';

/** A node group as the filters see it: with its pool and how many of its nodes are up. */
export interface Candidate {
  readonly group: GroupModel;
  readonly pool: PoolModel;
  readonly installed: number;
  readonly up: number;
  /** Tenants that a pool with a list of them takes, resolved over the tenant tree; absent: those it lists, or everybody. */
  readonly openTo?: ReadonlySet<string>;
  /** Gbit/s of the declared links to the pool's site, by the site at their other end. */
  readonly links?: ReadonlyMap<string, number>;
}

export interface Filter {
  readonly refusal: Refusal;
  passes(job: QueuedJob, candidate: Candidate): boolean;
}

export const nodeCount = (group: Pick<GroupModel, 'nodes'>): number =>
  typeof group.nodes === 'number' ? group.nodes : group.nodes.length;

/** First of all, since a request cannot change who asks. */
const poolOpenToTenant: Filter = {
  refusal: 'pool-not-open-to-tenant',
  passes: (job, { pool, openTo }) => openTo?.has(job.tenantId) ?? pool.tenants?.includes(job.tenantId) ?? true,
};

const acceleratorModel: Filter = {
  refusal: 'accelerator-model-absent',
  passes: (job, { group }) =>
    !job.acceleratorModels?.length ||
    job.perNode.cards === 0 ||
    job.acceleratorModels.some((model) => model === group.acceleratorModel),
};

/** A slice has its part of the card's memory; tenants of a card in turns see all of it. */
function memoryGiB(job: QueuedJob, { acceleratorMemoryGiB, sharing }: GroupModel): number {
  const { cards } = job.perNode;
  if (!sharing || sharing.kind === 'time-slice' || cards >= 1) return acceleratorMemoryGiB;
  return (acceleratorMemoryGiB * heldMilli(askOf(job.perNode).cards, sharing.slices)) / 1000;
}

const acceleratorMemory: Filter = {
  refusal: 'accelerator-memory-too-small',
  passes: (job, { group }) => job.perNode.cards === 0 || memoryGiB(job, group) >= (job.minAcceleratorMemoryGiB ?? 0),
};

/** A part of a card is given out only where cards are cut; whole cards may come from such groups as well. */
const fractionOffered: Filter = {
  refusal: 'fraction-not-offered',
  passes: (job, { group }) => job.perNode.cards <= 0 || job.perNode.cards >= 1 || group.sharing !== undefined,
};

const architecture: Filter = {
  refusal: 'architecture-mismatch',
  passes: (job, { group }) => job.architecture === undefined || group.architecture === job.architecture,
};

/** A job without cards may run an accelerator image on plain nodes; between CUDA and CANN nothing passes. */
const stack: Filter = {
  refusal: 'stack-mismatch',
  passes: (job, { group }) => {
    if (job.stack === undefined || job.stack === group.stack) return true;
    return job.perNode.cards === 0 && (job.stack === 'none' || group.stack === 'none');
  },
};

const jobClass: Filter = {
  refusal: 'class-not-served',
  passes: (job, { pool }) => pool.classes === undefined || pool.classes.includes(job.class),
};

const listedPool: Filter = {
  refusal: 'pool-not-listed',
  passes: (job, { pool }) => (job.pools === undefined ? !pool.onlyIfListed : job.pools.includes(pool.id)),
};

/** Not to be tried again in this life of the job; last of the final ones, so that it is named when nothing else is in the way. */
const notRejected: Filter = {
  refusal: 'rejected-by-engines',
  passes: (job, { pool }) => !job.avoidPools?.includes(pool.id),
};

/** A district that nobody has measured is refused: a limit that cannot be checked is not kept. */
const latencyRing: Filter = {
  refusal: 'latency-above-limit',
  passes: (job, { pool }) => {
    if (job.maxLatencyMs === undefined) return true;
    const known = job.fromDistrict !== undefined && Object.hasOwn(pool.latencyMs, job.fromDistrict);
    return known && pool.latencyMs[job.fromDistrict!]! <= job.maxLatencyMs;
  },
};

const dataLevel: Filter = {
  refusal: 'data-level-not-allowed',
  passes: (job, { pool }) => pool.dataLevels.includes(job.dataLevel),
};

const dataSite: Filter = {
  refusal: 'data-site-elsewhere',
  passes: (job, { pool }) => job.dataSite === undefined || job.dataSite === pool.siteId,
};

const linkToInputs: Filter = {
  refusal: 'no-link-to-inputs',
  passes: (job, { pool, links }) =>
    !job.inputs || job.inputs.every(({ siteId }) => siteId === pool.siteId || (links?.has(siteId) ?? false)),
};

const size: Filter = {
  refusal: 'larger-than-any-pool',
  passes: (job, { group, installed }) =>
    job.nodes <= installed && fitsWithin(askOf(job.perNode), capacityOf(group.shape)),
};

const engineReachable: Filter = {
  refusal: 'engine-unreachable',
  passes: (_job, { pool }) => pool.reachable,
};

/** Speaks only where the installed nodes would do: a group that is too small is the business of `size`. */
const nodesInService: Filter = {
  refusal: 'nodes-out-of-service',
  passes: (job, { up, installed }) => job.nodes > installed || job.nodes <= up,
};

/** What nothing but an amended request changes: admission asks these alone. */
export const finalFilters: readonly Filter[] = [
  poolOpenToTenant,
  acceleratorModel,
  acceleratorMemory,
  architecture,
  stack,
  jobClass,
  listedPool,
  latencyRing,
  dataLevel,
  dataSite,
  linkToInputs,
  fractionOffered,
  size,
  notRejected,
];

/** What may be otherwise tomorrow. */
export const passingFilters: readonly Filter[] = [engineReachable, nodesInService];

/** All filters. Their order is the order in which a refusal is named when nodes fail several. */
export const filters: readonly Filter[] = [...finalFilters, ...passingFilters];

/** Jobs without cards are only for groups without cards, and the other way round: a card must not idle under a CPU job. */
export const isOfItsSort = (job: QueuedJob, group: GroupModel): boolean =>
  job.perNode.cards > 0 === group.shape.cards > 0;
