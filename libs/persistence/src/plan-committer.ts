import type { Committed, CommittedStart, PlanCommitter } from '#libs/application';
import type { Instant } from '#libs/domain';
import { statement, timestamptz, type Database, type Session } from './database.js';
import { epochInForce } from './epoch-fence.js';
import { dropClaims, preempt } from './plan-preemption.js';
import {
  decideStarts,
  type AcceptedStart,
  type Decision,
  type DeviceRow,
  type GroupRow,
  type JobRow,
  type NodeRow,
} from './plan-decision.js';
import { overrunsOf, shareWindows } from './plan-windows.js';

export type PlanToCommit = Parameters<PlanCommitter['commit']>[0];

const lockJobs = statement(
  'plan-lock-jobs',
  `select id, state, nodes, (request->'resources'->>'nodesMax')::int as nodes_max, cards, card_milli, cores, memory_gib, attempts from job where id = any($1::uuid[]) order by id for no key update`,
);
const findAttempts = statement('plan-find-attempts', 'select id, job_id from attempt where id = any($1::uuid[])');
const findGroups = statement(
  'plan-find-groups',
  `select g.id, g.pool_id, p.placement, p.enabled from node_group g join pool p on p.id = g.pool_id where g.id = any($1::text[])`,
);
const lockNodes = statement(
  'plan-lock-nodes',
  `select n.id, n.group_id, n.index, n.state = 'up' as up, n.installed_cards - n.used_cards as cards,
     n.installed_cores - n.used_cores as cores, n.installed_memory_gib - n.used_memory_gib as memory_gib
   from (select distinct * from unnest($1::text[], $2::int[])) as asked(group_id, index)
   join node n on n.group_id = asked.group_id and n.index = asked.index
   order by n.id for no key update of n`,
);
// The lock of a node holds its cards too, and whether they are told apart: nobody writes either without it, so both are read
// under it.
const findDevices = statement(
  'plan-find-devices',
  `select n.group_id, g.sharing_slices as slices, d.node_id, d.index, 1000 - d.used_milli as milli
   from device d join node n on n.id = d.node_id join node_group g on g.id = n.group_id where d.node_id = any($1::text[])`,
);
const lockGroups = statement(
  'plan-lock-groups',
  `select id, usable_cards - allocated_cards as cards, usable_cores - allocated_cores as cores,
     usable_memory_gib - allocated_memory_gib as memory_gib
   from node_group where id = any($1::text[]) order by id for no key update`,
);

// That no node is given out twice rests on these conditional updates, not on a committer being alone (DESIGN.md 4). Every
// condition that was checked on the locked rows is stated again in the update itself: if the two ever disagree the counts do not
// add up and nothing is written, whatever the reason.
const writeStarts = statement(
  'plan-write-starts',
  `with start as (
    select * from json_to_recordset($1::json) as s(
      attempt_id uuid, job_id uuid, pool_id text, group_id text, placement text, nodes int, ends_by timestamptz, backfilled boolean,
      staging_seconds int, held_milli int)
  ), moved as (
    update job j set state = 'placed', attempts = j.attempts + 1, tries_left = j.tries_left - 1, detail = null
    from start s where j.id = s.job_id and j.state = 'queued'
    returning j.id, j.tenant_id, j.class, j.attempts, j.nodes, j.cards, j.cores, j.memory_gib,
      j.limit_seconds - j.progress_seconds as limit_seconds
  ), given as (
    select * from json_to_recordset($2::json) as g(attempt_id uuid, node_id text, devices int[])
  ), part as (
    select g.node_id, d.index, sum(s.held_milli)::int as milli
    from given g join start s on s.attempt_id = g.attempt_id join moved m on m.id = s.job_id, unnest(g.devices) as d(index)
    group by g.node_id, d.index
  ), device_taken as (
    update device d set used_milli = d.used_milli + p.milli from part p
    where d.node_id = p.node_id and d.index = p.index and d.used_milli + p.milli <= 1000
    returning d.node_id
  ), opened as (
    -- a card counts as used by its first part and by no other
    select p.node_id, count(*)::int as cards from part p join device d on d.node_id = p.node_id and d.index = p.index
    where d.used_milli = 0 group by p.node_id
  ), node_taken as (
    update node n set used_cards = n.used_cards + t.cards, used_cores = n.used_cores + t.cores,
      used_memory_gib = n.used_memory_gib + t.memory_gib
    from (
      select g.node_id, (sum(case when g.devices is null then m.cards else 0 end) + coalesce(max(o.cards), 0))::int as cards,
        sum(m.cores)::int as cores, sum(m.memory_gib)::int as memory_gib
      from given g join start s on s.attempt_id = g.attempt_id join moved m on m.id = s.job_id
      left join opened o on o.node_id = g.node_id group by g.node_id
    ) t
    where n.id = t.node_id and n.state = 'up' and n.used_cards + t.cards <= n.installed_cards
      and n.used_cores + t.cores <= n.installed_cores and n.used_memory_gib + t.memory_gib <= n.installed_memory_gib
    returning n.id
  ), group_taken as (
    update node_group g set allocated_cards = g.allocated_cards + t.cards, allocated_cores = g.allocated_cores + t.cores,
      allocated_memory_gib = g.allocated_memory_gib + t.memory_gib
    from (
      select s.group_id, sum(s.nodes * m.cards)::int as cards, sum(s.nodes * m.cores)::int as cores,
        sum(s.nodes * m.memory_gib)::int as memory_gib
      from start s join moved m on m.id = s.job_id where s.placement = 'delegated' group by s.group_id
    ) t
    where g.id = t.group_id and g.allocated_cards + t.cards <= g.usable_cards
      and g.allocated_cores + t.cores <= g.usable_cores and g.allocated_memory_gib + t.memory_gib <= g.usable_memory_gib
    returning g.id
  ), attempts as (
    insert into attempt (id, job_id, number, tenant_id, class, pool_id, group_id, placement, nodes, cards, cores, memory_gib,
                         limit_seconds, placed_at, ends_by, backfilled, epoch, cycle, staging_seconds, held_milli)
    select s.attempt_id, m.id, m.attempts, m.tenant_id, m.class, s.pool_id, s.group_id, s.placement, s.nodes, m.cards, m.cores,
      m.memory_gib, m.limit_seconds, $3::timestamptz, s.ends_by, s.backfilled, $4::bigint, $5::bigint,
      s.staging_seconds, s.held_milli
    from start s join moved m on m.id = s.job_id
  ), places as (
    insert into placement_node (attempt_id, node_id, tenant_id, cards, cores, memory_gib, devices)
    select g.attempt_id, g.node_id, m.tenant_id, m.cards, m.cores, m.memory_gib, g.devices
    from given g join start s on s.attempt_id = g.attempt_id join moved m on m.id = s.job_id
  ), sent as (
    insert into outbox (kind, attempt_id, pool_id) select 'dispatch', attempt_id, pool_id from start
  ), told as (
    insert into job_event (job_id, tenant_id, at, kind, detail)
    select m.id, m.tenant_id, $3::timestamptz, 'placed',
      jsonb_build_object('attemptId', s.attempt_id, 'poolId', s.pool_id, 'groupId', s.group_id, 'cycle', $5::bigint)
    from start s join moved m on m.id = s.job_id
  ), changed as (
    insert into change (kind, subject)
    select 'job', job_id::text from start union all select 'attempt', attempt_id::text from start
  ), answered as (
    delete from job_verdict where job_id in (select id from moved)
  )
  select (select count(*) from moved) as jobs, (select count(*) from node_taken) as nodes,
    (select count(*) from group_taken) as groups, (select count(*) from device_taken) as devices`,
);

/**
 * Writes a plan in one transaction, fenced by the epoch, and refuses those parts of it that the world has overtaken.
 *
 * All rows are locked before any is judged, in one order that every writer of this lib keeps: bookings, lease, jobs (of victims
 * and preemptors too), attempts, nodes, groups, tenants, each by id. So committers never wait for each other in a circle, and what is true of a locked row stays true
 * until the commit: the whole plan is judged at once and written by one statement. Turned down: writing first and going back
 * to savepoints, job by job, when row counts differ; that locks nodes in the plan's order and can deadlock.
 */
export class PostgresPlanCommitter implements PlanCommitter {
  /** Takes a database opened as chusuan_system. */
  constructor(private readonly database: Database) {}

  /** Safe to repeat with the same attempt ids when the answer was lost: what is written already counts as started. */
  async commit(plan: PlanToCommit): Promise<Committed> {
    return this.database.transaction(async (session) => {
      // First: who waits here until somebody has booked must not keep the lease from being renewed.
      if (plan.starts.length > 0) await shareWindows(session);
      const epoch = await epochInForce(session);
      if (epoch !== plan.epoch) return { kind: 'fenced', epoch };
      const jobs = await lockedJobs(session, plan);
      const decision = plan.starts.length > 0 ? await judge(session, plan, jobs) : nothing;
      if (decision.accepted.length > 0) await write(session, plan, decision.accepted);
      const preempted = plan.preemptions?.length ? await preempt(session, plan) : [];
      return { kind: 'committed', started: startedOf(plan, decision), refused: decision.refused, preempted };
    });
  }

  async dropClaims(now: Instant): Promise<void> {
    await dropClaims(this.database, now);
  }
}

const nothing: Decision = { accepted: [], refused: [], refusedAttempts: [] };

// Of all that the plan moves, before any node: who ends an attempt holds its job when it comes for the node.
async function lockedJobs(session: Session, { starts, preemptions = [], claims = [] }: PlanToCommit) {
  const preemptors = preemptions.map(({ forJobId }) => forJobId);
  const ids = [...[...starts, ...preemptions, ...claims].map(({ jobId }) => jobId), ...preemptors];
  return ids.length === 0 ? [] : (await session.query<JobRow>(lockJobs, [ids])).rows;
}

async function judge(session: Session, plan: PlanToCommit, locked: readonly JobRow[]): Promise<Decision> {
  const groupIds = [...new Set(plan.starts.map((start) => start.groupId))];
  const starting = new Set(plan.starts.map((start) => start.jobId));
  const jobs = locked.filter((job) => starting.has(job.id));
  const written = jobs.every((job) => job.state === 'queued')
    ? []
    : (await session.query<{ id: string; job_id: string }>(findAttempts, [plan.starts.map((start) => start.attemptId)]))
        .rows;
  const known = await session.query<Omit<GroupRow, 'free' | 'slices'>>(findGroups, [groupIds]);
  const pinned = new Set(known.rows.filter((group) => group.placement === 'pinned').map((group) => group.id));
  const onPinned = plan.starts.filter((start) => pinned.has(start.groupId));
  const asked = onPinned.flatMap((start) => start.nodeIndices.map((index) => ({ groupId: start.groupId, index })));
  const nodes =
    asked.length === 0
      ? []
      : (await session.query<NodeRow>(lockNodes, [asked.map((a) => a.groupId), asked.map((a) => a.index)])).rows;
  const devices =
    nodes.length === 0
      ? []
      : (await session.query<DeviceRow & SharingRow>(findDevices, [nodes.map((node) => node.id)])).rows;
  const slicesById = new Map(devices.map((row) => [row.group_id, row.slices]));
  const delegated = known.rows.filter((group) => group.placement === 'delegated').map((group) => group.id);
  const free = delegated.length === 0 ? [] : (await session.query<FreeRow>(lockGroups, [delegated])).rows;
  const freeById = new Map(free.map((row) => [row.id, row]));
  const groups = known.rows.map((group) => ({
    ...group,
    free: freeById.get(group.id) ?? null,
    slices: slicesById.get(group.id) ?? null,
  }));
  const overruns = await overrunsOf(session, onPinned, nodes, plan.now);
  return decideStarts(plan.starts, { jobs, groups, nodes, devices, written, overruns });
}
type SharingRow = { readonly group_id: string; readonly slices: number };
interface FreeRow {
  readonly id: string;
  readonly cards: number;
  readonly cores: number;
  readonly memory_gib: number;
}

async function write(session: Session, plan: PlanToCommit, accepted: readonly AcceptedStart[]): Promise<void> {
  const starts = accepted.map(({ start, group, heldMilli }) => ({
    attempt_id: start.attemptId,
    job_id: start.jobId,
    pool_id: group.pool_id,
    group_id: group.id,
    placement: group.placement,
    nodes: start.nodes,
    ends_by: timestamptz(start.endsBy * 1000),
    backfilled: start.backfilled,
    staging_seconds: start.stagingSeconds ?? 0,
    held_milli: heldMilli,
  }));
  const given = accepted.flatMap(({ start, nodeIds, devices }) =>
    nodeIds.map((id, place) => ({ attempt_id: start.attemptId, node_id: id, devices: devices?.[place] ?? null })),
  );
  const { rows } = await session.query<{ jobs: number; nodes: number; groups: number; devices: number }>(writeStarts, [
    JSON.stringify(starts), JSON.stringify(given), timestamptz(plan.now), plan.epoch, plan.cycle,
  ]); // prettier-ignore
  const wanted = {
    jobs: accepted.length,
    nodes: new Set(given.map((place) => place.node_id)).size,
    groups: new Set(starts.filter((start) => start.placement === 'delegated').map((start) => start.group_id)).size,
    devices: new Set(given.flatMap((place) => place.devices?.map((index) => `${place.node_id}/${index}`) ?? [])).size,
  };
  const got = rows[0];
  if (!got || Object.entries(wanted).some(([what, count]) => got[what as keyof typeof wanted] !== count)) {
    throw new Error(
      `Cycle ${plan.cycle}: rows that were locked and judged free refused the plan (wanted ${JSON.stringify(wanted)}, ` +
        `got ${JSON.stringify(got)}). Nothing was written; the next cycle plans afresh. Please report it with the two figures`,
    );
  }
}

function startedOf(plan: PlanToCommit, decision: Decision): CommittedStart[] {
  const refused = new Set(decision.refusedAttempts);
  return plan.starts
    .filter((start) => !refused.has(start.attemptId))
    .map((start) => ({ attemptId: start.attemptId, jobId: start.jobId, start }));
}
