import type { DispatchOrder } from '#libs/application';
import { fitsIn, type NodeShape, type PlacementMode } from '#libs/domain';
import type { Takings } from './simulated-run.js';

export interface SimulatedNode {
  readonly id: string;
  readonly groupId: string;
  readonly shape: NodeShape;
}
export interface SimulatedPool {
  readonly id: string;
  /** pinned: jobs run on the nodes their order names; delegated: the engine chooses them in the order's group. */
  readonly placement: PlacementMode;
  readonly nodes: readonly SimulatedNode[];
}

interface Room {
  readonly node: SimulatedNode;
  cards: number;
  cores: number;
  memoryGiB: number;
}

/** What is free on each node, by the engine's own count: it never runs more on a node than the node has. */
export class SimulatedBooks {
  private readonly rooms: ReadonlyMap<string, Room>;
  private readonly groups: ReadonlyMap<string, readonly Room[]>;

  constructor(private readonly pool: SimulatedPool) {
    this.rooms = new Map(pool.nodes.map((node) => [node.id, { node, ...node.shape }]));
    this.groups = Map.groupBy(this.rooms.values(), (room) => room.node.groupId);
  }

  /** Why the pool could not run the order even when empty; null when it could. */
  objectionTo(order: DispatchOrder): string | null {
    return this.pool.placement === 'pinned' ? this.objectionToPins(order) : this.objectionToGroup(order);
  }

  /** What a job must stand in line for: its group where the engine chooses, else each of its nodes. */
  lanesOf(nodeIds: readonly string[], takings: Takings): readonly string[] {
    return this.pool.placement === 'pinned' ? nodeIds : [takings.groupId];
  }

  /** Takes room for a job and returns its nodes; null, and nothing taken, while there is not enough. */
  take(nodeIds: readonly string[], takings: Takings): readonly string[] | null {
    const chosen = this.pool.placement === 'pinned' ? this.pinned(nodeIds, takings) : this.bestFit(takings);
    if (chosen !== null) this.hold(chosen, takings);
    return chosen;
  }

  hold(nodeIds: readonly string[], takings: Takings): void {
    this.shift(nodeIds, takings.perNode, -1);
  }
  giveBack(nodeIds: readonly string[], takings: Takings): void {
    this.shift(nodeIds, takings.perNode, 1);
  }

  private shift(nodeIds: readonly string[], by: NodeShape, sign: 1 | -1): void {
    for (const id of nodeIds) {
      const room = this.rooms.get(id);
      // A node that left the pool while a job ran on it has no room to count.
      if (room === undefined) continue;
      room.cards += sign * by.cards;
      room.cores += sign * by.cores;
      room.memoryGiB += sign * by.memoryGiB;
    }
  }

  private pinned(nodeIds: readonly string[], takings: Takings): readonly string[] | null {
    const isFree = (id: string): boolean => {
      const room = this.rooms.get(id);
      return room !== undefined && fitsIn(takings.perNode, room);
    };
    return nodeIds.every(isFree) ? nodeIds : null;
  }

  /** The nodes on which the job leaves least behind: cards first, then cores, memory, and the order of the pool. */
  private bestFit(takings: Takings): readonly string[] | null {
    const fitting = (this.groups.get(takings.groupId) ?? []).filter((room) => fitsIn(takings.perNode, room));
    if (fitting.length < takings.nodes) return null;
    return fitting
      .toSorted((a, b) => a.cards - b.cards || a.cores - b.cores || a.memoryGiB - b.memoryGiB)
      .slice(0, takings.nodes)
      .map((room) => room.node.id);
  }

  private objectionToPins(order: DispatchOrder): string | null {
    if (new Set(order.nodeIds).size !== order.nodeIds.length || order.nodeIds.length !== order.nodes) {
      return `it asks for ${order.nodes} nodes and names ${new Set(order.nodeIds).size}: a pinned pool needs each by name`;
    }
    const strange = order.nodeIds.filter((id) => !this.rooms.has(id));
    if (strange.length > 0) return `pool "${this.pool.id}" has no node ${strange.map((id) => `"${id}"`).join(', ')}`;
    const small = order.nodeIds.find((id) => !fitsIn(order.perNode, this.shapeOf(id)));
    return small === undefined ? null : `node "${small}" is smaller than the ${told(order.perNode)} it asks for`;
  }

  private objectionToGroup(order: DispatchOrder): string | null {
    const rooms = this.groups.get(order.groupId);
    if (rooms === undefined) return `pool "${this.pool.id}" has no node group "${order.groupId}"`;
    const large = rooms.filter((room) => fitsIn(order.perNode, room.node.shape)).length;
    if (large >= order.nodes) return null;
    return `group "${order.groupId}" has ${large} nodes with ${told(order.perNode)}, and it asks for ${order.nodes}`;
  }

  private shapeOf(id: string): NodeShape {
    return this.rooms.get(id)?.node.shape ?? { cards: 0, cores: 0, memoryGiB: 0 };
  }
}

const told = (shape: NodeShape): string => `${shape.cards} cards, ${shape.cores} cores and ${shape.memoryGiB} GiB`;
