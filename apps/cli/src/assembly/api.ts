import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiDependencies } from '#apps/api';
import {
  type EngineDirectory,
  ExplainShare,
  InProcessPlanner,
  type Instruments,
  OptionPrices,
  PlannerMirror,
  type QuoteDesk,
  QuoteJob,
  SubmitJob,
  CatalogueOutlooks,
  Turns,
  WhatHelps,
  type ServicePolicy,
} from '#libs/application';
import type { Settings } from '#libs/config';
import { ResidualBook } from '#libs/scheduling';
import {
  PostgresCatalogueReader,
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
  schemaState,
} from '#libs/persistence';
import { type Foundation, ids, sha256, stopwatch } from './foundation.js';
import { onceASecond } from './once-a-second.js';

/** How old the state behind an admission may be, wall milliseconds: it only looks at what pools there are. */
const MIRROR_EVERY_MS = 1_000;
/** A picture that could not be refreshed for so long is no ground for an answer. */
const STALE_SECONDS = 30;

export interface ApiAssembly {
  readonly dependencies: ApiDependencies;
  /** Stops following the database. */
  close(): Promise<void>;
}

export async function assembleApi(
  foundation: Foundation,
  parts: {
    readonly engines: EngineDirectory;
    readonly instruments: Instruments;
    readonly dataDir: string;
    readonly requestsPerSecond: number;
    readonly logLevel: Settings['logLevel'];
    readonly onChange?: () => void;
    readonly onError: (what: string, error: unknown) => void;
  },
): Promise<ApiAssembly> {
  const { app, system, live, time } = foundation;
  const { books, tenants } = live;
  const host = new InProcessPlanner(stopwatch);
  const mirror = new PlannerMirror(
    new PostgresPlannerFeed(system, {
      staleSeconds: () => foundation.policy.current().latencyStaleSeconds,
    }),
    host,
    new CatalogueOutlooks(books),
    foundation.policy,
  );
  await mirror.refresh(time.now());
  let followedAt = stopwatch();
  const following = setInterval(() => {
    const follow = async (): Promise<void> => {
      await mirror.refresh(time.now());
      followedAt = stopwatch();
    };
    follow().catch((error: unknown) => parts.onError("the API's picture of the queue", error));
  }, MIRROR_EVERY_MS);
  const schema = onceASecond(() => schemaState(system));
  const jobs = new PostgresJobStore(app);
  const promises = new PostgresPromiseReader(app, system);
  const residuals = onceASecond(async () => new ResidualBook(await promises.residuals()));
  const desk = deskOf(mirror, host);
  const policy = (): ServicePolicy['planning'] => foundation.policy.current().planning;
  return {
    dependencies: {
      jobs,
      submitJob: new SubmitJob({
        store: jobs,
        tenants,
        desk,
        ids,
        policy,
        instruments: parts.instruments.jobs,
      }),
      ...quotesOf({ desk, tenants, store: jobs, policy, prices: new OptionPrices({ books, residuals }) }),
      promises,
      ...storesOf(foundation),
      reference: () => live.catalogue,
      ids,
      ...decisionsOf(foundation),
      engines: parts.engines,
      time,
      instruments: parts.instruments.http,
      checks: checksOf(schema, mirror, () => followedAt),
      settings: {
        cursorKey: cursorKey(parts.dataDir),
        rateLimit: { perSecond: parts.requestsPerSecond, burst: parts.requestsPerSecond * 2 },
        logLevel: parts.logLevel,
      },
      onChange: parts.onChange,
    },
    close: async () => {
      clearInterval(following);
      await host.close();
    },
  };
}

function checksOf(
  schema: () => ReturnType<typeof schemaState>,
  mirror: PlannerMirror,
  followedAt: () => number,
): ApiDependencies['checks'] {
  return [
    { name: 'database', check: async () => faultOf(await schema()) },
    {
      name: 'planner',
      check: async () => {
        if (mirror.asOf === null) return 'the picture of pools and queue is not loaded yet';
        const age = stopwatch() - followedAt();
        return age > STALE_SECONDS ? `the picture of pools and queue is ${Math.round(age)} s old` : null;
      },
    },
  ];
}

const deskOf = (mirror: PlannerMirror, host: InProcessPlanner): QuoteDesk => ({
  get asOf() {
    return mirror.asOf;
  },
  refresh: (now) => mirror.refresh(now),
  quote: host.quote.bind(host),
  whatIf: host.whatIf.bind(host),
  admit: host.admit.bind(host),
});

function quotesOf(
  ports: Omit<ConstructorParameters<typeof QuoteJob>[0], 'whatHelps'>,
): Pick<ApiDependencies, 'quoteJob' | 'whatHelps'> {
  const turns = new Turns({ stopwatchMs: () => performance.now(), pause: (ms) => sleep(ms) });
  const whatHelps = new WhatHelps({ ...ports, turns });
  return { quoteJob: new QuoteJob({ ...ports, whatHelps }), whatHelps };
}

function faultOf(state: Awaited<ReturnType<typeof schemaState>>): string | null {
  if (state.kind === 'ready') return null;
  return state.kind === 'unreachable'
    ? `the database does not answer: ${state.why}`
    : `migrations are missing: ${state.missing.join(', ')}`;
}

/** What operators decide: the policy, and the quotas with the shares that follow. */
function decisionsOf({
  system,
  policy,
}: Foundation): Pick<ApiDependencies, 'policies' | 'policySha256' | 'fairness' | 'explainShare'> {
  const fairness = new PostgresFairnessStore(system);
  return {
    policies: new PostgresPolicyStore(system),
    policySha256: sha256,
    fairness,
    explainShare: new ExplainShare(fairness, () => policy.current().planning),
  };
}

const storesOf = ({ app, system }: Foundation) => ({
  catalogue: new PostgresCatalogueReader(app, system),
  cycles: new PostgresCycleReader(system),
  keys: new PostgresKeyStore(system),
  pools: new PostgresPoolStore(system),
  reservations: new PostgresReservationStore(app, system),
  powerCaps: new PostgresPowerCapStore(system),
  latencies: new PostgresLatencyStore(system),
});

/** Signs page cursors; kept, so that a page asked for before a restart can be followed after it. */
function cursorKey(dataDir: string): Uint8Array {
  const file = join(dataDir, 'cursor.key');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  }
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}
