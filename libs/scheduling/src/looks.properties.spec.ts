import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import type { CyclePlan, Delta, QueuedJob, WindowModel } from './model.js';
import { decisionOf, type Planner } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aJob } from './testing/builders.js';
import { anyRichJob, anyRichPolicy, anyRichSnapshot, attemptsFrom, RICH_NOW } from './testing/rich-states.js';
import { runs } from './testing/runs.js';

const decided = (plan: CyclePlan): string => encodeCanonical([decisionOf(plan), plan.waiting]);

type Happening =
  | { readonly do: 'commit' | 'end' | 'withdraw' | 'window gone' | 'cap gone' | 'nothing'; readonly pick: number }
  | { readonly do: 'queue'; readonly job: Partial<QueuedJob>; readonly pick: number }
  | { readonly do: 'quota' | 'outlook' | 'node' | 'pool' | 'pool for one'; readonly pick: number }
  | { readonly do: 'run again' | 'window' | 'cap'; readonly pick: number };
const pick = fc.nat({ max: 20 });
const anyHappening: fc.Arbitrary<Happening & { readonly after: number }> = fc
  .tuple(
    fc.oneof(
      fc.record({
        do: fc.constantFrom(
          'commit',
          'end',
          'withdraw',
          'window gone',
          'cap gone',
          'nothing',
          'quota',
          'outlook',
          'node',
          'pool',
          'pool for one',
          'run again',
          'window',
          'cap',
        ),
        pick,
      }),
      { weight: 1, arbitrary: fc.record({ do: fc.constant('queue' as const), job: anyRichJob, pick }) },
    ),
    fc.constantFrom(0, 0, 0, 1, 40, 200),
  )
  .map(([what, after]) => ({ ...(what as Happening), after }));

const windowFrom = (from: number, { pick: about }: Happening): Omit<WindowModel, 'id'> => ({
  groupId: 'east',
  nodeIndices: [about % 4],
  from: from + 20 * about,
  until: from + 50 * about + 300,
  ...(about % 2 === 0 ? { kind: 'maintenance' } : { kind: 'booking', openTo: { tenants: ['b'] } }),
});

function orderOf(what: Happening, now: number, serial: number): Delta[] {
  if (what.do === 'window') return [{ kind: 'window-set', window: { ...windowFrom(now, what), id: `new-${serial}` } }];
  const span = { from: now + 10 * what.pick, until: now + 500 };
  const cap = { id: `new-${serial}`, siteId: 'east-site', ...span, watts: 800 + 50 * what.pick };
  return [{ kind: 'power-cap-set', cap }];
}

function deltasOf(planner: Planner, what: Happening, now: number, serial: number): Delta[] {
  const state = planner.snapshot(now);
  const one = <T>(list: readonly T[] | undefined): T[] => (list?.length ? [list[what.pick % list.length]!] : []);
  switch (what.do) {
    case 'nothing':
      return [];
    case 'commit': {
      const attempts = attemptsFrom(planner.plan(now), state.queued);
      return attempts.slice(0, what.pick).map((attempt) => ({ kind: 'attempt-placed', attempt }));
    }
    case 'end':
      return one(state.running).map(({ attemptId }) => ({ kind: 'attempt-ended', attemptId }));
    case 'withdraw':
      return one(state.queued).map(({ id: jobId }) => ({ kind: 'job-withdrawn', jobId }));
    case 'window gone':
      return one(state.windows).map(({ id: windowId }) => ({ kind: 'window-gone', windowId }));
    case 'cap gone':
      return one(state.powerCaps).map(({ id: capId }) => ({ kind: 'power-cap-gone', capId }));
    case 'queue':
      return [{ kind: 'job-queued', job: aJob(`new-${serial}`, { ...what.job, sequence: 1000 + serial }) }];
    case 'quota':
      return [
        {
          kind: 'usage',
          tenants: one(state.tenants).map((tenant) => ({ ...tenant, quota: { cards: what.pick * 2 } })),
        },
      ];
    case 'outlook':
      return one(state.outlooks).map((outlook) => ({
        kind: 'outlook',
        outlook: { ...outlook, greenShare: outlook.greenShare.toReversed() },
      }));
    case 'node':
      return [{ kind: 'node-state', groupId: 'east', index: what.pick % 4, state: what.pick % 3 ? 'up' : 'down' }];
    case 'pool for one':
      return one(state.pools).map(({ tenants: _before, ...pool }) => ({
        kind: 'pool-changed',
        pool: what.pick % 3 === 0 ? pool : { ...pool, tenants: ['abc'[what.pick % 3]!] },
      }));
    case 'run again':
      return one(state.running).map((attempt) => ({
        kind: 'attempt-changed',
        attempt: { ...attempt, startedAt: now, endsBy: now + 40 * what.pick + 1 },
      }));
    case 'window':
    case 'cap':
      return orderOf(what, now, serial);
    case 'pool':
      return [{ kind: 'pool-reachable', poolId: 'west', reachable: what.pick % 2 === 0 }];
  }
}

describe('a planner that remembers its looks', () => {
  it('plans after every event as one that has just been started', () => {
    const anyHistory = fc.array(anyHappening, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, anyHistory, (snapshot, policy, history) => {
        const planner = createPlanner(snapshot, policy);
        let now = RICH_NOW;
        planner.plan(now);
        history.forEach((what, serial) => {
          planner.advance(deltasOf(planner, what, now, serial));
          now += what.after;
          const cold = createPlanner(planner.snapshot(now), policy);
          expect(decided(planner.plan(now))).toBe(decided(cold.plan(now)));
        });
      }),
      { numRuns: runs(150) },
    );
  });
});
