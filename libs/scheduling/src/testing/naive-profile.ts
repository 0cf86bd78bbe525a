import type { WindowModel } from '../model.js';
import type { Ask, Holding } from '../profile.js';
import { fitsWithin, type Vector } from '../vector.js';

interface Hold {
  readonly nodes: readonly number[];
  readonly perNode: Vector;
  readonly from: number;
  readonly until: number;
}

/** A profile of named nodes as one would write it down first: holds in a list, and every second of every node counted afresh. */
export class NaiveProfile {
  readonly holds: Hold[] = [];
  out: ReadonlySet<number> = new Set();
  windows: WindowModel[] = [];

  /** @param end after it nothing changes any more */
  constructor(
    private readonly count: number,
    private readonly capacity: Vector,
    private readonly end: number,
  ) {}

  hold({ nodes, perNode }: Holding, from: number, until: number): () => void {
    const hold = { nodes, perNode, from, until };
    this.holds.push(hold);
    return () => {
      this.holds.splice(this.holds.indexOf(hold), 1);
    };
  }

  left(node: number, second: number): Vector {
    const left = { ...this.capacity };
    const closed = this.windows.map((w) => ({ nodes: w.nodeIndices, perNode: this.capacity, ...w }));
    for (const { nodes, perNode, from, until } of [...this.holds, ...closed]) {
      if (second < from || second >= until || !nodes.includes(node)) continue;
      left.cards -= perNode.cards;
      left.cores -= perNode.cores;
      left.memory -= perNode.memory;
    }
    return left;
  }

  /** Seconds for which the node has room from `at` on. */
  room(node: number, at: number, ask: Ask): number {
    if (this.out.has(node)) return 0;
    for (let second = at; second <= this.end; second++) {
      if (!fitsWithin(ask.perNode, this.left(node, second))) return second - at;
    }
    return Infinity;
  }

  rooms(at: number, ask: Ask): number[] {
    return Array.from({ length: this.count }, (_, node) => this.room(node, at, ask)).sort((a, b) => b - a);
  }

  earliest(ask: Ask, seconds: number, from: number): number {
    for (let at = from; at <= this.end; at++) if ((this.rooms(at, ask)[ask.nodes - 1] ?? 0) >= seconds) return at;
    return Infinity;
  }

  release(ask: Ask, now: number): number {
    const first = (node: number): number => {
      for (let at = now; at <= this.end; at++) if (this.room(node, at, ask) > 0) return at;
      return Infinity;
    };
    return (
      Array.from({ length: this.count }, (_, node) => first(node)).sort((a, b) => a - b)[ask.nodes - 1] ?? Infinity
    );
  }

  nextEdge(after: number): number {
    for (let at = after + 1; at <= this.end; at++) {
      for (let node = 0; node < this.count; node++) {
        if (!this.out.has(node) && !fitsWithin(this.left(node, at), this.left(node, at - 1))) return at;
      }
    }
    return Infinity;
  }

  tightest(ask: Ask, start: number, seconds: number): number[] {
    return Array.from({ length: this.count }, (_, node) => ({ node, ...this.left(node, start) }))
      .filter(({ node }) => this.room(node, start, ask) >= seconds)
      .sort((a, b) => a.cards - b.cards || a.cores - b.cores || a.node - b.node)
      .slice(0, ask.nodes)
      .map(({ node }) => node)
      .sort((a, b) => a - b);
  }
}
