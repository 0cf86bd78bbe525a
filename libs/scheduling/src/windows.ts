import type { Seconds, WindowModel } from './model.js';

export interface WindowChanges {
  readonly gone: readonly WindowModel[];
  readonly come: readonly WindowModel[];
  readonly byId: ReadonlyMap<string, WindowModel>;
}

/** What must be taken off and laid to come from one set of windows to another; those that are the very same are left alone. */
export function changesOf(standing: ReadonlyMap<string, WindowModel>, wanted: readonly WindowModel[]): WindowChanges {
  const byId = new Map(wanted.map((window) => [window.id, window]));
  return {
    gone: [...standing.values()].filter((window) => byId.get(window.id) !== window),
    come: [...byId.values()].filter((window) => standing.get(window.id) !== window),
    byId,
  };
}

/** Disjoint intervals, ascending, that cover the same times. */
export function unionOf(
  spans: readonly { readonly from: Seconds; readonly until: Seconds }[],
): { from: Seconds; until: Seconds }[] {
  const union: { from: Seconds; until: Seconds }[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = union.at(-1);
    if (last && span.from <= last.until) last.until = Math.max(last.until, span.until);
    else union.push({ from: span.from, until: span.until });
  }
  return union;
}
