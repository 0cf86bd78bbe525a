import { type Instant, compareKeys } from '#libs/domain';
import type { BookingPart } from './booking.js';

/** A node as it stands towards a stretch of time that is to be booked. */
export interface NodeStanding {
  readonly id: string;
  readonly groupId: string;
  readonly index: number;
  /** In service now. */
  readonly isUp: boolean;
  /** By how many seconds the work that it runs may last into the stretch, added up over its attempts. */
  readonly secondsPastStart: number;
  /** What is booked on it during the stretch. */
  readonly booked: readonly BookedStretch[];
}
export interface BookedStretch {
  readonly bookingId: string;
  readonly from: Instant;
  readonly until: Instant;
}

export type NodeChoice =
  | {
      readonly kind: 'chosen';
      /** By part; within a part in the order of index. */ readonly nodes: readonly (readonly NodeStanding[])[];
    }
  | NodesRefused;
export interface NodesRefused {
  readonly kind: 'refused';
  /** taken: too few nodes of the group are free of bookings. absent: the group has fewer, or not those that are named. */
  readonly reason: 'taken' | 'absent';
  readonly part: number;
  readonly groupId: string;
  readonly asked: number;
  /** Of those that were asked for, where they are named; else of the group. */
  readonly free: number;
  /** Named nodes that the group does not have. */
  readonly unknown: readonly string[];
  /** What is in the way, the earliest first. */
  readonly inTheWay: readonly BookedStretch[];
}

/**
 * Nodes for all parts of a booking, or the first part that cannot be had. Counted parts get nodes that no booking overlaps: those
 * in service first, then those whose work lasts least into the stretch, then the lowest index.
 */
export function chooseNodes(parts: readonly BookingPart[], standings: readonly NodeStanding[]): NodeChoice {
  const nodes: (readonly NodeStanding[])[] = [];
  for (const [index, part] of parts.entries()) {
    const chosen = chooseForPart(
      part,
      standings.filter((node) => node.groupId === part.groupId),
    );
    if (chosen.kind === 'refused') return { ...chosen, part: index };
    nodes.push(chosen.nodes);
  }
  return { kind: 'chosen', nodes };
}

type PartChoice = { readonly kind: 'chosen'; readonly nodes: readonly NodeStanding[] } | Omit<NodesRefused, 'part'>;

function chooseForPart({ nodes, groupId }: BookingPart, group: readonly NodeStanding[]): PartChoice {
  const named = typeof nodes === 'object' ? new Set(nodes) : null;
  const candidates = named ? group.filter((node) => named.has(node.id)) : group;
  const asked = named ? named.size : typeof nodes === 'number' ? nodes : group.length;
  const free = candidates.filter((node) => node.booked.length === 0);
  if (asked > 0 && free.length >= asked) {
    const byWork = free.toSorted(
      (a, b) => Number(b.isUp) - Number(a.isUp) || a.secondsPastStart - b.secondsPastStart || a.index - b.index,
    );
    return { kind: 'chosen', nodes: byWork.slice(0, asked).toSorted((a, b) => a.index - b.index) };
  }
  const known = new Set(group.map((node) => node.id));
  return {
    kind: 'refused',
    reason: candidates.length < asked || asked === 0 ? 'absent' : 'taken',
    groupId,
    asked,
    free: free.length,
    unknown: [...(named ?? [])].filter((id) => !known.has(id)).toSorted(compareKeys),
    inTheWay: distinct(candidates.flatMap((node) => node.booked)),
  };
}

function distinct(stretches: readonly BookedStretch[]): BookedStretch[] {
  const byKey = new Map(stretches.map((stretch) => [`${stretch.bookingId}@${stretch.from}`, stretch]));
  return [...byKey.values()].sort((a, b) => a.from - b.from || compareKeys(a.bookingId, b.bookingId));
}
