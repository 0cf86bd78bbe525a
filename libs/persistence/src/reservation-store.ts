import {
  type Amended, type Booked, BookingsBusy, type NewReservation, type OccurrenceView, type Overrun, type Principal, type ReservationChange,
  type ReservationStore, type ReservationTaken, type ReservationView,
} from '#libs/application'; // prettier-ignore
import { DAY_MS, type Instant } from '#libs/domain';
import { type Booking, bookingFaults, useOf } from '#libs/scheduling';
import { holdingStates } from './capacity-sql.js';
import { ownerOf, timestamptz, type Database, type Session } from './database.js';
import { amendWindows } from './reservation-amendment.js';
import { type OccurrenceRow, type ReservationRow, reservationViewOf, usesOf } from './reservation-rows.js';
import {
  type Act, FarBehindError, type Given, audit, bookAhead, bookAheadInSteps, bookingTransaction, bringBack, close, giveNodes, horizonOf,
  takeOut,
} from './reservation-windows.js'; // prettier-ignore

type Which = Parameters<ReservationStore['cancel']>[1];
type Claim = Parameters<ReservationStore['book']>[3];

const insertReservation = `
  insert into reservation (id, kind, name, tenant_id, class, starts_at, ends_at, recurrence, parts, give_back_after_seconds, drain,
    booked_until, created_at, created_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`;
const findClaim = 'select fingerprint, body from idempotency_key where owner = $1 and key = $2';
// The table is older than bookings: what it calls job_id is the id of whatever the key made.
const insertClaim = `
  insert into idempotency_key (owner, key, fingerprint, job_id, status, body) values ($1, $2, $3, $4, 201, $5)`;
const countOverrun = `
  select count(distinct a.id)::int as attempts, max(a.ends_by) as latest
  from reservation_node w join placement_node p on p.node_id = w.node_id
  join (select id, ends_by from attempt where state in ${holdingStates}) a on a.id = p.attempt_id
  where w.reservation_id = $1 and a.ends_by > w.starts_at
    and w.starts_at = (select min(starts_at) from reservation_occurrence where reservation_id = $1 and state = 'booked')`;
const lockReservation = 'select * from reservation where id = $1 and kind = $2 for no key update';
const findReservation = 'select * from reservation where id = $1 and kind = $2';
const noteCancelled = `update reservation set state = 'cancelled' where id = $1`;
const namesOf = 'select id, name from reservation where id = any($1::uuid[])';
const listReservations = `
  select * from reservation where kind = $1 and ($2::text is null or state = $2) and ($3::uuid is null or id < $3::uuid)
  order by id desc limit $4`;
const selectOccurrences = `
  select o.reservation_id, o.starts_at, o.ends_at, o.state,
    array(select n.node_id from reservation_node n where n.reservation_id = o.reservation_id and n.starts_at = o.starts_at order by n.node_id) as node_ids
  from reservation_occurrence o where o.reservation_id = $1 and o.ends_at > $2::timestamptz order by o.starts_at limit $3`;

/** Rolls the transaction back and comes out as an answer. */
class TakenError extends Error {
  constructor(readonly given: Given) {
    super('The nodes are taken');
  }
}

/** Reads as the app role, so that row-level security decides what a principal sees; writes, which are for operators, as the system. */
export class PostgresReservationStore implements ReservationStore {
  constructor(
    private readonly app: Database,
    private readonly system: Database,
  ) {}

  async book(principal: Principal, asked: NewReservation, at: Instant, claim: Claim): Promise<Booked> {
    const act: Act = { at, actor: actorOf(principal) };
    return this.orTaken(act, async (session) => {
      const earlier = claim && (await answeredBefore(session, principal, claim));
      if (earlier) return earlier;
      const faults = bookingFaults(asked.booking, at);
      if (faults.length > 0) return { kind: 'unfit', faults };
      await insert(session, asked, act);
      const { id } = asked.booking;
      if (claim) {
        await session.query(insertClaim, [ownerOf(principal), claim.key, Buffer.from(claim.fingerprint), id, JSON.stringify({ id })]);
      } // prettier-ignore
      return { kind: 'booked', id, overrun: await overrunOf(session, id) };
    });
  }

  async amend(principal: Principal, which: Which, change: ReservationChange, at: Instant): Promise<Amended> {
    const act: Act = { at, actor: actorOf(principal) };
    return this.orTaken(act, async (session) => {
      const { rows } = await session.query<ReservationRow>(lockReservation, [which.id, which.kind]);
      const row = rows[0];
      if (!row) return { kind: 'unknown' };
      if (row.state !== 'active') return { kind: 'closed', state: row.state };
      const amended = await amendWindows(session, row, change, act);
      if (amended.kind === 'unfit') return amended;
      if (amended.kind === 'taken') throw new TakenError(amended.given);
      return { kind: 'amended', overrun: await overrunOf(session, row.id) };
    });
  }

  async cancel(principal: Principal, which: Which, at: Instant): Promise<'cancelled' | 'over' | 'unknown'> {
    const act: Act = { at, actor: actorOf(principal) };
    return bookingTransaction(this.system, async (session) => {
      const { rows } = await session.query<ReservationRow>(lockReservation, [which.id, which.kind]);
      const row = rows[0];
      if (!row) return 'unknown';
      if (row.state !== 'active') return row.state;
      await close(session, { id: row.id, startsAt: null }, 'cancelled', at);
      if (row.kind === 'maintenance') await bringBack(session, row.id, act);
      await session.query(noteCancelled, [row.id]);
      await audit(session, act, `${row.kind === 'booking' ? 'reservation' : 'maintenance'}.cancel`, {
        id: row.id,
        tenantId: row.tenant_id,
      });
      return 'cancelled';
    });
  }

  async get(principal: Principal, which: Which, at: Instant): Promise<ReservationView | null> {
    return this.app.asPrincipal(principal, async (session) => {
      const { rows } = await session.query<ReservationRow>(findReservation, [which.id, which.kind]);
      const row = rows[0];
      if (!row) return null;
      const occurrences = await occurrencesOf(session, row, at - 7 * DAY_MS, 60);
      const shown: OccurrenceView[] = [];
      for (const one of occurrences) {
        const use = one.starts_at > at ? null : useOf(one.node_ids, await usesOf(session, row, one.starts_at), at);
        shown.push(occurrenceOf(one, use));
      }
      return reservationViewOf(row, shown);
    });
  }

  async list(
    principal: Principal,
    filter: { readonly kind: Booking['kind']; readonly state?: ReservationView['state'] },
    page: { readonly limit: number; readonly after: string | null },
    at: Instant,
  ): Promise<readonly ReservationView[]> {
    return this.app.asPrincipal(principal, async (session) => {
      const { rows } = await session.query<ReservationRow>(listReservations, [
        filter.kind, filter.state ?? null, page.after, page.limit,
      ]); // prettier-ignore
      const views: ReservationView[] = [];
      for (const row of rows) {
        const next = await occurrencesOf(session, row, at, 1);
        views.push(
          reservationViewOf(
            row,
            next.map((one) => occurrenceOf(one, null)),
          ),
        );
      }
      return views;
    });
  }

  /** @param rounds how often others may book farther ahead between catching up and booking */
  private async orTaken<T>(
    act: Act,
    work: (session: Session) => Promise<T>,
    rounds = 3,
  ): Promise<T | ReservationTaken> {
    try {
      return await bookingTransaction(this.system, work);
    } catch (error) {
      if (error instanceof FarBehindError) {
        if (rounds === 0) throw new BookingsBusy();
        for await (const _ of bookAheadInSteps(this.system, error.until, act, error.besides));
        return this.orTaken(act, work, rounds - 1);
      }
      if (!(error instanceof TakenError)) throw error;
      const { refused, occurrence } = error.given;
      const ids = [...new Set(refused.inTheWay.map((one) => one.bookingId))];
      const { rows } = await this.system.query<{ id: string; name: string }>(namesOf, [ids]);
      return { kind: 'taken', occurrence, refused, names: Object.fromEntries(rows.map(({ id, name }) => [id, name])) };
    }
  }
}

async function answeredBefore(
  session: Session,
  principal: Principal,
  claim: NonNullable<Claim>,
): Promise<Booked | null> {
  const { rows } = await session.query<{ fingerprint: Uint8Array; body: { readonly id: string } }>(findClaim, [
    ownerOf(principal), claim.key,
  ]); // prettier-ignore
  const earlier = rows[0];
  if (!earlier) return null;
  if (!Buffer.from(claim.fingerprint).equals(earlier.fingerprint)) return { kind: 'key-reused' };
  return { kind: 'replayed', id: earlier.body.id, overrun: await overrunOf(session, earlier.body.id) };
}

async function insert(session: Session, { booking, name, drain }: NewReservation, act: Act): Promise<void> {
  const until = await horizonOf(session, act.at, booking.until);
  await bookAhead(session, until, act);
  await session.query(insertReservation, [
    booking.id, booking.kind, name, booking.tenantId ?? null, booking.class ?? null, timestamptz(booking.from), timestamptz(booking.until),
    booking.recurrence ? JSON.stringify(booking.recurrence) : null, JSON.stringify(booking.parts), booking.giveBackAfterSeconds ?? null,
    drain, timestamptz(until), timestamptz(act.at), act.actor,
  ]); // prettier-ignore
  const { refused } = await giveNodes(session, booking, { from: booking.from, until }, 'refuse');
  if (refused) throw new TakenError(refused);
  if (drain) await takeOut(session, { id: booking.id, name, startsAt: booking.from }, 'drained', act);
  await audit(session, act, `${booking.kind === 'booking' ? 'reservation' : 'maintenance'}.book`, {
    id: booking.id,
    tenantId: booking.tenantId ?? null,
    detail: { ...booking, name, drain },
  });
}

async function overrunOf(session: Session, id: string): Promise<Overrun> {
  const { rows } = await session.query<{ attempts: number; latest: Instant | null }>(countOverrun, [id]);
  return { attempts: rows[0]?.attempts ?? 0, latestEnd: rows[0]?.latest ?? null };
}

const occurrenceOf = (row: OccurrenceRow, use: OccurrenceView['use']): OccurrenceView => ({
  from: row.starts_at,
  until: row.ends_at,
  state: row.state,
  nodeIds: row.node_ids,
  use,
});

async function occurrencesOf(
  session: Session,
  { id }: ReservationRow,
  endingAfter: Instant,
  limit: number,
): Promise<OccurrenceRow[]> {
  return (await session.query<OccurrenceRow>(selectOccurrences, [id, timestamptz(endingAfter), limit])).rows;
}

const actorOf = (principal: Principal): string => `${principal.role}:${principal.keyId}`;
