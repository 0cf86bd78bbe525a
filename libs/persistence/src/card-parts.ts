/** Cards of a node as they are stored: how many a job is on, and how much of each it has, in milli-cards. */
export interface CardColumns {
  readonly cards: number;
  readonly card_milli: number;
}

/** @param cards whole cards, or a part of one in whole thousandths */
export const cardColumnsOf = (cards: number): CardColumns =>
  cards > 0 && cards < 1
    ? { cards: 1, card_milli: Math.round(cards * 1000) }
    : { cards: Math.round(cards), card_milli: 1000 };

export const cardsOf = ({ cards, card_milli }: CardColumns): number => (cards * card_milli) / 1000;
