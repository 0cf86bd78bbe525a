import type { SeedCollection } from './seed-collection.js';
import type { SeedFault } from './seed-document.js';

const REFERENCE = 'ascend-910b';

/** The newest FP16 rate of a card is its FLOPS over those of the reference card, and no row stands twice. */
export function exchangeFaults(seeds: SeedCollection): SeedFault[] {
  const rows = seeds.items('exchangeRates');
  const flops = new Map(seeds.items('acceleratorModels').map(({ item }) => [item.id, item.fp16Tflops.value]));
  const reference = flops.get(REFERENCE);
  const keyOf = ({ model, precision }: (typeof rows)[number]['item']): string => `${model} ${precision}`;
  return rows.flatMap(({ item, document, path }) => {
    const same = rows.filter((row) => keyOf(row.item) === keyOf(item));
    const twice = same.filter((row) => row.item.validFrom === item.validFrom).length > 1;
    if (twice) {
      const problem = `is not the only rate of ${keyOf(item)} from ${item.validFrom}`;
      return [document.fault([...path, 'validFrom'], problem, 'leave one, or give it a later date')];
    }
    const isNewest = same.every((row) => row.item.validFrom <= item.validFrom);
    const own = flops.get(item.model);
    if (item.precision !== 'fp16' || !isNewest || own === undefined || reference === undefined) return [];
    const due = own / reference;
    if (Math.abs(item.rate.value - due) <= 1e-6 * due) return [];
    const problem = `is ${item.rate.value}, but ${own} / ${reference} TFLOPS is ${due}`;
    return [
      document.fault([...path, 'rate', 'value'], problem, 'add a row with the rate that follows from node-types.yaml'),
    ];
  });
}
