import type { JobFilter } from '#libs/application';
import { statement, type Statement } from './database.js';
import { selectJobView } from './job-view.js';

export interface ListPage {
  readonly limit: number;
  readonly after: string | null;
}
interface ListQuery {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

/**
 * The newest jobs of some tenants, filtered; only the few that are shown are joined with their placements. One text for each
 * combination of filters, so that every one has an index that serves it: by tenant, by tenant and state, by state, by tenant and
 * pool. Turned down: one text with `$n is null or …`, which no index can serve. One tenant, the common case, is an equality, so
 * that the server keeps one plan instead of planning each call.
 */
export function listQuery(tenants: readonly string[], filter: JobFilter, page: ListPage): ListQuery {
  const values: unknown[] = [];
  const value = (given: unknown, type: string): string => `$${values.push(given)}::${type}`;
  const isOne = tenants.length === 1;
  const limit = value(page.limit, 'int');
  const conditions = [
    ...(page.after === null ? [] : [`c.id < ${value(page.after, 'uuid')}`]),
    ...(filter.state === undefined ? [] : [`c.state = ${value(filter.state, 'text')}`]),
    ...(filter.class === undefined ? [] : [`c.class = ${value(filter.class, 'text')}`]),
  ];
  const name = [
    'job-list', isOne ? 'one' : 'many', page.after !== null && 'after', filter.state && 'state', filter.class && 'class',
    filter.pool && 'pool',
  ].filter(Boolean).join('-'); // prettier-ignore
  const inTenants = isOne ? `= ${value(tenants[0], 'text')}` : `= any(${value(tenants, 'text[]')})`;
  const picked =
    filter.pool === undefined
      ? `select c.id from job c where ${[`c.tenant_id ${inTenants}`, ...conditions].join(' and ')} order by c.id desc limit ${limit}`
      : placedIn(value(filter.pool, 'text'), { inTenants, conditions, limit });
  const text = `with picked as (${picked}) ${selectJobView} where j.id in (select id from picked) order by j.id desc`;
  return { statement: statement(name, text), values };
}

// Tenant by tenant, each from the index by tenant and pool, which is in order only within a tenant.
function placedIn(pool: string, rest: { inTenants: string; conditions: readonly string[]; limit: string }): string {
  const conditions = ['a.tenant_id = t.id', `a.pool_id = ${pool}`, ...rest.conditions].join(' and ');
  return `
    select p.id from tenant t cross join lateral (
      select distinct a.job_id as id from attempt a join job c on c.id = a.job_id where ${conditions}
      order by a.job_id desc limit ${rest.limit}
    ) p where t.id ${rest.inTenants} order by p.id desc limit ${rest.limit}`;
}
