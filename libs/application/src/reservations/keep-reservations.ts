import type { Instant } from '#libs/domain';
import type { SchedulerInstruments } from '../instruments.js';
import type { Kept, ReservationKeeper } from './reservation-ports.js';

/** Turns reservations with service time and counts what became of their occurrences. */
export class KeepReservations {
  constructor(
    private readonly keeper: ReservationKeeper,
    private readonly instruments: Pick<SchedulerInstruments, 'reserved'>,
  ) {}

  /** `changed`: the planner has windows or nodes to look at. */
  async execute(now: Instant): Promise<Kept & { readonly changed: boolean }> {
    const kept = await this.keeper.keep(now);
    this.instruments.reserved('ended', kept.ended);
    this.instruments.reserved('given-back', kept.givenBack);
    this.instruments.reserved('unmet', kept.unmet);
    return { ...kept, changed: kept.begun + kept.ended + kept.givenBack + kept.booked > 0 };
  }
}
