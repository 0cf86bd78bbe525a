import { HOUR_MS, type Instant, type JobClass } from '#libs/domain';
import { type HourSettlement, type NodeUse, type PoweredGroup, powerModelAt, settleHour } from '#libs/energy';
import type { Occupancy, SettlementStore } from '../read-ports.js';
import type { SiteBook } from './site-energy.js';

/** An engine that did not answer for so long no longer holds up the hours of its site. */
const PATIENCE_MS = 2 * HOUR_MS;
/** Hours a site catches up in one go, so that a long gap does not keep the loop from everything else. */
const HOURS_A_RUN = 24;

export interface Settled {
  readonly settled: number;
  readonly more: boolean;
}

/** What this leadership knows of the engines: without one complete look of its own it settles nothing. */
export interface Observation {
  /** Service time of the last complete look at all engines, and of the first. */
  readonly last: Instant;
  readonly first: Instant;
}

/**
 * Closes every hour that is over and whose engines were observed after its end. Re-running is safe: an hour that is already in
 * the ledger stays as it is. Patience with an engine that does not answer is counted from when this leadership began to look:
 * after an outage of the service itself, an old observation is no sign that an engine is silent.
 */
export class SettleHours {
  constructor(
    private readonly store: SettlementStore,
    private readonly books: ReadonlyMap<string, SiteBook>,
  ) {}

  async execute(now: Instant, observation: Observation | null): Promise<Settled> {
    if (observation === null) return { settled: 0, more: false };
    const silentUntil =
      observation.last - observation.first >= PATIENCE_MS ? observation.last - PATIENCE_MS : Number.NEGATIVE_INFINITY;
    let settled = 0;
    let more = false;
    for (const due of await this.store.due()) {
      const book = this.books.get(due.siteId);
      if (!book) continue;
      const known = Math.min(now, Math.max(due.observedUntil ?? Number.NEGATIVE_INFINITY, silentUntil));
      let hour = due.nextHour;
      for (let count = 0; hour + HOUR_MS <= known; hour += HOUR_MS, count += 1) {
        if (count === HOURS_A_RUN) {
          more = true;
          break;
        }
        const written = await this.store.append(settlementOf(book, hour, await this.store.occupancy(due.siteId, hour)));
        if (written) settled += 1;
      }
    }
    return { settled, more };
  }
}

/** One site, one hour, from what held its nodes. */
export function settlementOf(book: SiteBook, hour: Instant, occupancy: readonly Occupancy[]): HourSettlement {
  return settleHour({
    siteId: book.site.id,
    supply: book.supplyAt(hour),
    pue: book.pueAt(hour),
    groups: book.groups.map((group): PoweredGroup => ({
      groupId: group.id,
      poolId: group.poolId,
      nodes: group.nodes.value,
      shape: group.shape,
      power: powerModelAt(group.power, hour),
    })),
    uses: occupancy.map((use) => nodeUse(use, hour)),
  });
}

function nodeUse(use: Occupancy, hour: Instant): NodeUse {
  return {
    attemptId: use.attemptId,
    tenantId: use.tenantId,
    // The store holds only classes that were validated at submission.
    jobClass: use.class as JobClass,
    groupId: use.groupId,
    nodeId: use.nodeId,
    cards: use.cards,
    cores: use.cores,
    from: Math.max(hour, use.from),
    to: Math.min(hour + HOUR_MS, use.until ?? hour + HOUR_MS),
  };
}
