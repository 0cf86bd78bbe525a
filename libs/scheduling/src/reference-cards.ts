import type { NodeShape } from '#libs/domain';
import type { GroupModel } from './model.js';
import { needOf } from './shared-cards.js';
import { askOf, capacityOf, dominantShare, type Vector } from './vector.js';

/**
 * What so many nodes of the shape count for on a group, in whole milli reference cards: the currency of quotas and fair share.
 * Cards count by the group's exchange rate. A job without cards counts its dominant share of a node (Ghodsi 2011, "Dominant
 * Resource Fairness"), a whole node as one card: else work on processors alone would be free. A part of a card counts what it
 * holds, whole slices. At least a thousandth a node.
 */
export function referenceMilli(group: GroupModel, perNode: NodeShape, nodes: number): number {
  const ask = askOf(perNode);
  const cards = ask.cards > 0 ? cardsHeld(group, ask) : dominantShare(ask, capacityOf(group.shape)) * 1000;
  return nodes * Math.max(1, Math.round(cards * (group.exchangeRate ?? 1)));
}

/** Milli-cards of a node. */
function cardsHeld({ sharing }: GroupModel, ask: Vector): number {
  if (!sharing) return ask.cards;
  const { count, milli } = needOf(ask, sharing.slices);
  return count * milli;
}
