import { isFinal, type Refusal } from '#libs/domain';
import { type Candidate, type Filter, isOfItsSort } from './filters.js';
import type { QueuedJob } from './model.js';

/** Why no group is open to a job, with the counters that say so. */
export interface Barred {
  readonly refusal: Refusal | null;
  readonly nodesConsidered: number;
  readonly filteredBy: Readonly<Partial<Record<Refusal, number>>>;
}

/**
 * Names the refusal that, if changed, would open the nearest group. Each group of the job's sort (with or without cards) is held
 * against all filters. Nearest are the groups that fail no final filter (they open by themselves), then those that fail fewest;
 * the word is the filter furthest down the list among the ones that the nearest groups fail, since the list goes from what a
 * request is bound to (its image) to what is easily changed (its size). So a CUDA job too large for the CUDA pools hears that it
 * is too large, however many Ascend nodes fail the stack.
 *
 * `filteredBy` counts nodes under each filter that they fail, so its sum may exceed `nodesConsidered`; nodes of open groups that
 * are not up count as nodes-out-of-service. `refusal` is null when at least one group passes everything. Without any group of
 * the sort, a job with cards hears accelerator-model-absent and one without hears larger-than-any-pool.
 */
export function whyBarred(job: QueuedJob, candidates: readonly Candidate[], filters: readonly Filter[]): Barred {
  const filteredBy: Partial<Record<Refusal, number>> = {};
  const count = (refusal: Refusal, nodes: number): void => {
    filteredBy[refusal] = (filteredBy[refusal] ?? 0) + nodes;
  };
  let nodesConsidered = 0;
  let shortest = Infinity;
  let furthest = -1;
  for (const candidate of candidates) {
    if (!isOfItsSort(job, candidate.group)) continue;
    nodesConsidered += candidate.installed;
    let distance = 0;
    let last = -1;
    filters.forEach((filter, place) => {
      if (filter.passes(job, candidate)) return;
      count(filter.refusal, candidate.installed);
      distance += isFinal(filter.refusal) ? FINAL_DISTANCE : 1;
      last = place;
    });
    if (distance === 0 && candidate.up < candidate.installed) {
      count('nodes-out-of-service', candidate.installed - candidate.up);
    }
    if (distance < shortest || (distance === shortest && last > furthest)) furthest = last;
    shortest = Math.min(shortest, distance);
  }
  if (shortest === Infinity) {
    const refusal = job.perNode.cards > 0 ? 'accelerator-model-absent' : 'larger-than-any-pool';
    return { refusal, nodesConsidered, filteredBy };
  }
  return { refusal: filters[furthest]?.refusal ?? null, nodesConsidered, filteredBy };
}

// Above what all passing filters together can make up.
const FINAL_DISTANCE = 100;
