import { type Ask, DeviceProfile, MixCount } from '#libs/scheduling';
import { type PlacementPolicy, rivals, type RivalName } from './gpu-sharing-rivals.js';
import type { Chance, GpuNode, GpuPod } from './gpu-trace.js';

/** @param policy own: the planner's profile and its choice; the others are those of the published table */
export interface GpuSharingRun {
  readonly nodes: readonly GpuNode[];
  readonly pods: readonly GpuPod[];
  readonly policy: 'own' | RivalName;
  readonly chance: Chance;
}

export interface GpuSharingResult {
  /** Percent of all GPU-milli given out when as much was asked for as there is. */
  readonly allocation100: number;
  /** The same at the end, at 1.30 times as much. */
  readonly allocation130: number;
  readonly placed: number;
  readonly refused: number;
}

const LOAD = 1.3;
export const milliOf = (pod: GpuPod): number => pod.gpus * pod.milli;

/** The pods in random order, random ones among them twice, until 1.30 times the capacity is asked for. */
export function gpuArrivals(pods: readonly GpuPod[], capacity: number, chance: Chance): GpuPod[] {
  const arrivals = [...pods];
  let asked = pods.reduce((sum, pod) => sum + milliOf(pod), 0);
  for (;;) {
    const pod = pods[Math.floor(chance() * pods.length)]!;
    if (asked + milliOf(pod) > LOAD * capacity) break;
    asked += milliOf(pod);
    arrivals.push(pod);
  }
  for (let i = arrivals.length - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1));
    [arrivals[i], arrivals[j]] = [arrivals[j]!, arrivals[i]!];
  }
  return arrivals;
}

/** PROTOCOL.md G: pods arrive one by one and never leave; one that fits nowhere is lost. */
export function runGpuSharing(run: GpuSharingRun): GpuSharingResult {
  const capacity = run.nodes.reduce((sum, node) => sum + 1000 * node.gpus, 0);
  const arrivals = gpuArrivals(run.pods, capacity, run.chance);
  const policy = run.policy === 'own' ? new OwnChoice(run.nodes, run.pods) : rivals[run.policy](run);
  let asked = 0;
  let given = 0;
  let placed = 0;
  let allocation100 = NaN;
  for (const pod of arrivals) {
    asked += milliOf(pod);
    if (policy.place(pod)) {
      given += milliOf(pod);
      placed++;
    }
    if (asked >= capacity && Number.isNaN(allocation100)) allocation100 = (100 * given) / capacity;
  }
  return { allocation100, allocation130: (100 * given) / capacity, placed, refused: arrivals.length - placed };
}

interface OwnGroup {
  readonly profile: DeviceProfile;
  readonly model: string;
  /** Place of each node of the group in the trace. */
  readonly places: readonly number[];
}

/** The production profile, one for each sort of node, and its choice; between groups the larger gain, then the smaller name. */
class OwnChoice implements PlacementPolicy {
  private readonly groups: readonly OwnGroup[];
  private readonly shapes = new Map<string, number>();

  constructor(nodes: readonly GpuNode[], pods: readonly GpuPod[]) {
    const alike = new Map<string, number[]>();
    nodes.forEach(({ cores, memory, gpus, model }, place) => {
      const key = `${cores}/${memory}/${gpus}/${model}`;
      const places = alike.get(key);
      if (places) places.push(place);
      else alike.set(key, [place]);
    });
    this.groups = [...alike.values()].map((places) => {
      const { cores, memory, gpus, model } = nodes[places[0]!]!;
      const profile = new DeviceProfile(places.length, { cores, memory, cards: 1000 * gpus }, 1000);
      const mix = new MixCount(1000);
      for (const pod of pods) mix.add(vectorOf(pod), 1);
      profile.setMix(mix.total());
      profile.turnTo(0);
      return { profile, model, places };
    });
  }

  place(pod: GpuPod): boolean {
    const perNode = vectorOf(pod);
    const key = `${perNode.cards}/${perNode.cores}/${perNode.memory}`;
    const shape = this.shapes.get(key) ?? this.shapes.size;
    this.shapes.set(key, shape);
    const ask = { nodes: 1, perNode, shape };
    let best: { group: OwnGroup; gain: number; place: number } | undefined;
    for (const group of this.groups) {
      if (pod.models.length > 0 && !pod.models.includes(group.model)) continue;
      const offer = group.profile.bestOffer(ask, Infinity);
      if (!offer) continue;
      const place = group.places[offer.node]!;
      if (best && (offer.gain < best.gain || (offer.gain === best.gain && place > best.place))) continue;
      best = { group, gain: offer.gain, place };
    }
    best?.group.profile.take(ask, 0, Infinity);
    return best !== undefined;
  }
}

const vectorOf = (pod: GpuPod): Ask['perNode'] => ({ cards: milliOf(pod), cores: pod.cores, memory: pod.memory });
