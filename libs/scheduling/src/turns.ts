const RESERVED = 0;
const STEPS = 2 + 31 * 16;

/** In sixteenths of an octave: 1 for a second, then 17, 33 and so on for each doubling. What is shorter than a second counts as one. */
export function lengthStep(seconds: number): number {
  const whole = Math.min(0x7fffffff, Math.max(1, Math.floor(seconds)));
  const octave = 31 - Math.clz32(whole);
  const part = octave < 4 ? (whole << (4 - octave)) & 15 : (whole >> (octave - 4)) & 15;
  return 1 + octave * 16 + part;
}

/**
 * Jobs in the order in which they can hope to start where the shortest is backfilled first: those with a reservation, then the
 * others by the length of their hold, each in the order of the line. The length is coarse, because 100,000 jobs are put
 * in turn for an estimate, and a counting sort does that in a millisecond where a sort takes fifty.
 *
 * @param line slots in the queue's order
 */
export function inTurn(
  line: Int32Array,
  isReserved: (slot: number) => boolean,
  holdOf: (slot: number) => number,
): Int32Array {
  const steps = new Uint16Array(line.length);
  const from = new Int32Array(STEPS + 1);
  for (let i = 0; i < line.length; i++) {
    const step = isReserved(line[i]!) ? RESERVED : lengthStep(holdOf(line[i]!));
    steps[i] = step;
    from[step + 1]! += 1;
  }
  for (let step = 1; step <= STEPS; step++) from[step]! += from[step - 1]!;
  const turns = new Int32Array(line.length);
  for (let i = 0; i < line.length; i++) {
    const step = steps[i]!;
    turns[from[step]!] = line[i]!;
    from[step]! += 1;
  }
  return turns;
}
