import fc from 'fast-check';
import { encodeCanonical } from './canonical.js';
import type { CyclePlan } from './model.js';
import { decisionOf } from './planner-face.js';
import { createPlanner } from './planner.js';
import { anyRichPolicy, anyRichSnapshot, RICH_NOW } from './testing/rich-states.js';
import { runs } from './testing/runs.js';

const decided = (plan: CyclePlan): string => encodeCanonical(decisionOf(plan));
const anySteps = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 12 });

describe('a planner to which nothing happens', () => {
  it.each(['none', 'news', 'all'] as const)('plans at every later instant as a cold one (verdicts: %s)', (verdicts) => {
    fc.assert(
      fc.property(anyRichSnapshot, anyRichPolicy, anySteps, (snapshot, policy, steps) => {
        const planner = createPlanner(snapshot, policy);
        let now = RICH_NOW;
        for (const step of [0, ...steps]) {
          now += step;
          const cold = createPlanner(snapshot, policy).plan(now, { verdicts: 'none' });
          expect(decided(planner.plan(now, { verdicts }))).toBe(decided(cold));
        }
      }),
      { numRuns: runs(verdicts === 'none' ? 400 : 100) },
    );
  });
});
