import { createHash, randomBytes } from 'node:crypto';
import { ActivePolicy, type IdSource, type Instruments, ServiceTime, type WallClock } from '#libs/application';
import { DAY_MS, HOUR_MS, type Instant, type ServiceClock, shanghai, uuidv7 } from '#libs/domain';
import {
  type Database,
  PostgresClockStore,
  PostgresPolicyStore,
  isConnectionLoss,
  openDatabase,
} from '#libs/persistence';
import { CliError } from '../exit.js';
import { LiveCatalogue } from './live-catalogue.js';

export const wallClock: WallClock = { now: () => Date.now() };
export const ids: IdSource = { uuid: () => uuidv7(Date.now(), randomBytes(10)) };
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** How soon a replica hears of a policy that another process activated, wall milliseconds. */
const POLICY_EVERY_MS = 2_000;
export const stopwatch = (): number => performance.now() / 1000;

/** What every process of the service stands on: connections by role, the catalogue as stored, and the service's clock. */
export interface Foundation {
  readonly url: string;
  readonly app: Database;
  readonly system: Database;
  readonly live: LiveCatalogue;
  readonly time: ServiceTime;
  readonly clock: PostgresClockStore;
  /** The active policy of the database, followed. */
  readonly policy: ActivePolicy;
  close(): Promise<void>;
}

export async function layFoundation(options: {
  readonly url: string;
  readonly rate: number;
  readonly name: string;
  readonly instruments: Instruments;
  readonly onError: (what: string, error: unknown) => void;
}): Promise<Foundation> {
  const { url, name, onError } = options;
  const onIdleError = (): void => undefined; // the query that meets the broken connection tells
  const app = openDatabase(url, { role: 'chusuan_app', max: 24, applicationName: `${name}-app`, onIdleError });
  const system = openDatabase(url, { role: 'chusuan_system', max: 12, applicationName: `${name}-system`, onIdleError });
  const closePools = () => Promise.all([app.close(), system.close()]);
  try {
    for (const pool of [app, system]) options.instruments.database.watch(() => pool.connections());
    const clock = new PostgresClockStore(system, wallClock);
    const time = new ServiceTime(await clockAt(clock, options.rate), wallClock);
    const live = new LiveCatalogue(url, system);
    await live.load();
    live.follow((error) => onError('the catalogue', error));
    const policy = new ActivePolicy(new PostgresPolicyStore(system), sha256);
    await policy.refresh();
    const following = setInterval(() => {
      policy.refresh().catch((error: unknown) => onError('the policy', error));
    }, POLICY_EVERY_MS);
    const close = async (): Promise<void> => {
      clearInterval(following);
      await live.close();
      await closePools();
    };
    return { url, app, system, live, time, clock, policy, close };
  } catch (error) {
    await closePools();
    throw error;
  }
}

async function clockAt(clock: PostgresClockStore, rate: number): Promise<ServiceClock> {
  requireSameKindOfTime(await clock.storedRate(), rate);
  try {
    return await clock.ensure({ rate, originMs: firstOrigin(rate, wallClock.now()) });
  } catch (error) {
    if (isConnectionLoss(error)) throw error;
    throw new CliError('conflict', error instanceof Error ? error.message : String(error));
  }
}

/** Demonstration and production do not share a database: the one's week in an hour would be the other's history. */
function requireSameKindOfTime(stored: number | null, asked: number): void {
  if (stored === null || (stored === 1) === (asked === 1)) return;
  throw new CliError(
    'conflict',
    stored === 1
      ? `This database holds an installation on wall time, and a clock ${asked} times as fast was asked for: it would run away from its history.\n- use another database (or unset CHUSUAN_DATABASE_URL), or\n- set CHUSUAN_TIME_SCALE=1`
      : `This database was run by \`npm start\` at ${stored} times wall time and holds its sample: no ground for an installation on wall time.\n- use another database, or\n- start it with CHUSUAN_TIME_SCALE=${stored}`,
  );
}

/** A scaled clock begins on a Monday at 06:00 in Asia/Shanghai, so that the first minutes show a working morning; a real one is the wall's. */
export function firstOrigin(rate: number, wallMs: number): Instant {
  if (rate === 1) return wallMs;
  const local = shanghai(wallMs);
  const daysSinceMonday = (local.weekday + 6) % 7;
  const midnight = Math.floor((wallMs + 8 * HOUR_MS) / DAY_MS) * DAY_MS - 8 * HOUR_MS;
  const monday = midnight - daysSinceMonday * DAY_MS + 6 * HOUR_MS;
  return monday <= wallMs ? monday : monday - 7 * DAY_MS;
}
