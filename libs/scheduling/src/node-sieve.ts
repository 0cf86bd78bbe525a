import type { Seconds } from './model.js';
import type { NodeTimeline } from './node-timeline.js';
import type { Ask } from './profile.js';
import type { Vector } from './vector.js';

const SPANS = 256;
/** Parts of what a node has that are told apart. */
const LEVELS = 32;
const AMOUNTS = 3;

/**
 * Tells quickly which nodes of a group might take a job at about some time, so that only these are looked at closely. Time is cut
 * into equal spans; for each span and level there is a set of the nodes, a bit each, that have as much left at *some* instant of
 * the span. A node that holds a job has enough at every instant, so it is in the sets of all spans that the job touches; the
 * converse need not be true. What a node has is read again, in the spans that changed, when next asked.
 */
export class NodeSieve {
  // What an empty node has of each amount.
  private readonly there: readonly number[];
  private readonly words: number;
  /** So many spans reach to the last change of any node when they are laid out; the others are room for what is still to be held. */
  private readonly inUse: number;
  // Words of sets by [amount][level − 1][span], and the level that each node has in each [amount][span].
  private sets = new Uint32Array(0);
  private levels = new Uint8Array(0);
  private readonly up: Uint32Array;
  private readonly most: Float64Array;
  private origin: Seconds = Infinity;
  private width: Seconds = 0;
  private isOutgrown = false;
  // Nodes that changed, and the spans in which they did.
  private readonly changed: number[] = [];
  private readonly changedFrom: Int32Array;
  private readonly changedTo: Int32Array;
  private readonly meet: Uint32Array;
  /** The nodes that `next` left over, ascending; only the first `size` count. */
  readonly passed: Int32Array;
  size = 0;

  /** @param spans into how many pieces time is cut, at least 2; the last of them has no end */
  constructor(
    private readonly nodes: readonly NodeTimeline[],
    { cards, cores, memory }: Vector,
    private readonly spans: number = SPANS,
  ) {
    this.there = [cards, cores, memory];
    this.inUse = spans >>> 1;
    this.most = new Float64Array(spans * AMOUNTS);
    this.words = (nodes.length + 31) >>> 5;
    this.up = new Uint32Array(this.words);
    this.setOut(new Set());
    this.meet = new Uint32Array(this.words);
    this.passed = new Int32Array(nodes.length);
    this.changedFrom = new Int32Array(nodes.length).fill(-1);
    this.changedTo = new Int32Array(nodes.length);
  }

  setOut(out: ReadonlySet<number>): void {
    this.up.fill(0);
    for (let i = 0; i < this.nodes.length; i++) if (!out.has(i)) this.up[i >>> 5]! |= 1 << (i & 31);
  }

  /** What the node has in [from, until) is another. */
  touch(node: number, from: Seconds, until: Seconds): void {
    if (until < Infinity && until > this.startOf(this.spans - 1)) this.isOutgrown = true;
    const first = this.spanOf(from);
    const last = this.spanOf(until);
    if (this.changedFrom[node]! < 0) {
      this.changed.push(node);
      this.changedFrom[node] = first;
      this.changedTo[node] = last;
    } else {
      if (first < this.changedFrom[node]!) this.changedFrom[node] = first;
      if (last > this.changedTo[node]!) this.changedTo[node] = last;
    }
  }

  /** Brings the sets up to date, for searches from `from` on. */
  refresh(from: Seconds): void {
    if (this.isOutgrown || from < this.origin || this.spanOf(from) > this.inUse) {
      this.layOut(from);
      return;
    }
    for (const node of this.changed) {
      this.read(node, this.changedFrom[node]!, this.changedTo[node]!);
      this.changedFrom[node] = -1;
    }
    this.changed.length = 0;
  }

  /** The span that a time falls in; the first for all times before it. */
  spanOf(at: Seconds): number {
    const span = Math.floor((at - this.origin) / this.width);
    return span < 0 ? 0 : span < this.spans ? span : this.spans - 1;
  }

  startOf(span: number): Seconds {
    return this.origin + span * this.width;
  }

  endOf(span: number): Seconds {
    return span === this.spans - 1 ? Infinity : this.startOf(span + 1);
  }

  /**
   * The first span from `span` on in which `ask.nodes` nodes might start; −1 when there is none. Those that might are left in
   * `passed`. Expects that the ask fits on an empty node.
   */
  next(ask: Ask, seconds: number, span: number): number {
    const { cards, cores, memory } = ask.perNode;
    const needed = [cards, cores, memory].map((wanted, amount) => this.setOf(amount, wanted)).filter((at) => at >= 0);
    // At least so many spans are touched, whatever the instant of the first in which it starts.
    const touched = Math.max(1, Math.ceil(seconds / this.width));
    while (span < this.spans) {
      const last = Math.min(this.spans - 1, span + touched - 1);
      const obstacle = this.sift(needed, ask.nodes, { span, last });
      if (obstacle < span) {
        this.list();
        return span;
      }
      span = obstacle + 1;
    }
    this.size = 0;
    return -1;
  }

  /** Leaves the nodes in `meet` that are in all sets of the spans; tells the latest span that spoils it, or one before the first. */
  private sift(needed: readonly number[], count: number, { span, last }: { span: number; last: number }): number {
    const { meet, sets, words } = this;
    meet.set(this.up);
    for (let at = last; at >= span; at--) {
      let left = 0;
      for (let w = 0; w < words; w++) {
        let word = meet[w]!;
        if (word === 0) continue;
        for (let k = 0; k < needed.length; k++) word &= sets[(needed[k]! + at) * words + w]!;
        meet[w] = word;
        left += bitsOf(word);
      }
      if (left < count) return at;
    }
    return span - 1;
  }

  private list(): void {
    let size = 0;
    for (let w = 0; w < this.words; w++) {
      for (let word = this.meet[w]!; word !== 0; word &= word - 1) {
        this.passed[size++] = w * 32 + 31 - Math.clz32(word & -word);
      }
    }
    this.size = size;
  }

  /** Where the sets for an amount begin, in spans; −1 where every node has so little. */
  private setOf(amount: number, wanted: number): number {
    const level = levelOf(wanted, this.there[amount]!);
    return level === 0 ? -1 : (amount * LEVELS + level - 1) * this.spans;
  }

  /** Lays the spans out anew, so wide that all that is held ends before the spare ones. */
  private layOut(from: Seconds): void {
    let end = from;
    for (const node of this.nodes) {
      const last = node.lastChange();
      if (last > end) end = last;
    }
    this.isOutgrown = false;
    this.origin = from;
    this.width = Math.max(1, Math.ceil((end - from) / this.inUse));
    this.fill();
    for (const node of this.changed) this.changedFrom[node] = -1;
    this.changed.length = 0;
    for (let i = 0; i < this.nodes.length; i++) this.read(i, 0, this.spans - 1);
  }

  /** As if all nodes were empty: most are so most of the time, and a set is filled faster than bit by bit. */
  private fill(): void {
    const { nodes } = this;
    this.sets = new Uint32Array(AMOUNTS * LEVELS * this.spans * this.words);
    this.levels = new Uint8Array(nodes.length * AMOUNTS * this.spans);
    this.there.forEach((there, amount) => {
      if (there <= 0) return;
      this.sets.fill(-1, amount * LEVELS * this.spans * this.words, (amount + 1) * LEVELS * this.spans * this.words);
      for (let node = 0; node < nodes.length; node++) {
        this.levels.fill(LEVELS, (node * AMOUNTS + amount) * this.spans, (node * AMOUNTS + amount + 1) * this.spans);
      }
    });
  }

  private read(node: number, first: number, last: number): void {
    const { most, origin, width } = this;
    this.nodes[node]!.mostIn({ origin, width, first, last, isOpenEnded: last === this.spans - 1 }, most);
    for (let amount = 0; amount < AMOUNTS; amount++) {
      const there = this.there[amount]!;
      if (there <= 0) continue;
      for (let span = first, k = amount; span <= last; span++, k += AMOUNTS) {
        const place = (node * AMOUNTS + amount) * this.spans + span;
        const level = levelOf(most[k]!, there);
        if (this.levels[place] !== level) this.mark(node, { amount, span }, level);
      }
    }
  }

  private mark(
    node: number,
    { amount, span }: { readonly amount: number; readonly span: number },
    level: number,
  ): void {
    const { sets, words, spans } = this;
    const place = (node * AMOUNTS + amount) * spans + span;
    let had = this.levels[place]!;
    this.levels[place] = level;
    const bit = 1 << (node & 31);
    const base = (amount * LEVELS * spans + span) * words + (node >>> 5);
    const step = spans * words;
    for (; had < level; had++) sets[base + had * step]! |= bit;
    for (; had > level; had--) sets[base + (had - 1) * step]! &= ~bit;
  }
}

/** Parts of what is there, of 32; what is less than nothing, or of what is not there, is none. */
function levelOf(amount: number, there: number): number {
  if (amount <= 0 || there <= 0) return 0;
  return amount >= there ? LEVELS : Math.floor((amount * LEVELS) / there);
}

function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((fours + (fours >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
