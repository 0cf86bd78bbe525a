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
  /** Milli-cards in use of each card that is given out by name; such a card is used up by its first part. */
  readonly parts: Map<number, number>;
}

/** What is free on each node, by the engine's own count: it never runs more on a node than the node has. */
export class SimulatedBooks {
  private readonly rooms: ReadonlyMap<string, Room>;
  private readonly groups: ReadonlyMap<string, readonly Room[]>;

  constructor(private readonly pool: SimulatedPool) {
    this.rooms = new Map(pool.nodes.map((node) => [node.id, { node, ...node.shape, parts: new Map() }]));
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
    this.shift(nodeIds, takings, 1);
  }
  giveBack(nodeIds: readonly string[], takings: Takings): void {
    this.shift(nodeIds, takings, -1);
  }

  private shift(nodeIds: readonly string[], takings: Takings, sign: 1 | -1): void {
    nodeIds.forEach((id, place) => {
      const room = this.rooms.get(id);
      // A node that left the pool while a job ran on it has no room to count.
      if (room === undefined) return;
      const { perNode, sharing } = takings;
      const before = room.parts.size;
      for (const device of sharing?.devices[place] ?? []) shiftPart(room, device, sign * (sharing?.milli ?? 0));
      room.cards -= sharing ? room.parts.size - before : sign * perNode.cards;
      room.cores -= sign * perNode.cores;
      room.memoryGiB -= sign * perNode.memoryGiB;
    });
  }

  private pinned(nodeIds: readonly string[], takings: Takings): readonly string[] | null {
    const isFree = (id: string, place: number): boolean => {
      const room = this.rooms.get(id);
      if (room === undefined) return false;
      const { perNode, sharing } = takings;
      if (!sharing) return fitsIn(perNode, room);
      const devices = sharing.devices[place] ?? [];
      const opened = devices.filter((device) => !room.parts.has(device)).length;
      const isLeft = devices.every((device) => (room.parts.get(device) ?? 0) + sharing.milli <= 1000);
      return isLeft && fitsIn({ ...perNode, cards: opened }, room);
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
    const { sharing } = order;
    const absent = order.nodeIds.find((id, place) => {
      const { cards } = this.shapeOf(id);
      return sharing?.devices[place]?.some((device) => device >= cards) ?? false;
    });
    if (absent !== undefined) return `node "${absent}" does not have the cards that the order names`;
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

function shiftPart(room: Room, device: number, milli: number): void {
  const used = (room.parts.get(device) ?? 0) + milli;
  if (used > 0) room.parts.set(device, used);
  else room.parts.delete(device);
}

const told = (shape: NodeShape): string => `${shape.cards} cards, ${shape.cores} cores and ${shape.memoryGiB} GiB`;
