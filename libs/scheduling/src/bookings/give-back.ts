import type { Instant } from '#libs/domain';
import type { Stretch } from './occurrences.js';

/** An attempt of somebody the occurrence is open to, on one of its nodes. `until` null: it holds the node still. */
export interface NodeUse {
  readonly nodeId: string;
  readonly from: Instant;
  readonly until: Instant | null;
}

/**
 * Since when nobody whom it is open to has held any of its nodes: from its start, or from the end of the last use. Null while
 * somebody does, and before its start. One node in use keeps them all: a gang may be waiting for the rest.
 */
export function idleSince(occurrence: Stretch, uses: readonly NodeUse[], now: Instant): Instant | null {
  if (now < occurrence.from) return null;
  let idle = occurrence.from;
  for (const { until } of uses) {
    if (until === null) return null;
    idle = Math.max(idle, until);
  }
  return idle;
}

/** Whether what is left of the occurrence goes back to everybody: it has been idle for as long as its booking allows, or longer. */
export function isToBeGivenBack(
  occurrence: Stretch & { readonly giveBackAfterSeconds: number },
  uses: readonly NodeUse[],
  now: Instant,
): boolean {
  const idle = idleSince(occurrence, uses, now);
  return idle !== null && now < occurrence.until && now - idle >= occurrence.giveBackAfterSeconds * 1000;
}

export interface OccurrenceUse {
  readonly use: 'unused' | 'partly' | 'whole';
  readonly nodesUsed: number;
  /** Held by members right now. */
  readonly nodesHeld: number;
  readonly lastUsedAt: Instant | null;
}

/** What those it is open to have made of its nodes so far. partly: some of its nodes were never held. */
export function useOf(nodeIds: readonly string[], uses: readonly NodeUse[], now: Instant): OccurrenceUse {
  const own = new Set(nodeIds);
  const ours = uses.filter((use) => own.has(use.nodeId) && use.from < now);
  const used = new Set(ours.map((use) => use.nodeId)).size;
  const held = new Set(ours.filter((use) => use.until === null).map((use) => use.nodeId)).size;
  return {
    use: used === 0 ? 'unused' : used < own.size ? 'partly' : 'whole',
    nodesUsed: used,
    nodesHeld: held,
    lastUsedAt: used === 0 ? null : Math.max(...ours.map((use) => use.until ?? now)),
  };
}
