import { Fragmentation } from '#libs/scheduling';
import type { Chance, GpuNode, GpuPod } from './gpu-trace.js';

export interface PlacementPolicy {
  /** Whether the pod was given a place, which it then holds. */
  place(pod: GpuPod): boolean;
}

export type RivalName = 'random' | 'best-fit' | 'fgd';

interface RivalGround {
  readonly nodes: readonly GpuNode[];
  readonly pods: readonly GpuPod[];
  readonly chance: Chance;
}

interface State {
  cores: number;
  memory: number;
  /** Milli left of each card. */
  readonly left: number[];
  /** Changes with every pod it takes. */
  version: number;
}

/** Larger is better; among equals the first node by name. The card is that of a pod that shares one. */
type Rate = (pod: GpuPod, state: State) => { readonly score: number; readonly card: number };

/** The policies of the published table, as its simulator has them; whole numbers from 0 to 100 as scores. */
export const rivals: Readonly<Record<RivalName, (ground: RivalGround) => PlacementPolicy>> = {
  random: ({ nodes, chance }) => new RandomRival(nodes, chance),
  'best-fit': ({ nodes }) => new ScoringRival(nodes, bestFit),
  fgd: ({ nodes, pods }) => new ScoringRival(nodes, fgdOver(pods)),
};

const freshStates = (nodes: readonly GpuNode[]): State[] =>
  nodes.map(({ cores, memory, gpus }) => ({ cores, memory, left: Array<number>(gpus).fill(1000), version: 0 }));

const isShare = (pod: GpuPod): boolean => pod.gpus === 1 && pod.milli < 1000;

function fits(pod: GpuPod, node: GpuNode, state: State): boolean {
  if (state.cores < pod.cores || state.memory < pod.memory) return false;
  if (pod.gpus === 0) return true;
  if (pod.models.length > 0 && !pod.models.includes(node.model)) return false;
  let cards = 0;
  for (const left of state.left) if (left >= pod.milli) cards++;
  return cards >= pod.gpus;
}

function hold(pod: GpuPod, state: State, card: number): void {
  state.cores -= pod.cores;
  state.memory -= pod.memory;
  state.version++;
  if (isShare(pod)) {
    state.left[card]! -= pod.milli;
    return;
  }
  let missing = pod.gpus;
  for (let i = 0; i < state.left.length && missing > 0; i++) {
    if (state.left[i] !== 1000) continue;
    state.left[i] = 0;
    missing--;
  }
}

/** Any node that fits, and any card of it that does. */
class RandomRival implements PlacementPolicy {
  private readonly states: readonly State[];

  constructor(
    private readonly nodes: readonly GpuNode[],
    private readonly chance: Chance,
  ) {
    this.states = freshStates(nodes);
  }

  place(pod: GpuPod): boolean {
    const able = this.states.filter((state, i) => fits(pod, this.nodes[i]!, state));
    if (able.length === 0) return false;
    const state = able[Math.floor(this.chance() * able.length)]!;
    const cards = [...state.left.keys()].filter((card) => state.left[card]! >= pod.milli);
    hold(pod, state, cards[Math.floor(this.chance() * cards.length)] ?? 0);
    return true;
  }
}

/** Rates each node that fits, once for each sort of pod and state of the node. */
class ScoringRival implements PlacementPolicy {
  private readonly states: readonly State[];
  private readonly rated = new Map<string, { version: number; score: number; card: number }[]>();

  constructor(
    private readonly nodes: readonly GpuNode[],
    private readonly rate: Rate,
  ) {
    this.states = freshStates(nodes);
  }

  place(pod: GpuPod): boolean {
    const key = `${pod.cores}/${pod.memory}/${pod.gpus}/${pod.milli}/${pod.models.join('|')}`;
    let known = this.rated.get(key);
    if (!known) this.rated.set(key, (known = []));
    let best = -1;
    for (let i = 0; i < this.states.length; i++) {
      const state = this.states[i]!;
      if (known[i]?.version !== state.version) {
        const rating = fits(pod, this.nodes[i]!, state) ? this.rate(pod, state) : { score: -1, card: 0 };
        known[i] = { version: state.version, ...rating };
      }
      if (known[i]!.score >= 0 && (best < 0 || known[i]!.score > known[best]!.score)) best = i;
    }
    if (best < 0) return false;
    hold(pod, this.states[best]!, known[best]!.card);
    return true;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
// The largest node of the trace, by which its simulator scales.
const MOST_CORES = 128_000;
const MOST_MILLI = 8000;

/** What would be left, half by cores and half by cards; on the node, the card with least left that will do. */
const bestFit: Rate = (pod, { cores, left }) => {
  const rest = (0.5 * (cores - pod.cores)) / MOST_CORES + (0.5 * (sum(left) - pod.gpus * pod.milli)) / MOST_MILLI;
  let card = -1;
  left.forEach((milli, i) => {
    if (milli >= pod.milli && (card < 0 || milli < left[card]!)) card = i;
  });
  return { score: Math.floor(100 * (1 - rest)), card };
};

const POPULAR = 0.95;

/** The paper's mix: the most popular tasks, up to 95 of 100 pods; those without cards count as well, and can use no idle card. */
function fgdOver(pods: readonly GpuPod[]): Rate {
  const counts = new Map<string, { pod: GpuPod; popularity: number }>();
  for (const pod of pods) {
    const key = `${pod.cores}/${pod.gpus}/${pod.milli}/${pod.models.join('|')}`;
    const known = counts.get(key);
    if (known) known.popularity++;
    else counts.set(key, { pod, popularity: 1 });
  }
  const popular: { pod: GpuPod; popularity: number }[] = [];
  let total = 0;
  for (const task of [...counts.values()].sort((a, b) => b.popularity - a.popularity)) {
    if (total >= POPULAR * pods.length) break;
    popular.push(task);
    total += task.popularity;
  }
  const withCards = popular.filter(({ pod }) => pod.gpus > 0);
  const cardless = total - withCards.reduce((all, task) => all + task.popularity, 0);
  const gauge = new Fragmentation({
    tasks: withCards.map(({ pod, popularity }) => ({
      need: { count: pod.gpus, milli: pod.milli, cores: pod.cores },
      popularity,
    })),
  });
  const fragmentOf = (cores: number, left: readonly number[]): number =>
    (gauge.of(cores, left) + cardless * sum(left)) / total;
  // Truncated to whole points, as there: which ties come about of it matters.
  const scoreOf = (drop: number): number => Math.trunc(100 / (1 + Math.exp(-drop / 1000)));
  return (pod, state) => {
    const before = fragmentOf(state.cores, state.left);
    const rateOn = (left: readonly number[]): number => scoreOf(before - fragmentOf(state.cores - pod.cores, left));
    if (!isShare(pod)) {
      let missing = pod.gpus;
      const after = state.left.map((milli) => (milli === 1000 && missing-- > 0 ? 0 : milli));
      return { score: rateOn(after), card: 0 };
    }
    let best = { score: -1, card: -1 };
    state.left.forEach((milli, card) => {
      if (milli < pod.milli || state.left.indexOf(milli) < card) return;
      const score = rateOn(state.left.with(card, milli - pod.milli));
      if (score > best.score) best = { score, card };
    });
    return best;
  };
}
