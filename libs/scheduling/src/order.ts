import { rankTenants } from './fair-share.js';
import type { OrderName, QueuedJob, Seconds, TenantModel } from './model.js';

/**
 * Who goes first: ascending by `first`, then by `second`, then by sequence. An order whose first key changes with the time
 * waited has `waited`, and its `first` is the part of the key that does not change.
 */
export interface JobOrder {
  readonly name: OrderName;
  first(job: QueuedJob): number;
  second(job: QueuedJob): number;
  /** Key from the seconds waited, the limit, the nodes and what `first` gave. */
  readonly waited?: (wait: Seconds, limit: number, nodes: number, constant: number) => number;
}

const none = (): number => 0;

// The expressions are those of the published tables, term for term: another order of the same sums rounds differently.
const simpleOrders: Readonly<Record<Exclude<OrderName, 'fair'>, Omit<JobOrder, 'name'>>> = {
  fcfs: { first: (job) => job.submittedAt, second: none },
  sjf: { first: (job) => job.limit, second: none },
  saf: { first: (job) => job.limit * job.nodes, second: none },
  f1: {
    first: ({ limit, nodes, submittedAt }) =>
      Math.log10(limit) * nodes + 870 * Math.log10(submittedAt > 0 ? submittedAt : 0.1),
    second: none,
  },
  wfp3: {
    first: none,
    second: none,
    waited: (wait, limit, nodes) => {
      const x = wait / limit;
      return -(x * x * x * nodes);
    },
  },
  unicep: {
    first: (job) => Math.log2(job.nodes + 1e-15) * job.limit,
    second: none,
    waited: (wait, _limit, _nodes, constant) => -(wait / constant),
  },
};

// More than there will ever be tenants, so that a class band is never reached by a rank.
const RANKS = 1e9;

/**
 * The order of a name. The simple ones are those of Carastan-Santos and de Camargo (SC'17); `fair` goes by priority band, then
 * by the tenant's rank in the fair tree, then by submit time.
 *
 * @param tenants only `fair` looks at them; a tenant that is not among them has used nothing and ranks with the first.
 */
export function orderOf(name: OrderName, tenants: readonly TenantModel[] = []): JobOrder {
  if (name !== 'fair') return { name, ...simpleOrders[name] };
  const ranks = rankTenants(tenants);
  return {
    name,
    first: (job) => job.priority * RANKS + (ranks.get(job.tenantId) ?? 0),
    second: (job) => job.submittedAt,
  };
}
