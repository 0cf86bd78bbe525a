import type { ClockStore, WallClock } from '#libs/application';
import { serviceTime, type Instant, type ServiceClock } from '#libs/domain';
import { timestamptz, type Database, type Session } from './database.js';

const wallItself: ServiceClock = { originMs: 0, wallOriginMs: 0, rate: 1 };
/** `remember` comes every second or so; what is quiet for longer was down. */
const QUIET_WALL_MS = 5_000;

interface ClockRow {
  readonly origin: Instant;
  readonly wall_origin: number;
  readonly rate: number;
  readonly seen_at: Instant;
}
const readClock = 'select origin, wall_origin, rate, seen_at from service_clock where id = 1';

/** The one service clock of an installation (DESIGN.md 4.1). Takes a database opened as chusuan_system. */
export class PostgresClockStore implements ClockStore {
  constructor(
    private readonly database: Database,
    private readonly wall: WallClock,
  ) {}

  /** As it stands; an installation that never set one lives on wall time. Resuming is `ensure`'s, so that a process that only reads moves nothing. */
  async load(): Promise<ServiceClock> {
    const { rows } = await this.database.query<ClockRow>(readClock);
    return rows[0] ? clockOf(rows[0]) : wallItself;
  }

  async remember(serviceMs: Instant): Promise<void> {
    await this.database.query('update service_clock set seen_at = greatest(seen_at, $1::timestamptz) where id = 1', [
      timestamptz(serviceMs),
    ]);
  }

  /**
   * Makes the clock, or goes on with the one there is: a scaled clock that stood still (nobody remembered it for 5 s of wall
   * time) resumes where it was last seen. A new rate goes on from there too.
   *
   * @param start service seconds a wall second, and where service time begins when there is no clock yet (ignored at rate 1)
   * @throws Error when rate 1 is asked for and service time is ahead of the wall clock: it would have to run back
   */
  async ensure(start: { readonly rate: number; readonly originMs: Instant }): Promise<ServiceClock> {
    const wallMs = this.wall.now();
    return this.database.transaction(async (session) => {
      const first = start.rate === 1 ? wallMs : start.originMs;
      await session.query(
        `insert into service_clock (id, origin, wall_origin, rate, seen_at) values (1, $1, $2, $3, $1) on conflict do nothing`,
        [timestamptz(first), timestamptz(wallMs), start.rate],
      );
      const { rows } = await session.query<ClockRow>(`${readClock} for update`);
      if (!rows[0]) throw new Error('The row of table service_clock vanished while it was locked: check the database');
      return resume(session, rows[0], { rate: start.rate, wallMs });
    });
  }
}

const clockOf = (row: ClockRow): ServiceClock =>
  row.rate === 1 ? wallItself : { originMs: row.origin, wallOriginMs: row.wall_origin, rate: row.rate };

async function resume(session: Session, row: ClockRow, as: { rate: number; wallMs: number }): Promise<ServiceClock> {
  const present = serviceTime(clockOf(row), as.wallMs);
  const stood = row.rate !== 1 && present - row.seen_at > QUIET_WALL_MS * row.rate;
  const reached = stood ? row.seen_at : present;
  if (as.rate === 1 && row.rate !== 1) refuseToRunBack(reached, as.wallMs);
  if (as.rate === row.rate && !stood) return clockOf(row);
  const origin = as.rate === 1 ? as.wallMs : reached;
  await session.query(
    `update service_clock set origin = $1, wall_origin = $2, rate = $3, seen_at = greatest(seen_at, $1) where id = 1`,
    [timestamptz(origin), timestamptz(as.wallMs), as.rate],
  );
  return clockOf({ origin, wall_origin: as.wallMs, rate: as.rate, seen_at: origin });
}

function refuseToRunBack(reached: Instant, wallMs: number): void {
  if (reached <= wallMs) return;
  throw new Error(
    `Service time has reached ${timestamptz(reached)} on a scaled clock, ahead of the wall clock (${timestamptz(wallMs)}), and must ` +
      'not run back.\n- keep the time scale this database was run with, or\n- start with an empty database',
  );
}
