import type { ReservationChange, Unfit } from '#libs/application';
import type { Instant } from '#libs/domain';
import { type Booking, type BookingFault, type Stretch, bookingFaults, chooseNodes } from '#libs/scheduling';
import { timestamptz, type Session } from './database.js';
import { bookingOf, type ReservationRow } from './reservation-rows.js';
import { type Act, type Given, audit, bookAhead, giveNodes, horizonOf, standingsFor } from './reservation-windows.js';

const updateReservation = `
  update reservation set name = $2, starts_at = $3, ends_at = $4, recurrence = $5, parts = $6, give_back_after_seconds = $7, booked_until = $8
  where id = $1`;
// Those to come lose their nodes and are given others, or the same.
const forgetComing = `
  with nodes as (
    delete from reservation_node n using reservation_occurrence o
    where o.reservation_id = $1 and o.starts_at = any($2::timestamptz[]) and n.reservation_id = o.reservation_id and n.starts_at = o.starts_at
    returning n.window_id
  )
  insert into change (kind, subject) select distinct 'window', window_id from nodes`;
const forgetOccurrences =
  'delete from reservation_occurrence where reservation_id = $1 and starts_at = any($2::timestamptz[])';
const selectRows = `
  select starts_at, ends_at, state, begun from reservation_occurrence where reservation_id = $1 and ends_at > $2::timestamptz order by starts_at`;
const nodesOf = `
  select group_id, array_agg(node_id order by node_id) as node_ids from reservation_node
  where reservation_id = $1 and starts_at = $2::timestamptz group by group_id order by group_id`;
const stretchCurrent = `
  with occurrence as (
    update reservation_occurrence set ends_at = $3::timestamptz where reservation_id = $1 and starts_at = $2::timestamptz
  ), nodes as (
    update reservation_node set during = tstzrange(lower(during), $3::timestamptz)
    where reservation_id = $1 and starts_at = $2::timestamptz returning window_id
  )
  insert into change (kind, subject) select distinct 'window', window_id from nodes`;

type OccurrenceRow = {
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly state: string;
  readonly begun: boolean;
};
export type AmendedWindows = { readonly kind: 'amended' } | Unfit | { readonly kind: 'taken'; readonly given: Given };

/** Changes a booking that is active. A caller that is told `taken` must roll back. */
export async function amendWindows(
  session: Session,
  row: ReservationRow,
  change: ReservationChange,
  act: Act,
): Promise<AmendedWindows> {
  const before = bookingOf(row);
  const booking = changed(before, change);
  const hasBegun = before.from <= act.at;
  const faults = [
    ...bookingFaults(booking, act.at, hasBegun || booking.from === before.from),
    ...(hasBegun ? begunFaults(before, change) : []),
  ];
  // Of what comes again the first occurrence may be long over.
  const fatal = faults.filter(
    ({ field, detail }) => !(booking.recurrence && hasBegun && field === 'until' && detail === 'has passed'),
  );
  if (fatal.length > 0) return { kind: 'unfit', faults: fatal };
  const { rows } = await session.query<OccurrenceRow>(selectRows, [row.id, timestamptz(act.at)]);
  const until = await horizonOf(session, act.at, booking.until);
  await bookAhead(session, until, act, row.id);
  const current = rows.find((one) => one.starts_at <= act.at && one.state === 'booked');
  if (current && !booking.recurrence && current.ends_at !== booking.until) {
    const refused = await moveEnd(session, booking, current, act.at);
    if (refused) return { kind: 'taken', given: refused };
  }
  await session.query(updateReservation, [
    row.id, change.name ?? row.name, timestamptz(booking.from), timestamptz(booking.until),
    booking.recurrence ? JSON.stringify(booking.recurrence) : null, JSON.stringify(booking.parts), booking.giveBackAfterSeconds ?? null, timestamptz(until),
  ]); // prettier-ignore
  const coming = rows.filter((one) => one.starts_at > act.at).map((one) => timestamptz(one.starts_at));
  await session.query(forgetComing, [row.id, coming]);
  await session.query(forgetOccurrences, [row.id, coming]);
  // A second after: what begins at this very moment has begun.
  const from = hasBegun ? act.at + 1 : booking.from;
  const { refused } = await giveNodes(session, booking, { from, until }, 'refuse');
  if (refused) return { kind: 'taken', given: refused };
  await audit(session, act, `${row.kind === 'booking' ? 'reservation' : 'maintenance'}.amend`, {
    id: row.id, tenantId: row.tenant_id, detail: change,
  }); // prettier-ignore
  return { kind: 'amended' };
}

/** The end of an occurrence under way: its nodes stay the same, so nobody may have booked them meanwhile. */
async function moveEnd(session: Session, booking: Booking, current: OccurrenceRow, at: Instant): Promise<Given | null> {
  const occurrence: Stretch = { from: current.starts_at, until: booking.until };
  const { rows } = await session.query<{ group_id: string; node_ids: string[] }>(nodesOf, [
    booking.id, timestamptz(current.starts_at),
  ]); // prettier-ignore
  const held = rows.map(({ group_id, node_ids }) => ({ poolId: '', groupId: group_id, nodes: node_ids }));
  const standings = await standingsFor(session, { parts: held }, { from: at, until: booking.until }, booking.id);
  const choice = chooseNodes(held, standings);
  if (choice.kind === 'refused') return { refused: choice, occurrence };
  await session.query(stretchCurrent, [booking.id, timestamptz(current.starts_at), timestamptz(booking.until)]);
  return null;
}

function changed(before: Booking, change: ReservationChange): Booking {
  const { recurrence, giveBackAfterSeconds, ...rest } = before;
  const again = change.recurrence === undefined ? recurrence : change.recurrence;
  const back = change.giveBackAfterSeconds === undefined ? giveBackAfterSeconds : change.giveBackAfterSeconds;
  return {
    ...rest,
    from: change.from ?? before.from,
    until: change.until ?? before.until,
    parts: change.parts ?? before.parts,
    ...(again && { recurrence: again }),
    ...(back !== undefined && back !== null && { giveBackAfterSeconds: back }),
  };
}

function begunFaults(before: Booking, change: ReservationChange): BookingFault[] {
  const detail = 'cannot change any more: the first occurrence has begun';
  const moves = change.from !== undefined && change.from !== before.from;
  const changes = change.parts !== undefined && !before.recurrence;
  return [...(moves ? [{ field: 'from', detail }] : []), ...(changes ? [{ field: 'parts', detail }] : [])];
}
