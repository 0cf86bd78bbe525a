import { BookingsBusy } from '#libs/application';
import { DAY_MS, type Instant } from '#libs/domain';
import {
  type Booking, type BookedStretch, type NodeStanding, type NodesRefused, type Stretch, chooseNodes, occurrences,
} from '#libs/scheduling'; // prettier-ignore
import { holdingStates, recomputeUsable } from './capacity-sql.js';
import { isLockTimeout } from './database-errors.js';
import { timestamptz, type Database, type Session } from './database.js';
import { bookingOf, type ReservationRow } from './reservation-rows.js';

/** What comes again has its nodes for two weeks ahead at least. */
export const AHEAD_MS = 14 * DAY_MS;

// One writer of bookings at a time, so that each chooses among what the one before has left. The guard is the exclusion of rows.
const lockBookings = `select pg_advisory_xact_lock(hashtext('chusuan-bookings'))`;
// Whoever commits a plan waits for the one who books (`plan-windows.ts`): he is not to wait for long himself, nor to stand idle.
const waitNotLong = `
  select set_config('lock_timeout', '2s', true), set_config('statement_timeout', '5s', true),
    set_config('idle_in_transaction_session_timeout', '5s', true)`;

/** A transaction of the one writer of bookings. @throws BookingsBusy when a lock is not to be had within two seconds */
export async function bookingTransaction<T>(database: Database, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await database.transaction(async (session) => {
      await session.query(waitNotLong);
      await session.query(lockBookings);
      return work(session);
    });
  } catch (error) {
    throw isLockTimeout(error) ? new BookingsBusy() : error;
  }
}

// To the millisecond: times of bookings are whole seconds.
const msOf = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;
const selectStandings = `
  with busy as (
    select p.node_id, sum(extract(epoch from a.ends_by - $2::timestamptz))::float8 as seconds
    from attempt a join placement_node p on p.attempt_id = a.id
    where a.state in ${holdingStates} and a.ends_by > $2::timestamptz group by p.node_id
  ), booked as (
    select node_id, json_agg(json_build_object('bookingId', reservation_id, 'from', ${msOf('lower(during)')},
      'until', ${msOf('upper(during)')}) order by during, reservation_id) as stretches
    from reservation_node where group_id = any($1::text[]) and during && tstzrange($2::timestamptz, $3::timestamptz)
      and reservation_id is distinct from $4::uuid
    group by node_id
  )
  select n.id, n.group_id, n.index, n.state = 'up' as is_up, coalesce(busy.seconds, 0) as seconds, coalesce(booked.stretches, '[]') as booked
  from node n left join busy on busy.node_id = n.id left join booked on booked.node_id = n.id
  where n.group_id = any($1::text[]) order by n.group_id, n.index`;

/** @param besides a booking whose own windows are not in the way */
export async function standingsFor(
  session: Session,
  { parts }: Pick<Booking, 'parts'>,
  stretch: Stretch,
  besides: string | null = null,
): Promise<NodeStanding[]> {
  const { rows } = await session.query<{
    id: string; group_id: string; index: number; is_up: boolean; seconds: number; booked: BookedStretch[];
  }>(selectStandings, [parts.map((part) => part.groupId), timestamptz(stretch.from), timestamptz(stretch.until), besides]); // prettier-ignore
  return rows.map(({ id, group_id, index, is_up, seconds, booked }) => ({
    id, groupId: group_id, index, isUp: is_up, secondsPastStart: seconds, booked,
  })); // prettier-ignore
}

const insertOccurrence = `
  insert into reservation_occurrence (reservation_id, starts_at, ends_at, tenant_id, state, detail)
  values ($1, $2, $3, $4, $5, $6)`;
const insertNodes = `
  with held as (
    insert into reservation_node (reservation_id, starts_at, node_id, group_id, tenant_id, window_id, during)
    select $1::uuid, $2::timestamptz, n.node_id, n.group_id, $4::text, $5::text || '/' || n.group_id, tstzrange($2::timestamptz, $3::timestamptz)
    from unnest($6::text[], $7::text[]) as n(node_id, group_id) returning window_id
  )
  insert into change (kind, subject) select distinct 'window', window_id from held`;
const insertAudit = `
  insert into audit_record (at, actor, action, subject, tenant_id, detail) values ($1, $2, $3, $4, $5, $6)`;

/** One of the windows the planner knows: the nodes of one group in one occurrence. */
const windowPrefix = (id: string, from: Instant): string => `${id}@${from / 1000}`;

export interface Act {
  readonly at: Instant;
  readonly actor: string;
}
export const audit = async (
  session: Session,
  { at, actor }: Act,
  action: string,
  about: { readonly id: string; readonly tenantId?: string | null; readonly detail?: unknown },
): Promise<void> =>
  void (await session.query(insertAudit, [
    timestamptz(at), actor, action, about.id, about.tenantId ?? null, JSON.stringify(about.detail ?? {}),
  ])); // prettier-ignore

export type Given = { readonly refused: NodesRefused; readonly occurrence: Stretch };

/**
 * Gives nodes to the occurrences of a booking that begin in [from, until) and have none yet. `orElse`: what becomes of one whose
 * nodes are taken: nothing at all is booked (the caller rolls back), or it is noted as unmet.
 */
export async function giveNodes(
  session: Session,
  booking: Booking,
  stretch: Stretch,
  orElse: 'refuse' | 'unmet',
): Promise<{ readonly booked: number; readonly unmet: readonly Given[]; readonly refused: Given | null }> {
  const unmet: Given[] = [];
  let booked = 0;
  const coming = occurrences(booking, stretch).filter((one) => one.from >= stretch.from);
  for (const occurrence of coming) {
    const choice = chooseNodes(booking.parts, await standingsFor(session, booking, occurrence));
    const values = [booking.id, timestamptz(occurrence.from), timestamptz(occurrence.until), booking.tenantId ?? null];
    if (choice.kind === 'chosen') {
      const nodes = choice.nodes.flat();
      await session.query(insertOccurrence, [...values, 'booked', '{}']);
      await session.query(insertNodes, [
        ...values, windowPrefix(booking.id, occurrence.from), nodes.map((node) => node.id), nodes.map((node) => node.groupId),
      ]); // prettier-ignore
      booked++;
      continue;
    }
    if (orElse === 'refuse') return { booked, unmet, refused: { refused: choice, occurrence } };
    await session.query(insertOccurrence, [...values, 'unmet', JSON.stringify(choice)]);
    unmet.push({ refused: choice, occurrence });
  }
  return { booked, unmet, refused: null };
}

const selectBehind = `
  select * from reservation where state = 'active' and recurrence is not null and booked_until < $1 and id is distinct from $2::uuid
  order by id for no key update`;
const selectFirstBehind = `${selectBehind} limit 1`;
const noteBooked = 'update reservation set booked_until = greatest(booked_until, $2::timestamptz) where id = $1';

export interface AheadStep {
  readonly booked: number;
  readonly unmet: number;
}

/** Of all that comes again together: half a year, 182 occurrences a day apart, about 0.7 s. */
const MOST_BEHIND_MS = 13 * AHEAD_MS;

/** Catching up would hold up whoever commits: rolls the transaction back, to be done in steps first. */
export class FarBehindError extends Error {
  constructor(
    readonly until: Instant,
    readonly besides: string | null,
  ) {
    super('What comes again is to be booked ahead in transactions of its own first');
  }
}

/** Gives nodes to all that comes again, up to a time; what is in its way was there first. @throws FarBehindError */
export async function bookAhead(
  session: Session,
  until: Instant,
  act: Act,
  besides: string | null = null,
): Promise<void> {
  const { rows } = await session.query<ReservationRow>(selectBehind, [timestamptz(until), besides]);
  if (rows.reduce((sum, row) => sum + until - row.booked_until, 0) > MOST_BEHIND_MS) {
    throw new FarBehindError(until, besides);
  }
  for (const row of rows) await bookOneAhead(session, row, until, act);
}

/** The same in short transactions, of two weeks of one booking each: nobody waits for all of it. @throws BookingsBusy */
export async function* bookAheadInSteps(
  database: Database,
  until: Instant,
  act: Act,
  besides: string | null = null,
): AsyncGenerator<AheadStep, void> {
  for (;;) {
    const step = await bookingTransaction(database, async (session) => {
      const { rows } = await session.query<ReservationRow>(selectFirstBehind, [timestamptz(until), besides]);
      const [row] = rows;
      return row ? bookOneAhead(session, row, Math.min(until, row.booked_until + AHEAD_MS), act) : null;
    });
    if (!step) return;
    yield step;
  }
}

async function bookOneAhead(session: Session, row: ReservationRow, until: Instant, act: Act): Promise<AheadStep> {
  const { booked, unmet } = await giveNodes(session, bookingOf(row), { from: row.booked_until, until }, 'unmet');
  await session.query(noteBooked, [row.id, timestamptz(until)]);
  for (const { refused, occurrence } of unmet) {
    await audit(session, act, 'reservation.unmet', {
      id: row.id,
      tenantId: row.tenant_id,
      detail: { ...occurrence, ...refused },
    });
  }
  return { booked, unmet: unmet.length };
}

// Of what comes again the start counts: if its end did, booking up to there could book what ends later still, and so on without end.
const farthest = `
  select max(case when r.recurrence is null then o.ends_at else o.starts_at + interval '1 second' end) as at
  from reservation_occurrence o join reservation r on r.id = o.reservation_id where o.state = 'booked'`;
/** Up to where all that comes again has its nodes when something is booked: whatever it meets there is found then and not later. */
export async function horizonOf(session: Session, at: Instant, until: Instant): Promise<Instant> {
  const { rows } = await session.query<{ at: Instant | null }>(farthest);
  return Math.max(at + AHEAD_MS, rows[0]?.at ?? 0, until);
}

// A window that has begun keeps its past; one that has not leaves no trace. Its nodes are free from `at` on.
const closeWindows = `
  with closed as (
    update reservation_occurrence set state = $3, ends_at = case when starts_at < $4::timestamptz then least(ends_at, $4::timestamptz) else ends_at end
    where reservation_id = $1 and state = 'booked' and ($2::timestamptz is null or starts_at = $2::timestamptz)
    returning reservation_id, starts_at
  ), told as (
    insert into change (kind, subject)
    select distinct 'window', n.window_id from reservation_node n join closed c on c.reservation_id = n.reservation_id and c.starts_at = n.starts_at
  ), gone as (
    delete from reservation_node n using closed c
    where c.reservation_id = n.reservation_id and c.starts_at = n.starts_at and n.starts_at >= $4::timestamptz
  ), cut as (
    update reservation_node n set during = tstzrange(lower(n.during), least(upper(n.during), $4::timestamptz)) from closed c
    where c.reservation_id = n.reservation_id and c.starts_at = n.starts_at and n.starts_at < $4::timestamptz
  )
  select starts_at from closed`;
/** Ends booked occurrences of a booking, one or all of them, at a time. Returns how many. */
export const close = async (
  session: Session,
  which: { readonly id: string; readonly startsAt: Instant | null },
  state: 'given-back' | 'cancelled' | 'over',
  at: Instant,
): Promise<number> =>
  (await session.query(closeWindows, [which.id, timestamptz(which.startsAt), state, timestamptz(at)])).rowCount;

const lockNodesOf = `
  select n.id from node n where n.id in (select node_id from reservation_node where reservation_id = $1 and starts_at = $2)
    and (n.state = 'up' or n.state_by = $1) order by n.id for no key update`;
const lockNodesBy = 'select id from node where state_by = $1 order by id for no key update';
const turnNodes = `
  with turned as (
    update node n set state = $2, state_reason = $3, state_by = $4, state_since = $5 where n.id = any($1::text[]) returning n.id, n.group_id
  ), told as (insert into change (kind, subject) select 'node', id from turned),
  audited as (
    insert into audit_record (at, actor, action, subject, detail)
    select $5::timestamptz, $6::text, 'node.set-state', id, jsonb_build_object('to', $2::text, 'reason', $3::text) from turned
  )
  select distinct group_id from turned order by group_id`;

/** Takes the nodes of an occurrence out of service; those that somebody took out by hand stay as they are. */
export async function takeOut(
  session: Session,
  which: { readonly id: string; readonly name: string; readonly startsAt: Instant },
  state: 'maintenance' | 'drained',
  act: Act,
): Promise<void> {
  const { rows } = await session.query<{ id: string }>(lockNodesOf, [which.id, timestamptz(which.startsAt)]);
  await turn(session, rows, { state, reason: which.name, by: which.id }, act);
}
/** Brings back into service what a maintenance took out and nobody has touched since. */
export async function bringBack(session: Session, reservationId: string, act: Act): Promise<void> {
  const { rows } = await session.query<{ id: string }>(lockNodesBy, [reservationId]);
  await turn(session, rows, { state: 'up', reason: null, by: null }, act);
}
async function turn(
  session: Session,
  nodes: readonly { readonly id: string }[],
  to: { readonly state: string; readonly reason: string | null; readonly by: string | null },
  { at, actor }: Act,
): Promise<void> {
  if (nodes.length === 0) return;
  const { rows } = await session.query<{ group_id: string }>(turnNodes, [
    nodes.map((node) => node.id), to.state, to.reason, to.by, timestamptz(at), actor,
  ]); // prettier-ignore
  await session.query(recomputeUsable('g.id = any($1)'), [rows.map((row) => row.group_id)]);
}
