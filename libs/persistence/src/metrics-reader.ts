import type { MetricsReader } from '#libs/application';
import type { Instant } from '#libs/domain';
import { holdingStates } from './capacity-sql.js';
import { oldestReplayable } from './cycle-reading.js';
import { type Database, type Statement, statement } from './database.js';
import { jobTotals } from './job-totals.js';
import { tenantShares } from './fairness-store.js';
import { pendingMessages } from './outbox.js';

type RowsOf<Method extends keyof MetricsReader> = Awaited<ReturnType<MetricsReader[Method]>>;

// A job that waits is of no pool yet, and one without a wish of no model: both labels are empty then.
const jobsByState = statement(
  'metrics-jobs-by-state',
  `select coalesce(a.pool_id, '') as pool, j.class, j.state, count(*) as jobs
   from job j left join attempt a on a.job_id = j.id and a.state in ${holdingStates}
   where j.state in ('queued','placed','starting','running','cancelling') group by 1, 2, 3 order by 1, 2, 3`,
);

// Attempts that ended, and, without a pool, jobs that ended without one. A rejected attempt never ran and its job goes on: none.
const jobsFinished = statement(
  'metrics-jobs-finished',
  `select pool_id as pool, class, word as outcome, sum(jobs)::bigint as jobs from ${jobTotals} t
   where kind = 'finished' group by 1, 2, 3 order by 1, 2, 3`,
);
const jobsSubmitted = statement(
  'metrics-jobs-submitted',
  `select class, word as channel, sum(jobs)::bigint as jobs from ${jobTotals} t where kind = 'submitted' group by 1, 2 order by 1, 2`,
);
const queuedDemand = statement(
  'metrics-queued-demand',
  `select class, case when jsonb_array_length(models) = 1 then models->>0 else '' end as model, (sum(nodes * cards * card_milli) / 1e3)::float8 as cards
   from (select class, nodes, cards, card_milli, case jsonb_typeof(request->'resources'->'acceleratorModels') when 'array'
           then request->'resources'->'acceleratorModels' else '[]' end as models from job where state = 'queued') q
   group by 1, 2 order by 1, 2`,
);
const oldestQueued = statement(
  'metrics-oldest-queued',
  `select '' as pool, class, min(submitted_at) as "submittedAt" from job where state = 'queued' group by class order by class`,
);
const pendingReasons = statement(
  'metrics-pending-reasons',
  `select v.refusal, count(*) as jobs from job_verdict v join job j on j.id = v.job_id and j.state = 'queued' group by 1 order by 1`,
);

// Settled hours only: a sum that also counted hours not yet closed could go down when an engine tells an end late, and a
// counter that goes down is read as a restart.
const acceleratorSeconds = statement(
  'metrics-accelerator-seconds',
  `select pool_id as pool, accelerator_model as model, class, tenant_id as tenant, (milli_card_ms / 1e6)::float8 as "cardSeconds"
   from settled_tenant_total order by 1, 2, 3, 4`,
);
const energy = statement(
  'metrics-energy',
  `select t.pool_id as pool, t.it_j::float8 as "itJoules", t.facility_j::float8 as "facilityJoules", t.direct_j::float8 as direct,
     t.storage_j::float8 as storage, t.contract_j::float8 as contract, t.grid_j::float8 as grid,
     t.green_matched_j::float8 as "greenMatched", t.green_available_j::float8 as "greenAvailable",
     t.green_curtailed_j::float8 as "greenCurtailed", t.grid_green_j::float8 as "gridGreen",
     (t.location_mg / 1e3)::float8 as "locationGrams", (t.market_mg / 1e3)::float8 as "marketGrams",
     (t.cost_micro_yuan / 1e6)::float8 as "costYuan", d.estimated as "estimatedRatio"
   from settled_pool_total t
   cross join lateral (
     select coalesce(sum(h.facility_j) filter (where h.estimated)::float8 / nullif(sum(h.facility_j), 0), 0)::float8 as estimated
     from (select facility_j, estimated from settlement_pool_hour where pool_id = t.pool_id order by hour desc limit 24) h
   ) d
   order by t.pool_id`,
);
const tenantEnergy = statement(
  'metrics-tenant-energy',
  `select tenant_id as tenant, pool_id as pool, sum(facility_j)::float8 as joules, (sum(market_mg) / 1e3)::float8 as "marketGrams"
   from settled_tenant_total group by 1, 2 order by 1, 2`,
);
const lostSeconds = statement(
  'metrics-lost-seconds',
  `select pool_id as pool, accelerator_model as model, word as reason, (sum(card_ms) / 1e3)::float8 as "cardSeconds" from ${jobTotals} t
   where kind = 'finished' and word in ('lost','failed','preempted') group by 1, 2, 3 having sum(card_ms) > 0 order by 1, 2, 3`,
);

// The auditor: what live attempts hold, summed afresh, against what is installed. The counts that commits guard cannot tell
// on themselves. In delegated pools the nodes are the engine's business and the group is audited, as one.
const overcommits = statement(
  'metrics-overcommits',
  `with live as (
     select a.id, a.pool_id, a.group_id, a.placement, a.nodes, a.cards, a.held_milli, a.cores, a.memory_gib from attempt a where a.state in ${holdingStates}
   ), overfull as (
     select l.pool_id, p.node_id as subject from live l join placement_node p on p.attempt_id = l.id left join node n on n.id = p.node_id
     where l.placement = 'pinned' group by 1, 2, n.installed_cards, n.installed_cores, n.installed_memory_gib
     having n.installed_cards is null or sum(p.cards * l.held_milli) > n.installed_cards * 1000 or sum(p.cores) > n.installed_cores
       or sum(p.memory_gib) > n.installed_memory_gib
     union all
     select l.pool_id, p.node_id from live l join placement_node p on p.attempt_id = l.id, unnest(p.devices) as d(index)
     group by 1, 2, d.index having sum(l.held_milli) > 1000
     union all
     select l.pool_id, l.group_id from live l join node_group g on g.id = l.group_id where l.placement = 'delegated'
     group by 1, 2, g.node_count, g.cards, g.cores, g.memory_gib
     having sum(l.nodes * l.cards) > g.node_count * g.cards or sum(l.nodes * l.cores) > g.node_count * g.cores
       or sum(l.nodes * l.memory_gib) > g.node_count * g.memory_gib
   )
   select p.id as pool, count(distinct o.subject) as nodes from pool p left join overfull o on o.pool_id = p.id
   where p.enabled or o.subject is not null group by p.id order by p.id`,
);
const engines = statement(
  'metrics-engines',
  'select id as pool, engine, reachable, observed_wall as "observedWallMs" from pool where enabled order by id',
);

/** What the exporter shows, one set-based statement a family. Takes a database opened as chusuan_system. */
export class PostgresMetricsReader implements MetricsReader {
  constructor(private readonly database: Database) {}

  jobsByState = () => this.rows<'jobsByState'>(jobsByState);
  jobsFinished = () => this.rows<'jobsFinished'>(jobsFinished);
  jobsSubmitted = () => this.rows<'jobsSubmitted'>(jobsSubmitted);
  queuedDemand = () => this.rows<'queuedDemand'>(queuedDemand);
  oldestQueued = () => this.rows<'oldestQueued'>(oldestQueued);
  pendingReasons = () => this.rows<'pendingReasons'>(pendingReasons);
  acceleratorSeconds = () => this.rows<'acceleratorSeconds'>(acceleratorSeconds);
  energy = () => this.rows<'energy'>(energy);
  tenantShares = () => tenantShares(this.database);
  tenantEnergy = () => this.rows<'tenantEnergy'>(tenantEnergy);
  lostSeconds = () => this.rows<'lostSeconds'>(lostSeconds);
  overcommits = () => this.rows<'overcommits'>(overcommits);
  engines = () => this.rows<'engines'>(engines);

  outboxPending(): Promise<RowsOf<'outboxPending'>> {
    return pendingMessages(this.database);
  }

  async lease(): Promise<RowsOf<'lease'>> {
    const { rows } = await this.database.query<RowsOf<'lease'>>(
      `select case when expires_wall > clock_timestamp() then holder else '' end as holder, epoch from lease where name = 'scheduler'`,
    );
    return rows[0] ?? { holder: '', epoch: 0 };
  }

  oldestReplayable(): Promise<RowsOf<'oldestReplayable'>> {
    return oldestReplayable(this.database);
  }

  async lastCycle(): Promise<RowsOf<'lastCycle'>> {
    const { rows } = await this.database.query<{ cycle: number; atWallMs: Instant }>(
      `select coalesce((select max(cycle) from cycle_record), 0) as cycle, cycled_wall as "atWallMs"
       from lease where name = 'scheduler' and cycled_wall is not null`,
    );
    return rows[0] ?? null;
  }

  async counters(): Promise<RowsOf<'counters'>> {
    const { rows } = await this.database.query<{ name: string; labels: string; value: number }>(
      'select name, labels, value from counter order by name, labels',
    );
    return rows.map((row) => ({ ...row, labels: JSON.parse(row.labels) as Readonly<Record<string, string>> }));
  }

  private async rows<Method extends keyof MetricsReader>(sql: Statement): Promise<RowsOf<Method>> {
    const { rows } = await this.database.query(sql);
    return rows as unknown as RowsOf<Method>;
  }
}
