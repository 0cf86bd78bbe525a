import type { QueuedJob, RunningJob, TenantModel } from './model.js';
import { createPlanner } from './planner.js';
import { aGroup, aJob, anAttempt, aPolicy, aSnapshot } from './testing/builders.js';

const NOW = 60_000; // a multiple of the accrual
const tenant = (id: string, usage = 0, over: Partial<TenantModel> = {}): TenantModel => ({
  id, parentId: null, weight: 1, usage, ...over,
}); // prettier-ignore
const of = (tenantId: string, over: Partial<QueuedJob> = {}): QueuedJob =>
  aJob(`of ${tenantId}`, { tenantId, ...over });

describe('who goes first to the one node there is', () => {
  interface Case {
    readonly tenants: TenantModel[];
    readonly queued: QueuedJob[];
    readonly running?: RunningJob[];
    readonly want: string;
  }
  const cases: Record<string, Case> = {
    'nobody has used anything: who came first': {
      tenants: [tenant('a'), tenant('b')],
      queued: [of('b'), of('a')],
      want: 'of b',
    },
    'who has used less, though it came later': {
      tenants: [tenant('a', 10), tenant('b', 9)],
      queued: [of('a'), of('b')],
      want: 'of b',
    },
    'who has used less of its weight': {
      tenants: [tenant('a', 19, { weight: 2 }), tenant('b', 10)],
      queued: [of('b'), of('a')],
      want: 'of a',
    },
    'the institute that has used less, though its project used more than the other': {
      tenants: [
        tenant('p', 5), tenant('p/1', 0, { parentId: 'p' }), tenant('p/2', 90, { parentId: 'p' }),
        tenant('q'), tenant('q/1', 50, { parentId: 'q' }),
      ], // prettier-ignore
      queued: [of('p/1'), of('q/1')],
      want: 'of q/1',
    },
    'the pressing band, whatever its tenant has used': {
      tenants: [tenant('a', 1e9), tenant('b')],
      queued: [of('b'), of('a', { priority: 1 })],
      want: 'of a',
    },
    'not the deadline, where the shares differ': {
      tenants: [tenant('a', 1), tenant('b')],
      queued: [of('a', { deadline: NOW + 3600 }), of('b')],
      want: 'of b',
    },
    'the deadline, where they do not': {
      tenants: [tenant('a'), tenant('b')],
      queued: [of('a'), of('b', { deadline: NOW + 3600 })],
      want: 'of b',
    },
    'what runs counts from its start, with the penalty': {
      tenants: [tenant('a'), tenant('b', 8 * 600 - 1)],
      queued: [of('a'), of('b')],
      running: [anAttempt('r', 'busy', { tenantId: 'a', startedAt: NOW, endsBy: NOW + 9000 })],
      want: 'of b',
    },
    'and not more than that': {
      tenants: [tenant('a'), tenant('b', 8 * 600 + 1)],
      queued: [of('b'), of('a')],
      running: [anAttempt('r', 'busy', { tenantId: 'a', startedAt: NOW, endsBy: NOW + 9000 })],
      want: 'of a',
    },
    'cards of another group count by its rate': {
      tenants: [tenant('a'), tenant('b')],
      queued: [of('b'), of('a')],
      running: [
        anAttempt('r', 'busy', { tenantId: 'a', startedAt: NOW, endsBy: NOW + 9000, perNode: { cards: 2, cores: 1, memoryGiB: 1 } }),
        anAttempt('s', 'cheap', { tenantId: 'b', startedAt: NOW, endsBy: NOW + 9000, perNode: { cards: 8, cores: 1, memoryGiB: 1 } }),
      ], // prettier-ignore
      want: 'of b', // 8 cards at a quarter and 2 at their worth: equal, and b came first
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { tenants, queued, running = [], want }) => {
    const groups = [
      aGroup('free', { nodes: ['n'] }),
      aGroup('busy', { nodes: ['n'] }),
      aGroup('cheap', { nodes: ['n'], exchangeRate: 0.25 }),
    ];
    const snapshot = aSnapshot({ now: NOW, groups, tenants, running });
    const onFree = queued.map((job) => ({ ...job, submittedAt: NOW - 100 + job.sequence / 1000, pools: ['free'] }));
    const plan = createPlanner({ ...snapshot, queued: onFree }, aPolicy({ order: 'fair' })).plan(NOW);
    expect(plan.starts.map(({ jobId }) => jobId)).toEqual([want]);
  });
});
