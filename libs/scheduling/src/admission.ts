import { fitsIn, type NodeShape } from '#libs/domain';
import { evidenceOf } from './diagnosis.js';
import { type Candidate, finalFilters, isOfItsSort } from './filters.js';
import type { Admission, QueuedJob } from './model.js';
import { whyBarred } from './refusing.js';

type Largest = Extract<Admission, { kind: 'refused' }>['largest'];

/**
 * Whether any group would ever hold the job, whatever runs there, is down or cannot be reached: only what an amended request
 * changes is held against it. A job that is too large hears the largest like it that would be admitted.
 */
export function admitJob(job: QueuedJob, candidates: readonly Candidate[]): Admission {
  const whole = candidates.map((candidate) => ({ ...candidate, up: candidate.installed }));
  const barred = whyBarred(job, whole, finalFilters);
  if (barred.refusal === null) return { kind: 'ok' };
  const largest = barred.refusal === 'larger-than-any-pool' ? largestLike(job, whole) : null;
  return { kind: 'refused', refusal: barred.refusal, largest, evidence: evidenceOf(barred, null, 0) };
}

function largestLike(job: QueuedJob, candidates: readonly Candidate[]): Largest {
  let largest: Largest = null;
  let most = 0;
  for (const candidate of candidates) {
    const { group, pool, installed } = candidate;
    const isOpen = finalFilters.every(
      (filter) => filter.refusal === 'larger-than-any-pool' || filter.passes(job, candidate),
    );
    if (!isOfItsSort(job, group) || !isOpen || installed === 0) continue;
    const nodes = Math.min(job.nodes, installed);
    const perNode = fitsIn(job.perNode, group.shape) ? job.perNode : smaller(job.perNode, group.shape);
    const size = nodes * (perNode.cards > 0 ? perNode.cards : perNode.cores);
    if (size <= most) continue;
    most = size;
    largest = { poolId: pool.id, groupId: group.id, nodes, perNode };
  }
  return largest;
}

const smaller = (a: NodeShape, b: NodeShape): NodeShape => ({
  cards: Math.min(a.cards, b.cards),
  cores: Math.min(a.cores, b.cores),
  memoryGiB: Math.min(a.memoryGiB, b.memoryGiB),
});
