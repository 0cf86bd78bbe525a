/**
 * usable = installed − what is not up (DESIGN.md 6), for the groups that the condition on `g` picks. Kept on the group because
 * commits to delegated pools are judged against it; it may fall below what is allocated, and is then shown as overcommit.
 */
export const recomputeUsable = (condition: string): string => `
  update node_group g set usable_nodes = up.nodes, usable_cards = up.nodes * g.cards, usable_cores = up.nodes * g.cores,
    usable_memory_gib = up.nodes * g.memory_gib
  from (
    select c.id, count(n.id) filter (where n.state = 'up')::int as nodes
    from node_group c left join node n on n.group_id = c.id group by c.id
  ) up
  where up.id = g.id and ${condition}
    and (g.usable_nodes, g.usable_cards, g.usable_cores, g.usable_memory_gib)
      is distinct from (up.nodes, up.nodes * g.cards, up.nodes * g.cores, up.nodes * g.memory_gib)`;

/** States in which an attempt holds nodes; written out, so that the partial indexes apply. */
export const holdingStates = `('placed','prepared','released','running')`;
