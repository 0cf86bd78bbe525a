import fc from 'fast-check';
import { withinBlocks } from './blocks.js';
import { runs } from './testing/runs.js';

const nodeBlocks = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 });
const question = nodeBlocks.chain((blocks) =>
  fc.record({
    blocks: fc.constant(blocks),
    able: fc.shuffledSubarray(blocks.map((_, node) => node)),
    count: fc.integer({ min: 0, max: blocks.length + 1 }),
  }),
);

/** All choices of so many of the nodes. */
function choices(nodes: readonly number[], count: number): number[][] {
  if (count === 0) return [[]];
  return nodes.flatMap((node, i) => choices(nodes.slice(i + 1), count - 1).map((rest) => [node, ...rest]));
}
const blocksOf = (nodes: readonly number[], blocks: readonly number[]): number[] => [
  ...new Set(nodes.map((node) => blocks[node]!)),
];

describe('nodes within blocks and all choices', () => {
  it('lie in as few blocks, and are as many as there can be, each once', () => {
    fc.assert(
      fc.property(question, ({ blocks, able, count }) => {
        const chosen = withinBlocks(able, blocks, count);
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(chosen.length).toBe(Math.min(count, able.length));
        expect(chosen.every((node) => able.includes(node))).toBe(true);
        const fewest = Math.min(...choices(able, chosen.length).map((choice) => blocksOf(choice, blocks).length));
        expect(blocksOf(chosen, blocks).length).toBe(fewest);
      }),
      { numRuns: runs(500) },
    );
  });

  it('where one block does, leave as few over in it as any choice, in the block of the smallest number', () => {
    fc.assert(
      fc.property(question, ({ blocks, able, count }) => {
        const most = Math.max(0, ...able.map((node) => able.filter((other) => blocks[other] === blocks[node]).length));
        fc.pre(count > 0 && count <= most);
        const enough = [0, 1, 2, 3]
          .map((block) => ({ block, size: able.filter((node) => blocks[node] === block).length }))
          .filter(({ size }) => size >= count)
          .sort((a, b) => a.size - b.size || a.block - b.block);
        const inOrder = able.filter((node) => blocks[node] === enough[0]!.block);
        expect(withinBlocks(able, blocks, count)).toEqual(inOrder.slice(0, count));
      }),
      { numRuns: runs(300) },
    );
  });

  it('where several must do, take all that each but the last has, and leave as few over in that as any that is enough', () => {
    fc.assert(
      fc.property(question, ({ blocks, able, count }) => {
        const sizeOf = (block: number): number => able.filter((node) => blocks[node] === block).length;
        const chosen = withinBlocks(able, blocks, count);
        const used = blocksOf(chosen, blocks);
        fc.pre(used.length > 1);
        const taken = (block: number): number => chosen.filter((node) => blocks[node] === block).length;
        const full = used.slice(0, -1);
        const last = used.at(-1)!;
        expect(full.map(taken)).toEqual(full.map(sizeOf));
        const rest = [0, 1, 2, 3].filter((block) => !full.includes(block) && sizeOf(block) >= taken(last));
        expect(sizeOf(last)).toBe(Math.min(...rest.map(sizeOf)));
        // Nothing that was passed over is larger than what was taken whole.
        expect(full.map(sizeOf)).toEqual(full.map(sizeOf).toSorted((a, b) => b - a));
      }),
      { numRuns: runs(300) },
    );
  });
});
