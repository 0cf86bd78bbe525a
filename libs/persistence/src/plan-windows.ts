import { statement, timestamptz, type Session } from './database.js';
import type { NodeRow, StartToCommit } from './plan-decision.js';

const shareBookings = statement(
  'plan-share-bookings',
  `select pg_advisory_xact_lock_shared(hashtext('chusuan-bookings'))`,
);
/**
 * Keeps the booked windows as they are until the transaction ends: beside other commits, but not beside somebody who books. He
 * chooses among nodes that this plan may be about to take, and each would miss the other. To be taken before rows are locked,
 * as who books does. He holds it for a moment only (`bookingTransaction`).
 */
export const shareWindows = (session: Session): Promise<unknown> => session.query(shareBookings);

// Open to a tenant and a class means to jobs that are of both, as the planner has it (`openings.ts`).
const findOverruns = statement(
  'plan-find-overruns',
  `select distinct s.attempt_id::text as id
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) as s(attempt_id, job_id, node_id, ends_by)
   join job j on j.id = s.job_id
   join reservation_node w on w.node_id = s.node_id and w.during && tstzrange($5::timestamptz, s.ends_by)
   join reservation_occurrence o on o.reservation_id = w.reservation_id and o.starts_at = w.starts_at and o.state = 'booked'
   join reservation r on r.id = w.reservation_id
   where r.kind = 'maintenance' or (r.class is not null and r.class <> j.class)
     or (r.tenant_id is not null and not exists (
       with recursive line as (
         select id, parent_id from tenant where id = j.tenant_id
         union select t.id, t.parent_id from tenant t join line l on t.id = l.parent_id
       ) select from line where line.id = r.tenant_id))`,
);

/**
 * Attempts whose nodes would be held in a window that is not open to their job: a booking or a maintenance that was made while
 * the plan was. Only where we choose the nodes; where the engine does, a window is an estimate.
 */
export async function overrunsOf(
  session: Session,
  starts: readonly StartToCommit[],
  nodes: readonly NodeRow[],
  now: number,
): Promise<ReadonlySet<string>> {
  const ids = new Map(nodes.map((node) => [`${node.group_id}/${node.index}`, node.id]));
  const holds = starts.flatMap((start) =>
    start.nodeIndices.flatMap((index) => {
      const nodeId = ids.get(`${start.groupId}/${index}`);
      return nodeId === undefined ? [] : [{ ...start, nodeId }];
    }),
  );
  if (holds.length === 0) return new Set();
  const { rows } = await session.query<{ id: string }>(findOverruns, [
    holds.map((hold) => hold.attemptId),
    holds.map((hold) => hold.jobId),
    holds.map((hold) => hold.nodeId),
    holds.map((hold) => timestamptz(hold.endsBy * 1000)),
    timestamptz(now),
  ]);
  return new Set(rows.map((row) => row.id));
}
