import type { NodeShape } from '#libs/domain';
import { PostgresAttemptStore, PostgresBulkSubmit, PostgresPlanCommitter, type Database } from '#libs/persistence';
import { aNewJob, aUuid } from './new-job.js';

/** Service time at which tests put what they do not care about. */
export const testEpoch = Date.parse('2026-11-22T08:00:00+08:00');

export interface Work {
  readonly tenantId: string;
  readonly class: string;
  readonly poolId: string;
  readonly groupId: string;
  readonly nodes: number;
  /** Which nodes: in a pinned pool given by us, in a delegated one told by the engine. */
  readonly nodeIndices: readonly number[];
  readonly perNode: NodeShape;
  /** Which cards of each node, where cards are shared; absent: the first. */
  readonly devices?: readonly (readonly number[])[];
  readonly limitSeconds: number;
  readonly placedAt: number;
  /** Null: placed and dispatched, not running yet. */
  readonly startedAt: number | null;
}
export interface RunningWork extends Work {
  readonly jobId: string;
  readonly attemptId: string;
}

/**
 * A job that was submitted, placed and (unless startedAt is null) released and started, by the stores that production uses.
 * By default one whole node, number 0, of group `pinned-a` of pool `pinned`, for tenant `blue`. Throws when the committer refuses.
 */
export async function runWork(system: Database, named: Partial<Work> = {}): Promise<RunningWork> {
  const work: RunningWork = {
    jobId: aUuid(),
    attemptId: aUuid(),
    tenantId: 'blue',
    class: 'training',
    poolId: 'pinned',
    groupId: `${named.poolId ?? 'pinned'}-a`,
    nodes: named.nodeIndices?.length ?? 1,
    nodeIndices: [0],
    perNode: { cards: 8, cores: 64, memoryGiB: 512 },
    limitSeconds: 86_400,
    placedAt: testEpoch,
    startedAt: named.placedAt ?? testEpoch,
    ...named,
  };
  await submit(work, system);
  await place(system, work);
  if (work.startedAt !== null) await start(system, work, work.startedAt);
  return work;
}

const submit = ({ jobId, placedAt, ...work }: RunningWork, system: Database): Promise<void> =>
  new PostgresBulkSubmit(system).submitAll([
    aNewJob({
      id: jobId,
      tenantId: work.tenantId,
      class: work.class,
      nodes: work.nodes,
      perNode: work.perNode,
      limitSeconds: work.limitSeconds,
      predictedSeconds: work.limitSeconds,
      submittedAt: placedAt,
    }),
  ]);

async function place(system: Database, work: RunningWork): Promise<void> {
  const { rows } = await system.query<{ epoch: number; placement: string; shares: boolean }>(
    `select l.epoch, p.placement, g.sharing_slices is not null as shares from lease l, pool p join node_group g on g.pool_id = p.id
     where l.name = 'scheduler' and p.id = $1 and g.id = $2`,
    [work.poolId, work.groupId],
  );
  const first = Array.from({ length: Math.ceil(work.perNode.cards) }, (_, device) => device);
  const devices = work.devices ?? (rows[0]?.shares ? work.nodeIndices.map(() => first) : undefined);
  const committed = await new PostgresPlanCommitter(system).commit({
    epoch: rows[0]?.epoch ?? 0,
    cycle: 1,
    now: work.placedAt,
    starts: [
      {
        attemptId: work.attemptId,
        jobId: work.jobId,
        tenantId: work.tenantId,
        nodes: work.nodes,
        perNode: work.perNode,
        poolId: work.poolId,
        groupId: work.groupId,
        nodeIndices: rows[0]?.placement === 'pinned' ? work.nodeIndices : [],
        ...(devices && { devices }),
        endsBy: Math.ceil(work.placedAt / 1000) + work.limitSeconds,
        backfilled: false,
        score: 0,
      },
    ],
  });
  if (committed.kind !== 'committed' || committed.started.length !== 1) {
    throw new Error(`The committer refused the work of this test: ${JSON.stringify(committed)}`);
  }
}

async function start(system: Database, work: RunningWork, startedAt: number): Promise<void> {
  const attempts = new PostgresAttemptStore(system);
  await attempts.prepared(work.attemptId, `ref-${work.attemptId}`);
  await attempts.released(work.attemptId, startedAt);
  const { rows } = await system.query<{ id: string }>(
    'select id from node where group_id = $1 and index = any ($2) order by index',
    [work.groupId, work.nodeIndices],
  );
  await attempts.started([{ attemptId: work.attemptId, startedAt, nodeIds: rows.map((row) => row.id) }]);
}
