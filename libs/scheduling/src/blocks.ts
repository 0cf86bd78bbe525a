/**
 * Puts the nodes of a gang into topology blocks. One block where one has enough: the one with the fewest nodes left over, then the
 * smallest number. Else as few as can be: the fullest first (ties: the smallest number), and what is then missing from the
 * block with the fewest left over.
 *
 * @param able nodes that could be taken, in the order in which they are to be taken
 * @param blocks the block of each node
 */
export function withinBlocks(able: readonly number[], blocks: readonly number[], count: number): readonly number[] {
  const byBlock = new Map<number, number[]>();
  for (const node of able) {
    const members = byBlock.get(blocks[node] ?? 0);
    if (members) members.push(node);
    else byBlock.set(blocks[node] ?? 0, [node]);
  }
  const fullestFirst = [...byBlock].sort(([a, as], [b, bs]) => bs.length - as.length || a - b);
  const chosen: number[] = [];
  while (chosen.length < count && fullestFirst.length > 0) {
    const missing = count - chosen.length;
    chosen.push(...takeOut(fullestFirst, missing).slice(0, missing));
  }
  return chosen;
}

/** Takes the tightest block that holds `missing` nodes out of the list, or the fullest where none does. */
function takeOut(fullestFirst: [number, number[]][], missing: number): readonly number[] {
  let at = 0;
  for (let i = 1; i < fullestFirst.length; i++) {
    const size = fullestFirst[i]![1].length;
    if (size >= missing && size < fullestFirst[at]![1].length) at = i;
  }
  return fullestFirst.splice(at, 1)[0]![1];
}
