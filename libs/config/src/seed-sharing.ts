import type { SeedCollection } from './seed-collection.js';
import type { SeedFault } from './seed-document.js';

/** Cards can be shared only where there are cards, and where we say which of them a job gets. */
export function sharingFaults(seeds: SeedCollection): SeedFault[] {
  const cardsOf = new Map(seeds.items('nodeTypes').map(({ item }) => [item.id, item.acceleratorsPerNode.value]));
  return seeds.items('pools').flatMap(({ item: pool, document, path }) =>
    pool.nodeGroups.flatMap((group, index) => {
      if (!group.sharing) return [];
      const at = [...path, 'nodeGroups', index, 'sharing'];
      if (pool.placement !== 'pinned') {
        const problem = `shares cards in a pool whose engine chooses the nodes (placement ${pool.placement})`;
        return [document.fault(at, problem, 'set placement to pinned, or take sharing away')];
      }
      if (cardsOf.get(group.nodeType) !== 0) return [];
      return [document.fault(at, 'shares cards that its nodes do not have', 'take sharing away')];
    }),
  );
}
