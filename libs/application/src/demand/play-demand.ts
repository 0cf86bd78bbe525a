import { type Instant, HOUR_MS } from '#libs/domain';
import { type EndedRun, type PlanningPolicy, predictorOf } from '#libs/scheduling';
import type { SampleJob } from '#libs/simulation';
import { type SubmittingTenant, type TenantDirectory, completed, newJob } from '../jobs/submit-job.js';
import type { IdSource, JobStore, NewJob } from '../ports.js';
import type { DemandRunStore } from './demand-run-store.js';
import type { DemandPlan, DemandSource } from './demand-source.js';

const BATCH_JOBS = 1_000;
const CATCH_UP_MS = 6 * HOUR_MS;

interface PlayPorts {
  readonly store: DemandRunStore;
  readonly tenants: TenantDirectory;
  readonly history: Pick<JobStore, 'lastRuns'>;
  readonly ids: IdSource;
  /** The one in force. */
  readonly policy: () => Pick<PlanningPolicy, 'predictor'>;
}
export interface PlayOptions {
  /** Of the service clock. At 1 it runs on while the service is down, and what was missed is caught up in part. */
  readonly clockRate: number;
  /** How much of what was missed is still submitted; default six hours. */
  readonly catchUpMs?: number;
}

export type BegunPlay =
  | { readonly kind: 'ready'; readonly play: PlayDemand; readonly resumed: boolean }
  | { readonly kind: 'other-spec'; readonly spec: unknown };

/** For the CLI and the log. */
export interface DemandProgress {
  readonly kind: 'sample' | 'trace';
  readonly label: string;
  /** Of a trace since its start, of generated demand since this process began to play it. */
  readonly submitted: number;
  readonly total: number | null;
  /** Everything due before it has been submitted or skipped; infinite when the source is over. */
  readonly position: Instant;
  readonly done: boolean;
  /** The last stretch that was left out because it was missed too long ago. */
  readonly skipped: SkippedDemand | null;
}
export interface SkippedDemand {
  readonly from: Instant;
  readonly until: Instant;
  /** How many jobs that were; null where the stretch is too long to draw them for a count. */
  readonly jobs: number | null;
}
/** A month of generated demand is drawn in a few seconds. */
const COUNTED_MS = 31 * 24 * HOUR_MS;

/**
 * Submits, as service time comes to them, the jobs of generated demand or of a log. The cursor moves in the transaction that
 * inserts the jobs: each job is submitted once, over restarts and with several schedulers playing.
 */
export class PlayDemand {
  private submitted: number;
  private position: Instant;
  private skipped: SkippedDemand | null = null;
  private playing: Promise<DemandProgress> | null = null;
  private cursor: number;
  /** The cursor in the database: behind ours by stretches without jobs, which are the same when they are drawn again. */
  private stored: number;
  private done: boolean;
  private readonly catchUpMs: number;

  private constructor(
    private readonly plan: DemandPlan,
    private readonly source: DemandSource,
    private readonly ports: PlayPorts,
    begun: { readonly cursor: number; readonly done: boolean; readonly catchUpMs: number },
  ) {
    this.cursor = this.stored = begun.cursor;
    this.done = begun.done;
    this.catchUpMs = begun.catchUpMs;
    this.submitted = source.countBefore(begun.cursor);
    this.position = source.positionOf(begun.cursor);
  }

  /** Begins the plan at `now`, or goes on with it where it stopped. Throws when it has jobs of tenants that are not there. */
  static async begin(plan: DemandPlan, ports: PlayPorts, now: Instant, options: PlayOptions): Promise<BegunPlay> {
    const unknown = plan.tenantIds.filter((id) => !ports.tenants.find(id));
    if (unknown.length > 0) {
      throw new Error(
        `${plan.label}: no tenant ${unknown.join(', ')} in the database: load the seeds that the demand was made for`,
      );
    }
    const begun = await ports.store.begin({ id: plan.id, kind: plan.kind, spec: plan.spec, origin: now });
    if (begun.kind === 'other-spec') return begun;
    const source = plan.startingAt(begun.origin);
    // A scaled clock stands still while the service is down, so it never has a stretch to catch up.
    const catchUpMs = options.clockRate === 1 ? (options.catchUpMs ?? CATCH_UP_MS) : Infinity;
    const play = new PlayDemand(plan, source, ports, { cursor: begun.cursor, done: begun.done, catchUpMs });
    return { kind: 'ready', resumed: begun.resumed, play };
  }

  /** Submits all that is due at `now`. Called while a call is under way, it answers with that one's. */
  play(now: Instant): Promise<DemandProgress> {
    this.playing ??= this.submitDue(now).finally(() => (this.playing = null));
    return this.playing;
  }

  progress(): DemandProgress {
    const { submitted, position, done, skipped } = this;
    const { kind, label } = this.plan;
    return { kind, label, submitted, total: this.source.total, position, done, skipped };
  }

  private async submitDue(now: Instant): Promise<DemandProgress> {
    await this.skipMissed(now);
    for (let more = !this.done; more;) {
      const batch = this.source.upTo(now + 1, this.cursor, BATCH_JOBS);
      const isOurs = await this.advance(batch.cursor, await this.newJobs(batch.jobs));
      more = batch.more && isOurs;
    }
    this.position = this.done ? this.source.positionOf(this.cursor) : now;
    return this.progress();
  }

  /** A month of downtime would come back as a month of jobs at once, which no fleet could work off. */
  private async skipMissed(now: Instant): Promise<void> {
    const from = this.source.positionOf(this.cursor);
    const until = now - this.catchUpMs;
    if (this.done || !(from < until)) return;
    const isCounted = this.source.total !== null || until - from <= COUNTED_MS;
    const jobs = isCounted ? this.source.upTo(until, this.cursor, Infinity).jobs.length : null;
    const isOurs = await this.move(this.source.cursorAt(until), []);
    if (isOurs && jobs !== 0) this.skipped = { from, until, jobs };
  }

  /** False when another player had moved the stored cursor; its place is taken over. */
  private async advance(to: number, jobs: readonly NewJob[]): Promise<boolean> {
    if (jobs.length > 0 || this.source.isOver(to)) return this.move(to, jobs);
    // Nothing came: a clock that ticks each second need not write each second.
    this.cursor = to;
    return true;
  }

  private async move(to: number, jobs: readonly NewJob[]): Promise<boolean> {
    const done = this.source.isOver(to);
    const advanced = await this.ports.store.advance({ id: this.plan.id, from: this.stored, to, done }, jobs);
    const isOurs = advanced.kind === 'advanced';
    this.cursor = this.stored = isOurs ? to : advanced.cursor;
    this.done = isOurs ? done : advanced.done;
    if (isOurs) this.submitted += jobs.length;
    return isOurs;
  }

  private async newJobs(due: readonly SampleJob[]): Promise<NewJob[]> {
    const histories = new Map<string, readonly EndedRun[]>();
    const jobs: NewJob[] = [];
    for (const job of due) {
      const tenant = this.ports.tenants.find(job.tenantId);
      if (!tenant) throw new Error(`${this.plan.label}: tenant "${job.tenantId}" is gone: load its seed again`);
      const key = `${tenant.id} ${job.request.class}`;
      const runs = histories.get(key) ?? (await this.ports.history.lastRuns(tenant.id, job.request.class));
      histories.set(key, runs);
      jobs.push(this.newJob(job, tenant, runs));
    }
    return jobs;
  }

  private newJob({ at, request }: SampleJob, tenant: SubmittingTenant, runs: readonly EndedRun[]): NewJob {
    const { channel } = this.plan;
    const predictedSeconds = predictorOf(this.ports.policy().predictor)(runs, request.timeLimitSeconds);
    const as = { id: this.ports.ids.uuid(), now: at, channel, predictedSeconds, sample: true };
    return newJob(completed(request, tenant), tenant, as);
  }
}
