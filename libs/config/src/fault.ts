/** Something wrong with what a person wrote: what, where, and what to do. Never carries the value of a setting. */
export interface Fault {
  /** A setting's name, or a seed's file, line and path. */
  readonly where: string;
  readonly problem: string;
  readonly remedy: string;
}

/** All faults as one text, in the order given: where and what on a line, what to do on the next. */
export function renderFaults(faults: readonly Fault[]): string {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  return [`${count}:`, ...faults.map(({ where, problem, remedy }) => `- ${where}: ${problem}\n    ${remedy}`)].join(
    '\n',
  );
}

/** The candidate that a mistyped word most likely stands for, or undefined when none is near. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 4));
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
