import { withinBlocks } from './blocks.js';

//                    0  1  2  3  4  5  6  7  8  9
const blocks = [1, 1, 1, 2, 2, 2, 2, 3, 3, 0];
const everyNode = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

const cases: Record<string, { able?: readonly number[]; count: number; chosen: readonly number[] }> = {
  'one block that is just large enough goes before a larger one': { count: 2, chosen: [7, 8] },
  'the tightest of the blocks that are large enough': { count: 3, chosen: [0, 1, 2] },
  'the largest, where only it is enough': { count: 4, chosen: [3, 4, 5, 6] },
  'of blocks with as many left over, the smallest number': { able: [0, 1, 4, 3], count: 2, chosen: [0, 1] },
  'the same, whichever block comes first': { able: [4, 3, 0, 1], count: 2, chosen: [0, 1] },
  'within a block, in the order of fit': { able: [8, 5, 7, 3, 4], count: 2, chosen: [8, 7] },
  'more than any block: the fullest, then what is missing from the tightest': { count: 5, chosen: [3, 4, 5, 6, 9] },
  'two are missing: the block with two, not that with three': { count: 6, chosen: [3, 4, 5, 6, 7, 8] },
  'three blocks where two are not enough': { count: 8, chosen: [3, 4, 5, 6, 0, 1, 2, 9] },
  'of equally full ones the smallest number first': { able: [3, 4, 0, 1, 7], count: 3, chosen: [0, 1, 7] },
  'of one that is larger than needed, so many as are needed': { able: [5, 3, 6], count: 2, chosen: [5, 3] },
  'none of none': { able: [], count: 2, chosen: [] },
  'fewer than are asked for, where there are no more': { able: [8, 0], count: 3, chosen: [0, 8] },
  'nobody, where nobody is asked for': { count: 0, chosen: [] },
  'all there is': { count: 10, chosen: [3, 4, 5, 6, 0, 1, 2, 7, 8, 9] },
};

describe('nodes of a gang within topology blocks', () => {
  it.each(Object.entries(cases))('%s', (_, { able = everyNode, count, chosen }) => {
    expect(withinBlocks(able, blocks, count)).toEqual(chosen);
  });

  it('counts nodes without a block as block 0', () => {
    expect(withinBlocks([0, 1, 2, 3], [1, 1], 2)).toEqual([2, 3]);
  });
});
