import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import type { CyclePlan, Delta, PlanningPolicy, QueuedJob, Seconds, Snapshot } from './model.js';
import { decisionOf, type Planner } from './planner-face.js';
import { createPlanner } from './planner.js';
import { aJob } from './testing/builders.js';
import { followed } from './testing/followed.js';
import {
  anyCap,
  anyOutlook,
  anyRichJob,
  anyRichPolicy,
  anyRichSnapshot,
  anyTenants,
  anyWindow,
  deltasOf,
  RICH_NOW,
  richGroups,
} from './testing/rich-states.js';
import { runs } from './testing/runs.js';

const decided = (plan: CyclePlan): string => encodeCanonical([decisionOf(plan), plan.waiting]);

/** Where something happens: the state as it is told by the deltas so far, and the planner that has followed them. */
interface Scene {
  readonly state: Snapshot;
  readonly planner: Planner;
  readonly now: Seconds;
  readonly serial: number;
}
/** What happens, told as deltas on the state of the time; nothing where there is nobody that it could happen to. */
type Happening = (scene: Scene) => readonly Delta[];

const pick = fc.nat({ max: 60 });
const oneOf = <T>(list: readonly T[], nth: number): T[] => (list.length > 0 ? [list[nth % list.length]!] : []);
const stating = <T>(arbitrary: fc.Arbitrary<T>, tell: (value: T, scene: Scene) => readonly Delta[]) =>
  arbitrary.map(
    (value): Happening =>
      (scene) =>
        tell(value, scene),
  );

const again = (job: QueuedJob, over: Partial<QueuedJob>): Delta => ({ kind: 'job-queued', job: { ...job, ...over } });

const queued = stating(anyRichJob, (job, { serial, now }) => [
  {
    kind: 'job-queued',
    job: aJob(`new-${serial}`, { ...job, submittedAt: Math.max(0, now - serial), sequence: 1000 + serial }),
  },
]);
const withdrawn = stating(pick, (nth, { state }) =>
  oneOf(state.queued, nth).map(({ id: jobId }) => ({ kind: 'job-withdrawn', jobId })),
);
const amended = stating(fc.tuple(pick, anyRichJob), ([nth, wish], { state }) =>
  oneOf(state.queued, nth).map((job) => again(job, { ...wish, submittedAt: job.submittedAt })),
);
const madeRoomFor = stating(pick, (nth, { state }) =>
  oneOf(state.queued, nth).map((job) => again(job, { claims: (job.claims ?? 0) + 1 })),
);

const committed = stating(fc.tuple(pick, fc.boolean()), ([most, withPreemptions], { state, planner, now }) =>
  deltasOf(planner.plan(now), state, { most, withPreemptions }),
);
const ended = stating(pick, (nth, { state }) =>
  oneOf(state.running, nth).map(({ attemptId }) => ({ kind: 'attempt-ended', attemptId })),
);
/** An attempt is stopped and its job waits again. */
const putBack = stating(fc.tuple(pick, anyRichJob), ([nth, wish], { state, serial }) =>
  oneOf(state.running, nth).flatMap(({ attemptId, jobId, tenantId, preemptions = 0 }) => [
    { kind: 'attempt-ended' as const, attemptId },
    again(aJob(jobId, { ...wish, tenantId, sequence: 1000 + serial }), { preemptions: preemptions + 1 }),
  ]),
);
/** An engine tells another end, or a job that is leaving, or nodes that it no longer knows. */
const told = stating(
  fc.record({ nth: pick, more: fc.integer({ min: -300, max: 600 }), how: fc.constantFrom('end', 'leaving', 'adrift') }),
  ({ nth, more, how }, { state }) =>
    oneOf(state.running, nth).map((attempt) => {
      const { predictedEnd: _predicted, devices: _devices, ...rest } = attempt;
      if (how === 'adrift') return { kind: 'attempt-changed', attempt: { ...rest, nodeIndices: [] } };
      if (how === 'leaving') return { kind: 'attempt-changed', attempt: { ...attempt, leaving: true } };
      return { kind: 'attempt-changed', attempt: { ...attempt, endsBy: attempt.endsBy + more } };
    }),
);

const named = richGroups.filter(({ nodes }) => typeof nodes !== 'number');
const nodeState = stating(
  fc.tuple(pick, pick, fc.constantFrom('up' as const, 'up' as const, 'down' as const, 'drained' as const)),
  ([group, node, state]) =>
    oneOf(named, group).map(({ id: groupId, nodes }) => ({
      kind: 'node-state',
      groupId,
      index: node % (nodes as readonly string[]).length,
      state,
    })),
);
const windowSet = stating(fc.tuple(pick, anyWindow), ([nth, window], { now }) => {
  const later = now - RICH_NOW;
  const moved = { ...window, from: window.from + later, until: window.until + later };
  return [{ kind: 'window-set', window: { ...moved, id: `w${nth % 4}` } }];
});
const windowGone = stating(pick, (nth, { state }) =>
  oneOf(state.windows, nth).map(({ id: windowId }) => ({ kind: 'window-gone', windowId })),
);
const capSet = stating(fc.tuple(pick, anyCap), ([nth, cap], { now }) => {
  const later = now - RICH_NOW;
  const moved = { ...cap, from: cap.from + later, until: cap.until + later };
  return [{ kind: 'power-cap-set', cap: { ...moved, id: `cap${nth % 3}` } }];
});
const capGone = stating(pick, (nth, { state }) =>
  oneOf(state.powerCaps ?? [], nth).map(({ id: capId }) => ({ kind: 'power-cap-gone', capId })),
);
const outlook = stating(anyOutlook, (each) => [{ kind: 'outlook', outlook: each }]);
const usage = stating(fc.tuple(pick, anyTenants), ([nth, tenants], { now }) => [
  { kind: 'usage', tenants: oneOf(tenants, nth).map((tenant) => ({ ...tenant, usageAsOf: now })) },
]);
const reachable = stating(fc.tuple(pick, fc.boolean()), ([nth, isUp], { state }) =>
  oneOf(state.pools, nth).map(({ id: poolId }) => ({ kind: 'pool-reachable', poolId, reachable: isUp })),
);
const poolChanged = stating(
  fc.record({
    nth: pick,
    tenants: fc.constantFrom(undefined, ['a'], ['b'], ['c', 'a'], []),
    classes: fc.constantFrom(undefined, undefined, ['training' as const]),
    latency: fc.constantFrom(2, 20),
  }),
  ({ nth, tenants, classes, latency }, { state }) =>
    oneOf(state.pools, nth).map(({ tenants: _tenants, classes: _classes, ...pool }) => ({
      kind: 'pool-changed',
      pool: { ...pool, latencyMs: { echeng: latency }, ...(tenants && { tenants }), ...(classes && { classes }) },
    })),
);
/** A question changes nothing, whatever has been found out on its behalf. */
const asked = stating(fc.tuple(pick, anyRichJob), ([nth, job], { state, planner, now }) => {
  planner.quote(aJob('asked', { ...job, sequence: 99_999 }), now);
  for (const { id } of oneOf(state.queued, nth)) {
    planner.explain(id, now);
    planner.whatIf(id, now);
  }
  return [];
});

const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: queued },
  { weight: 4, arbitrary: committed },
  ...[withdrawn, amended, madeRoomFor, putBack, told, nodeState, windowSet, capSet].map((arbitrary) => ({
    weight: 2,
    arbitrary,
  })),
  ...[ended, windowGone, capGone, outlook, usage, reachable, poolChanged, asked].map((arbitrary) => ({
    weight: 1,
    arbitrary,
  })),
);
/** Some things at once, then some time. */
const anyStep = fc.record({
  happenings: fc.array(anyHappening, { minLength: 1, maxLength: 3 }),
  after: fc.constantFrom(0, 0, 0, 1, 7, 60, 200, 1800),
});
const anyHistory = fc.array(anyStep, { minLength: 10, maxLength: 30, size: 'max' });

/** Plays a history and calls back after each step. */
function play(
  { planner, snapshot }: { readonly planner: Planner; readonly snapshot: Snapshot },
  history: readonly { readonly happenings: readonly Happening[]; readonly after: number }[],
  look: (state: Snapshot, now: Seconds) => void,
): void {
  let now = RICH_NOW;
  let state = snapshot;
  let serial = 0;
  for (const { happenings, after } of history) {
    for (const happening of happenings) {
      const deltas = happening({ state, planner, now, serial: serial++ });
      planner.advance(deltas);
      state = deltas.reduce(followed, state);
    }
    now += after;
    look(state, now);
  }
}

const cold = (state: Snapshot, policy: PlanningPolicy, now: Seconds): CyclePlan =>
  createPlanner({ ...state, now }, policy).plan(now);

describe('a planner that follows deltas', () => {
  it('plans after each of them as one that is started cold from what they say', () => {
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, anyHistory, (snapshot, policy, history) => {
        const planner = createPlanner(snapshot, policy);
        planner.plan(RICH_NOW);
        play({ planner, snapshot }, history, (state, now) => {
          expect(decided(planner.plan(now))).toBe(decided(cold(state, policy, now)));
        });
      }),
      { numRuns: runs(100) },
    );
  });

  it('has the state that they say, and decides the same when nobody has looked at it on the way', () => {
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, anyHistory, (snapshot, policy, history) => {
        const planner = createPlanner(snapshot, policy);
        let last: { readonly state: Snapshot; readonly now: Seconds } = { state: snapshot, now: RICH_NOW };
        play({ planner, snapshot }, history, (state, now) => (last = { state, now }));
        const fresh = createPlanner({ ...last.state, now: last.now }, policy);
        expect(encodeCanonical(planner.snapshot(last.now))).toBe(encodeCanonical(fresh.snapshot(last.now)));
        const plan = planner.plan(last.now, { verdicts: 'none' });
        expect(encodeCanonical(decisionOf(plan))).toBe(encodeCanonical(decisionOf(fresh.plan(last.now))));
      }),
      { numRuns: runs(100) },
    );
  });
});
