export interface Timed<T> {
  readonly value: T;
  readonly ms: number;
  /** What the process used: on a machine that others use too it says more than the clock. */
  readonly cpuMs: number;
}

export function timed<T>(work: () => T): Timed<T> {
  const used = process.cpuUsage();
  const began = performance.now();
  const value = work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(used);
  return { value, ms, cpuMs: (user + system) / 1000 };
}

/** Medians and ends of several runs, in milliseconds. */
export function spread(runs: readonly Timed<unknown>[]): object {
  const sorted = (times: readonly number[]): number[] => times.toSorted((a, b) => a - b).map(round);
  const ms = sorted(runs.map((run) => run.ms));
  const cpuMs = sorted(runs.map((run) => run.cpuMs));
  const middle = runs.length >> 1;
  return { runs: runs.length, medianMs: ms[middle], minMs: ms[0], maxMs: ms.at(-1), medianCpuMs: cpuMs[middle] };
}

export const round = (value: number): number => Math.round(value * 10) / 10;
