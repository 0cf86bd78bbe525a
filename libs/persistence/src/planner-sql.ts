import type { Instant } from '#libs/domain';
import { probesOf } from './latency-sql.js';

// What the planner reads of the database, the same for a cold start and for a change: only enabled pools exist for it.

// $1: since when a latency probe counts.
export const poolsThat = (condition: string): string => `
  select p.id, p.site_id, p.reachable, p.latency_ms, ${probesOf('$1::timestamptz')} as probes, p.data_levels, p.classes,
    p.facts->'tenants' as tenants, p.engine = 'local' as only_if_listed
  from pool p where p.enabled and ${condition} order by p.id`;

/** Pools that have probes which counted before ($1) and do not count any more ($2). */
export const poolsWithStaler = `
  select distinct l.pool_id as id from latency_probe l
  where l.measured_at > $1::timestamptz and l.measured_at <= $2::timestamptz`;

export const selectLinks = `select body from reference where kind = 'links' order by id`;

export const powerCapsThat = (condition: string): string => `
  select id, site_id, starts_at, ends_at, watts::float8 as watts from power_cap where lifted_at is null and ${condition} order by id`;

export const selectGroups = `
  select g.id, g.pool_id, g.accelerator_model, g.accelerator_memory_gib, g.architecture, g.stack, g.cards, g.cores,
    g.memory_gib, g.idle_watts, g.peak_watts, g.sharing_kind, g.sharing_slices, (g.facts->'nodesPerBlock'->>'value')::int as nodes_per_block,
    exchange_rate_at(g.accelerator_model, g.node_type_id, $1::timestamptz) as exchange_rate,
    array(select n.id from node n where n.group_id = g.id order by n.index) as nodes
  from node_group g join pool p on p.id = g.pool_id where p.enabled order by g.id`;

export const nodesThat = (condition: string): string => `
  select n.group_id, n.index, n.state from node n join node_group g on g.id = n.group_id join pool p on p.id = g.pool_id
  where p.enabled and ${condition} order by n.group_id, n.index`;

// An operator's word counts as a whole: a limit that it leaves out is no limit, whatever the seeds say.
export const quotaInForce = `
    case when q.tenant_id is null then t.quota_cards else q.cards end as quota_cards,
    case when q.tenant_id is null then t.quota_borrowing else q.borrowing_limit end as quota_borrowing,
    case when q.tenant_id is null then t.quota_lending else q.lending_limit end as quota_lending`;

export interface TenantRow {
  readonly id: string;
  readonly parent_id: string | null;
  readonly weight: number;
  readonly usage: number;
  readonly usage_as_of: Instant | null;
  readonly quota_cards: number | null;
  readonly quota_borrowing: number | null;
  readonly quota_lending: number | null;
}
// All usages are brought to the moment of the last accrual of any tenant: they decay alike, so their order and proportions do
// not depend on when one looks, and a follower has the very numbers a cold start has.
export const selectTenants = `
  select t.id, t.parent_id, t.weight, (select max(used_as_of) from tenant) as usage_as_of,
    case when t.used_as_of is null then t.used_card_seconds
      else t.used_card_seconds * power(0.5::float8,
        extract(epoch from (select max(used_as_of) from tenant) - t.used_as_of)::float8 / t.used_half_life_s) end as usage,
    ${quotaInForce}
  from tenant t left join tenant_quota q on q.tenant_id = t.id order by t.id`;

/** Attempts that hold nodes of enabled pools. */
export const selectAttempts = (condition: string): string => `
  select a.id, a.job_id, a.tenant_id, a.group_id, a.nodes, a.cards, j.card_milli, a.cores, a.memory_gib, a.placed_at, a.started_at, a.ends_by,
    a.staging_seconds,
    a.class, a.preempt_at is not null or a.cancel_at is not null as leaving, j.priority, j.preemptions, j.nodes as nodes_min,
    greatest(1, j.predicted_seconds - j.progress_seconds) as predicted_seconds,
    (j.request->'resources'->>'nodesMax')::int as nodes_max, j.request->'flexibility' as flexibility,
    array(select n.index from placement_node p join node n on n.id = p.node_id
          where p.attempt_id = a.id and n.group_id = a.group_id order by n.index) as node_indices,
    -- arrays of an array would have to be equally long
    (select json_agg(p.devices order by n.index) from placement_node p join node n on n.id = p.node_id
      where p.attempt_id = a.id and n.group_id = a.group_id and p.devices is not null) as devices
  from attempt a join pool p on p.id = a.pool_id join job j on j.id = a.job_id
  where p.enabled and a.state in ('placed', 'prepared', 'released', 'running') ${condition} order by a.id`;

// A job that says no district asks from where its tenant is.
export const queuedJobs = (condition: string): string => `
  select j.id, j.sequence, j.tenant_id, j.class, j.priority, j.submitted_at, j.nodes, j.cards, j.card_milli, j.cores, j.memory_gib,
    j.limit_seconds - j.progress_seconds as limit_seconds, greatest(1, j.predicted_seconds - j.progress_seconds) as predicted_seconds,
    j.preemptions, j.claims, j.avoid_pools, t.home_district,
    j.request->'resources' as resources, j.request->'constraints' as constraints,
    j.request->'flexibility' as flexibility, j.request->'inputs' as inputs
  from job j join tenant t on t.id = j.tenant_id where j.state = 'queued' ${condition} order by j.sequence`;

/** One for each group of each occurrence that is booked. */
export const selectWindows = (condition: string): string => `
  select w.window_id as id, w.group_id, array_agg(n.index order by n.index) as node_indices,
    min(lower(w.during)) as from_at, max(upper(w.during)) as until_at, r.kind, r.tenant_id, r.class
  from reservation_node w
  join reservation_occurrence o on o.reservation_id = w.reservation_id and o.starts_at = w.starts_at and o.state = 'booked'
  join reservation r on r.id = w.reservation_id
  join node n on n.id = w.node_id and n.group_id = w.group_id
  join node_group g on g.id = n.group_id join pool p on p.id = g.pool_id
  where p.enabled ${condition} group by w.window_id, w.group_id, r.id order by w.window_id`;

/** Nodes that are being vacated for a job that waits. */
export const selectClaims = (condition: string): string => `
  select 'claim:' || c.job_id as id, c.group_id, c.node_indices, c.made_at as from_at, c.job_id,
    -- as long as it will run: or those ahead of it reserve the nodes behind the claim, and it does not fit before them
    c.until + (j.limit_seconds - j.progress_seconds) * interval '1 second' as until_at
  from claim c join pool p on p.id = c.pool_id join job j on j.id = c.job_id where p.enabled ${condition} order by c.job_id`;
