import { holdingStates } from './capacity-sql.js';

const dropDevices = `
  delete from device d using node n join node_group g on g.id = n.group_id
  where n.id = d.node_id and (g.sharing_slices is null or d.index >= g.cards)`;

const addDevices = `
  insert into device (node_id, index)
  select n.id, i from node n join node_group g on g.id = n.group_id, generate_series(0, g.cards - 1) i
  where g.sharing_slices is not null on conflict do nothing`;

// Work from before the cards were told apart holds whole ones: the first of the node that are left, in the order of its attempts.
const nameDevices = `
  with named as (
    update placement_node p set devices = array(select generate_series(w.before, w.before + w.cards - 1)::int)
    from (
      select l.attempt_id, l.node_id, l.cards::int,
        (sum(l.cards) over (partition by l.node_id order by l.attempt_id) - l.cards)::int as before
      from placement_node l join attempt a on a.id = l.attempt_id join node_group g on g.id = a.group_id
      where a.state in ${holdingStates} and a.placement = 'pinned' and g.sharing_slices is not null and l.devices is null
    ) w
    where p.attempt_id = w.attempt_id and p.node_id = w.node_id returning p.node_id, p.devices
  )
  update device d set used_milli = 1000 from named, unnest(named.devices) as held(index)
  where d.node_id = named.node_id and d.index = held.index`;

/** Brings the cards of nodes in line with how their groups share them; nobody else may hold the nodes meanwhile. */
export const followSharing = [dropDevices, addDevices, nameDevices];
