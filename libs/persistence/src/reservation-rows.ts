import type { OccurrenceState, ReservationView } from '#libs/application';
import type { Instant, JobClass } from '#libs/domain';
import type { Booking, NodeUse, Recurrence } from '#libs/scheduling';
import { timestamptz, type Session } from './database.js';
import { holdingStates } from './capacity-sql.js';

export interface ReservationRow {
  readonly id: string;
  readonly kind: Booking['kind'];
  readonly name: string;
  readonly tenant_id: string | null;
  readonly class: JobClass | null;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly recurrence: Recurrence | null;
  readonly parts: Booking['parts'];
  readonly give_back_after_seconds: number | null;
  readonly drain: boolean;
  readonly state: ReservationView['state'];
  readonly booked_until: Instant;
  readonly created_at: Instant;
}
export interface OccurrenceRow {
  readonly reservation_id: string;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly state: OccurrenceState;
  readonly node_ids: readonly string[];
}

export const bookingOf = (row: ReservationRow): Booking => ({
  id: row.id,
  kind: row.kind,
  from: row.starts_at,
  until: row.ends_at,
  parts: row.parts,
  ...(row.recurrence && { recurrence: row.recurrence }),
  ...(row.tenant_id !== null && { tenantId: row.tenant_id }),
  ...(row.class !== null && { class: row.class }),
  ...(row.give_back_after_seconds !== null && { giveBackAfterSeconds: row.give_back_after_seconds }),
});

export const reservationViewOf = (
  row: ReservationRow,
  occurrences: ReservationView['occurrences'],
): ReservationView => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  tenantId: row.tenant_id,
  class: row.class,
  from: row.starts_at,
  until: row.ends_at,
  recurrence: row.recurrence,
  parts: row.parts,
  giveBackAfterSeconds: row.give_back_after_seconds,
  drain: row.drain,
  state: row.state,
  createdAt: row.created_at,
  occurrences,
});

// From the attempts of the stretch to the nodes: the other way round leads through everything a node ever ran.
const selectUses = `
  with recursive members as (
    select id from tenant where id = $3
    union select t.id from tenant t join members m on t.parent_id = m.id
  ), during as materialized (
    select id, tenant_id, class, placed_at, ended_at from attempt where state in ${holdingStates}
    union all
    select id, tenant_id, class, placed_at, ended_at from attempt where ended_at > $2::timestamptz and state not in ${holdingStates}
  )
  select p.node_id, a.placed_at as from_at, a.ended_at as until_at
  from during a join placement_node p on p.attempt_id = a.id
  join reservation_node w on w.node_id = p.node_id and w.reservation_id = $1 and w.starts_at = $2::timestamptz
  where a.placed_at < upper(w.during)
    and ($3::text is null or a.tenant_id in (select id from members)) and ($4::text is null or a.class = $4)
  order by a.placed_at, p.node_id`;

/** What those a booking is open to have held of the nodes of one occurrence, since its start. */
export async function usesOf(
  session: Session,
  booking: Pick<ReservationRow, 'id' | 'tenant_id' | 'class'>,
  startsAt: Instant,
): Promise<NodeUse[]> {
  const { rows } = await session.query<{ node_id: string; from_at: Instant; until_at: Instant | null }>(selectUses, [
    booking.id, timestamptz(startsAt), booking.tenant_id, booking.class,
  ]); // prettier-ignore
  return rows.map(({ node_id, from_at, until_at }) => ({ nodeId: node_id, from: from_at, until: until_at }));
}
