import type { Quoted, Submitted } from '#libs/application';
import { type Refusal, refusalAdvice, refusalTexts } from '#libs/domain';
import { Problem } from '#libs/http';
import { evidenceShown, refusalShown } from '../presenters/explanation.js';

type Refused = Exclude<Submitted, { kind: 'queued' | 'replayed' }> | Exclude<Quoted, { kind: 'quoted' }>;

const fieldOf: Partial<Record<Refusal, string>> = {
  'accelerator-model-absent': '#/resources/acceleratorModels',
  'fraction-not-offered': '#/resources/acceleratorFraction',
  'accelerator-memory-too-small': '#/resources/minAcceleratorMemoryGiB',
  'architecture-mismatch': '#/resources/architecture',
  'stack-mismatch': '#/resources/stack',
  'latency-above-limit': '#/constraints/maxLatencyMs',
  'data-level-not-allowed': '#/constraints/dataLevel',
  'pool-not-listed': '#/constraints/pools',
  'class-not-served': '#/class',
  'larger-than-any-pool': '#/resources/nodes',
};

/** The answer to a submission or quote that was not taken. */
export function submissionProblem(outcome: Refused): Problem {
  switch (outcome.kind) {
    case 'key-reused':
      return new Problem(
        'idempotency-key-reused',
        'This Idempotency-Key was used before with another body, which stands. Nothing was submitted.',
        {
          errors: [{ header: 'Idempotency-Key', detail: 'was used with another body' }],
        },
      );
    case 'tenant-needed':
      return new Problem(
        'tenant-needed',
        `The key covers several tenants; set tenant to one of: ${listed(outcome.tenants)}.`,
        {
          errors: [{ pointer: '#/tenant', detail: 'is required with this key' }],
        },
      );
    case 'tenant-unknown':
      return new Problem(
        'tenant-out-of-reach',
        `Tenant "${outcome.tenant}" does not exist, or the key does not cover it.`,
        {
          errors: [{ pointer: '#/tenant', detail: 'is not a tenant that this key covers' }],
        },
      );
    case 'role-forbidden':
      return new Problem('role-forbidden', 'Jobs are submitted with a tenant’s or an operator’s key.', {
        members: { allowed: ['tenant', 'operator'] },
      });
    case 'data-level-above-tenant':
      return new Problem(
        'data-level-above-tenant',
        `The tenant may use data up to level ${outcome.allowed}, and the job asks for ${outcome.asked}.`,
        {
          errors: [{ pointer: '#/constraints/dataLevel', detail: `is at most ${outcome.allowed}` }],
          members: { allowed: outcome.allowed },
        },
      );
    case 'impossible':
      return neverRunnable(outcome);
  }
}

function neverRunnable({ refusal, admission }: Extract<Submitted, { kind: 'impossible' }>): Problem {
  const { largest } = admission;
  const { perNode } = largest ?? {};
  const size =
    largest && perNode
      ? ` The largest job like it that would be admitted: ${largest.nodes} nodes of ${perNode.cards} cards, ${perNode.cores} cores and ${perNode.memoryGiB} GiB each, in pool ${largest.poolId}.`
      : '';
  return new Problem(
    'never-runnable',
    `No pool could ever run this job: ${refusalTexts[refusal].en}.${size} What to do: ${refusalAdvice[refusal].en}.`,
    {
      errors: [{ pointer: fieldOf[refusal] ?? '#/resources', detail: refusalTexts[refusal].en }],
      members: {
        refusal: refusalShown(refusal),
        evidence: evidenceShown(admission.evidence),
        largest: largest && {
          pool: largest.poolId,
          group: largest.groupId,
          nodes: largest.nodes,
          perNode: largest.perNode,
        },
      },
    },
  );
}

const listed = (ids: readonly string[]): string =>
  ids.length > 20 ? `${ids.slice(0, 20).join(', ')} and ${ids.length - 20} more` : ids.join(', ');
