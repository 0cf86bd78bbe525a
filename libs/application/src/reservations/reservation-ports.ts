import type { Instant, JobClass } from '#libs/domain';
import type {
  Booking,
  BookingFault,
  BookingKind,
  NodesRefused,
  OccurrenceUse,
  Recurrence,
  Stretch,
} from '#libs/scheduling';
import type { IdempotencyClaim, Principal } from '../ports.js';

export interface NewReservation {
  readonly booking: Booking;
  readonly name: string;
  /** A maintenance that drains its nodes at once; else short jobs may still run on them before it. */
  readonly drain: boolean;
}
/** Fields that are absent stay as they are; null takes away what may be absent. */
export interface ReservationChange {
  readonly name?: string;
  readonly from?: Instant;
  readonly until?: Instant;
  readonly recurrence?: Recurrence | null;
  readonly parts?: Booking['parts'];
  readonly giveBackAfterSeconds?: number | null;
}

export const occurrenceStates = ['booked', 'unmet', 'given-back', 'cancelled', 'over'] as const;
/** unmet: it came again, and its nodes were booked by others. given-back: what was left of it went back to everybody. */
export type OccurrenceState = (typeof occurrenceStates)[number];

export interface OccurrenceView extends Stretch {
  readonly state: OccurrenceState;
  /** Empty where it got none, or was cancelled before its start. */
  readonly nodeIds: readonly string[];
  /** Of what the caller may see; null before its start, and in lists. */
  readonly use: OccurrenceUse | null;
}
export interface ReservationView {
  readonly id: string;
  readonly kind: BookingKind;
  readonly name: string;
  readonly tenantId: string | null;
  readonly class: JobClass | null;
  readonly from: Instant;
  readonly until: Instant;
  readonly recurrence: Recurrence | null;
  readonly parts: Booking['parts'];
  readonly giveBackAfterSeconds: number | null;
  readonly drain: boolean;
  readonly state: 'active' | 'over' | 'cancelled';
  readonly createdAt: Instant;
  /** In order. One reservation: those of the last seven days and those to come, at most 60; in a list the current or next one. */
  readonly occurrences: readonly OccurrenceView[];
}

/** Work on the nodes of the first occurrence that may run past its start: it is waited for, not stopped. */
export interface Overrun {
  readonly attempts: number;
  readonly latestEnd: Instant | null;
}
export type ReservationTaken = {
  readonly kind: 'taken';
  readonly occurrence: Stretch;
  readonly refused: NodesRefused;
  /** Names of the bookings in the way, by id. */
  readonly names: Readonly<Record<string, string>>;
};
export type Unfit = { readonly kind: 'unfit'; readonly faults: readonly BookingFault[] };
export type Booked =
  | { readonly kind: 'booked' | 'replayed'; readonly id: string; readonly overrun: Overrun }
  | { readonly kind: 'key-reused' }
  | ReservationTaken
  | Unfit;
export type Amended =
  | { readonly kind: 'amended'; readonly overrun: Overrun }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'closed'; readonly state: 'over' | 'cancelled' }
  | ReservationTaken
  | Unfit;

/** Somebody else books, or holds rows that a booking needs, for longer than is waited for. Nothing of what was asked is written. */
export class BookingsBusy extends Error {
  readonly code = 'bookings-busy';
  constructor() {
    super('Others were booking or holding these nodes for too long: nothing was changed. Ask again in a few seconds.');
  }
}

/** Whatever writes throws BookingsBusy when it would have to wait for long. */
export interface ReservationStore {
  /** Gives nodes to every occurrence up to the farthest window that is booked, and two weeks ahead at least; all or nothing. */
  book(
    principal: Principal,
    asked: NewReservation,
    at: Instant,
    claim: Pick<IdempotencyClaim, 'key' | 'fingerprint'> | null,
  ): Promise<Booked>;
  /** Occurrences to come are given nodes anew; of one that has begun only the end can move. */
  amend(
    principal: Principal,
    which: { readonly kind: BookingKind; readonly id: string },
    change: ReservationChange,
    at: Instant,
  ): Promise<Amended>;
  /** What is left of the current occurrence and all to come are free again. Safe to repeat. */
  cancel(
    principal: Principal,
    which: { readonly kind: BookingKind; readonly id: string },
    at: Instant,
  ): Promise<'cancelled' | 'over' | 'unknown'>;
  get(
    principal: Principal,
    which: { readonly kind: BookingKind; readonly id: string },
    at: Instant,
  ): Promise<ReservationView | null>;
  /** Newest first; `after` is the id of the last one seen. */
  list(
    principal: Principal,
    filter: { readonly kind: BookingKind; readonly state?: ReservationView['state'] },
    page: { readonly limit: number; readonly after: string | null },
    at: Instant,
  ): Promise<readonly ReservationView[]>;
}

/** What keeping reservations did; counts of occurrences. */
export interface Kept {
  readonly begun: number;
  readonly ended: number;
  readonly givenBack: number;
  readonly booked: number;
  readonly unmet: number;
  /** Others booked, or held what is needed, for too long: the rest is to be done at the next turn. */
  readonly busy: boolean;
}
/** Turns reservations with service time: by the scheduler, again and again. */
export interface ReservationKeeper {
  keep(at: Instant): Promise<Kept>;
}
