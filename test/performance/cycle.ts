import { defaultPolicy } from '#libs/application';
import { type CyclePlan, type Delta, type Planner, type Snapshot, createPlanner } from '#libs/scheduling';
import { type FleetSize, fleet } from './fleet.js';
import { round, spread, timed } from './timing.js';

const sizes: readonly FleetSize[] = [
  { pools: 40, nodes: 10_000, queued: 1_000, running: 10_000 },
  { pools: 40, nodes: 10_000, queued: 10_000, running: 10_000 },
  { pools: 40, nodes: 10_000, queued: 100_000, running: 10_000 },
  { pools: 40, nodes: 10_000, queued: 1_000_000, running: 10_000 },
];
const COLD = 3;
const REPEATS = 10;
// A cycle starts 500 jobs at most, so that the queue's first cycles are about starting: they are not what is measured.
const MOST_DRAINED = 200;

/**
 * Planning cycles with the news among the verdicts: from a snapshot (built and planned), when nothing has changed, and after 100
 * changes (40 attempts ended, 30 jobs submitted, 30 withdrawn), each with its starts committed.
 */
export function cycleBench(): unknown[] {
  return sizes.map((size) => {
    const snapshot = fleet(size);
    const cold = Array.from({ length: size.queued > 100_000 ? 1 : COLD }, () =>
      timed(() => createPlanner(snapshot, defaultPolicy).plan(snapshot.now, { verdicts: 'news' })),
    );
    const cycles = new Cycles(snapshot);
    cycles.drain();
    const changed = Array.from({ length: REPEATS }, (_, repeat) => cycles.afterChanges(repeat));
    cycles.drain();
    const unchanged = Array.from({ length: REPEATS }, () => cycles.plan());
    const { rss, heapUsed } = process.memoryUsage();
    return {
      ...size,
      starts: cold[0]!.value.starts.length,
      fromSnapshot: spread(cold),
      unchanged: spread(unchanged),
      after100Changes: spread(changed),
      rssMiB: round(rss / 2 ** 20),
      heapMiB: round(heapUsed / 2 ** 20),
    };
  });
}

class Cycles {
  private readonly planner: Planner;
  private now: number;

  constructor(private readonly snapshot: Snapshot) {
    this.planner = createPlanner(snapshot, defaultPolicy);
    this.now = snapshot.now;
  }

  plan(): ReturnType<typeof timed<CyclePlan>> {
    this.now++;
    return timed(() => this.planner.plan(this.now, { verdicts: 'news' }));
  }

  /** Until nothing starts any more. */
  drain(): void {
    for (let cycle = 0; cycle < MOST_DRAINED; cycle++) {
      const { starts } = this.plan().value;
      if (starts.length === 0) return;
      this.commit(starts);
    }
  }

  afterChanges(repeat: number): ReturnType<typeof timed<CyclePlan>> {
    const { running, queued } = this.snapshot;
    const ended = running.slice(repeat * 40, repeat * 40 + 40);
    const gone = queued.slice(queued.length - (repeat + 1) * 30, queued.length - repeat * 30);
    const come = queued.slice(repeat * 30, repeat * 30 + 30);
    this.now++;
    const deltas: Delta[] = [
      ...ended.map(({ attemptId }): Delta => ({ kind: 'attempt-ended', attemptId })),
      ...gone.map(({ id }): Delta => ({ kind: 'job-withdrawn', jobId: id })),
      ...come.map((job, index): Delta => {
        const sequence = queued.length + 1 + repeat * 30 + index;
        return { kind: 'job-queued', job: { ...job, id: `late-${sequence}`, sequence, submittedAt: this.now } };
      }),
    ];
    const cycle = timed(() => {
      this.planner.advance(deltas);
      return this.planner.plan(this.now, { verdicts: 'news' });
    });
    this.commit(cycle.value.starts);
    return cycle;
  }

  private commit(starts: CyclePlan['starts']): void {
    this.planner.advance(
      starts.map(({ jobId, tenantId, groupId, nodeIndices, nodes, perNode, endsBy }): Delta => {
        const placed = { jobId, tenantId, groupId, nodeIndices, nodeCount: nodes, perNode, endsBy };
        return { kind: 'attempt-placed', attempt: { ...placed, attemptId: `of ${jobId}`, startedAt: this.now } };
      }),
    );
  }
}
