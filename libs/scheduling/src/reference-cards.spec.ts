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
  'a part of a shared card counts the slices that it holds': {
    group: { ...group({}, 0.5), sharing: { kind: 'mig', slices: 7 } },
    perNode: shape(0.25),
    nodes: 2,
    want: 2 * 143, // two sevenths are 285 milli-cards, at half a reference card
  },
  'whole cards of a group that shares count as before': {
    group: { ...group({}, 0.5), sharing: { kind: 'mig', slices: 7 } },
    perNode: shape(2),
    nodes: 1,
    want: 1000,
  },
  'without cards a group that shares is like another': {
    group: { ...group({ cards: 0 }), sharing: { kind: 'mig', slices: 7 } },
    perNode: shape(0, 50),
    nodes: 1,
    want: 500,
  },
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
  'cores and memory in equal parts: as one': {
    group: group({ cards: 0 }),
    perNode: shape(0, 25, 250),
    nodes: 1,
    want: 250,
  },
  'a whole node without cards is a whole card': {
    group: group({ cards: 0 }),
    perNode: shape(0, 100, 10),
    nodes: 1,
    want: 1000,
  },
  'processors alone on nodes with cards: the cards that stay idle do not count': {
    group: group({}),
    perNode: shape(0, 30, 100),
    nodes: 1,
    want: 300,
  },
  'all the cores beside one card of eight: one card, for cards come first': {
    group: group({}),
    perNode: shape(1, 100, 10),
    nodes: 2,
    want: 2000,
  },
  'one that asks for nothing counts the core that it is held to': {
    group: group({ cards: 0, cores: 4 }),
    perNode: shape(0),
    nodes: 2,
    want: 2,
  },
  'nodes of nothing that anybody asks for count as whole ones': {
    group: group({ cards: 0, cores: 0, memoryGiB: 0 }),
    perNode: shape(0, 1),
    nodes: 1,
    want: 1000,
  },
  'half a thousandth is rounded up to one': {
    group: group({}, 0.0005),
    perNode: shape(1),
    nodes: 1,
    want: 1,
  },
  'and less than that too: nothing is free': { group: group({}, 0), perNode: shape(8), nodes: 3, want: 3 },
  'no nodes count nothing': { group: group({}), perNode: shape(8), nodes: 0, want: 0 },
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

  it('an hour of an Ascend 910B and one of an A800 are charged in one currency, by their rates', () => {
    // Eight cards each; a 910B at 0.5 of the reference, an A800 at 0.8: 4 and 6.4 reference cards.
    const charged = [0.5, 0.8].map((rate) => referenceMilli(group({}, rate), shape(8), 1));
    expect(charged).toEqual([4000, 6400]);
  });
});
