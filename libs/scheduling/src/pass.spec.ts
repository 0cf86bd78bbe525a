import fc from 'fast-check';
import { backfillModes, type QueuedJob, type Snapshot } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot, nodesNamed } from './testing/builders.js';
import { runs } from './testing/runs.js';

const NOW = 1000;
const shape = { cards: 1, cores: 1, memoryGiB: 1 };
const anyJobs = fc.array(fc.record({ nodes: fc.integer({ min: 1, max: 6 }), limit: fc.integer({ min: 1, max: 60 }) }), {
  maxLength: 25,
});
const anyRunning = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 6 });

interface Places {
  readonly started: readonly string[];
  readonly reserved: readonly (readonly [string, number])[];
}

/** The pass of PROTOCOL A6 and A7, written down as plainly as it reads there, to hold ours against. */
function placesOf(jobs: readonly QueuedJob[], ends: readonly number[], backfill: 'easy' | 'conservative'): Places {
  const held = ends.map((end) => ({ nodes: 1, from: NOW, until: end }));
  const freeAt = (time: number): number =>
    held.reduce((free, hold) => free - (hold.from <= time && time < hold.until ? hold.nodes : 0), 6);
  const fits = (job: QueuedJob, start: number): boolean => {
    const turns = [start, ...held.map((hold) => hold.from)].filter((time) => time >= start && time < start + job.limit);
    return turns.every((time) => freeAt(time) >= job.nodes);
  };
  const started: string[] = [];
  const reserved: [string, number][] = [];
  for (const job of jobs) {
    if (fits(job, NOW)) {
      started.push(job.id);
      held.push({ nodes: job.nodes, from: NOW, until: NOW + job.limit });
    } else if (backfill === 'conservative' || reserved.length === 0) {
      const times = [NOW, ...held.map((hold) => hold.until)].filter((time) => time >= NOW).sort((a, b) => a - b);
      const from = times.find((time) => fits(job, time))!;
      held.push({ nodes: job.nodes, from, until: from + job.limit });
      reserved.push([job.id, from]);
    }
  }
  return { started, reserved };
}

function snapshotOf(jobs: readonly QueuedJob[], ends: readonly number[], nodes: number | readonly string[]): Snapshot {
  return aSnapshot({
    groups: [aGroup('g', { shape, nodes })],
    running: ends.map((end, index) =>
      anAttempt(`r${index}`, 'g', {
        nodeIndices: typeof nodes === 'number' ? [] : [index],
        nodeCount: 1,
        perNode: shape,
        endsBy: end,
      }),
    ),
    queued: jobs,
  });
}

const queued = (drafts: readonly Partial<QueuedJob>[]): QueuedJob[] =>
  drafts.map((draft, sequence) => aJob(`j${sequence}`, { ...draft, sequence, submittedAt: sequence, perNode: shape }));

function planned(
  jobs: readonly QueuedJob[],
  ends: readonly number[],
  nodes: number | readonly string[],
  backfill: 'easy' | 'conservative',
): Places {
  const policy = aPolicy({ backfill, reservationDepth: Infinity });
  const plan = createPlanner(snapshotOf(jobs, ends, nodes), policy).plan(NOW);
  const reserved = plan.waiting.filter((verdict) => verdict.basis === 'reservation');
  return {
    started: plan.starts.map((start) => start.jobId),
    reserved: reserved.map(({ jobId, estimatedStart }) => [jobId, estimatedStart!]),
  };
}

describe('pass', () => {
  it('starts and reserves what the protocol does', () => {
    fc.assert(
      fc.property(anyJobs, anyRunning, fc.constantFrom('easy', 'conservative'), (drafts, lefts, backfill) => {
        const jobs = queued(drafts);
        const ends = lefts.map((left) => NOW + left);
        expect(planned(jobs, ends, 6, backfill)).toEqual(placesOf(jobs, ends, backfill));
      }),
      { numRuns: runs(500) },
    );
  });

  it('easy starts the same jobs whether nodes have names or are only counted', () => {
    fc.assert(
      fc.property(anyJobs, anyRunning, (drafts, lefts) => {
        const jobs = queued(drafts);
        const ends = lefts.map((left) => NOW + left);
        expect(planned(jobs, ends, nodesNamed(6), 'easy')).toEqual(planned(jobs, ends, 6, 'easy'));
      }),
      { numRuns: runs(500) },
    );
  });

  it('never starts more than the policy allows in a cycle', () => {
    fc.assert(
      fc.property(
        anyJobs,
        fc.constantFrom(...backfillModes),
        fc.integer({ min: 0, max: 3 }),
        (drafts, backfill, maxStarts) => {
          const jobs = queued(drafts);
          const plan = createPlanner(snapshotOf(jobs, [], 6), aPolicy({ backfill, maxStarts })).plan(NOW);
          expect(plan.starts.length).toBeLessThanOrEqual(maxStarts);
        },
      ),
    );
  });
});

describe('the order of backfilling', () => {
  // Two of six nodes are free until 1050, when all are: the first takes a reservation there, and only one of the rest fits before.
  const jobs = queued([
    { nodes: 6, limit: 100 },
    { nodes: 2, limit: 40 },
    { nodes: 2, limit: 30 },
    { nodes: 2, limit: 51 },
  ]);
  const ends = [1050, 1050, 1050, 1050];
  const cases: Record<string, { policy: Parameters<typeof aPolicy>[0]; want: string[] }> = {
    'is the queue’s where nothing is said': { policy: { backfill: 'easy' }, want: ['j1'] },
    'is the queue’s where that is said': { policy: { backfill: 'easy', backfillOrder: 'queue' }, want: ['j1'] },
    'may be the shortest first under easy': {
      policy: { backfill: 'easy', backfillOrder: 'shortest-first' },
      want: ['j2'],
    },
    'may be the shortest first behind one reservation': {
      policy: { backfill: 'conservative', reservationDepth: 1, backfillOrder: 'shortest-first' },
      want: ['j2'],
    },
    'leaves the jobs alone that reservations are still to be had for': {
      policy: { backfill: 'conservative', reservationDepth: 2, backfillOrder: 'shortest-first' },
      want: ['j1'],
    },
    'changes nothing where nobody is backfilled': {
      policy: { backfill: 'none', backfillOrder: 'shortest-first' },
      want: [],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { policy, want }) => {
    const plan = createPlanner(snapshotOf(jobs, ends, 6), aPolicy(policy)).plan(NOW);
    expect(plan.starts.map(({ jobId }) => jobId)).toEqual(want);
  });

  it('delays no reservation, whichever it is', () => {
    const reservedStart = (
      backfillOrder: 'queue' | 'shortest-first',
      drafts: readonly Partial<QueuedJob>[],
      running: number[],
    ) => {
      const policy = aPolicy({ backfill: 'easy', backfillOrder });
      const plan = createPlanner(snapshotOf(queued(drafts), running, 6), policy).plan(NOW);
      const first = plan.waiting.find((verdict) => verdict.basis === 'reservation');
      return first && [first.jobId, first.estimatedStart];
    };
    fc.assert(
      fc.property(anyJobs, anyRunning, (drafts, spans) => {
        const ends = spans.map((span) => NOW + span);
        expect(reservedStart('shortest-first', drafts, ends)).toEqual(reservedStart('queue', drafts, ends));
      }),
    );
  });
});
