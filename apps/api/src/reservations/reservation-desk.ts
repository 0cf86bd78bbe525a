import { Inject, Injectable } from '@nestjs/common';
import type { Amended, Booked, NewReservation, Principal, ReservationView } from '#libs/application';
import { type Instant, isUuid } from '#libs/domain';
import { CursorSealer, Problem, fingerprintOf, pageOf } from '#libs/http';
import type { BookingKind } from '#libs/scheduling';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { bookedShown, reservationShown, takenProblem } from '../presenters/reservation.js';
import { cursorField, limitField } from '../schemas/common.js';
import { changeOf, unfitProblem } from './check-reservation.js';
import type {
  ReservationBooked,
  ReservationChangeBody,
  ReservationPage,
  ReservationShown,
} from './reservation-views.js';

export const ReservationsQuery = z.strictObject({
  state: z.enum(['active', 'over', 'cancelled']).optional(),
  limit: limitField,
  cursor: cursorField,
});
export type ReservationsQuery = z.infer<typeof ReservationsQuery>;

const routes = { booking: 'reservations', maintenance: 'maintenance' } as const satisfies Record<BookingKind, string>;

/** What both kinds of bookings have in common behind their routes. */
@Injectable()
export class ReservationDesk {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(CursorSealer) private readonly cursors: CursorSealer,
  ) {}

  async book(
    principal: Principal,
    asked: NewReservation,
    request: { readonly key: string | null; readonly body: unknown; readonly now: Instant },
    reply: FastifyReply,
  ): Promise<ReservationBooked> {
    const { kind } = asked.booking;
    // One instant for the whole request: what begins now must not have begun, however fast service time runs.
    const { key, body, now } = request;
    const claim = key === null ? null : { key, fingerprint: fingerprintOf(`POST /v1/${routes[kind]}`, body) };
    const outcome = await this.api.reservations.book(principal, asked, now, claim);
    const { id, overrun } = this.orProblem(outcome);
    if (outcome.kind === 'replayed') {
      this.api.instruments.idempotent('replayed');
      void reply.header('Idempotent-Replayed', 'true');
    } else this.api.onChange?.();
    void reply.header('Location', `/v1/${routes[kind]}/${id}`);
    return bookedShown(await this.find(principal, kind, id), overrun);
  }

  async list(
    principal: Principal,
    kind: BookingKind,
    { limit, cursor, ...filter }: ReservationsQuery,
    reply: FastifyReply,
  ): Promise<z.infer<typeof ReservationPage>> {
    const shape = { list: routes[kind], filter };
    const after = this.cursors.open(cursor, shape);
    const asked = { kind, ...(filter.state && { state: filter.state }) };
    const found = await this.api.reservations.list(principal, asked, { limit: limit + 1, after }, this.api.time.now());
    const items = found.slice(0, limit).map(reservationShown);
    const page = { items, after: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    return { ...pageOf(page, { sealer: this.cursors, shape }, reply), items };
  }

  async get(principal: Principal, kind: BookingKind, id: string): Promise<ReservationShown> {
    return reservationShown(await this.find(principal, kind, id));
  }

  async amend(
    principal: Principal,
    which: { readonly kind: BookingKind; readonly id: string },
    body: ReservationChangeBody,
  ): Promise<ReservationBooked> {
    const before = await this.find(principal, which.kind, which.id);
    const change = changeOf(body, before, this.api.reference(), which.kind === 'maintenance');
    const outcome = await this.api.reservations.amend(principal, which, change, this.api.time.now());
    const { overrun } = this.orProblem(outcome, which.id);
    this.api.onChange?.();
    return bookedShown(await this.find(principal, which.kind, which.id), overrun);
  }

  async cancel(principal: Principal, kind: BookingKind, id: string): Promise<ReservationShown> {
    const outcome = isUuid(id)
      ? await this.api.reservations.cancel(principal, { kind, id }, this.api.time.now())
      : 'unknown';
    if (outcome === 'unknown') throw unknown(id);
    if (outcome === 'over') throw closed(id, outcome);
    this.api.onChange?.();
    return this.get(principal, kind, id);
  }

  private async find(principal: Principal, kind: BookingKind, id: string): Promise<ReservationView> {
    const view = isUuid(id) ? await this.api.reservations.get(principal, { kind, id }, this.api.time.now()) : null;
    if (!view) throw unknown(id);
    return view;
  }

  private orProblem<T extends Booked | Amended>(
    outcome: T,
    id = '',
  ): Extract<T, { kind: 'booked' | 'replayed' | 'amended' }> {
    switch (outcome.kind) {
      case 'unfit':
        throw unfitProblem(outcome.faults);
      case 'taken':
        throw takenProblem(outcome);
      case 'unknown':
        throw unknown(id);
      case 'closed':
        throw closed(id, outcome.state);
      case 'key-reused':
        this.api.instruments.idempotent('conflict');
        throw new Problem(
          'idempotency-key-reused',
          'This Idempotency-Key was used before with another body, which stands. Nothing was booked.',
          { errors: [{ header: 'Idempotency-Key', detail: 'was used with another body' }] },
        );
      case 'booked':
      case 'replayed':
      case 'amended':
        return outcome as Extract<T, { kind: 'booked' | 'replayed' | 'amended' }>;
    }
  }
}

const unknown = (id: string): Problem =>
  new Problem('reservation-unknown', `There is no reservation or maintenance "${id}" here that this key can see.`);
const closed = (id: string, state: 'over' | 'cancelled'): Problem =>
  new Problem('reservation-over', `Reservation ${id} is ${state}; nothing is left to change.`, { members: { state } });
