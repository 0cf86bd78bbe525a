import { loadPolicy } from '#libs/config';
import type { PlanningPolicy } from '#libs/scheduling';

/** The policy that is shipped: what is measured here is what runs. */
export async function shippedPolicy(): Promise<PlanningPolicy> {
  const loaded = await loadPolicy('seeds/policy.yaml');
  if (loaded.kind === 'ok') return loaded.policy.planning;
  throw new Error('seeds/policy.yaml has faults: chusuan policy check seeds/policy.yaml');
}
