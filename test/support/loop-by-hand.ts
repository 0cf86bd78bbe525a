import { createHash } from 'node:crypto';
import {
  type AttemptStore,
  type CycleLog,
  DispatchOutbox,
  type Engine,
  InProcessPlanner,
  ObserveEngines,
  PlannerMirror,
  type PolicySource,
  RunCycle,
  noInstruments,
  noOutlook,
} from '#libs/application';
import {
  type Database,
  PostgresAttemptStore,
  PostgresCycleLog,
  PostgresJobRefuser,
  PostgresLeaseStore,
  PostgresOutbox,
  PostgresPlanCommitter,
  PostgresPlannerFeed,
  PostgresPoolStore,
} from '#libs/persistence';
import { aUuid } from '#libs/testing';

/** The ports that the loop stands on; a life of the scheduler may bring some that fail. */
export interface LoopPorts {
  readonly attempts: AttemptStore;
  readonly log: CycleLog;
}
export interface LoopParts extends Partial<LoopPorts> {
  readonly holder: string;
  readonly engineOf: (poolId: string) => Engine | null;
  readonly policy: PolicySource;
  readonly keyframeEvery: number;
}
/** One life of a scheduler: what it remembers is gone with it, what is in the database is not. */
export interface SchedulerLife {
  readonly holder: string;
  readonly epoch: number;
  readonly cycle: RunCycle;
  readonly dispatch: DispatchOutbox;
  readonly observe: ObserveEngines;
}

/** The loop of the scheduler on the stores and the planner of production, turned by whoever asks for it; takes the lease. */
export async function aLoopByHand(system: Database, parts: LoopParts): Promise<SchedulerLife> {
  const { holder, policy, keyframeEvery } = parts;
  const { epoch } = await new PostgresLeaseStore(system).acquire(holder, 600_000);
  const instruments = noInstruments.scheduler;
  const attempts = parts.attempts ?? new PostgresAttemptStore(system);
  const engines = { of: parts.engineOf };
  const cycle = new RunCycle(
    {
      mirror: new PlannerMirror(new PostgresPlannerFeed(system), new InProcessPlanner(), noOutlook, policy),
      committer: new PostgresPlanCommitter(system),
      log: parts.log ?? new PostgresCycleLog(system),
      refuser: new PostgresJobRefuser(system),
      ids: { uuid: aUuid },
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      stopwatch: () => 0,
      instruments,
    },
    { keyframeEvery },
  );
  return {
    holder,
    epoch,
    cycle,
    dispatch: new DispatchOutbox(new PostgresOutbox(system), attempts, engines, instruments),
    observe: new ObserveEngines({
      pools: new PostgresPoolStore(system),
      attempts,
      engines,
      jobs: noInstruments.jobs,
      instruments,
    }),
  };
}
