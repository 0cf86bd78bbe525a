import type { Figure } from '#libs/domain';
import type { z } from 'zod';
import type { Reference } from '../reference.js';
import type { Figures } from '../schemas/common.js';

type Shown = z.infer<typeof Figures>;

/** Each figure with the texts behind its source or assumption, so that a reader need not look ids up. */
export function figuresShown(figures: Readonly<Record<string, Figure>>, reference: Reference): Shown {
  return Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => {
      const source = reference.sourceOf(figure);
      const assumption = reference.assumptionOf(figure);
      return [name, { value: figure.value, ...(source && { source }), ...(assumption && { assumption }) }];
    }),
  );
}
