import {
  authFailures,
  cycleStages,
  httpPriorities,
  httpRejections,
  idempotencyResults,
  type ConnectionCounts,
  type CounterStore,
  type DatabaseInstruments,
  type EndedJob,
  type HttpInstruments,
  type Instruments,
  type JobInstruments,
  type SchedulerInstruments,
  type StartedJob,
} from '#libs/application';
import { isOver, jobClasses } from '#libs/domain';
import { familyKeys, familyOf, type Family } from './catalogue.js';
import { DurableCounters } from './durable-counters.js';
import type { ExposedFamily } from './exposition.js';
import { ProcessRegistry } from './process-registry.js';

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
}
const MS_PER_SECOND = 1_000;
/** Shorter runs count as this long, or they would rule the mean (bounded slowdown, Feitelson 1998). */
const SLOWDOWN_FLOOR_SECONDS = 600;

/** What one process tells of itself. Made once a process, handed to whoever does the work, and to the exporter. */
export class ProcessInstruments implements Instruments {
  readonly durable: DurableCounters;
  readonly http: HttpInstruments;
  readonly scheduler: SchedulerInstruments;
  readonly jobs: JobInstruments;
  readonly database: DatabaseInstruments;
  private readonly registry = new ProcessRegistry();
  private readonly connections: (() => ConnectionCounts)[] = [];

  constructor(options: { readonly counters: CounterStore; readonly build: BuildInfo }) {
    this.durable = new DurableCounters(options.counters);
    this.http = httpInstruments(this.registry);
    this.scheduler = schedulerInstruments(this.registry, this.durable);
    this.jobs = jobInstruments(this.registry, this.durable);
    this.database = { watch: (connections) => void this.connections.push(connections) };
    const { version, revision, nodeVersion } = options.build;
    this.registry.set('buildInfo', { version, revision, node_version: nodeVersion }, 1);
    zeros(this.registry);
  }

  /** Hands what was counted for good to the database. Rejects when it cannot; nothing is lost by that. */
  flush(): Promise<void> {
    return this.durable.flush();
  }

  seriesDropped(family: Family): void {
    this.registry.dropped(family);
  }

  async families(): Promise<ExposedFamily[]> {
    const counts = this.connections.map((read) => read());
    for (const state of ['idle', 'used', 'waiting'] as const)
      this.registry.set(
        'dbPool',
        { state },
        counts.reduce((sum, count) => sum + count[state], 0),
      );
    return this.registry.families();
  }
}

function httpInstruments(registry: ProcessRegistry): HttpInstruments {
  return {
    began: (priority) => registry.move('httpInFlight', { priority }, 1),
    ended: ({ route, method, code, seconds, priority }) => {
      registry.move('httpInFlight', { priority }, -1);
      registry.increase('httpRequests', { route, method, code: String(code) });
      registry.observe('httpDuration', { route, method }, seconds);
    },
    rejected: (reason) => registry.increase('httpRejected', { reason }),
    idempotent: (result) => registry.increase('idempotentReplays', { result }),
    authFailed: (reason) => registry.increase('authFailures', { reason }),
  };
}

function schedulerInstruments(registry: ProcessRegistry, durable: DurableCounters): SchedulerInstruments {
  return {
    staged: (stage, seconds) => registry.observe('cycleSeconds', { stage }, seconds),
    decided: (decision, jobs) => durable.add('decisions', { decision }, jobs),
    backfilled: (pool, jobs) => durable.add('backfilledJobs', { pool }, jobs),
    preempted: (pool, reason) => durable.add('preemptions', { pool, reason }, 1),
    conflicted: (kind, times) => durable.add('conflicts', { kind }, times),
    reserved: (outcome, occurrences) => durable.add('reservationOccurrences', { outcome }, occurrences),
    policyRefused: () => durable.add('policyReloadFailures', {}, 1),
    promised: ({ class: jobClass, kind, score }) => {
      durable.add('promiseOutcomes', { class: jobClass, kind, kept: String(score.kept) }, 1);
      if (kind === 'first') registry.observe('reservationSlip', { class: jobClass }, Math.max(0, score.error));
    },
    called: ({ poolId: pool, engine, operation: op, result, seconds }) => {
      registry.increase('dispatch', { pool, engine, op, result });
      registry.observe('dispatchSeconds', { pool, op }, seconds);
    },
    drifted: (pool, found) => {
      for (const [kind, jobs] of Object.entries(found)) registry.set('engineDrift', { pool, kind }, jobs);
    },
  };
}

function jobInstruments(registry: ProcessRegistry, durable: DurableCounters): JobInstruments {
  return {
    rejected: (reason) => durable.add('jobsRejected', { reason }, 1),
    started: (job: StartedJob) => {
      const { poolId: pool, class: jobClass } = job;
      registry.observe('jobWait', { pool, class: jobClass }, (job.startedAt - job.submittedAt) / MS_PER_SECOND);
      if (job.releasedAt !== null)
        registry.observe('jobStartDelay', { pool }, (job.startedAt - job.releasedAt) / MS_PER_SECOND);
    },
    ended: (job: EndedJob) => {
      // An attempt that was lost or rejected sends its job back into the queue: that run is not the job's.
      if (job.startedAt === null || !isOver(job.jobState)) return;
      const label = { class: job.class };
      const run = (job.endedAt - job.startedAt) / MS_PER_SECOND;
      const wait = (job.startedAt - job.submittedAt) / MS_PER_SECOND;
      registry.observe('jobRun', label, run);
      if (job.jobState === 'cancelled') return;
      registry.observe('jobSlowdown', label, Math.max(1, (wait + run) / Math.max(run, SLOWDOWN_FLOOR_SECONDS)));
      registry.observe('jobEstimate', label, run / job.limitSeconds);
    },
  };
}

function zeros(registry: ProcessRegistry): void {
  for (const { fold, name } of familyKeys.map(familyOf))
    if (fold !== undefined) registry.zero('seriesDropped', { metric: name });
  for (const priority of httpPriorities) registry.zero('httpInFlight', { priority });
  for (const reason of httpRejections) registry.zero('httpRejected', { reason });
  for (const result of idempotencyResults) registry.zero('idempotentReplays', { result });
  for (const reason of authFailures) registry.zero('authFailures', { reason });
  for (const stage of cycleStages) registry.zero('cycleSeconds', { stage });
  for (const jobClass of jobClasses) {
    registry.zero('jobRun', { class: jobClass });
    registry.zero('jobSlowdown', { class: jobClass });
    registry.zero('jobEstimate', { class: jobClass });
    registry.zero('reservationSlip', { class: jobClass });
  }
}
