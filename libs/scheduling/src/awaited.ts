import type { PlanningPolicy, QueuedJob, Seconds } from './model.js';
import type { WaitingQueue } from './waiting-queue.js';

export interface AwaitedGround {
  readonly queue: WaitingQueue;
  readonly policy: Pick<PlanningPolicy, 'quotas'>;
  readonly entitlement: { mayHold(job: QueuedJob, group: number, nodes: number): boolean };
}

/**
 * Groups for which somebody waits, with a reservation or without: what is idle there would be gone when the rest of what he
 * needs is free. Not those who wait for their time or for their quota, whom nodes do not help.
 *
 * @param isServed slots that start, or for which nodes are being vacated
 */
export function awaitedGroups(
  { queue, policy, entitlement }: AwaitedGround,
  now: Seconds,
  isServed: (slot: number) => boolean,
): ReadonlySet<number> {
  const groups = new Set<number>();
  const asked = new Set<string>();
  const cursor = queue.cursor(now);
  for (let slot = cursor.next(); slot >= 0; slot = cursor.next()) {
    if (queue.notBefore(slot) > now || isServed(slot)) continue;
    const job = queue.job(slot);
    const kind = queue.kind(slot);
    // Alike in all that is asked here: a queue of 100,000 has few such.
    const alike = `${kind.index} ${job.tenantId}`;
    if (asked.has(alike)) continue;
    asked.add(alike);
    for (const group of kind.eligible) {
      if (policy.quotas === 'off' || entitlement.mayHold(job, group, job.nodes)) groups.add(group);
    }
  }
  return groups;
}
