import type { PlannerFeed, PlannerFeedPruner } from '#libs/application';
import type { Instant, SiteLink } from '#libs/domain';
import { linkModelsOf, type Delta, type Snapshot, type TenantModel } from '#libs/scheduling';
import { timestamptz, type Database, type Session } from './database.js';
import { DEFAULT_STALE_SECONDS, freshSince } from './latency-sql.js';
import {
  claimModelOf, groupModelOf, poolModelOf, powerCapModelOf, queuedJobOf, runningJobOf, tenantModelOf, wholeSeconds, windowModelOf,
  type AttemptRow, type ClaimRow, type GroupRow, type PoolRow, type PowerCapRow, type QueuedRow, type WindowRow,
} from './planner-rows.js'; // prettier-ignore
import {
  nodesThat,
  poolsThat,
  poolsWithStaler,
  powerCapsThat,
  queuedJobs,
  selectAttempts,
  selectClaims,
  selectGroups,
  selectLinks,
  selectTenants,
  selectWindows,
  type TenantRow,
} from './planner-sql.js';

export type Followed = Awaited<ReturnType<PlannerFeed['since']>>;

/** What a change row may speak of. `catalogue`: pools or groups came, went or changed shape; followers start cold. */
export const changeKinds = [
  'job',
  'attempt',
  'node',
  'pool',
  'tenant',
  'window',
  'latency',
  'power-cap',
  'catalogue',
] as const;
type ChangeKind = (typeof changeKinds)[number];

// Repeatable read: everything in the transaction, the cursor included, is read from one snapshot.
const oneSnapshot = 'set transaction isolation level repeatable read read only';
const currentSnapshot = 'select pg_current_snapshot()::text as cursor';

// A horizon ahead of every transaction comes from a backup of another server and bounds nothing here. When a row of the exchange
// table comes into force, groups are not what they were, and a group does not change: the follower starts cold.
const readable = `
  select pg_current_snapshot()::text as cursor,
    pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())
    or exists (select from change_horizon where pruned_below <= pg_snapshot_xmax(pg_current_snapshot())
                 and pruned_below > pg_snapshot_xmin($1::pg_snapshot))
    or exists (select from exchange_rate where valid_from > $2::timestamptz and valid_from <= $3::timestamptz) as lost`;
const untold = `
  select kind, array_agg(distinct subject) as subjects from change
  where xact >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(xact, $1::pg_snapshot)
  group by kind`;

export interface FeedOptions {
  readonly keepChanges?: number;
  readonly staleSeconds?: () => number;
}

/**
 * The planner's picture: whole (`cold`), then followed (`since`).
 *
 * Nothing is missed, in whatever order transactions commit. The cursor C is the snapshot of the last read. A row of `change`
 * carries the id x of the transaction that wrote it. Of the rows that the present snapshot S sees, `since` tells exactly those
 * whose x is not visible in C.
 *  - Told twice? If x is visible in C, the last read was made on C and saw the row: it was told, or is part of the cold read.
 *  - Missed? A row with x not visible in C had not committed for C. Once x commits, the first later snapshot S that sees it
 *    still finds x invisible in C' for every cursor C' between, because C' did not see it; so that read tells it.
 *  - Visibility of x in C never changes, since C is a value (xmin, xmax, in progress), not a moment. A row with x < xmin(C) is
 *    visible in C or was rolled back and does not exist, so the index on x starts the scan at xmin(C).
 * `x` is the top-level id, as are those in a snapshot's text, so savepoints change nothing. Turned down: following the identity
 * column, which misses a row whose transaction drew a smaller number and committed later; and a single writer for the feed,
 * which would put every submission in one line.
 *
 * Deltas are level-triggered: the subject's row as S sees it, not what happened to it; a follower that hears one twice, or hears
 * of an end without a beginning, is where a cold start would be.
 */
export class PostgresPlannerFeed implements PlannerFeed, PlannerFeedPruner {
  // Up to when probes of latency have been told stale; of the one follower that this feed has.
  private latencySince: Instant | null = null;
  // Service time of the last read; of the same follower.
  private readAt: Instant | null = null;

  private readonly keepChanges: number;
  private readonly staleSeconds: () => number;

  /**
   * Takes a database opened as chusuan_system; serves one follower. `keepChanges`: how many change rows outlive a pruning.
   * `staleSeconds`: how long a latency probe counts now; whoever changes it starts its follower cold.
   */
  constructor(
    private readonly database: Database,
    { keepChanges = 100_000, staleSeconds = () => DEFAULT_STALE_SECONDS }: FeedOptions = {},
  ) {
    this.keepChanges = keepChanges;
    this.staleSeconds = staleSeconds;
  }

  /** Enabled pools only. Outlooks come from the application and are empty here. */
  async cold(now: number): Promise<{ readonly snapshot: Snapshot; readonly cursor: string }> {
    const freshFrom = freshSince(now, this.staleSeconds());
    const picture = await this.database.transaction(async (session) => {
      await session.query(oneSnapshot);
      const cursor = await session.query<{ cursor: string }>(currentSnapshot);
      return { snapshot: await readSnapshot(session, now, freshFrom), cursor: cursor.rows[0]?.cursor ?? '' };
    });
    this.latencySince = freshFrom;
    this.readAt = now;
    return picture;
  }

  async since(cursor: string, now: Instant): Promise<Followed> {
    const freshFrom = freshSince(now, this.staleSeconds());
    const followed = await this.database.transaction(async (session): Promise<Followed> => {
      await session.query(oneSnapshot);
      const { rows } = await session.query<{ cursor: string; lost: boolean }>(readable, [
        cursor, timestamptz(this.readAt ?? now), timestamptz(now),
      ]); // prettier-ignore
      const state = rows[0];
      if (!state || state.lost) return { kind: 'lost' };
      const changes = await session.query<{ kind: ChangeKind; subjects: string[] }>(untold, [cursor]);
      const subjects = new Map(changes.rows.map((row) => [row.kind, row.subjects]));
      if (subjects.has('catalogue')) return { kind: 'lost' };
      const turned = await staleLatency(session, this.latencySince ?? freshFrom, freshFrom);
      if (turned.length > 0) subjects.set('latency', [...(subjects.get('latency') ?? []), ...turned]);
      return { kind: 'deltas', deltas: await readDeltas(session, subjects, freshFrom), cursor: state.cursor };
    });
    if (followed.kind === 'deltas') {
      this.latencySince = freshFrom;
      this.readAt = now;
    }
    return followed;
  }

  /**
   * Forgets all changes but the newest, and those that a transaction still running might yet make somebody read. A follower
   * that is further behind is told that it is lost.
   */
  async prune(): Promise<void> {
    await this.database.query(pruneChanges, [this.keepChanges]);
  }
}

// Rows of transactions that this server has not begun yet are left over from a backup of another one: no follower needs them.
const pruneChanges = `
  with bound as (
    select least(coalesce((select xact from change order by seq desc offset $1 limit 1), '0'::xid8),
                 pg_snapshot_xmin(pg_current_snapshot())) as below
  ), gone as (
    delete from change where xact < (select below from bound) or xact >= pg_snapshot_xmax(pg_current_snapshot())
  )
  update change_horizon set pruned_below = case
    when pruned_below > pg_snapshot_xmax(pg_current_snapshot()) then (select below from bound)
    else greatest(pruned_below, (select below from bound)) end`;

async function readSnapshot(session: Session, now: number, freshFrom: Instant): Promise<Snapshot> {
  const pools = await session.query<PoolRow>(poolsThat('true'), [timestamptz(freshFrom)]);
  const groups = await session.query<GroupRow>(selectGroups, [timestamptz(now)]);
  const nodes = await session.query<NodeStateRow>(nodesThat(`n.state <> 'up'`));
  const running = await session.query<AttemptRow>(selectAttempts(''));
  const queued = await session.query<QueuedRow>(queuedJobs(''));
  const windows = await session.query<WindowRow>(selectWindows(''));
  const claims = await session.query<ClaimRow>(selectClaims(''));
  const links = await session.query<{ body: SiteLink }>(selectLinks);
  const caps = await session.query<PowerCapRow>(powerCapsThat('ends_at > $1::timestamptz'), [timestamptz(now)]);
  return {
    now: wholeSeconds(now),
    pools: pools.rows.map(poolModelOf),
    groups: groups.rows.map(groupModelOf),
    nodeStates: nodes.rows.map(({ group_id, index, state }) => ({ groupId: group_id, index, state })),
    windows: [...windows.rows.map(windowModelOf), ...claims.rows.map(claimModelOf)],
    tenants: await readTenants(session),
    running: running.rows.map(runningJobOf),
    queued: queued.rows.map(queuedJobOf),
    outlooks: [],
    ...(links.rows.length > 0 && { links: links.rows.flatMap(({ body }) => linkModelsOf(body)) }),
    ...(caps.rows.length > 0 && { powerCaps: caps.rows.map(powerCapModelOf) }),
  };
}
type NodeStateRow = { group_id: string; index: number; state: Snapshot['nodeStates'][number]['state'] };

async function readTenants(session: Session): Promise<TenantModel[]> {
  const { rows } = await session.query<TenantRow>(selectTenants);
  return rows.map(tenantModelOf);
}

// What frees comes before what takes, so that no state between two deltas is over capacity.
async function readDeltas(
  session: Session,
  subjects: ReadonlyMap<ChangeKind, readonly string[]>,
  freshFrom: Instant,
): Promise<Delta[]> {
  const attempts = await attemptDeltas(session, subjects.get('attempt') ?? []);
  const jobs = await jobDeltas(session, subjects.get('job') ?? []);
  const windows = await windowDeltas(session, subjects.get('window') ?? []);
  return [
    ...attempts.filter((delta) => delta.kind === 'attempt-ended'),
    ...jobs.filter((delta) => delta.kind === 'job-withdrawn'),
    ...(await poolDeltas(session, subjects, freshFrom)),
    ...(await powerCapDeltas(session, subjects.get('power-cap') ?? [])),
    ...(await nodeDeltas(session, subjects.get('node') ?? [])),
    ...windows,
    ...attempts.filter((delta) => delta.kind !== 'attempt-ended'),
    ...jobs.filter((delta) => delta.kind === 'job-queued'),
    ...(subjects.has('tenant') ? [{ kind: 'usage' as const, tenants: await readTenants(session) }] : []),
  ];
}

async function jobDeltas(session: Session, ids: readonly string[]): Promise<Delta[]> {
  if (ids.length === 0) return [];
  const { rows } = await session.query<QueuedRow>(queuedJobs('and j.id = any($1::uuid[])'), [ids]);
  const waiting = new Set(rows.map((row) => row.id));
  const withdrawn = ids.filter((id) => !waiting.has(id)).map((jobId) => ({ kind: 'job-withdrawn' as const, jobId }));
  return [...withdrawn, ...rows.map((row) => ({ kind: 'job-queued' as const, job: queuedJobOf(row) }))];
}

async function attemptDeltas(session: Session, ids: readonly string[]): Promise<Delta[]> {
  if (ids.length === 0) return [];
  const { rows } = await session.query<AttemptRow>(selectAttempts('and a.id = any($1::uuid[])'), [ids]);
  const holding = new Set(rows.map((row) => row.id));
  const ended = ids
    .filter((id) => !holding.has(id))
    .map((attemptId) => ({ kind: 'attempt-ended' as const, attemptId }));
  const held = rows.map((row) => ({
    kind: row.started_at === null ? ('attempt-placed' as const) : ('attempt-changed' as const),
    attempt: runningJobOf(row),
  }));
  return [...ended, ...held];
}

async function nodeDeltas(session: Session, ids: readonly string[]): Promise<Delta[]> {
  if (ids.length === 0) return [];
  const { rows } = await session.query<NodeStateRow>(nodesThat('n.id = any($1::text[])'), [ids]);
  return rows.map(({ group_id, index, state }) => ({ kind: 'node-state', groupId: group_id, index, state }));
}

// A pool that was only found or lost again is told so: a changed pool makes the planner look at every kind of job anew.
async function poolDeltas(
  session: Session,
  subjects: ReadonlyMap<ChangeKind, readonly string[]>,
  freshFrom: Instant,
): Promise<Delta[]> {
  const changed = new Set(subjects.get('latency'));
  const ids = [...new Set([...changed, ...(subjects.get('pool') ?? [])])];
  if (ids.length === 0) return [];
  const values = [timestamptz(freshFrom), ids];
  const { rows } = await session.query<PoolRow>(poolsThat('p.id = any($2::text[])'), values);
  return rows.map((row) =>
    changed.has(row.id)
      ? { kind: 'pool-changed', pool: poolModelOf(row) }
      : { kind: 'pool-reachable', poolId: row.id, reachable: row.reachable },
  );
}

async function staleLatency(session: Session, before: Instant, after: Instant): Promise<readonly string[]> {
  if (after <= before) return [];
  const { rows } = await session.query<{ id: string }>(poolsWithStaler, [timestamptz(before), timestamptz(after)]);
  return rows.map((row) => row.id);
}

async function powerCapDeltas(session: Session, ids: readonly string[]): Promise<Delta[]> {
  if (ids.length === 0) return [];
  const { rows } = await session.query<PowerCapRow>(powerCapsThat('id = any($1::uuid[])'), [ids]);
  const standing = new Set(rows.map((row) => row.id));
  const gone = ids.filter((id) => !standing.has(id)).map((capId) => ({ kind: 'power-cap-gone' as const, capId }));
  return [...gone, ...rows.map((row) => ({ kind: 'power-cap-set' as const, cap: powerCapModelOf(row) }))];
}

async function windowDeltas(session: Session, ids: readonly string[]): Promise<Delta[]> {
  if (ids.length === 0) return [];
  const { rows } = await session.query<WindowRow>(selectWindows('and w.window_id = any($1::text[])'), [ids]);
  const claims = await session.query<ClaimRow>(selectClaims(`and 'claim:' || c.job_id = any($1::text[])`), [ids]);
  const windows = [...rows.map(windowModelOf), ...claims.rows.map(claimModelOf)];
  const standing = new Set(windows.map((window) => window.id));
  const gone = ids.filter((id) => !standing.has(id)).map((windowId) => ({ kind: 'window-gone' as const, windowId }));
  return [...gone, ...windows.map((window) => ({ kind: 'window-set' as const, window }))];
}
