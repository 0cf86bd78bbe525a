import {
  type Architecture,
  type Catalogue,
  type Instant,
  type JobClass,
  type JobRequest,
  type Name,
  type NodeShape,
  type Stack,
  SECOND_MS,
  compareKeys,
} from '#libs/domain';
import { type Gang, type Offer, holds, offersOf } from './demand/offers.js';
import { stableFraction } from './demand/random.js';
import type { SampleJob } from './demand/sample-demand.js';
import type { SwfJob } from './swf.js';

/** How a log of another machine becomes work for ours: the file under seeds/traces, checked by libs/config. */
export interface TraceMapping {
  readonly id: string;
  readonly name: Name;
  /** Chosen when the file's name or a header line contains one of these, in any case. The mapping without either is the default. */
  readonly match?: { readonly names?: readonly string[]; readonly headers?: readonly string[] };
  /** What a processor of the log is. */
  readonly unit: 'card' | 'core' | 'node';
  /** Host cores and GiB: of each card, of each core (cores 1), or of each node, by unit. */
  readonly perUnit: { readonly cores: number; readonly memoryGiB: number };
  readonly tenants: {
    /** Whose number decides; jobs of one number stay with one tenant. */
    readonly by: 'user' | 'group' | 'queue';
    /** Tenant id by number. */
    readonly named?: Readonly<Record<string, string>>;
    /** All other numbers go to these by a stable hash; absent: to every sample tenant. */
    readonly spread?: readonly string[];
  };
  /** The first rule that a job fits; the last has no bounds. */
  readonly classes: readonly TraceClassRule[];
  /** By a stable hash of the job's number among those that can hold it; empty for logs without cards. */
  readonly models: readonly TraceModel[];
  readonly limit: {
    /** Of the run time, where the log has no request. */
    readonly factor: number;
    readonly roundToSeconds: number;
  };
  /** A job larger than every group: made as large as the largest, or left out. */
  readonly tooLarge: 'clip' | 'skip';
}
export interface TraceClassRule {
  readonly class: JobClass;
  readonly minUnits?: number;
  readonly maxUnits?: number;
  readonly minRunSeconds?: number;
  readonly maxRunSeconds?: number;
}
export interface TraceModel {
  readonly weight: number;
  readonly models?: readonly string[];
  readonly stack?: Stack;
  readonly architecture?: Architecture;
}

export interface TraceDemand {
  /** In order of submission, ties in file order. */
  readonly jobs: readonly SampleJob[];
  readonly report: TraceReport;
}
/** Where every job of the log went: the counts sum to `read`. */
export interface TraceReport {
  readonly mapping: string;
  readonly read: number;
  readonly mapped: number;
  /** Of those mapped: made smaller to fit the largest group. */
  readonly clipped: number;
  /** No run time or no processors: cancelled before they ran. */
  readonly withoutWork: number;
  readonly tooLarge: number;
  /** Submitted within the first `skipSeconds`. */
  readonly beforeStart: number;
  /** Seconds from the first job played to the last. */
  readonly spanSeconds: number;
}
export interface TracePlay {
  /** When the log's first job with work, plus what is skipped, is submitted. */
  readonly origin: Instant;
  readonly skipSeconds?: number;
}

/** The mapping for a log: by its file's name, else by its header, else the one that matches nothing. Null when there is none. */
export function chooseMapping<M extends Pick<TraceMapping, 'match'>>(
  mappings: readonly M[],
  log: { readonly file: string; readonly header: ReadonlyMap<string, string> },
): M | null {
  const file = log.file.toLowerCase();
  const header = [...log.header].map(([key, value]) => `${key}: ${value}`.toLowerCase());
  const names = (texts: readonly string[] | undefined, line: string): boolean =>
    texts?.some((text) => line.includes(text.toLowerCase())) ?? false;
  return (
    mappings.find(({ match }) => names(match?.names, file)) ??
    mappings.find(({ match }) => header.some((line) => names(match?.headers, line))) ??
    mappings.find(({ match }) => match === undefined) ??
    null
  );
}

/**
 * Gives each job of the log a tenant, a class, a size in our units, a model and a limit. Everything follows from the job's own
 * numbers, so a replay is the same each time. Throws RangeError when the mapping names a tenant that is not there.
 */
export function traceDemand(
  log: readonly SwfJob[],
  mapping: TraceMapping,
  catalogue: Pick<Catalogue, 'pools' | 'sites' | 'nodeGroups' | 'tenants'>,
  play: TracePlay,
): TraceDemand {
  const tenantOf = tenantChooser(mapping, catalogue);
  const offers = offersOf(catalogue).filter((offer) => offer.shape.cards > 0 === (mapping.unit === 'card'));
  const work = log.filter(hasWork).toSorted((a, b) => a.submitSeconds - b.submitSeconds);
  const start = (work[0]?.submitSeconds ?? 0) + (play.skipSeconds ?? 0);
  const played = work.filter((job) => job.submitSeconds >= start);
  const placesFor = placesBySize(mapping, offers);
  const jobs: SampleJob[] = [];
  let clipped = 0;
  for (const job of played) {
    const place = byHash(job, placesFor(job.processors), mapping);
    if (!place) continue;
    if (place.clipped) clipped += 1;
    const at = play.origin + (job.submitSeconds - start) * SECOND_MS;
    jobs.push({ at, tenantId: tenantOf(job), request: requestOf(job, mapping, place) });
  }
  const [first, last] = [jobs[0]?.at ?? 0, jobs.at(-1)?.at ?? 0];
  const report: TraceReport = {
    mapping: mapping.id,
    read: log.length,
    mapped: jobs.length,
    clipped,
    withoutWork: log.length - work.length,
    tooLarge: played.length - jobs.length,
    beforeStart: work.length - played.length,
    spanSeconds: (last - first) / SECOND_MS,
  };
  return { jobs, report };
}

const hasWork = (job: SwfJob): boolean => job.runSeconds > 0 && job.processors > 0 && job.submitSeconds >= 0;

function tenantChooser(mapping: TraceMapping, catalogue: Pick<Catalogue, 'tenants'>): (job: SwfJob) => string {
  const { by, named = {}, spread } = mapping.tenants;
  const known = new Set(catalogue.tenants.map(({ id }) => id));
  const sample = catalogue.tenants.filter((tenant) => tenant.sample).map(({ id }) => id);
  const others = (spread ?? sample).toSorted(compareKeys);
  const missing = [...Object.values(named), ...others].find((id) => !known.has(id));
  if (missing !== undefined) {
    throw new RangeError(
      `mapping ${mapping.id} names tenant "${missing}", which the seeds do not have: correct its tenants`,
    );
  }
  if (others.length === 0)
    throw new RangeError(`mapping ${mapping.id} has no tenant to give jobs to: list some under tenants.spread`);
  return (job) => {
    const number = String(job[by]);
    return named[number] ?? others[Math.floor(stableFraction(`${mapping.id}/${by}/${number}`) * others.length)]!;
  };
}

interface TracePlace {
  readonly gang: Gang;
  readonly model: TraceModel | null;
  readonly clipped: boolean;
}

/** A log has many jobs and few sizes. */
function placesBySize(mapping: TraceMapping, offers: readonly Offer[]): (units: number) => readonly TracePlace[] {
  const known = new Map<number, readonly TracePlace[]>();
  return (units) => {
    const places = known.get(units) ?? placesOf(units, mapping, offers);
    known.set(units, places);
    return places;
  };
}

/** Each model that can hold so many units; else, clipped, the one that can hold the most; else none. */
function placesOf(units: number, mapping: TraceMapping, offers: readonly Offer[]): readonly TracePlace[] {
  const models: readonly (TraceModel | null)[] = mapping.models.length > 0 ? mapping.models : [null];
  const bySuited = models.map((model) => ({
    model,
    suited: offers.filter((offer) => model === null || suits(model, offer)),
  }));
  const places = bySuited.flatMap(({ model, suited }): TracePlace[] => {
    const gang = gangOf(units, mapping, suited);
    return gang && suited.some((offer) => holds(offer, gang)) ? [{ gang, model, clipped: false }] : [];
  });
  if (places.length > 0 || mapping.tooLarge === 'skip') return places;
  return bySuited
    .flatMap(({ model, suited }): TracePlace[] => {
      const gang = largestGang(mapping, suited);
      return gang ? [{ gang, model, clipped: true }] : [];
    })
    .toSorted((a, b) => unitsOf(b.gang, mapping) - unitsOf(a.gang, mapping))
    .slice(0, 1);
}

function byHash(job: SwfJob, places: readonly TracePlace[], mapping: TraceMapping): TracePlace | null {
  const weightOf = (place: TracePlace): number => place.model?.weight ?? 1;
  const total = places.reduce((sum, place) => sum + weightOf(place), 0);
  let left = stableFraction(`${mapping.id}/model/${job.id}`) * total;
  return places.find((place) => (left -= weightOf(place)) < 0) ?? places.at(-1) ?? null;
}

const suits = (model: TraceModel, offer: Offer): boolean =>
  (model.models === undefined || (offer.model !== null && model.models.includes(offer.model))) &&
  (model.stack === undefined || offer.stack === model.stack) &&
  (model.architecture === undefined || offer.architecture === model.architecture);

/** Units spread evenly over as few nodes as the widest of the offers need: 12 cards are 2 × 6, 12 nodes are 12. */
function gangOf(units: number, mapping: TraceMapping, offers: readonly Offer[]): Gang | null {
  const most = Math.max(0, ...offers.map((offer) => unitsOfNode(offer.shape, mapping)));
  if (most === 0) return null;
  const nodes = Math.ceil(units / most);
  return { nodes, perNode: shapeOf(Math.ceil(units / nodes), mapping) };
}

function largestGang(mapping: TraceMapping, offers: readonly Offer[]): Gang | null {
  const gangs = offers
    .map((offer) => ({ nodes: offer.nodes, perNode: shapeOf(unitsOfNode(offer.shape, mapping), mapping), offer }))
    .filter(({ offer, nodes, perNode }) => unitsOfNode(offer.shape, mapping) > 0 && holds(offer, { nodes, perNode }))
    .toSorted((a, b) => unitsOf(b, mapping) - unitsOf(a, mapping));
  return gangs[0] ? { nodes: gangs[0].nodes, perNode: gangs[0].perNode } : null;
}

/** How many units one node can take; a mapping by node takes one job's share of a node at a time. */
function unitsOfNode(shape: NodeShape, { unit, perUnit }: TraceMapping): number {
  const byHost = Math.floor(Math.min(shape.cores / perUnit.cores, shape.memoryGiB / perUnit.memoryGiB));
  if (unit === 'card') return Math.min(shape.cards, byHost);
  return unit === 'core' ? byHost : Math.min(1, byHost);
}
const shapeOf = (units: number, { unit, perUnit }: TraceMapping): NodeShape => ({
  cards: unit === 'card' ? units : 0,
  cores: units * perUnit.cores,
  memoryGiB: units * perUnit.memoryGiB,
});
const unitsOf = ({ nodes, perNode }: Gang, { perUnit }: TraceMapping): number =>
  (nodes * perNode.cores) / perUnit.cores;

function requestOf(job: SwfJob, mapping: TraceMapping, { gang, model, clipped }: TracePlace): JobRequest {
  const { factor, roundToSeconds } = mapping.limit;
  const asked = job.requestedSeconds > 0 ? job.requestedSeconds : job.runSeconds * factor;
  return {
    name: `${mapping.name.zh} #${job.id}`,
    class: classOf(job, mapping),
    resources: {
      nodes: gang.nodes,
      acceleratorsPerNode: gang.perNode.cards,
      cpuCoresPerNode: gang.perNode.cores,
      memoryGiBPerNode: gang.perNode.memoryGiB,
      ...(model?.models && { acceleratorModels: model.models }),
      ...(model?.architecture && { architecture: model.architecture }),
      ...(model?.stack && { stack: model.stack }),
    },
    timeLimitSeconds: Math.ceil(asked / roundToSeconds) * roundToSeconds,
    // A run that is longer than its limit stays so: the engine ends it there, as the machine of the log did.
    run: { image: `trace/${mapping.id}`, simulated: { runSeconds: job.runSeconds, outcome: 'completed' } },
    labels: { trace: mapping.id, traceJob: String(job.id), ...(clipped && { clipped: 'true' }) },
  };
}

function classOf(job: SwfJob, { id, classes }: TraceMapping): JobClass {
  const rule = classes.find(
    ({ minUnits = 0, maxUnits = Infinity, minRunSeconds = 0, maxRunSeconds = Infinity }) =>
      job.processors >= minUnits &&
      job.processors <= maxUnits &&
      job.runSeconds >= minRunSeconds &&
      job.runSeconds <= maxRunSeconds,
  );
  if (!rule) throw new RangeError(`mapping ${id} has no class for job ${job.id}: let its last rule have no bounds`);
  return rule.class;
}
