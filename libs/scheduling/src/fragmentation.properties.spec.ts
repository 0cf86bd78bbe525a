import fc from 'fast-check';
import { Fragmentation, GRAIN, MixCount, type MixTask } from './fragmentation.js';
import { runs } from './testing/runs.js';

const task = (count: number, milli: number, cores: number, popularity: number): MixTask => ({
  need: { count, milli, cores },
  popularity,
});
const whole = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
const anyMilli = fc.constantFrom(142, 250, 500, 1000);
const aTask = fc.tuple(whole(3), anyMilli, whole(6), whole(4)).map((named) => task(...named));
const someTasks = fc.array(aTask, { maxLength: 8 });
const someCards = fc.array(fc.oneof(whole(1000), fc.constantFrom(-250, 0, 141, 142, 250, 499, 500, 1000)), {
  maxLength: 5,
});

/** Task by task and card by card, as the paper defines it. */
function enumerated(tasks: readonly MixTask[], cores: number, left: readonly number[]): number {
  let lost = 0;
  for (const { need, popularity } of tasks) {
    if (need.count === 0) continue;
    const fitting = left.filter((milli) => milli >= need.milli).length;
    const canRun = fitting >= need.count && cores >= need.cores;
    for (const milli of left) if (milli > 0 && (!canRun || milli < need.milli)) lost += milli * popularity;
  }
  return lost;
}

describe('fragmentation of a node', () => {
  it('is what going through all tasks and all cards gives', () => {
    fc.assert(
      fc.property(someTasks, whole(7), someCards, (tasks, cores, left) => {
        expect(new Fragmentation({ tasks }).of(cores, left)).toBe(enumerated(tasks, cores, left));
      }),
      { numRuns: runs(500) },
    );
  });

  it('knows neither an order of the cards nor one of the tasks', () => {
    fc.assert(
      fc.property(someTasks, whole(7), someCards, (tasks, cores, left) => {
        const straight = new Fragmentation({ tasks });
        const turned = new Fragmentation({ tasks: tasks.toReversed() });
        expect(turned.of(cores, left.toReversed())).toBe(straight.of(cores, left));
      }),
    );
  });

  it('of a task that comes several times is that of as many tasks', () => {
    fc.assert(
      fc.property(someTasks, whole(7), someCards, (tasks, cores, left) => {
        const single = tasks.flatMap(({ need, popularity }) =>
          Array.from({ length: popularity }, () => ({ need, popularity: 1 })),
        );
        const [together, apart] = [new Fragmentation({ tasks }), new Fragmentation({ tasks: single })];
        expect(apart.of(cores, left)).toBe(together.of(cores, left));
        expect(apart.steps(5000, 77)).toBe(together.steps(5000, 77));
      }),
    );
  });

  it('never grows with more cores', () => {
    fc.assert(
      fc.property(someTasks, whole(7), someCards, (tasks, cores, left) => {
        const fragmentation = new Fragmentation({ tasks });
        expect(fragmentation.of(cores + 1, left)).toBeLessThanOrEqual(fragmentation.of(cores, left));
      }),
    );
  });

  it('is compared in whole steps, rounded down', () => {
    fc.assert(
      fc.property(someTasks, whole(5000), whole(5000), (tasks, before, after) => {
        const weight = tasks.reduce((sum, { need, popularity }) => sum + (need.count > 0 ? popularity : 0), 0);
        fc.pre(weight > 0);
        const steps = new Fragmentation({ tasks }).steps(before, after);
        const rest = before - after - steps * GRAIN * weight;
        expect([rest >= 0, rest < GRAIN * weight]).toEqual([true, true]);
      }),
    );
  });
});

describe('what a start does to a node', () => {
  // Three of four tasks want a whole card and a core, one wants half of one and two cores.
  const mix = new Fragmentation({ tasks: [task(1, 1000, 1, 3), task(1, 500, 2, 1)] });
  interface State {
    readonly cores: number;
    readonly left: readonly number[];
  }
  interface Case {
    readonly before: State;
    readonly after: State;
    /** Milli-cards times tasks, before and after; and the steps. */
    readonly want: readonly [number, number, number];
  }
  const cases: Record<string, Case> = {
    'half of an idle card is lost to three of four': {
      before: { cores: 9, left: [1000, 1000] },
      after: { cores: 7, left: [500, 1000] },
      want: [0, 3 * 500, -4],
    },
    'the other half of a card that is begun saves what was lost': {
      before: { cores: 9, left: [500, 1000] },
      after: { cores: 7, left: [0, 1000] },
      want: [3 * 500, 0, 3],
    },
    'half of the last whole card loses that card too': {
      before: { cores: 9, left: [500, 1000] },
      after: { cores: 7, left: [500, 500] },
      want: [3 * 500, 3 * 1000, -4],
    },
    'the last whole card beside a begun one': {
      before: { cores: 9, left: [500, 1000] },
      after: { cores: 8, left: [500, 0] },
      want: [3 * 500, 3 * 500, 0],
    },
    'the last but one core leaves a card that halves cannot use': {
      before: { cores: 2, left: [1000, 1000] },
      after: { cores: 1, left: [0, 1000] },
      want: [0, 1000, -3],
    },
    'the last core leaves a card that nobody can use': {
      before: { cores: 2, left: [1000, 1000] },
      after: { cores: 0, left: [0, 1000] },
      want: [0, 4 * 1000, -10],
    },
    'what nobody can use anyway is best used': {
      before: { cores: 2, left: [499] },
      after: { cores: 0, left: [0] },
      want: [4 * 499, 0, 4],
    },
  };
  it.each(Object.entries(cases))('%s', (_sentence, { before, after, want: [was, is, steps] }) => {
    expect([mix.of(before.cores, before.left), mix.of(after.cores, after.left)]).toEqual([was, is]);
    expect(mix.steps(was, is)).toBe(steps);
  });

  it('work without cards, and work that nobody has, does not thin the steps', () => {
    const tasks = [task(1, 500, 1, 1), task(0, 1000, 1, 9), task(1, 1000, 1, 0)];
    expect([99, 100, 199, 200].map((before) => new Fragmentation({ tasks }).steps(before, 0))).toEqual([0, 1, 1, 2]);
  });
});

describe('a count of work', () => {
  const asks: Record<string, { slices: number; cards: number; want: readonly [number, number] }> = {
    'a slice is a slice': { slices: 4, cards: 250, want: [1, 250] },
    'a little more than a slice is two': { slices: 4, cards: 251, want: [1, 500] },
    'a little less than a card is all slices of one': { slices: 4, cards: 999, want: [1, 1000] },
    'a card is a card': { slices: 4, cards: 1000, want: [1, 1000] },
    'a little more than a card is two whole ones': { slices: 4, cards: 1001, want: [2, 1000] },
    'slices that do not divide a card are rounded down': { slices: 7, cards: 100, want: [1, 142] },
    'no card is none': { slices: 4, cards: 0, want: [0, 1000] },
  };
  it.each(Object.entries(asks))('%s', (_sentence, { slices, cards, want: [count, milli] }) => {
    const mix = new MixCount(slices);
    mix.add({ cards, cores: 3, memory: 5 }, 2);
    expect(mix.total().tasks).toEqual([{ need: { count, milli, cores: 3, memory: 5 }, popularity: 2 }]);
  });

  it('puts together what differs in memory alone, and not what differs in cores, cards or parts', () => {
    const mix = new MixCount(4);
    const asked = [[500, 1, 8], [500, 1, 9], [500, 2, 8], [250, 1, 8], [1000, 1, 8], [2000, 1, 8]] as const; // prettier-ignore
    asked.forEach(([cards, cores, memory], i) => mix.add({ cards, cores, memory }, 10 ** i));
    expect(mix.total().tasks.map(({ popularity }) => popularity)).toEqual([11, 100, 1000, 10_000, 100_000]);
    expect(new MixCount(4).total()).toEqual({ tasks: [] });
  });
});
