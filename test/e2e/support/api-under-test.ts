import { randomBytes, createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, createApi } from '#apps/api';
import {
  CatalogueOutlooks,
  type Engine,
  ExplainShare,
  InProcessPlanner,
  OptionPrices,
  PlannerMirror,
  type Principal,
  QuoteJob,
  ServiceTime,
  SubmitJob,
  Turns,
  WhatHelps,
  defaultPolicy,
  fixedPolicy,
  noInstruments,
  settlementOf,
  siteBooks,
  type TenantDirectory,
} from '#libs/application';
import { loadSeeds } from '#libs/config';
import { type Catalogue, uuidv7 } from '#libs/domain';
import {
  type Database,
  PostgresCatalogueReader,
  PostgresCatalogueStore,
  PostgresCycleReader,
  PostgresFairnessStore,
  PostgresJobStore,
  PostgresKeyStore,
  PostgresLatencyStore,
  PostgresPlannerFeed,
  PostgresPolicyStore,
  PostgresPoolStore,
  PostgresPowerCapStore,
  PostgresReservationStore,
  PostgresPromiseReader,
  PostgresSettlementStore,
  openDatabase,
  openOrm,
} from '#libs/persistence';
import { ResidualBook } from '#libs/scheduling';
import { type FreshDatabase, freshDatabase } from '#libs/testing';

/** Two tenants of the seeds that know nothing of each other. */
export const blue = 'lianhuashan-ai';
export const green = 'hust';
/** Service time of all e2e tests of the API: it stands still unless a test moves it. */
export const testNow = Date.parse('2026-11-23T09:00:00+08:00');

export interface ApiUnderTest {
  readonly api: Api;
  readonly url: string;
  readonly catalogue: Catalogue;
  readonly system: Database;
  readonly keys: Readonly<Record<'operator' | 'planner' | 'auditor' | 'blue' | 'green', string>>;
  readonly logLines: string[];
  /** Makes a key and tells it. */
  newKey(
    role: Principal['role'],
    tenantId: string | null,
    expiresAt?: number,
  ): Promise<{ readonly key: string; readonly id: string }>;
  /** Moves the clock, which stands still otherwise. */
  pass(wallMs: number): void;
  /** The planner's picture follows what tests wrote. */
  refresh(): Promise<void>;
  /** Closes the hour of a site in the ledger, as the settlement does. */
  settle(siteId: string, hour: number): Promise<void>;
  close(): Promise<void>;
}
export interface Wishes {
  readonly database?: FreshDatabase;
  /** Where the API finds the database, when it is not to go there directly. */
  readonly apiUrl?: (databaseUrl: string) => string;
  readonly engine?: (poolId: string) => Engine | null;
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number };
  readonly rate?: number;
  /** Left to the test. */
  readonly listens?: false;
}

/** The API as the composition builds it, on a database of its own with the real seeds; the clock stands still. */
export async function anApi(wishes: Wishes = {}): Promise<ApiUnderTest> {
  const database = wishes.database ?? (await freshDatabase());
  const catalogue = await seeded(database.url);
  const url = wishes.apiUrl?.(database.url) ?? database.url;
  const app = openDatabase(url, {
    role: 'chusuan_app',
    max: 8,
    applicationName: 'e2e-app',
    onIdleError: () => undefined,
  });
  const system = openDatabase(url, {
    role: 'chusuan_system',
    max: 4,
    applicationName: 'e2e-system',
    onIdleError: () => undefined,
  });
  let wallMs = 0;
  const clock = { originMs: testNow, wallOriginMs: 0, rate: wishes.rate ?? 1 };
  const time = new ServiceTime(clock, { now: () => wallMs });
  const parts = await assembled({ app, system, catalogue, time });
  const logLines: string[] = [];
  const api = await createApi({
    ...parts.dependencies,
    engines: { of: wishes.engine ?? (() => null) },
    time,
    instruments: noInstruments.http,
    checks: [
      { name: 'database', check: async () => ((await system.query('select 1')).rowCount === 1 ? null : 'no row') },
    ],
    settings: {
      cursorKey: randomBytes(32),
      rateLimit: wishes.rateLimit,
      eventPollMs: 20,
      logLevel: 'warn',
      writeLog: (line) => void logLines.push(line),
    },
  });
  const address = wishes.listens === false ? '' : await api.listen(0, '127.0.0.1');
  const newKey = keyMaker(api);
  const keys = {
    operator: (await newKey('operator', null)).key,
    planner: (await newKey('planner', null)).key,
    auditor: (await newKey('auditor', null)).key,
    blue: (await newKey('tenant', blue)).key,
    green: (await newKey('tenant', green)).key,
  };
  const close = async (): Promise<void> => {
    await api.close();
    await Promise.all([app.close(), system.close(), parts.close()]);
    await database.drop();
  };
  return {
    api,
    url: address,
    catalogue,
    system,
    keys,
    pass: (ms) => void (wallMs += ms),
    logLines,
    newKey,
    refresh: parts.refresh,
    settle: parts.settle,
    close,
  };
}

async function seeded(url: string): Promise<Catalogue> {
  const seeds = await loadSeeds(join(process.cwd(), 'seeds'));
  if (seeds.kind !== 'ok') throw new Error(`The seeds have faults: ${JSON.stringify(seeds.faults.slice(0, 3))}`);
  const orm = await openOrm(url, 'chusuan_system');
  try {
    const stored = await new PostgresCatalogueStore(orm).store(seeds.catalogue, { enable: [] });
    if (stored.kind !== 'stored') throw new Error(`The seeds were refused: ${stored.problems.join('; ')}`);
    return seeds.catalogue;
  } finally {
    await orm.close();
  }
}

function directoryOf(catalogue: Catalogue): TenantDirectory {
  const byId = new Map(catalogue.tenants.map((tenant) => [tenant.id, tenant]));
  return {
    find: (id: string) => {
      const tenant = byId.get(id);
      if (!tenant) return null;
      const { homeDistrict, sample } = tenant;
      return {
        id,
        homeDistrict,
        sample,
        priority: tenant.priorityClass.value,
        maxDataLevel: tenant.maxDataLevel.level,
      };
    },
  };
}

async function assembled(on: {
  readonly app: Database;
  readonly system: Database;
  readonly catalogue: Catalogue;
  readonly time: ServiceTime;
}) {
  const { app, system, catalogue, time } = on;
  const enabled = new Set(catalogue.pools.filter((pool) => pool.enabled).map((pool) => pool.id));
  const books = siteBooks(catalogue, enabled);
  const host = new InProcessPlanner();
  const mirror = new PlannerMirror(
    new PostgresPlannerFeed(system),
    host,
    new CatalogueOutlooks(books),
    fixedPolicy(defaultPolicy),
  );
  await mirror.refresh(time.now());
  const tenants = directoryOf(catalogue);
  const desk = {
    get asOf() {
      return mirror.asOf;
    },
    refresh: (now: number) => mirror.refresh(now),
    quote: host.quote.bind(host),
    whatIf: host.whatIf.bind(host),
    admit: host.admit.bind(host),
  };
  const jobs = new PostgresJobStore(app);
  const promises = new PostgresPromiseReader(app, system);
  const residuals = async (): Promise<ResidualBook> => new ResidualBook(await promises.residuals());
  const quoting = {
    desk,
    tenants,
    store: jobs,
    policy: () => defaultPolicy,
    prices: new OptionPrices({ books, residuals }),
  };
  const turns = new Turns({ stopwatchMs: () => performance.now(), pause: (ms) => sleep(ms) });
  const whatHelps = new WhatHelps({ ...quoting, turns });
  const fairness = new PostgresFairnessStore(system);
  const ids = { uuid: () => uuidv7(Date.now(), randomBytes(10)) };
  return {
    dependencies: {
      jobs,
      submitJob: new SubmitJob({ ...quoting, ids, instruments: noInstruments.jobs }),
      quoteJob: new QuoteJob({ ...quoting, whatHelps }),
      whatHelps,
      promises,
      catalogue: new PostgresCatalogueReader(app, system),
      reference: () => catalogue,
      keys: new PostgresKeyStore(system),
      pools: new PostgresPoolStore(system),
      reservations: new PostgresReservationStore(app, system),
      powerCaps: new PostgresPowerCapStore(system),
      latencies: new PostgresLatencyStore(system),
      ids,
      cycles: new PostgresCycleReader(system),
      policies: new PostgresPolicyStore(system),
      policySha256: (text: string) => createHash('sha256').update(text).digest('hex'),
      fairness,
      explainShare: new ExplainShare(fairness, () => defaultPolicy),
    },
    refresh: async () => void (await mirror.refresh(time.now())),
    settle: async (siteId: string, hour: number): Promise<void> => {
      const book = books.get(siteId);
      if (!book) throw new Error(`No enabled pool is at site ${siteId}`);
      const store = new PostgresSettlementStore(system);
      await store.append(settlementOf(book, hour, await store.occupancy(siteId, hour)));
    },
    close: () => host.close(),
  };
}

const keyMaker =
  (api: Api): ApiUnderTest['newKey'] =>
  async (role, tenantId, expiresAt) => {
    const key = `csk_${role}_${randomBytes(24).toString('base64url')}`;
    const id = uuidv7(Date.now(), randomBytes(10));
    const sha256 = createHash('sha256').update(key).digest();
    await api.keys.add([{ id, sha256, role, tenantId, label: 'e2e', expiresAt: expiresAt ?? null }]);
    return { key, id };
  };
