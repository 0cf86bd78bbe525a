import { BookingsBusy, type Kept, type ReservationKeeper } from '#libs/application';
import { DAY_MS, type Instant } from '#libs/domain';
import { goesOn, isToBeGivenBack } from '#libs/scheduling';
import { statement, timestamptz, type Database, type Session } from './database.js';
import { bookingOf, type ReservationRow, usesOf } from './reservation-rows.js';
import {
  AHEAD_MS,
  type Act,
  audit,
  bookAheadInSteps,
  bookingTransaction,
  bringBack,
  close,
  takeOut,
} from './reservation-windows.js';

// Asked every second: whether there is anything at all to do.
const anythingDue = statement(
  'reservations-due',
  `select exists (select from reservation_occurrence o join reservation r on r.id = o.reservation_id
       where o.state = 'booked' and (o.ends_at <= $1::timestamptz
         or (o.starts_at <= $1::timestamptz and r.kind = 'maintenance' and not o.begun)
         or o.starts_at + r.give_back_after_seconds * interval '1 second' <= $1::timestamptz))
     or exists (select from reservation where state = 'active' and (recurrence is not null and booked_until < $2::timestamptz
         or recurrence is null and not exists (
           select from reservation_occurrence o where o.reservation_id = reservation.id and o.state = 'booked'))) as due`,
);

type DueRow = ReservationRow & { readonly occurs_at: Instant; readonly over_at: Instant };
const selectDue = (condition: string): string => `
  select r.*, o.starts_at as occurs_at, o.ends_at as over_at from reservation_occurrence o join reservation r on r.id = o.reservation_id
  where o.state = 'booked' and ${condition} order by r.id, o.starts_at for no key update of o`;
const ended = selectDue('o.ends_at <= $1::timestamptz');
const beginning = selectDue(
  `o.starts_at <= $1::timestamptz and o.ends_at > $1::timestamptz and r.kind = 'maintenance' and not o.begun`,
);
const perhapsIdle = selectDue(
  `o.starts_at + r.give_back_after_seconds * interval '1 second' <= $1::timestamptz and o.ends_at > $1::timestamptz`,
);
const noteBegun = 'update reservation_occurrence set begun = true where reservation_id = $1 and starts_at = $2';
const withoutOccurrence = `
  select * from reservation r where r.state = 'active' and not exists (
    select from reservation_occurrence o where o.reservation_id = r.id and o.state = 'booked') order by r.id for no key update`;
const noteOver = `update reservation set state = 'over' where id = any($1::uuid[])`;

const nothing: Kept = { begun: 0, ended: 0, givenBack: 0, booked: 0, unmet: 0, busy: false };
/** What comes again is booked ahead once a day, not once a second. */
const EVERY_MS = DAY_MS;

/** Takes a database opened as chusuan_system. */
export class PostgresReservationKeeper implements ReservationKeeper {
  constructor(private readonly database: Database) {}

  /** Ends what is over, begins maintenance, gives back what nobody uses, books ahead what comes again. Safe beside itself. */
  async keep(at: Instant): Promise<Kept> {
    const { rows } = await this.database.query<{ due: boolean }>(anythingDue, [
      timestamptz(at), timestamptz(at + AHEAD_MS - EVERY_MS),
    ]); // prettier-ignore
    if (!rows[0]?.due) return nothing;
    const act: Act = { at, actor: 'scheduler' };
    const kept = { ...nothing };
    try {
      await this.turn(act, kept);
    } catch (error) {
      // What is done stays done; the rest is due at the next turn as well.
      if (!(error instanceof BookingsBusy)) throw error;
      kept.busy = true;
    }
    return kept;
  }

  private async turn(act: Act, kept: { -readonly [K in keyof Kept]: Kept[K] }): Promise<void> {
    const turned = await bookingTransaction(this.database, async (session) => ({
      ended: await endAll(session, act),
      begun: await beginAll(session, act),
      givenBack: await giveBackAll(session, act),
    }));
    Object.assign(kept, turned);
    for await (const step of bookAheadInSteps(this.database, act.at + AHEAD_MS, act)) {
      kept.booked += step.booked;
      kept.unmet += step.unmet;
    }
    await bookingTransaction(this.database, (session) => settleReservations(session, act.at));
  }
}

async function endAll(session: Session, act: Act): Promise<number> {
  const { rows } = await session.query<DueRow>(ended, [timestamptz(act.at)]);
  for (const row of rows) {
    await close(session, { id: row.id, startsAt: row.occurs_at }, 'over', row.over_at);
    if (row.kind === 'maintenance') await bringBack(session, row.id, act);
  }
  return rows.length;
}

async function beginAll(session: Session, act: Act): Promise<number> {
  const { rows } = await session.query<DueRow>(beginning, [timestamptz(act.at)]);
  for (const row of rows) {
    await session.query(noteBegun, [row.id, timestamptz(row.occurs_at)]);
    await takeOut(session, { id: row.id, name: row.name, startsAt: row.occurs_at }, 'maintenance', act);
  }
  return rows.length;
}

async function giveBackAll(session: Session, act: Act): Promise<number> {
  const { rows } = await session.query<DueRow>(perhapsIdle, [timestamptz(act.at)]);
  let givenBack = 0;
  for (const row of rows) {
    const stretch = { from: row.occurs_at, until: row.over_at, giveBackAfterSeconds: row.give_back_after_seconds ?? 0 };
    if (!isToBeGivenBack(stretch, await usesOf(session, row, row.occurs_at), act.at)) continue;
    await close(session, { id: row.id, startsAt: row.occurs_at }, 'given-back', act.at);
    await audit(session, act, 'reservation.give-back', { id: row.id, tenantId: row.tenant_id, detail: stretch });
    givenBack++;
  }
  return givenBack;
}

/** A reservation that has nothing more to come is over. */
async function settleReservations(session: Session, at: Instant): Promise<void> {
  const { rows } = await session.query<ReservationRow>(withoutOccurrence);
  const over = rows.filter((row) => !goesOn(bookingOf(row), Math.max(at, row.booked_until)));
  if (over.length > 0) await session.query(noteOver, [over.map((row) => row.id)]);
}
