import type { Delta, Snapshot } from '../model.js';

/** A state after a delta, told from the words of the delta alone: what a planner that follows it must have come to. */
export function followed(state: Snapshot, delta: Delta): Snapshot {
  switch (delta.kind) {
    case 'job-queued':
      return { ...state, queued: set(state.queued, delta.job, ({ id }) => id) };
    case 'job-withdrawn':
      return { ...state, queued: state.queued.filter(({ id }) => id !== delta.jobId) };
    case 'attempt-placed':
    case 'attempt-changed':
      return {
        ...state,
        queued: state.queued.filter(({ id }) => id !== delta.attempt.jobId),
        running: set(state.running, delta.attempt, ({ attemptId }) => attemptId),
      };
    case 'attempt-ended':
      return { ...state, running: state.running.filter(({ attemptId }) => attemptId !== delta.attemptId) };
    case 'node-state': {
      const { kind: _kind, ...node } = delta;
      const nodeStates = set(state.nodeStates, node, ({ groupId, index }) => `${groupId} ${index}`);
      return { ...state, nodeStates: nodeStates.filter((each) => each.state !== 'up') };
    }
    case 'pool-reachable': {
      const pool = state.pools.find(({ id }) => id === delta.poolId)!;
      return followed(state, { kind: 'pool-changed', pool: { ...pool, reachable: delta.reachable } });
    }
    case 'pool-changed':
      return { ...state, pools: set(state.pools, delta.pool, ({ id }) => id) };
    case 'window-set':
      return { ...state, windows: set(state.windows, delta.window, ({ id }) => id) };
    case 'window-gone':
      return { ...state, windows: state.windows.filter(({ id }) => id !== delta.windowId) };
    case 'usage':
      return {
        ...state,
        tenants: delta.tenants.reduce((all, tenant) => set(all, tenant, ({ id }) => id), state.tenants),
      };
    case 'power-cap-set':
      return { ...state, powerCaps: set(state.powerCaps ?? [], delta.cap, ({ id }) => id) };
    case 'power-cap-gone':
      return { ...state, powerCaps: (state.powerCaps ?? []).filter(({ id }) => id !== delta.capId) };
    case 'outlook':
      return { ...state, outlooks: set(state.outlooks, delta.outlook, ({ siteId }) => siteId) };
  }
}

const set = <T>(list: readonly T[], one: T, key: (each: T) => string): readonly T[] => [
  ...list.filter((each) => key(each) !== key(one)),
  one,
];
