import { awaitedGroups } from './awaited.js';
import { JobKinds } from './job-kinds.js';
import type { PlanningPolicy, QueuedJob } from './model.js';
import { orderOf } from './order.js';
import type { Entitlement } from './resolve.js';
import { aJob } from './testing/builders.js';
import { WaitingQueue } from './waiting-queue.js';

const NOW = 1000;

interface Waiting {
  readonly over?: Partial<QueuedJob>;
  /** Groups that its kind may run in. Jobs that are alike in what they ask are of one kind: the last to name groups counts. */
  readonly eligible: readonly number[];
  readonly isServed?: boolean;
}
interface Case {
  readonly waiting: readonly Waiting[];
  readonly quotas?: PlanningPolicy['quotas'];
  /** Groups that a tenant may hold more of; a tenant who is not named may hold any. */
  readonly mayHold?: Readonly<Record<string, readonly number[]>>;
  readonly want: readonly number[];
}

interface Answer {
  readonly groups: number[];
  /** Tenant, group and nodes of every look at a quota. */
  readonly asked: string[];
}
function awaited({ waiting, quotas, mayHold = {} }: Omit<Case, 'want'>): Answer {
  const queue = new WaitingQueue(new JobKinds({ candidates: [], version: 0 }), orderOf('fcfs'));
  const served = new Set<number>();
  for (const [i, { over, eligible, isServed = false }] of waiting.entries()) {
    const slot = queue.add(aJob(`job-${i}`, over));
    queue.kind(slot).eligible = eligible;
    if (isServed) served.add(slot);
  }
  const asked: string[] = [];
  const entitlement: Entitlement = {
    isWithinOwn: () => false,
    mayReclaimFrom: () => false,
    mayHold: ({ tenantId }, group, nodes) => {
      asked.push(`${tenantId} ${group} ${nodes}`);
      return mayHold[tenantId]?.includes(group) ?? true;
    },
  };
  const groups = awaitedGroups({ queue, policy: { quotas }, entitlement }, NOW, (slot) => served.has(slot));
  return { groups: [...groups].toSorted((a, b) => a - b), asked };
}
const two = { nodes: 2 };

describe('groups for which somebody waits', () => {
  const cases: Record<string, Case> = {
    'none, where nobody waits': { waiting: [], want: [] },
    'all that the job may run in': { waiting: [{ eligible: [0, 2] }], want: [0, 2] },
    'none, where it may run in none': { waiting: [{ eligible: [] }], want: [] },
    'those of all who wait, each once': { waiting: [{ eligible: [0, 1] }, { over: two, eligible: [1, 3] }], want: [0, 1, 3] },
    'not those of a job that starts, or for which nodes are being vacated': {
      waiting: [{ eligible: [0], isServed: true }, { over: two, eligible: [1] }],
      want: [1],
    },
    'those of a job that is like one that starts': {
      waiting: [{ eligible: [0], isServed: true }, { eligible: [0] }],
      want: [0],
    },
    'those of a job behind one that starts, in whatever order they came': {
      waiting: [{ eligible: [0] }, { eligible: [0], isServed: true }],
      want: [0],
    },
    'not those of a job that may start in a second': { waiting: [{ over: { earliestStart: NOW + 1 }, eligible: [0] }], want: [] },
    'those of a job that may start from now on': { waiting: [{ over: { earliestStart: NOW }, eligible: [0] }], want: [0] },
    'those of a job that may start, though one like it may not yet': {
      waiting: [{ over: { earliestStart: NOW + 1 }, eligible: [0] }, { over: { earliestStart: NOW - 1 }, eligible: [0] }],
      want: [0],
    },
    'not those of which its tenant may hold no more': { waiting: [{ eligible: [0, 1] }], mayHold: { institute: [1] }, want: [1] },
    'none, where its tenant may hold no more at all': { waiting: [{ eligible: [0, 1] }], mayHold: { institute: [] }, want: [] },
    'those of another tenant, who may, with a job like it': {
      waiting: [{ over: { tenantId: 'full' }, eligible: [0, 1] }, { over: { tenantId: 'free' }, eligible: [0, 1] }],
      mayHold: { full: [], free: [0] },
      want: [0],
    },
    'all, whatever the quota, where the policy asks for none': {
      waiting: [{ eligible: [0, 1] }],
      quotas: 'off',
      mayHold: { institute: [] },
      want: [0, 1],
    },
  }; // prettier-ignore
  it.each(Object.entries(cases))('%s', (_sentence, { want, ...state }) => expect(awaited(state).groups).toEqual(want));

  it('a quota is asked for as many nodes as the job has', () => {
    expect(awaited({ waiting: [{ over: { nodes: 3 }, eligible: [4, 7] }] }).asked).toEqual([
      'institute 4 3',
      'institute 7 3',
    ]);
  });

  it('a quota is asked once for all jobs of a kind and a tenant, and not for those who are served', () => {
    const many = Array.from({ length: 50 }, (_, i): Waiting => ({
      over: { tenantId: i % 2 === 0 ? 'even' : 'odd' },
      eligible: [5],
    }));
    const served = { over: { tenantId: 'served' }, eligible: [5], isServed: true };
    expect(awaited({ waiting: [served, ...many] }).asked).toEqual(['even 5 1', 'odd 5 1']);
  });

  it('no quota is asked where there are none', () => {
    expect(awaited({ waiting: [{ eligible: [5] }], quotas: 'off' }).asked).toEqual([]);
  });
});
