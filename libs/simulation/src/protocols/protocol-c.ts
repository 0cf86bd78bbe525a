import { CounterProfile, predictedRun, orderOf, type QueuedJob, RecentRuns, type Seconds } from '#libs/scheduling';
import { Completions } from '../completions.js';
import { holding, Line, queuedJobOf } from '../machine.js';
import { fsum } from '../metrics.js';
import type { SwfJob } from '../swf.js';
import { checkReplayable } from './replayable.js';

/**
 * The protocol of Gaussier, Glesser, Reis and Trystram (SC'15, the simulator pyss): EASY with predicted run times, by events
 * (PROTOCOL C).
 */
export interface ProtocolCRequest {
  /** Cleaned (`cleanProtocolC`). */
  readonly jobs: readonly SwfJob[];
  readonly processors: number;
  /** In which order the jobs behind the head are tried: as they came, or those with the shortest prediction first. */
  readonly candidates: 'fcfs' | 'sjbf';
  readonly predictor: PredictorName;
  /** What a prediction becomes when the job outlives it; request for predictors that are never too short. */
  readonly corrector: CorrectorName;
  /** Whether a submission is followed by a pass always, or only if the new job itself would fit (EASY and EASY-SJBF). */
  readonly onSubmission: 'always' | 'if-it-fits';
}

export const predictorNames = ['request', 'clairvoyant', 'double', 'tsafrir'] as const;
export type PredictorName = (typeof predictorNames)[number];
export const correctorNames = ['request', 'recursive-doubling', 'tsafrir'] as const;
export type CorrectorName = (typeof correctorNames)[number];

/** Cleaning of PROTOCOL C; sorted by submission, ties in file order. */
export function cleanProtocolC(jobs: readonly SwfJob[], processors: number): SwfJob[] {
  return jobs
    .filter((job) => job.processors > 0 && Math.max(job.processors, job.allocatedProcessors ?? 0) <= processors)
    .filter((job) => job.runSeconds > 0 && job.requestedSeconds > 0 && job.submitSeconds >= 0)
    .map((job) => ({ ...job, runSeconds: Math.min(job.runSeconds, job.requestedSeconds) }))
    .sort((a, b) => a.submitSeconds - b.submitSeconds);
}

/**
 * Start of each job, in the order of `jobs`. Of the events of an instant, expired predictions come first, then submissions, then
 * completions in the order of their starts; each submission and each completion has its own pass.
 *
 * @throws RangeError when a job could never run
 */
export function replayProtocolC(request: ProtocolCRequest): Float64Array {
  checkReplayable(request.jobs, request.processors);
  const { jobs, onSubmission } = request;
  const machine = new PredictedMachine(request);
  for (let next = 0; next < jobs.length || machine.nextEnd < Infinity;) {
    const now = Math.min(machine.nextExpiry, machine.nextEnd, jobs[next]?.submitSeconds ?? Infinity);
    machine.turnTo(now);
    if (machine.nextExpiry === now) {
      machine.correctNext();
    } else if (jobs[next]?.submitSeconds === now) {
      const fits = machine.submit(next++);
      if (fits || onSubmission === 'always') machine.schedule();
    } else {
      machine.endNext();
      machine.schedule();
    }
  }
  return machine.starts;
}

/** Holds each running job until its predicted end, and puts that off when the job outlives it. */
class PredictedMachine {
  readonly starts: Float64Array;
  private readonly jobs: readonly SwfJob[];
  private readonly profile: CounterProfile;
  // In the order of submission: its pass is that of EASY, or starts the heads alone where others are tried in another order.
  private readonly line: Line;
  private readonly shortestFirst: Line | null;
  private readonly running = new Completions();
  private readonly outlived = new Completions();
  private readonly lastRuns = new RecentRuns<number>();
  private readonly firstPredictions: Float64Array;
  private readonly predictions: Float64Array;
  private readonly corrections: Uint8Array;
  private now: Seconds = -Infinity;

  constructor(private readonly request: ProtocolCRequest) {
    const { jobs, processors, candidates } = request;
    this.jobs = jobs;
    this.starts = new Float64Array(jobs.length);
    this.firstPredictions = new Float64Array(jobs.length);
    this.predictions = new Float64Array(jobs.length);
    this.corrections = new Uint8Array(jobs.length);
    this.profile = new CounterProfile(processors);
    const fcfs = orderOf('fcfs');
    this.line = new Line(processors, this.profile, {
      order: fcfs,
      backfill: candidates === 'fcfs' ? 'easy' : 'none',
    });
    // Starts whatever delays none of the holds, and reserves nothing itself.
    const fillers = { order: orderOf('sjf'), backfill: 'conservative', reservationDepth: 0 } as const;
    this.shortestFirst = candidates === 'sjbf' ? new Line(processors, this.profile, fillers) : null;
  }

  get nextEnd(): Seconds {
    return this.running.next;
  }

  get nextExpiry(): Seconds {
    return this.outlived.next;
  }

  turnTo(now: Seconds): void {
    this.now = now;
    this.profile.turnTo(now);
  }

  /** Enters a job with its prediction; tells whether it would fit at once. */
  submit(index: number): boolean {
    const job = this.jobs[index]!;
    const prediction = this.predict(job);
    this.firstPredictions[index] = prediction;
    this.predictions[index] = prediction;
    const queued: QueuedJob = { ...queuedJobOf(job, index), limit: prediction, predicted: prediction };
    this.line.queue.add(queued);
    const slot = this.shortestFirst?.queue.add(queued) ?? this.line.queue.slot(queued.id)!;
    return this.profile.free((this.shortestFirst ?? this.line).queue.kind(slot).ask) >= job.processors;
  }

  endNext(): void {
    const index = this.running.take();
    const job = this.jobs[index]!;
    this.lastRuns.ended(job.user, { runSeconds: job.runSeconds, limitSeconds: job.requestedSeconds });
    this.profile.vacate(holding(job.processors), -Infinity, this.predictedEnd(index));
  }

  /** A job runs longer than was predicted: its hold goes on, and nobody is started for that. */
  correctNext(): void {
    const index = this.outlived.take();
    const from = this.predictedEnd(index);
    this.predictions[index] = this.correct(index);
    this.profile.occupy(holding(this.jobs[index]!.processors), from, this.predictedEnd(index));
    this.watch(index);
  }

  schedule(): void {
    const { line, shortestFirst, profile, now } = this;
    for (const { job } of line.startable(now)) this.start(job);
    if (!shortestFirst || line.queue.size < 2) return;
    const { ask, limit } = this.head();
    const hold = profile.take(ask, profile.earliest(ask, limit, now), limit);
    const fillers = shortestFirst.startable(now);
    hold.undo();
    for (const { job } of fillers) this.start(job);
  }

  private head() {
    const { queue } = this.line;
    const slot = queue.cursor(this.now).next();
    return { ask: queue.kind(slot).ask, limit: queue.limit(slot) };
  }

  private start(job: QueuedJob): void {
    const index = job.sequence;
    this.starts[index] = this.now;
    this.line.queue.remove(job.id);
    this.shortestFirst?.queue.remove(job.id);
    this.profile.occupy(holding(job.nodes), -Infinity, this.predictedEnd(index));
    this.running.add(index, this.now + this.jobs[index]!.runSeconds);
    this.watch(index);
  }

  private watch(index: number): void {
    if (this.predictions[index]! < this.jobs[index]!.runSeconds) this.outlived.add(index, this.predictedEnd(index));
  }

  private predictedEnd(index: number): Seconds {
    return this.starts[index]! + this.predictions[index]!;
  }

  private predict({ user, runSeconds, requestedSeconds }: SwfJob): Seconds {
    switch (this.request.predictor) {
      case 'request':
        return requestedSeconds;
      case 'clairvoyant':
        return runSeconds;
      case 'double':
        return 2 * requestedSeconds;
      case 'tsafrir':
        return predictedRun(this.lastRuns.of(user), requestedSeconds);
    }
  }

  private correct(index: number): Seconds {
    const { requestedSeconds } = this.jobs[index]!;
    switch (this.request.corrector) {
      case 'request':
        return requestedSeconds;
      case 'recursive-doubling':
        return 2 * this.predictions[index]!;
      case 'tsafrir': {
        const step = STEPS[this.corrections[index]!++];
        return step === undefined ? requestedSeconds : Math.min(this.firstPredictions[index]! + step, requestedSeconds);
      }
    }
  }
}

// Seconds over the first prediction, by how often it was outlived.
const STEPS = [60, 300, 900, 1800, 3600, 7200, 18_000, 36_000, 72_000, 180_000, 360_000];

/** The figures of the table of SC'15, under its names: ft is flow time (wait + run), stretch is flow time over run time. Seconds. */
export interface ProtocolCMetrics {
  readonly n: number;
  readonly avgft: number;
  readonly maxft: number;
  readonly RMSFT: number;
  readonly avgstretch: number;
  readonly maxstretch: number;
  readonly RMSS: number;
  readonly avgbsld: number;
  readonly maxbsld: number;
  readonly RMSBSLD: number;
}

export function measureProtocolC(jobs: readonly SwfJob[], starts: ArrayLike<number>): ProtocolCMetrics {
  const flows = jobs.map((job, i) => starts[i]! + job.runSeconds - job.submitSeconds);
  const stretches = jobs.map((job, i) => flows[i]! / job.runSeconds);
  const slowdowns = jobs.map((job, i) => Math.max(1, flows[i]! / Math.max(job.runSeconds, 10)));
  const [ft, stretch, bsld] = [spreadOf(flows), spreadOf(stretches), spreadOf(slowdowns)];
  return {
    n: jobs.length,
    avgft: ft.mean,
    maxft: ft.max,
    RMSFT: ft.rms,
    avgstretch: stretch.mean,
    maxstretch: stretch.max,
    RMSS: stretch.rms,
    avgbsld: bsld.mean,
    maxbsld: bsld.max,
    RMSBSLD: bsld.rms,
  };
}

const spreadOf = (values: readonly number[]) => {
  const count = Math.max(1, values.length);
  return {
    mean: fsum(values) / count,
    max: values.reduce((most, value) => Math.max(most, value), 0),
    rms: Math.sqrt(fsum(values.map((value) => value * value)) / count),
  };
};
