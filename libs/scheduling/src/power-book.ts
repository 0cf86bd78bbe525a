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
 * The IT load of each site over time, in whole watts, against its caps. The idle draw of all nodes counts always. Everything is
 * asked relative to the instant given to `turnTo`; intervals are half open: [from, until). Where several caps overlap the lowest
 * holds. What is held under a cap that came later stays: the book only says what may still be added.
 */
export class PowerBook {
  /** Changes whenever the caps do. */
  version = 0;
  private readonly sites = new Map<string, SiteBook>();
  private now: Seconds = 0;

  constructor(candidates: readonly Pick<Candidate, 'group' | 'pool'>[], caps: readonly PowerCapModel[] = []) {
    for (const { group, pool } of candidates) this.site(pool.siteId).idle += idleWattsOf(group);
    this.setCaps(caps);
  }

  /** Replaces all caps of all sites. */
  setCaps(caps: readonly PowerCapModel[]): void {
    this.version++;
    for (const site of this.sites.values()) site.caps = NO_CAPS;
    const bySite = Map.groupBy(caps, (cap) => cap.siteId);
    for (const [siteId, ofSite] of bySite) this.site(siteId).caps = stepsOf(ofSite);
  }

  turnTo(now: Seconds): void {
    this.now = now;
  }

  hold(siteId: string, watts: number, from: Seconds, until: Seconds): void {
    this.shift(siteId, watts, from, until);
  }

  /** Takes back one `hold` with the same arguments and leaves no trace of it. */
  release(siteId: string, watts: number, from: Seconds, until: Seconds): void {
    this.shift(siteId, -watts, from, until);
  }

  /** Seconds from now on during which so many more watts keep the site under its caps; 0 when not even at once, Infinity when for ever. */
  longest(siteId: string, watts: number): number {
    const ends = this.firstBreach(siteId, watts, this.now);
    return ends - this.now;
  }

  /** The first time from `from` on at which the site may draw so many more watts for `seconds`; Infinity when never. */
  earliest(siteId: string, watts: number, seconds: number, from: Seconds): Seconds {
    const site = this.cappedSite(siteId, watts);
    if (!site) return from;
    let start = from;
    for (const span of site.spans(from)) {
      if (span.from >= start + seconds) return start;
      if (span.load + watts > span.cap) start = span.until;
      if (start === Infinity) break;
    }
    return start;
  }

  /** Watts that the site may still draw more at an instant; negative when it is above its cap already, Infinity without one. */
  headroom(siteId: string, at: Seconds): number {
    const site = this.sites.get(siteId);
    if (!site || site.caps.length === 0) return Infinity;
    for (const { load, cap } of site.spans(at)) return cap - load;
    return Infinity;
  }

  /** The first time after `after` at which the cap of any site changes; Infinity when none does. */
  nextEdge(after: Seconds): Seconds {
    let edge = Infinity;
    for (const { caps } of this.sites.values()) {
      for (const { at } of caps) if (at > after && at < edge) edge = at;
    }
    return edge;
  }

  private firstBreach(siteId: string, watts: number, from: Seconds): Seconds {
    const site = this.cappedSite(siteId, watts);
    if (!site) return Infinity;
    for (const span of site.spans(from)) if (span.load + watts > span.cap) return span.from;
    return Infinity;
  }

  /** Undefined where no cap can be in the way. */
  private cappedSite(siteId: string, watts: number): SiteBook | undefined {
    const site = this.sites.get(siteId);
    return watts > 0 && site && site.caps.length > 0 ? site : undefined;
  }

  private shift(siteId: string, watts: number, from: Seconds, until: Seconds): void {
    if (watts !== 0 && until > from) this.site(siteId).shift(watts, from, until);
  }

  private site(siteId: string): SiteBook {
    let site = this.sites.get(siteId);
    if (!site) this.sites.set(siteId, (site = new SiteBook()));
    return site;
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

const NO_CAPS: readonly CapStep[] = [];

class SiteBook {
  idle = 0;
  caps: readonly CapStep[] = NO_CAPS;
  // By how much the load changes at each time, ascending; times without change are taken out, so no history is left. Changes and
  // not levels, because nobody asks sites without caps, and for those keeping the book has to be cheap.
  private readonly times: Seconds[] = [];
  private readonly changes: number[] = [];

  shift(watts: number, from: Seconds, until: Seconds): void {
    this.change(from, watts);
    if (until !== Infinity) this.change(until, -watts);
  }

  /** What load and cap are from a time on, up to the end of time. */
  *spans(from: Seconds): Generator<Span, void> {
    let load = this.idle;
    let next = 0;
    while (next < this.times.length && this.times[next]! <= from) load += this.changes[next++]!;
    let step = 0;
    let cap = Infinity;
    while (step < this.caps.length && this.caps[step]!.at <= from) cap = this.caps[step++]!.watts;
    for (let at = from; at < Infinity;) {
      const until = Math.min(this.times[next] ?? Infinity, this.caps[step]?.at ?? Infinity);
      yield { from: at, until, load, cap };
      if (this.times[next] === until) load += this.changes[next++]!;
      if (this.caps[step]?.at === until) cap = this.caps[step++]!.watts;
      at = until;
    }
  }

  private change(at: Seconds, by: number): void {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! < at) low = middle + 1;
      else high = middle;
    }
    if (this.times[low] !== at) {
      this.times.splice(low, 0, at);
      this.changes.splice(low, 0, by);
      return;
    }
    this.changes[low]! += by;
    if (this.changes[low] !== 0) return;
    this.times.splice(low, 1);
    this.changes.splice(low, 1);
  }
}

function stepsOf(caps: readonly PowerCapModel[]): readonly CapStep[] {
  const times = [...new Set(caps.flatMap(({ from, until }) => [from, until]))].filter(Number.isFinite);
  return times
    .sort((a, b) => a - b)
    .map((at) => {
      const inForce = caps.filter(({ from, until }) => from <= at && at < until);
      return { at, watts: Math.min(...inForce.map(({ watts }) => Math.floor(watts))) };
    });
}
