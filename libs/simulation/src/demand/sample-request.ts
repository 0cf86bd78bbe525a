import { type DataLevel, type JobRequest, type Tenant, type TenantJob, HOUR_MS } from '#libs/domain';
import type { Arrival } from './arrivals.js';
import { type Build, buildsFor } from './builds.js';
import { type Gang, type Offer, holds, within } from './offers.js';
import { type RandomStream } from './random.js';

/**
 * The assumptions that the seeds leave open. All are the generator's own; none is measured.
 */
const assumed = {
  /** Of jobs of a tenant that may hold important data, those that do. */
  importantShare: 0.6,
  /** Of kinds with a limit of 1 ms, those that close a control loop and ask for 0.4 ms: about the same district in Ezhou. */
  controlLoopShare: 0.2,
  controlLoopMs: 0.4,
  ownPoolShare: 0.5,
  failedShare: 0.02,
  /** Users ask for 1.2 to 4 times what they need, evenly in the logarithm (median 2.2), in quarters of an hour. */
  overestimate: [1.2, 4],
  limitStepSeconds: 900,
  longestLimitSeconds: 30 * 86_400,
  shortestRunSeconds: 60,
  /** Log-normal tails are cut at three sigma: beyond lie one run in 740 and weeks that no limit would allow. */
  tailSigmas: 3,
  /** Wide jobs without cards: most take whole nodes, the others half of twice as many. */
  wholeNodesShare: 0.7,
  hostMemoryGiB: { perCard: 16, perCore: 2 },
  coresPerCard: 4,
  /** Of inference and interactive jobs on one card for which a pool with shared cards is near, those that a part of a card is enough for. */
  partShare: 0.3,
  parts: [0.125, 0.25, 0.5],
} as const;

/** z of the 95th percentile of a standard normal. */
const Z95 = 1.6448536269514722;

/** Sigma of the log-normal whose median and 95th percentile are given; zero where all runs last alike. */
export const sigmaOf = (job: Pick<TenantJob, 'p50Hours' | 'p95Hours'>): number =>
  job.p95Hours > job.p50Hours ? Math.log(job.p95Hours / job.p50Hours) / Z95 : 0;

export interface Applicant {
  readonly tenant: Tenant;
  readonly job: TenantJob;
  readonly name: (random: RandomStream) => string;
}

/** Draws what the arrival asks for; null when no pool could ever hold it, which a tenant with this work would not ask for. */
export function sampleRequest(applicant: Applicant, arrival: Arrival, offers: readonly Offer[]): JobRequest | null {
  const { tenant, job } = applicant;
  const { random } = arrival;
  const name = applicant.name(random);
  const cards = random.pick(job.cards, (_cards, index) => job.cardProbability[index] ?? 0);
  const level = drawLevel(tenant, random);
  const ringMs = drawRing(job, random);
  const times = drawTimes(job, random);
  const reachable = offers.filter((offer) => offer.levels.includes(level));
  const near =
    ringMs === undefined ? reachable : reachable.filter((offer) => within(offer, tenant.homeDistrict, ringMs));
  const place = drawPlace({ job, cards, random }, near) ?? drawPlace({ job, cards, random }, reachable);
  if (!place) return null;
  const { build, gang } = place;
  const pool = ownPool({ build, gang, district: tenant.homeDistrict, random }, near);
  // Where nothing within the drawn ring takes such work, the tenant asks for what its agreement says.
  const maxLatencyMs = place.within === near ? ringMs : job.maxOneWayLatencyMs;
  return {
    name,
    class: job.class,
    resources: resourcesOf(build, pool === undefined ? sharedGang(job, place, random) : gang),
    timeLimitSeconds: times.limitSeconds,
    constraints: {
      dataLevel: level,
      ...(maxLatencyMs !== undefined && { maxLatencyMs, fromDistrict: tenant.homeDistrict }),
      ...(pool !== undefined && { pools: [pool] }),
      ...(job.deferrableHours > 0 && {
        deadlineMs: arrival.at + job.deferrableHours * HOUR_MS + times.limitSeconds * 1_000,
      }),
    },
    ...(job.preemptible && { flexibility: { preemptible: true } }),
    run: { image: build.image, simulated: { runSeconds: times.runSeconds, outcome: times.outcome } },
    labels: { sample: 'true', kind: job.kind },
  };
}

function drawLevel(tenant: Tenant, random: RandomStream): DataLevel {
  const roll = random.uniform();
  return tenant.maxDataLevel.level !== 'general' && roll < assumed.importantShare ? 'important' : 'general';
}

function drawRing(job: TenantJob, random: RandomStream): number | undefined {
  const roll = random.uniform();
  return job.maxOneWayLatencyMs === 1 && roll < assumed.controlLoopShare
    ? assumed.controlLoopMs
    : job.maxOneWayLatencyMs;
}

interface DrawnTimes {
  readonly runSeconds: number;
  readonly limitSeconds: number;
  readonly outcome: 'completed' | 'failed';
}
function drawTimes(job: TenantJob, random: RandomStream): DrawnTimes {
  const sigma = sigmaOf(job);
  const z = Math.max(-assumed.tailSigmas, Math.min(assumed.tailSigmas, random.normal()));
  const runSeconds = Math.max(assumed.shortestRunSeconds, Math.round(job.p50Hours * 3_600 * Math.exp(sigma * z)));
  const [low, high] = assumed.overestimate;
  const factor = Math.exp(random.between(Math.log(low), Math.log(high)));
  // Work that always lasts alike is a service with an end: it knows its time and adds a step to shut down in.
  const asked = sigma > 0 ? runSeconds * factor : runSeconds + assumed.limitStepSeconds;
  const limitSeconds = Math.min(assumed.longestLimitSeconds, roundUp(asked, assumed.limitStepSeconds));
  return { runSeconds, limitSeconds, outcome: random.uniform() < assumed.failedShare ? 'failed' : 'completed' };
}

interface Place {
  readonly build: Build;
  readonly gang: Gang;
  readonly within: readonly Offer[];
}
/** A build by weight among those that some offer can hold. */
function drawPlace(
  ask: { readonly job: TenantJob; readonly cards: number; readonly random: RandomStream },
  offers: readonly Offer[],
): Place | null {
  const { job, cards, random } = ask;
  const wholeNodes = random.uniform() < assumed.wholeNodesShare;
  const places = buildsFor(job, cards).flatMap((build): Place[] => {
    const suited = offers.filter((offer) => suits(build, offer));
    const gang = cards > 0 ? cardGang(job, cards, suited) : coreGang(job, wholeNodes, suited);
    return suited.some((offer) => holds(offer, gang)) ? [{ build, gang, within: offers }] : [];
  });
  return places.length > 0 ? random.pick(places, ({ build }) => build.weight) : null;
}

const suits = (build: Build, offer: Offer): boolean =>
  (build.models === undefined || (offer.model !== null && build.models.includes(offer.model))) &&
  (build.stack === undefined || offer.stack === build.stack) &&
  (build.architecture === undefined || offer.architecture === build.architecture) &&
  (build.minMemoryGiB === undefined || offer.cardMemoryGiB >= build.minMemoryGiB) &&
  (build.tier === undefined || offer.tier === build.tier);

/** Up to a node's cards on one node, beyond that whole nodes. Host cores are at most the cards' even part of the leanest node. */
function cardGang(job: TenantJob, cards: number, offers: readonly Offer[]): Gang {
  const withCards = offers.filter((offer) => offer.shape.cards > 0);
  const most = Math.max(1, ...withCards.map((offer) => offer.shape.cards));
  const nodes = Math.ceil(cards / most);
  const perNode = Math.ceil(cards / nodes);
  const able = withCards.filter((offer) => offer.shape.cards >= perNode);
  const evenCores = Math.min(...able.map((offer) => Math.floor(offer.shape.cores / offer.shape.cards)));
  const wanted = Math.max(assumed.coresPerCard * perNode, Math.ceil(job.coresPerJob / nodes));
  const cores = Math.min(wanted, evenCores * perNode);
  return { nodes, perNode: { cards: perNode, cores, memoryGiB: assumed.hostMemoryGiB.perCard * perNode } };
}

function coreGang(job: TenantJob, wholeNodes: boolean, offers: readonly Offer[]): Gang {
  const widest = Math.max(1, ...offers.filter((offer) => offer.shape.cards === 0).map((offer) => offer.shape.cores));
  const most = job.coresPerJob > widest && !wholeNodes ? Math.ceil(widest / 2) : widest;
  const nodes = Math.ceil(job.coresPerJob / most);
  const cores = Math.ceil(job.coresPerJob / nodes);
  return { nodes, perNode: { cards: 0, cores, memoryGiB: cores * assumed.hostMemoryGiB.perCore } };
}

function ownPool(
  ask: { readonly build: Build; readonly gang: Gang; readonly district: string; readonly random: RandomStream },
  near: readonly Offer[],
): string | undefined {
  const { build, gang, district, random } = ask;
  if (build.tier === undefined || random.uniform() >= assumed.ownPoolShare) return undefined;
  const own = near.find((offer) => offer.districtId === district && suits(build, offer) && holds(offer, gang));
  return own?.poolId;
}

/** The gang of the place, or a part of its card with that part of its cores and memory. */
function sharedGang(job: TenantJob, { build, gang, within: near }: Place, random: RandomStream): Gang {
  const { cards, cores, memoryGiB } = gang.perNode;
  const mayShare = job.class === 'inference' || job.class === 'interactive';
  if (!mayShare || gang.nodes * cards !== 1 || !near.some((offer) => offer.shares && suits(build, offer))) return gang;
  if (random.uniform() >= assumed.partShare) return gang;
  const part = random.pick(assumed.parts, () => 1);
  return {
    nodes: 1,
    perNode: { cards: part, cores: Math.ceil(cores * part), memoryGiB: Math.ceil(memoryGiB * part) },
  };
}

function resourcesOf(build: Build, { nodes, perNode }: Gang): JobRequest['resources'] {
  // A part of a card has that part of its memory: who makes do with it needs no more.
  const ofCard = perNode.cards > 0 ? Math.min(1, perNode.cards) : 1;
  return {
    nodes,
    acceleratorsPerNode: Math.ceil(perNode.cards),
    ...(perNode.cards > 0 && perNode.cards < 1 && { acceleratorFraction: perNode.cards }),
    cpuCoresPerNode: perNode.cores,
    memoryGiBPerNode: perNode.memoryGiB,
    ...(build.models && { acceleratorModels: build.models }),
    ...(build.minMemoryGiB !== undefined && {
      minAcceleratorMemoryGiB: Math.max(1, Math.floor(build.minMemoryGiB * ofCard)),
    }),
    ...(build.architecture && { architecture: build.architecture }),
    ...(build.stack && { stack: build.stack }),
  };
}

export const roundUp = (seconds: number, step: number): number => Math.ceil(seconds / step) * step;
export const cardsOf = ({ resources }: Pick<JobRequest, 'resources'>): number =>
  resources.nodes * (resources.acceleratorFraction ?? resources.acceleratorsPerNode);
