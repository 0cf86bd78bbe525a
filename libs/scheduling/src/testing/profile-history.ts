import fc from 'fast-check';
import type { WindowModel } from '../model.js';
import type { Profile, Undo } from '../profile.js';

/** What is counted by hand beside a profile. */
interface Naive {
  readonly holds: readonly unknown[];
  out: ReadonlySet<number>;
  windows: WindowModel[];
  left(node: number, second: number): object;
}
interface Bounds {
  readonly nodes: number;
  /** After it nothing changes any more. */
  readonly end: number;
  /** Time goes no further than here. */
  readonly latest: number;
}

export const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });

/** What happens to profiles of all kinds alike. */
export function anyEventOf(
  nodes: number,
  windows: { readonly most: number; readonly from: number; readonly seconds: number },
) {
  const window = fc.record({
    nodes: fc.uniqueArray(whole(nodes - 1), { minLength: 1 }),
    from: whole(windows.from),
    seconds: whole(windows.seconds, 1),
  });
  const ids = Array.from({ length: windows.most }, (_, index) => `w${index}`);
  return fc.oneof(
    fc.record({ kind: fc.constant('undo' as const), count: whole(3, 1) }),
    fc.record({ kind: fc.constant('turn' as const), by: whole(8, -2) }),
    fc.record({ kind: fc.constant('out' as const), indices: fc.uniqueArray(whole(nodes - 1), { maxLength: 2 }) }),
    fc.record({ kind: fc.constant('windows' as const), windows: fc.array(window, { maxLength: windows.most }) }),
    fc.record({ kind: fc.constant('lift' as const), which: fc.option(fc.subarray(ids)) }),
  );
}
type Event = ReturnType<typeof anyEventOf> extends fc.Arbitrary<infer T> ? T : never;

/** A profile and its naive counterpart, to which the same happens. */
export class ProfileHistory {
  now = 0;
  private readonly undos: Undo[] = [];
  private readonly versions = new Map<number, string>();

  constructor(
    private readonly profile: Profile,
    private readonly naive: Naive,
    private readonly bounds: Bounds,
  ) {
    profile.turnTo(0);
  }

  /** Something was done that can be undone. */
  did(...undos: readonly Undo[]): void {
    this.undos.push(() => {
      for (const undo of undos) undo();
    });
  }

  undoAll(): void {
    this.undo(Infinity);
  }

  act(event: Event): void {
    switch (event.kind) {
      case 'undo':
        return this.undo(event.count);
      case 'turn':
        this.now = Math.min(this.bounds.latest, Math.max(0, this.now + event.by));
        return this.profile.turnTo(this.now);
      case 'out':
        this.naive.out = new Set(event.indices);
        return this.profile.setOut(this.naive.out);
      case 'windows':
        return this.setWindows(event.windows);
      case 'lift':
        return this.lift(event.which);
    }
  }

  /** The state as it is counted, and that of the profile's version when it was seen first: the same version means the same state. */
  states(): readonly [now: string, first: string] {
    const { holds, out, windows } = this.naive;
    const { nodes, end } = this.bounds;
    const state = JSON.stringify([
      Array.from({ length: nodes }, (_, node) => Array.from({ length: end }, (_s, s) => this.naive.left(node, s))),
      [...out].sort((a, b) => a - b),
      windows.length,
      holds.length,
    ]);
    const first = this.versions.get(this.profile.version) ?? state;
    this.versions.set(this.profile.version, state);
    return [state, first];
  }

  private undo(count: number): void {
    for (let i = 0; i < count && this.undos.length > 0; i++) this.undos.pop()!();
  }

  private lift(which: readonly string[] | null): void {
    const standing = this.naive.windows;
    const ids = which === null ? undefined : new Set(which);
    const lay = this.profile.liftWindows(ids);
    this.naive.windows = standing.filter((window) => ids !== undefined && !ids.has(window.id));
    this.did(lay, () => (this.naive.windows = standing));
  }

  private setWindows(windows: readonly { nodes: number[]; from: number; seconds: number }[]): void {
    // Windows that are lifted at the time come back with the undo.
    this.undoAll();
    this.naive.windows = windows.map(({ nodes, from, seconds }, index) => ({
      id: `w${index}`,
      groupId: 'g',
      nodeIndices: nodes,
      from,
      until: from + seconds,
    }));
    this.profile.setWindows(this.naive.windows);
  }
}
