import fc from 'fast-check';
import { type HeldJobs, shortestFirst } from './shortest-first.js';
import { runs } from './testing/runs.js';

/** Kind and hold by slot. */
type Jobs = readonly (readonly [kind: number, seconds: number])[];

const heldJobs = (jobs: Jobs): HeldJobs => ({
  kindIndex: (slot) => jobs[slot]![0],
  shortest: (slot) => jobs[slot]![1],
});
const always = (): boolean => true;
const lineOf = (slots: readonly number[]): Int32Array => Int32Array.from(slots);
const everySlot = (jobs: Jobs): number[] => jobs.map((_job, slot) => slot);

describe('shortest first', () => {
  const orders: Record<string, { jobs: Jobs; line?: number[]; want: number[] }> = {
    'is nobody where nobody is in the line': { jobs: [], want: [] },
    'is the one there is': { jobs: [[7, 60]], want: [0] },
    'goes by the hold': { jobs: [[0, 30], [0, 10], [0, 20]], want: [1, 2, 0] },
    'goes by the line among equals of one kind': { jobs: [[0, 9], [0, 5], [0, 5], [0, 5]], want: [1, 2, 3, 0] },
    'goes by the line, not by slots': { jobs: [[0, 5], [0, 5], [0, 5]], line: [2, 0, 1], want: [2, 0, 1] },
    'goes across kinds by the hold': { jobs: [[0, 40], [1, 10], [0, 20], [1, 30]], want: [1, 2, 3, 0] },
    'goes across kinds by the line among equals': { jobs: [[1, 5], [0, 5], [1, 5], [0, 5]], want: [0, 1, 2, 3] },
    'puts the first of a kind behind a shorter one of it, in its place': {
      jobs: [[0, 9], [0, 8], [0, 5], [0, 9]],
      want: [2, 1, 0, 3],
    },
    'goes by the line among equals of kinds that come again': {
      jobs: [[0, 1], [1, 2], [0, 3], [1, 3], [2, 3], [0, 3]],
      want: [0, 1, 2, 3, 4, 5],
    },
    'leaves out who is not in the line': { jobs: [[0, 3], [0, 1], [0, 2]], line: [0, 2], want: [2, 0] },
  }; // prettier-ignore
  it.each(Object.entries(orders))('%s', (_sentence, { jobs, line, want }) => {
    expect([...shortestFirst(lineOf(line ?? everySlot(jobs)), heldJobs(jobs), always)]).toEqual(want);
  });

  it('asks of which use a kind is with the hold of the next of it, before each', () => {
    const jobs: Jobs = [
      [4, 20],
      [4, 10],
      [2, 15],
    ];
    const asked: number[][] = [];
    const note = (...about: number[]): boolean => asked.push(about) > 0;
    expect([...shortestFirst(lineOf([0, 1, 2]), heldJobs(jobs), note)]).toEqual([1, 2, 0]);
    expect(asked).toEqual([
      [4, 10],
      [2, 15],
      [4, 20],
    ]);
  });

  it('leaves out the rest of a kind once one as long is of no use, and of no other', () => {
    const jobs: Jobs = [
      [0, 10],
      [1, 11],
      [0, 12],
      [1, 13],
      [0, 14],
      [1, 15],
    ];
    let room = 20;
    const walk = shortestFirst(
      lineOf(everySlot(jobs)),
      heldJobs(jobs),
      (kind, seconds) => kind === 1 || seconds <= room,
    );
    expect([walk.next().value, walk.next().value]).toEqual([0, 1]);
    room = 12;
    expect(walk.next().value).toBe(2);
    room = 11;
    expect([...walk]).toEqual([3, 5]);
  });
});

describe('shortest first, of any jobs', () => {
  const anyJobs = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 6 })), { maxLength: 60 });

  it('is what a stable sort of the line by hold is', () => {
    fc.assert(
      fc.property(anyJobs, fc.func(fc.nat(1000)), (jobs, shuffle) => {
        const line = everySlot(jobs).toSorted((a, b) => shuffle(a) - shuffle(b) || a - b);
        const want = line.toSorted((a, b) => jobs[a]![1] - jobs[b]![1]);
        expect([...shortestFirst(lineOf(line), heldJobs(jobs), always)]).toEqual(want);
      }),
      { numRuns: runs(300) },
    );
  });

  it('is that sort without those that are of no use, where room becomes only less', () => {
    fc.assert(
      fc.property(anyJobs, fc.array(fc.nat(7), { minLength: 6, maxLength: 6 }), (jobs, rooms) => {
        const left = [...rooms];
        const want: number[] = [];
        for (const slot of everySlot(jobs).toSorted((a, b) => jobs[a]![1] - jobs[b]![1])) {
          const [kind, seconds] = jobs[slot]!;
          if (seconds > left[kind]!) continue;
          want.push(slot);
          left[kind] = left[kind]! - 1;
        }
        const room = [...rooms];
        const got: number[] = [];
        for (const slot of shortestFirst(
          lineOf(everySlot(jobs)),
          heldJobs(jobs),
          (kind, held) => held <= room[kind]!,
        )) {
          got.push(slot);
          room[jobs[slot]![0]] = room[jobs[slot]![0]]! - 1;
        }
        expect(got).toEqual(want);
      }),
      { numRuns: runs(300) },
    );
  });
});
