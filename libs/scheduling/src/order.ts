import { rankTenants } from './fair-share.js';
import type { OrderName, QueuedJob, Seconds, TenantModel } from './model.js';

/**
 * Who goes first: ascending by `first`, then by urgency, then by `second`, then by sequence. An order whose first key changes
 * with the time waited has `waited`, and its `first` is the part of the key that does not change.
 */
export interface JobOrder {
  readonly name: OrderName;
  first(job: QueuedJob): number;
  second(job: QueuedJob): number;
  /** Names what jobs have in common that share `first` for ever; absent: each may have its own. */
  readonly lane?: (job: QueuedJob) => string;
  /** How pressing a deadline is, 0 the most; constant until `changesAt`. Jobs without a deadline are not asked. */
  readonly urgency?: (job: QueuedJob, now: Seconds) => { readonly level: number; readonly changesAt: Seconds };
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

/** Seconds of slack (deadline − now − limit) below which a deadline is one step more pressing. */
export const slackSteps: readonly Seconds[] = [0, 3600, 4 * 3600, 24 * 3600];
/** Level of jobs without a deadline, and of those with more slack than the last step. */
export const AT_EASE = slackSteps.length;

/**
 * The bucket of a job's deadline slack (DESIGN.md 5): 0 when it can no longer be met, then one for each step, `AT_EASE` beyond.
 * Piecewise constant, so that waiting alone reorders nobody between two steps.
 */
export function deadlineUrgency(job: QueuedJob, now: Seconds): { level: number; changesAt: Seconds } {
  if (job.deadline === undefined) return { level: AT_EASE, changesAt: Infinity };
  const lastStart = job.deadline - job.limit;
  const slack = lastStart - now;
  const level = slackSteps.findIndex((step) => slack < step);
  if (level < 0) return { level: AT_EASE, changesAt: lastStart - slackSteps[AT_EASE - 1]! + 1 };
  // The first whole second at which the slack is below the step before.
  return { level, changesAt: level === 0 ? Infinity : lastStart - slackSteps[level - 1]! + 1 };
}

/** The order by priority band, then by the tenant's rank, then by deadline slack, then by submission. Tenants without a rank go with the first. */
export const fairOrder = (ranks: ReadonlyMap<string, number>): JobOrder => ({
  name: 'fair',
  first: (job) => job.priority * RANKS + (ranks.get(job.tenantId) ?? 0),
  second: (job) => job.submittedAt,
  lane: (job) => `${job.priority} ${job.tenantId}`,
  urgency: deadlineUrgency,
});

/**
 * The order of a name. The simple ones are those of Carastan-Santos and de Camargo (SC'17); `fair` goes by priority band, then
 * by the tenant's rank in the fair tree, then by deadline slack, then by submit time.
 *
 * @param tenants only `fair` looks at them; a tenant that is not among them has used nothing and ranks with the first.
 */
export function orderOf(name: OrderName, tenants: readonly TenantModel[] = []): JobOrder {
  return name === 'fair' ? fairOrder(rankTenants(tenants)) : { name, ...simpleOrders[name] };
}
