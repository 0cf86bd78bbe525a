import type { NodeShape } from '#libs/domain';
import type { GroupModel } from './model.js';
import { referenceMilli } from './reference-cards.js';

const group = (shape: Partial<NodeShape>, exchangeRate?: number): GroupModel => ({
  id: 'g',
  poolId: 'p',
  acceleratorModel: null,
  acceleratorMemoryGiB: 0,
  architecture: 'x86_64',
  stack: 'none',
  shape: { cards: 8, cores: 100, memoryGiB: 1000, ...shape },
  nodes: 4,
  ...(exchangeRate === undefined ? {} : { exchangeRate }),
});
const shape = (cards: number, cores = 0, memoryGiB = 0): NodeShape => ({ cards, cores, memoryGiB });

const cases: Record<string, { group: GroupModel; perNode: NodeShape; nodes: number; want: number }> = {
  'a card is a reference card where no rate is told': { group: group({}), perNode: shape(2), nodes: 3, want: 6000 },
  'cards count by the rate of their group': { group: group({}, 0.975), perNode: shape(8), nodes: 2, want: 15_600 },
  'a part of a card counts as that part': { group: group({}, 0.5), perNode: shape(0.25), nodes: 1, want: 125 },
  'the cores of a job with cards do not count': {
    group: group({}),
    perNode: shape(1, 100, 1000),
    nodes: 1,
    want: 1000,
  },
  'without cards the larger part of the node counts: cores': {
    group: group({ cards: 0 }),
    perNode: shape(0, 50, 100),
    nodes: 2,
    want: 1000,
  },
  'without cards the larger part of the node counts: memory': {
    group: group({ cards: 0 }, 2),
    perNode: shape(0, 10, 700),
    nodes: 1,
    want: 1400,
  },
  'a thousandth is the least that a node counts': {
    group: group({ cards: 0, cores: 1e6 }),
    perNode: shape(0, 1, 0),
    nodes: 5,
    want: 5,
  },
  'what does not come out even is rounded for each node': {
    group: group({}, 1 / 3),
    perNode: shape(1),
    nodes: 3,
    want: 999,
  },
};
describe('reference cards', () => {
  it.each(Object.entries(cases))('%s', (_sentence, { group: of, perNode, nodes, want }) => {
    expect(referenceMilli(of, perNode, nodes)).toBe(want);
  });
});
