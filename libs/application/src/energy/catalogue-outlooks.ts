import { HOUR_MS, type Instant, hourStart, joules } from '#libs/domain';
import { supplyStack } from '#libs/energy';
import type { OutlookModel } from '#libs/scheduling';
import type { OutlookSource } from '../scheduling/outlook-source.js';
import { toSeconds } from '../service-time.js';
import type { SiteBook } from './site-energy.js';

/** The sites' hours ahead by the shapes of the catalogue: month-hour tables, tariff periods, contracts. */
export class CatalogueOutlooks implements OutlookSource {
  constructor(
    private readonly books: ReadonlyMap<string, SiteBook>,
    private readonly hours = 48,
  ) {}

  from(now: Instant): readonly OutlookModel[] {
    const first = hourStart(now);
    return [...this.books].map(([siteId, book]) => {
      const hours = Array.from({ length: this.hours }, (_, index) => hourOf(book, first + index * HOUR_MS));
      return {
        siteId,
        from: toSeconds(first),
        greenShare: hours.map((hour) => hour.greenShare),
        gramsPerKwh: hours.map((hour) => hour.gramsPerKwh),
        yuanPerKwh: hours.map((hour) => hour.yuanPerKwh),
      };
    });
  }
}

/** Hour-matched share at the expected load; the grid's own green part is another figure and is not added to it. */
export function hourOf(book: SiteBook, at: Instant): { greenShare: number; gramsPerKwh: number; yuanPerKwh: number } {
  const supply = book.supplyAt(at);
  const load = joules(book.expectedWattsAt(at) * 3600);
  const stack = supplyStack(load, supply);
  return {
    greenShare: load === 0n ? 0 : Number(stack.matchedGreenJoules) / Number(load),
    gramsPerKwh: supply.locationGramsPerKwh,
    yuanPerKwh: supply.price.gridYuanPerKwh,
  };
}
