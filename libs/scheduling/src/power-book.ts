import type { Candidate } from './filters.js';
import type { GroupModel, PowerCapModel, Seconds } from './model.js';
import { nodeCount } from './filters.js';
import type { Ask } from './profile.js';
import { capacityOf, dominantShare } from './vector.js';

/**
 * Whole watts that a run adds to its site: its nodes, each with its dominant share of what lies between idle and full load,
 * rounded up a node. 0 where the group states no watts: caps do not see it.
 */
export function wattsOf(ask: Pick<Ask, 'nodes' | 'perNode'>, group: Pick<GroupModel, 'shape' | 'watts'>): number {
  if (!group.watts) return 0;
  const share = Math.min(1, dominantShare(ask.perNode, capacityOf(group.shape)));
  return ask.nodes * Math.max(0, Math.ceil(share * (group.watts.peak - group.watts.idle)));
}

/** Whole watts that the nodes of a group draw idle, be they up or not: a machine that is switched off is no promise. */
export const idleWattsOf = (group: Pick<GroupModel, 'nodes' | 'watts'>): number =>
  group.watts ? nodeCount(group) * Math.ceil(group.watts.idle) : 0;

/**
 * The IT load over time, in whole watts, of each site that has caps, against them. The idle draw of all its nodes counts always.
 * Intervals are half open: [from, until). Where several caps overlap the lowest holds. What is held under a cap that came later
 * stays: the book only says what may still be added. Sites without caps cost nothing and are never in the way.
 */
export class PowerBook {
  private readonly sites = new Map<string, SiteBook>();

  constructor(candidates: readonly Pick<Candidate, 'group' | 'pool'>[], caps: readonly PowerCapModel[]) {
    for (const [siteId, ofSite] of Map.groupBy(caps, (cap) => cap.siteId)) {
      const there = candidates.filter(({ pool }) => pool.siteId === siteId);
      const idle = there.reduce((sum, { group }) => sum + idleWattsOf(group), 0);
      this.sites.set(siteId, new SiteBook(idle, stepsOf(ofSite)));
    }
  }

  hold(siteId: string, watts: number, from: Seconds, until: Seconds): void {
    if (until > from) this.sites.get(siteId)?.shift(watts, from, until);
  }

  /** Takes back one `hold` with the same arguments and leaves no trace of it. */
  release(siteId: string, watts: number, from: Seconds, until: Seconds): void {
    this.hold(siteId, -watts, from, until);
  }

  /** The first time from `from` on at which the site may draw so many more watts for `seconds`; Infinity when never. */
  earliest(siteId: string, watts: number, seconds: number, from: Seconds): Seconds {
    const site = this.sites.get(siteId);
    if (!site || watts === 0) return from;
    let start = from;
    for (const span of site.spans(from)) {
      if (span.from >= start + seconds) return start;
      if (span.load + watts > span.cap) start = span.until;
    }
    return start;
  }

  /** The first time after `after` at which the cap of any site changes; Infinity when none does. */
  nextEdge(after: Seconds): Seconds {
    let edge = Infinity;
    for (const { caps } of this.sites.values()) {
      for (const { at } of caps) if (at > after) edge = Math.min(edge, at);
    }
    return edge;
  }
}

/** From `at` on the cap is so many watts, until the next. Before the first there is none. */
interface CapStep {
  readonly at: Seconds;
  readonly watts: number;
}

interface Span {
  readonly from: Seconds;
  readonly until: Seconds;
  readonly load: number;
  readonly cap: number;
}

class SiteBook {
  // By how much the load changes at each time, ascending; times without change are taken out, so no history is left.
  private readonly times: Seconds[] = [];
  private readonly changes: number[] = [];

  /** @param caps ascending */
  constructor(
    private readonly idle: number,
    readonly caps: readonly CapStep[],
  ) {}

  shift(watts: number, from: Seconds, until: Seconds): void {
    this.change(from, watts);
    this.change(until, -watts);
  }

  /** What load and cap are from a time on, up to the end of time. */
  *spans(from: Seconds): Generator<Span, void> {
    let load = this.idle;
    let cap = Infinity;
    let next = 0;
    let step = 0;
    for (let at = -Infinity; at < Infinity;) {
      const until = Math.min(this.times[next] ?? Infinity, this.caps[step]?.at ?? Infinity);
      if (until > from) yield { from: Math.max(at, from), until, load, cap };
      if (this.times[next] === until) load += this.changes[next++]!;
      if (this.caps[step]?.at === until) cap = this.caps[step++]!.watts;
      at = until;
    }
  }

  private change(at: Seconds, by: number): void {
    const index = this.placeOf(at);
    if (this.times[index] !== at) {
      this.times.splice(index, 0, at);
      this.changes.splice(index, 0, 0);
    }
    this.changes[index]! += by;
    if (this.changes[index] !== 0) return;
    this.times.splice(index, 1);
    this.changes.splice(index, 1);
  }

  /** Index of the first time that is not before. */
  private placeOf(at: Seconds): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function stepsOf(caps: readonly PowerCapModel[]): readonly CapStep[] {
  const times = new Set(caps.flatMap(({ from, until }) => [from, until]));
  return [...times]
    .sort((a, b) => a - b)
    .map((at) => {
      const inForce = caps.filter(({ from, until }) => from <= at && at < until);
      return { at, watts: Math.min(...inForce.map(({ watts }) => Math.floor(watts))) };
    });
}
