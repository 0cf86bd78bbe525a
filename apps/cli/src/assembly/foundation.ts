import { createHash, randomBytes } from 'node:crypto';
import {
  type IdSource,
  type Instruments,
  ServiceTime,
  type SiteBook,
  type SubmittingTenant,
  type TenantDirectory,
  type WallClock,
  siteBooks,
} from '#libs/application';
import { type Catalogue, DAY_MS, HOUR_MS, type Instant, shanghai, uuidv7 } from '#libs/domain';
import {
  type Database,
  PostgresCatalogueStore,
  PostgresClockStore,
  PostgresPoolStore,
  openDatabase,
  openOrm,
} from '#libs/persistence';

export const wallClock: WallClock = { now: () => Date.now() };
export const ids: IdSource = { uuid: () => uuidv7(Date.now(), randomBytes(10)) };
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const stopwatch = (): number => performance.now() / 1000;

/** What every process of the service stands on: connections by role, the catalogue as stored, and the service's clock. */
export interface Foundation {
  readonly url: string;
  readonly app: Database;
  readonly system: Database;
  readonly catalogue: Catalogue;
  readonly pools: Awaited<ReturnType<PostgresPoolStore['engines']>>;
  readonly books: ReadonlyMap<string, SiteBook>;
  readonly tenants: TenantDirectory;
  readonly time: ServiceTime;
  readonly clock: PostgresClockStore;
  close(): Promise<void>;
}

export async function layFoundation(options: {
  readonly url: string;
  readonly rate: number;
  readonly name: string;
  readonly instruments: Instruments;
  readonly onIdleError: (error: Error) => void;
}): Promise<Foundation> {
  const { url, name, onIdleError } = options;
  const app = openDatabase(url, { role: 'chusuan_app', max: 24, applicationName: `${name}-app`, onIdleError });
  const system = openDatabase(url, { role: 'chusuan_system', max: 12, applicationName: `${name}-system`, onIdleError });
  const clock = new PostgresClockStore(system, wallClock);
  const serviceClock = await clock.ensure({ rate: options.rate, originMs: firstOrigin(options.rate, wallClock.now()) });
  const catalogue = await storedCatalogue(url);
  const pools = await new PostgresPoolStore(system).engines();
  return {
    url,
    app,
    system,
    catalogue,
    pools,
    books: siteBooks(catalogue, new Set(pools.map((pool) => pool.poolId))),
    tenants: tenantDirectory(catalogue),
    time: new ServiceTime(serviceClock, wallClock),
    clock,
    close: async () => {
      await Promise.all([app.close(), system.close()]);
    },
  };
}

/** Read once, at the start: a planner who seeds again while the service runs is seen at the next start. */
async function storedCatalogue(url: string): Promise<Catalogue> {
  const orm = await openOrm(url);
  try {
    return await new PostgresCatalogueStore(orm).load();
  } finally {
    await orm.close();
  }
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

function tenantDirectory(catalogue: Catalogue): TenantDirectory {
  const byId = new Map(
    catalogue.tenants.map((tenant): [string, SubmittingTenant] => [
      tenant.id,
      {
        id: tenant.id,
        homeDistrict: tenant.homeDistrict,
        priority: tenant.priorityClass.value,
        maxDataLevel: tenant.maxDataLevel.level,
        sample: tenant.sample,
      },
    ]),
  );
  return { find: (id) => byId.get(id) ?? null };
}
