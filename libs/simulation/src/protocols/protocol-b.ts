import { CounterProfile, type JobOrder, orderOf, type QueuedJob, type Seconds } from '#libs/scheduling';
import { Completions } from '../completions.js';
import { holding, Line, queuedJobOf } from '../machine.js';
import { fsum } from '../metrics.js';
import type { SwfJob } from '../swf.js';

/** The protocol of RLScheduler (Zhang et al., SC'20): sequences of a log on an empty machine, by their code (PROTOCOL B). */
export interface ProtocolBRequest {
  /** Cleaned (`cleanProtocolB`). */
  readonly jobs: readonly SwfJob[];
  readonly processors: number;
  readonly order: JobOrder;
  /** Whether others may start while the selected job waits. */
  readonly backfill: boolean;
  /** Index of the sequence's first job. */
  readonly first: number;
}

export interface ProtocolBResult {
  readonly meanBoundedSlowdown: number;
  readonly meanWaitSeconds: number;
  /** Processor-seconds of the jobs over processors × (last start − first submission). */
  readonly utilisation: number;
}

const SEQUENCE_JOBS = 1024;

/** Cleaning of PROTOCOL B: sorted by id. A run time that is not known counts as ten seconds, and stands in for the request. */
export function cleanProtocolB(jobs: readonly SwfJob[]): SwfJob[] {
  return jobs
    .filter((job) => job.runSeconds !== 0)
    .map((job) => {
      const processors = Math.max(job.processors, job.allocatedProcessors ?? 0);
      const requestedSeconds = job.requestedSeconds === -1 ? job.runSeconds : job.requestedSeconds;
      return { ...job, processors, requestedSeconds, runSeconds: job.runSeconds < 0 ? 10 : job.runSeconds };
    })
    .sort((a, b) => a.id - b.id);
}

/** Replays one sequence of 1024 jobs. */
export function replayProtocolB(request: ProtocolBRequest): ProtocolBResult {
  const jobs = request.jobs.slice(request.first, request.first + SEQUENCE_JOBS);
  const machine = new GreedyMachine(jobs, request);
  while (machine.waitForWork()) {
    const selected = machine.select();
    if (!machine.fits(selected)) machine.waitFor(selected);
    machine.start(selected);
  }
  const { starts } = machine;
  const slowdowns = jobs.map((job, i) =>
    Math.max(1, (starts[i]! - job.submitSeconds + job.runSeconds) / Math.max(job.runSeconds, 10)),
  );
  const work = jobs.reduce((sum, job) => sum + job.runSeconds * job.processors, 0);
  const lastStart = starts.reduce((last, start) => Math.max(last, start), -Infinity);
  return {
    meanBoundedSlowdown: fsum(slowdowns) / jobs.length,
    meanWaitSeconds: fsum(jobs.map((job, i) => starts[i]! - job.submitSeconds)) / jobs.length,
    utilisation: work / (request.processors * (lastStart - jobs[0]!.submitSeconds)),
  };
}

/**
 * Selects one job and waits for it: time moves by one event, and only while it moves do jobs arrive or end. What a running job
 * holds it keeps until its end was seen; when it was to end is a second profile, which only the reservation looks at.
 */
class GreedyMachine {
  readonly starts: Float64Array;
  private readonly held: CounterProfile;
  private readonly expected: CounterProfile;
  private readonly waiting: Line;
  private readonly fillers: Line;
  private readonly running = new Completions();
  private next = 0;
  private now: Seconds;

  constructor(
    private readonly jobs: readonly SwfJob[],
    private readonly request: Pick<ProtocolBRequest, 'processors' | 'order' | 'backfill'>,
  ) {
    const { processors, order } = request;
    this.starts = new Float64Array(jobs.length);
    this.now = jobs[0]!.submitSeconds;
    this.held = new CounterProfile(processors);
    this.expected = new CounterProfile(processors);
    this.waiting = new Line(processors, this.held, { order, backfill: 'none' });
    // First come, first served, past everybody who does not fit. Of those that came together, who would be selected first:
    // their code sorts one list by turns.
    const firstCome: JobOrder = { ...orderOf('fcfs'), second: (job) => (order.waited ? 0 : order.first(job)) };
    this.fillers = new Line(processors, this.held, {
      order: firstCome,
      backfill: 'conservative',
      reservationDepth: 0,
    });
  }

  /** Lets time move until somebody waits; false when all jobs have started. */
  waitForWork(): boolean {
    while (this.waiting.queue.size === 0) {
      if (this.next === this.jobs.length) return false;
      this.step();
    }
    return true;
  }

  select(): QueuedJob {
    const { queue } = this.waiting;
    return queue.job(queue.cursor(this.now).next());
  }

  fits(job: QueuedJob): boolean {
    this.held.turnTo(this.now);
    return this.held.free(this.askOf(job)) >= job.nodes;
  }

  waitFor(selected: QueuedJob): void {
    this.expected.turnTo(this.now);
    const reservation = this.expected.earliest(this.askOf(selected), 1, this.now);
    while (!this.fits(selected)) {
      if (this.request.backfill) this.fill(reservation);
      this.step();
    }
  }

  start(job: QueuedJob): void {
    const index = job.sequence;
    this.starts[index] = this.now;
    this.waiting.queue.remove(job.id);
    this.fillers.queue.remove(job.id);
    this.held.occupy(holding(job.nodes), -Infinity, Infinity);
    this.expected.occupy(holding(job.nodes), -Infinity, this.now + job.limit);
    this.running.add(index, this.now + this.jobs[index]!.runSeconds);
  }

  /** Starts whoever ends before the reservation, strictly: with whole seconds, at the latest a second before. */
  private fill(reservation: Seconds): void {
    const all = holding(this.request.processors);
    this.held.occupy(all, reservation - 1, Infinity);
    const started = this.fillers.startable(this.now);
    this.held.vacate(all, reservation - 1, Infinity);
    for (const { job } of started) this.start(job);
  }

  /** One event: an arrival, or, where it comes earlier, an end. */
  private step(): void {
    const arrival = this.jobs[this.next]?.submitSeconds ?? Infinity;
    this.now = Math.max(this.now, Math.min(arrival, this.running.next));
    if (arrival <= this.running.next) this.arrive();
    else this.end();
  }

  private arrive(): void {
    const job = queuedJobOf(this.jobs[this.next]!, this.next);
    this.waiting.queue.add(job);
    this.fillers.queue.add(job);
    this.next++;
  }

  private end(): void {
    const index = this.running.take();
    const { processors, requestedSeconds } = this.jobs[index]!;
    this.held.vacate(holding(processors), -Infinity, Infinity);
    this.expected.vacate(holding(processors), -Infinity, this.starts[index]! + requestedSeconds);
  }

  private askOf(job: QueuedJob) {
    const { queue } = this.waiting;
    return queue.kind(queue.slot(job.id)!).ask;
  }
}
