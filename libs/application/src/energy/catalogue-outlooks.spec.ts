import { HOUR_MS } from '#libs/domain';
import { aSiteBook, aSupply } from '../testing/a-site-book.js';
import { CatalogueOutlooks, hourOf } from './catalogue-outlooks.js';

const at = Date.parse('2026-11-22T08:20:00+08:00');

interface Hour {
  readonly book: Parameters<typeof aSiteBook>[0];
  readonly wantGreen: number;
}
const cases: Record<string, Hour> = {
  'the grid’s own green part is not the site’s': { book: {}, wantGreen: 0 },
  'a direct line counts up to the load': { book: { supply: { directPvWatts: 60_000 } }, wantGreen: 1 },
  'half of the load by contract is half green': { book: { supply: { contractWatts: 3000 } }, wantGreen: 0.5 },
  'sources add up': {
    book: { supply: { contractWatts: 1500, directPvWatts: 1500, storageWatts: 1500 } },
    wantGreen: 0.75,
  },
  'without load there is nothing to match': {
    book: { expectedWattsAt: () => 0, supply: { directPvWatts: 1000 } },
    wantGreen: 0,
  },
};
it.each(Object.entries(cases))('%s', (_sentence, { book, wantGreen }) => {
  expect(hourOf(aSiteBook(book), at)).toEqual({ greenShare: wantGreen, gramsPerKwh: 500, yuanPerKwh: 0.6 });
});

it('looks ahead from the hour that has begun, hour by hour, site by site', () => {
  const asked: number[] = [];
  const morning = aSiteBook({
    supplyAt: (hour) => {
      asked.push(hour);
      return aSupply(hour, { locationGramsPerKwh: asked.length });
    },
  });
  const outlooks = new CatalogueOutlooks(
    new Map([
      ['here', morning],
      ['there', aSiteBook({ siteId: 'there' })],
    ]),
    3,
  ).from(at);
  const first = Date.parse('2026-11-22T08:00:00+08:00');
  expect(asked).toEqual([first, first + HOUR_MS, first + 2 * HOUR_MS]);
  expect(outlooks.map((outlook) => outlook.siteId)).toEqual(['here', 'there']);
  expect(outlooks[0]).toEqual({
    siteId: 'here',
    from: first / 1000,
    greenShare: [0, 0, 0],
    gramsPerKwh: [1, 2, 3],
    yuanPerKwh: [0.6, 0.6, 0.6],
  });
});

it('looks two days ahead where nobody says otherwise', () => {
  expect(new CatalogueOutlooks(new Map([['here', aSiteBook()]])).from(at)[0]?.greenShare).toHaveLength(48);
});
