import type { ClockStore, WallClock } from '#libs/application';
import { serviceTime, type Instant, type ServiceClock } from '#libs/domain';
import { timestamptz, type Database, type Session } from './database.js';
import { quietWallMs } from './service-time-sql.js';

const wallItself: ServiceClock = { originMs: 0, wallOriginMs: 0, rate: 1 };

interface ClockRow {
  readonly origin: Instant;
  readonly wall_origin: number;
  readonly rate: number;
  readonly seen_at: Instant;
}
const readClock = 'select origin, wall_origin, rate, seen_at from service_clock where id = 1';

// Pools that were switched on before there was a service time are so since it began; said before `origin` moves.
const noteSwitchedOn = `
  update pool p set enabled_since = c.origin from service_clock c where p.enabled and p.enabled_since is null`;

// What the clock was seen at is up to a tick old when a process is killed; what was written under later time stays before us.
const furthest = `
  select greatest(c.seen_at, (select max(observed_at) from pool), (select max(hour) + interval '1 hour' from settlement_site_hour)) as reached
  from service_clock c where c.id = 1`;

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

  /** The rate that this installation was last run at; null before it was ever run. */
  async storedRate(): Promise<number | null> {
    const { rows } = await this.database.query<ClockRow>(readClock);
    return rows[0]?.rate ?? null;
  }

  async remember(serviceMs: Instant): Promise<void> {
    await this.database.query('update service_clock set seen_at = greatest(seen_at, $1::timestamptz) where id = 1', [
      timestamptz(serviceMs),
    ]);
  }

  /**
   * Makes the clock, or goes on with the one there is: a scaled clock that stood still (nobody remembered it for 5 s of wall
   * time) resumes where it was last seen, or at the latest instant anything was observed or settled. A new rate goes on from
   * there too.
   *
   * @param start service seconds a wall second, and where service time begins when there is no clock yet (ignored at rate 1)
   * @throws Error when another rate is asked for while somebody still remembers the clock: it would change under that process;
   *   and when rate 1 is asked for and service time is ahead of the wall clock: it would have to run back
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
      await session.query(noteSwitchedOn);
      return resume(session, rows[0], { rate: start.rate, wallMs });
    });
  }
}

const clockOf = (row: ClockRow): ServiceClock =>
  row.rate === 1 ? wallItself : { originMs: row.origin, wallOriginMs: row.wall_origin, rate: row.rate };

async function resume(session: Session, row: ClockRow, as: { rate: number; wallMs: number }): Promise<ServiceClock> {
  const present = serviceTime(clockOf(row), as.wallMs);
  const quiet = present - row.seen_at > quietWallMs * row.rate;
  if (as.rate === row.rate && (row.rate === 1 || !quiet)) return clockOf(row);
  if (!quiet) throw new Error(keptByAnother(row, as.rate));
  const reached = row.rate === 1 ? present : await furthestReached(session, row);
  if (as.rate === 1) refuseToRunBack(reached, as.wallMs);
  const origin = as.rate === 1 ? as.wallMs : reached;
  await session.query(
    `update service_clock set origin = $1, wall_origin = $2, rate = $3, seen_at = greatest(seen_at, $1) where id = 1`,
    [timestamptz(origin), timestamptz(as.wallMs), as.rate],
  );
  return clockOf({ origin, wall_origin: as.wallMs, rate: as.rate, seen_at: origin });
}

async function furthestReached(session: Session, row: ClockRow): Promise<Instant> {
  const { rows } = await session.query<{ reached: Instant }>(furthest);
  return rows[0]?.reached ?? row.seen_at;
}

const keptByAnother = (row: ClockRow, rate: number): string =>
  `Service time runs at rate ${row.rate} and was remembered within the last ${quietWallMs / 1000} s: another process of this ` +
  `installation is alive, and rate ${rate} would change the clock under it.\n- use rate ${row.rate}, as it does, or\n` +
  `- end that process and start again ${quietWallMs / 1000} s later`;

function refuseToRunBack(reached: Instant, wallMs: number): void {
  if (reached <= wallMs) return;
  throw new Error(
    `Service time has reached ${timestamptz(reached)} on a scaled clock, ahead of the wall clock (${timestamptz(wallMs)}), and must ` +
      'not run back.\n- keep the time scale this database was run with, or\n- start with an empty database',
  );
}
