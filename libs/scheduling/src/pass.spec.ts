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

describe('the depth of reservations', () => {
  const HOUR = 3600;
  // Both groups are full until 1100 and 1200; who may go to one of them only waits for that one.
  const groups = [aGroup('a', { nodes: ['a1', 'a2'] }), aGroup('b', { nodes: ['b1', 'b2'] })];
  const running = [
    anAttempt('on-a', 'a', { nodeIndices: [0], endsBy: NOW + 100 }),
    anAttempt('on-b', 'b', { nodeIndices: [0], endsBy: NOW + 200 }),
  ];
  const wide = (id: string, group: string): QueuedJob => aJob(id, { nodes: 2, limit: HOUR, pools: [poolOf(group)] });
  const poolOf = (group: string): string => groups.find(({ id }) => id === group)!.poolId;
  const planOf = (depth: number, queued: readonly QueuedJob[]) =>
    createPlanner(
      aSnapshot({ groups, running, queued: queued.map((job, sequence) => ({ ...job, sequence })) }),
      aPolicy({ reservationDepth: depth, backfillOrder: 'shortest-first' }),
    ).plan(NOW);
  const reserved = (depth: number, queued: readonly QueuedJob[]): string[] =>
    planOf(depth, queued)
      .waiting.filter(({ basis }) => basis === 'reservation')
      .map(({ jobId }) => jobId);

  const queue = [wide('a1', 'a'), wide('a2', 'a'), wide('a3', 'a'), wide('b1', 'b'), wide('b2', 'b')];
  const cases: Record<string, { depth: number; want: string[] }> = {
    'none is none in any': { depth: 0, want: [] },
    'is counted for each set of groups': { depth: 1, want: ['a1', 'b1'] },
    'of two reaches the second of each': { depth: 2, want: ['a1', 'a2', 'b1', 'b2'] },
    'of more than wait reaches all': { depth: 9, want: ['a1', 'a2', 'a3', 'b1', 'b2'] },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { depth, want }) =>
    expect(reserved(depth, queue).toSorted()).toEqual(want),
  );

  const small = (id: string, group: string, limit: number): QueuedJob => aJob(id, { limit, pools: [poolOf(group)] });
  const starts: Record<string, { queued: QueuedJob[]; want: string[] }> = {
    'the shortest of a full set goes first though another set may still reserve': {
      queued: [wide('a1', 'a'), small('long', 'a', 90), small('short', 'a', 80), wide('b1', 'b')],
      want: ['short'],
    },
    'a set that may still reserve is walked in the queue’s order': {
      queued: [wide('a1', 'a'), small('on-b-1', 'b', 90), small('on-b-2', 'b', 80)],
      want: ['on-b-1'],
    },
    'nobody without a reservation runs into one': {
      queued: [wide('a1', 'a'), small('too-long', 'a', 101), wide('b1', 'b')],
      want: [],
    },
    'the last second before a reservation may be used': {
      queued: [wide('a1', 'a'), small('just', 'a', 100), wide('b1', 'b')],
      want: ['just'],
    },
  };
  it.each(Object.entries(starts))('%s', (_sentence, { queued, want }) =>
    expect(planOf(1, queued).starts.map(({ jobId }) => jobId)).toEqual(want),
  );

  it('ends at the limit of starts for those who are tried last too', () => {
    const queued = [wide('a1', 'a'), small('x', 'a', 50), small('y', 'b', 60), wide('b1', 'b'), small('z', 'b', 40)];
    const policy = aPolicy({ reservationDepth: 1, backfillOrder: 'shortest-first', maxStarts: 1 });
    const plan = createPlanner(aSnapshot({ groups, running, queued }), policy).plan(NOW);
    expect(plan.starts.map(({ jobId }) => jobId)).toEqual(['y']);
  });
});
