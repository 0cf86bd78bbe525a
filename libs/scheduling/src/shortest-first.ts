/** What is asked of jobs: slots stand for jobs, indices for their kinds. */
export interface HeldJobs {
  kindIndex(slot: number): number;
  /** Seconds for which a job is held. */
  shortest(slot: number): number;
}

/** Jobs of one kind, as places in the line. */
interface Row {
  readonly kind: number;
  readonly places: number[];
  // Of the first that was not told; those from it on are sorted once a second one is asked for.
  at: number;
  isSorted: boolean;
}

/**
 * Goes through jobs by the length of their hold, among equals in the order of the line. After each it asks whether a job of the kind
 * that is held as long as the next one is of any use still; where not, the rest of the kind is left out, and is never put in order:
 * of 60,000 jobs that fit on what has become free a few take it, and then nobody fits.
 *
 * @param line slots in the queue's order
 */
export function* shortestFirst(
  line: Int32Array,
  jobs: HeldJobs,
  isOfUse: (kindIndex: number, seconds: number) => boolean,
): Generator<number, void> {
  const holdOf = (place: number): number => jobs.shortest(line[place]!);
  const isBefore = (a: number, b: number): boolean => holdOf(a) < holdOf(b) || (holdOf(a) === holdOf(b) && a < b);
  const rows = rowsOf(line, jobs);
  const headOf = (row: Row): number => row.places[row.at]!;
  rows.sort((a, b) => holdOf(headOf(a)) - holdOf(headOf(b)) || headOf(a) - headOf(b));
  while (rows.length > 0) {
    const row = rows.shift()!;
    if (!isOfUse(row.kind, holdOf(headOf(row)))) continue;
    yield line[headOf(row)]!;
    if (++row.at === row.places.length) continue;
    if (!row.isSorted) {
      row.places.sort((a, b) => holdOf(a) - holdOf(b) || a - b);
      row.isSorted = true;
    }
    const head = headOf(row);
    const behind = rows.findIndex((other) => isBefore(head, headOf(other)));
    rows.splice(behind < 0 ? rows.length : behind, 0, row);
  }
}

/** The rows in the order of the line, the first of each that is held the shortest at its head. */
function rowsOf(line: Int32Array, jobs: HeldJobs): Row[] {
  const byKind: (Row & { least: number; leastAt: number })[] = [];
  for (let place = 0; place < line.length; place++) {
    const slot = line[place]!;
    const kind = jobs.kindIndex(slot);
    const seconds = jobs.shortest(slot);
    const row = (byKind[kind] ??= { kind, places: [], at: 0, isSorted: false, least: Infinity, leastAt: 0 });
    if (seconds < row.least) {
      row.least = seconds;
      row.leastAt = row.places.length;
    }
    row.places.push(place);
  }
  const rows = Object.values(byKind);
  for (const { places, leastAt } of rows) [places[0], places[leastAt]] = [places[leastAt]!, places[0]!];
  return rows;
}
