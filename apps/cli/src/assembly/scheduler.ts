import { hostname } from 'node:os';
import type { SchedulerDependencies, SchedulerEvent } from '#apps/scheduler';
import {
  CatalogueOutlooks,
  DispatchOutbox,
  type Instruments,
  KeepPromises,
  KeepReservations,
  MeasuredEngine,
  ObserveEngines,
  type PlannerHost,
  PlannerMirror,
  type PlayDemand,
  RunCycle,
  SettleHours,
  WatchPolicyFile,
} from '#libs/application';
import type { Settings } from '#libs/config';
import { nodeIdsOf } from '#libs/domain';
import { LocalEngine, type RenewableEngineDirectory, SimulatedEngine, engineDirectory } from '#libs/engines';
import {
  PostgresAttemptStore,
  PostgresCycleLog,
  PostgresJobRefuser,
  PostgresLeaseStore,
  PostgresOutbox,
  PostgresPlanCommitter,
  PostgresPlannerFeed,
  PostgresPolicyStore,
  PostgresPoolStore,
  PostgresPromiseStore,
  PostgresReservationKeeper,
  PostgresSettlementStore,
  PostgresSimulatedEngineStore,
  PostgresUpkeep,
} from '#libs/persistence';
import { WatchedPolicyFile } from './policy.js';
import { type Foundation, ids, sha256, stopwatch } from './foundation.js';

const KEYFRAME_EVERY = 200;
const LEASE_TTL_MS = 10_000;
/** Delivered messages stay a day, for whoever looks into what was told to an engine. */
const OUTBOX_KEPT_MS = 24 * 3_600_000;

/** One engine for each served pool, by the kind that its seed names; `renew` builds them anew from the catalogue as it stands. */
export function engines(
  foundation: Foundation,
  options: { readonly dataDir: string; readonly instruments: Instruments },
): RenewableEngineDirectory {
  const { live, system, time } = foundation;
  const store = new PostgresSimulatedEngineStore(system);
  const nodesOf = (poolId: string) =>
    live.catalogue.nodeGroups
      .filter((group) => group.poolId === poolId)
      .flatMap((group) => nodeIdsOf(group).map((id) => ({ id, groupId: group.id, shape: group.shape })));
  const measured = (poolId: string, engine: string, inner: SimulatedEngine | LocalEngine) =>
    new MeasuredEngine(inner, { poolId, engine }, options.instruments.scheduler, stopwatch);
  return engineDirectory(() => live.pools, {
    simulated: ({ poolId, placement }) =>
      measured(
        poolId,
        'simulated',
        new SimulatedEngine({ pool: { id: poolId, placement, nodes: nodesOf(poolId) }, store, ids }),
      ),
    local: ({ poolId }) =>
      measured(
        poolId,
        'local',
        new LocalEngine({
          poolId,
          nodeIds: nodesOf(poolId).map((node) => node.id),
          dataDir: options.dataDir,
          time: { toService: (wallMs) => time.at(wallMs), rate: time.rate },
        }),
      ),
  });
}

export function schedulerDependencies(
  foundation: Foundation,
  parts: {
    readonly engines: RenewableEngineDirectory;
    readonly host: PlannerHost;
    readonly instruments: Instruments;
    readonly demand: PlayDemand | null;
    readonly policyFile: string | null;
    /** How far back a cycle can be replayed: whatever of the two is less (DESIGN.md 5). */
    readonly replay: Pick<Settings, 'replayDays' | 'replayGib'>;
    readonly report: (event: SchedulerEvent) => void;
  },
): SchedulerDependencies {
  const { system, live, time, clock } = foundation;
  const { books } = live;
  const { instruments } = parts;
  const feed = new PostgresPlannerFeed(system, {
    staleSeconds: () => foundation.policy.current().latencyStaleSeconds,
  });
  const attempts = new PostgresAttemptStore(system);
  const log = new PostgresCycleLog(system);
  const outbox = new PostgresOutbox(system);
  const tables = new PostgresUpkeep(system);
  const mirror = new PlannerMirror(feed, parts.host, new CatalogueOutlooks(books), foundation.policy);
  const cyclePorts = {
    mirror,
    committer: new PostgresPlanCommitter(system),
    log,
    refuser: new PostgresJobRefuser(system),
    ids,
    sha256,
    stopwatch,
    instruments: instruments.scheduler,
    promises: new KeepPromises(new PostgresPromiseStore(system), instruments.scheduler),
  };
  return {
    holder: `${hostname()}:${process.pid}:${ids.uuid()}`,
    time,
    lease: new PostgresLeaseStore(system),
    clock,
    cycle: new RunCycle(cyclePorts, { keyframeEvery: KEYFRAME_EVERY }),
    dispatch: new DispatchOutbox(outbox, attempts, parts.engines, instruments.scheduler),
    observe: new ObserveEngines({
      pools: new PostgresPoolStore(system),
      attempts,
      engines: parts.engines,
      jobs: instruments.jobs,
      instruments: instruments.scheduler,
    }),
    settle: new SettleHours(new PostgresSettlementStore(system), books),
    reservations: new KeepReservations(new PostgresReservationKeeper(system), instruments.scheduler),
    demand: parts.demand,
    upkeep: [
      () => log.prune({ days: parts.replay.replayDays, bytes: parts.replay.replayGib * 2 ** 30 }),
      () => feed.prune(),
      () => outbox.prune(OUTBOX_KEPT_MS),
      () => tables.prune(),
    ],
    policy:
      parts.policyFile === null
        ? null
        : new WatchPolicyFile({
            file: new WatchedPolicyFile(parts.policyFile),
            store: new PostgresPolicyStore(system),
            active: foundation.policy,
            sha256,
            refused: () => instruments.scheduler.policyRefused(),
          }),
    report: parts.report,
    renewEngines: () => parts.engines.renew(),
    options: { leaseTtlMs: LEASE_TTL_MS },
  };
}
