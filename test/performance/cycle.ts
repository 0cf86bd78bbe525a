import { defaultPolicy } from '#libs/application';
import { type Delta, createPlanner } from '#libs/scheduling';
import { fleet } from './fleet.js';

const sizes = [
  { pools: 40, nodes: 1_000, queued: 1_000, running: 1_000 },
  { pools: 40, nodes: 1_000, queued: 10_000, running: 1_000 },
  { pools: 40, nodes: 1_000, queued: 100_000, running: 1_000 },
  { pools: 40, nodes: 10_000, queued: 1_000, running: 10_000 },
  { pools: 40, nodes: 10_000, queued: 10_000, running: 10_000 },
  { pools: 40, nodes: 10_000, queued: 100_000, running: 10_000 },
] as const;
const REPEATS = 10;

/** One planning cycle: building the planner's state cold, the first plan on it, and plans after a handful of deltas. */
export function cycleBench(): unknown[] {
  return sizes.map((size) => {
    const snapshot = fleet(size);
    const built = timed(() => createPlanner(snapshot, defaultPolicy));
    const planner = built.value;
    const first = timed(() => planner.plan(snapshot.now));
    const warm: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      const deltas = snapshot.running
        .slice(repeat * 10, repeat * 10 + 10)
        .map((attempt): Delta => ({ kind: 'attempt-ended', attemptId: attempt.attemptId }));
      warm.push(timed(() => (planner.advance(deltas), planner.plan(snapshot.now + repeat + 1))).ms);
    }
    warm.sort((a, b) => a - b);
    return {
      ...size,
      coldBuildMs: round(built.ms),
      firstPlanMs: round(first.ms),
      starts: first.value.starts.length,
      waiting: first.value.waiting.length,
      followingCycleMs: { median: round(warm[Math.floor(warm.length / 2)] ?? 0), max: round(warm.at(-1) ?? 0) },
      heapMiB: Math.round(process.memoryUsage().heapUsed / 1048576),
    };
  });
}

export function timed<T>(work: () => T): { readonly value: T; readonly ms: number } {
  const began = performance.now();
  const value = work();
  return { value, ms: performance.now() - began };
}
export const round = (value: number): number => Math.round(value * 10) / 10;
