import type { Refusal } from '#libs/domain';
import { type Candidate, type Filter, isOfItsSort } from './filters.js';
import type { QueuedJob } from './model.js';

/** Why no group is open to a job, with the counters that say so. */
export interface Barred {
  readonly refusal: Refusal | null;
  readonly nodesConsidered: number;
  readonly filteredBy: Readonly<Partial<Record<Refusal, number>>>;
}

/**
 * Names the refusal that, if changed, would open most nodes. Each group of the job's sort (with or without cards) is held
 * against all filters; the groups that fail fewest of them are the nearest to opening, and the word is the filter that most of
 * *their* nodes fail, ties to the later in the list. A group that fails one filter only therefore speaks before one that fails
 * three. `filteredBy` counts nodes under each filter that they fail, so its sum may exceed `nodesConsidered`; nodes of open groups
 * that are not up count as nodes-out-of-service.
 *
 * `refusal` is null when at least one group passes everything. Without any group of the sort, a job with cards hears
 * accelerator-model-absent and one without hears larger-than-any-pool.
 */
export function whyBarred(job: QueuedJob, candidates: readonly Candidate[], filters: readonly Filter[]): Barred {
  const filteredBy: Partial<Record<Refusal, number>> = {};
  let nodesConsidered = 0;
  let fewest = Infinity;
  let nearest = new Map<Filter, number>();
  for (const candidate of candidates) {
    if (!isOfItsSort(job, candidate.group)) continue;
    nodesConsidered += candidate.installed;
    const failed = filters.filter((filter) => !filter.passes(job, candidate));
    for (const { refusal } of failed) filteredBy[refusal] = (filteredBy[refusal] ?? 0) + candidate.installed;
    if (failed.length === 0 && candidate.up < candidate.installed) {
      const away = candidate.installed - candidate.up;
      filteredBy['nodes-out-of-service'] = (filteredBy['nodes-out-of-service'] ?? 0) + away;
    }
    if (failed.length < fewest) {
      fewest = failed.length;
      nearest = new Map();
    }
    if (failed.length > fewest) continue;
    for (const filter of failed) nearest.set(filter, (nearest.get(filter) ?? 0) + candidate.installed);
  }
  if (fewest === Infinity) {
    const refusal = job.perNode.cards > 0 ? 'accelerator-model-absent' : 'larger-than-any-pool';
    return { refusal, nodesConsidered, filteredBy };
  }
  let refusal: Refusal | null = null;
  let most = 0;
  for (const filter of filters) {
    const nodes = nearest.get(filter) ?? 0;
    if (nodes < most || nodes === 0) continue;
    most = nodes;
    refusal = filter.refusal;
  }
  return { refusal, nodesConsidered, filteredBy };
}
