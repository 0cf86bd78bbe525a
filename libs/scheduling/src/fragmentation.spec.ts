import { Fragmentation, MixCount } from './fragmentation.js';

const task = (count: number, milli: number, cores: number, popularity: number) => ({
  need: { count, milli, cores },
  popularity,
});

describe('idle milli-cards that the mix could not use', () => {
  const cases: Record<string, { tasks: ReturnType<typeof task>[]; cores: number; left: number[]; want: number }> = {
    'an idle node is useful to everybody': { tasks: [task(1, 500, 1, 3)], cores: 9, left: [1000, 1000], want: 0 },
    'a full node has nothing idle to be wasted': { tasks: [task(1, 500, 1, 3)], cores: 9, left: [0, 0], want: 0 },
    'a card with too little left is lost to the task, as often as there are such tasks': {
      tasks: [task(1, 500, 1, 3)],
      cores: 9,
      left: [1000, 400],
      want: 3 * 400,
    },
    'a card with just enough left is not': { tasks: [task(1, 400, 1, 3)], cores: 9, left: [1000, 400], want: 0 },
    'all is lost to a task that finds too few cards': {
      tasks: [task(2, 1000, 1, 1)],
      cores: 9,
      left: [1000, 400],
      want: 1400,
    },
    'all is lost to a task that finds too few cores': {
      tasks: [task(1, 400, 9, 2)],
      cores: 8,
      left: [1000],
      want: 2000,
    },
    'just enough cores will do': { tasks: [task(1, 400, 9, 2)], cores: 9, left: [1000], want: 0 },
    'tasks alike but for their cores are told apart by them': {
      tasks: [task(1, 400, 9, 2), task(1, 400, 3, 5), task(1, 400, 6, 7)],
      cores: 6,
      left: [1000],
      want: 2000,
    },
    'tasks without cards are no reason to keep cards': {
      tasks: [task(0, 1000, 99, 5)],
      cores: 1,
      left: [500],
      want: 0,
    },
    'tasks that nobody has count for nothing': { tasks: [task(1, 1000, 1, 0)], cores: 1, left: [500], want: 0 },
    'tasks of as many cards with other parts are told apart': {
      tasks: [task(1, 300, 1, 1), task(1, 600, 1, 1)],
      cores: 1,
      left: [500],
      want: 500,
    },
    'tasks of other numbers of cards are told apart': {
      tasks: [task(1, 500, 1, 1), task(2, 500, 1, 1)],
      cores: 1,
      left: [500, 100],
      want: 100 + 600,
    },
    'a card that is overdrawn is not idle': { tasks: [task(1, 1000, 1, 1)], cores: 1, left: [-200, 300], want: 300 },
  };
  it.each(Object.entries(cases))('%s', (_sentence, c) => {
    expect(new Fragmentation({ tasks: c.tasks }).of(c.cores, c.left)).toBe(c.want);
  });
});

describe('steps between two states', () => {
  const two = new Fragmentation({ tasks: [task(1, 500, 1, 1), task(1, 300, 1, 1)] });
  it.each(
    Object.entries({
      'a tenth of a card for each task is one step': { before: 200, after: 0, want: 1 },
      'less is none': { before: 199, after: 0, want: 0 },
      'a loss is at least one step down': { before: 0, after: 1, want: -1 },
      'nothing changed is no step': { before: 7, after: 7, want: 0 },
    }),
  )('%s', (_sentence, { before, after, want }) => expect(two.steps(before, after)).toBe(want));

  it('there are none where the mix is empty', () => {
    expect(new Fragmentation({ tasks: [] }).steps(5000, 0)).toBe(0);
  });
});

it('counts like tasks together, whatever the order', () => {
  const asks = [
    { cards: 300, cores: 1000, memory: 5 },
    { cards: 500, cores: 1000, memory: 9 },
    { cards: 2000, cores: 4000, memory: 9 },
  ];
  const totalOf = (order: readonly number[]): string => {
    const mix = new MixCount(2);
    for (const index of order) mix.add(asks[index]!, index + 1);
    return JSON.stringify(
      mix
        .total()
        .tasks.map(({ need, popularity }) => [need.count, need.milli, need.cores, popularity])
        .sort(([a], [b]) => a! - b!),
    );
  };
  expect(totalOf([0, 1, 2])).toBe('[[1,500,1000,3],[2,1000,4000,3]]');
  expect(totalOf([2, 1, 0])).toBe(totalOf([0, 1, 2]));
});
