import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { Principal } from '#libs/application';
import { Caller, Documented, IdempotencyKey, type ProblemCode } from '#libs/http';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { invalid, partsOf, recurrenceOf, stretchOf } from './check-reservation.js';
import { ReservationDesk, ReservationsQuery } from './reservation-desk.js';
import {
  ReservationBody,
  ReservationBooked,
  ReservationChangeBody,
  ReservationPage,
  ReservationShown,
} from './reservation-views.js';

export const bodyProblems = [
  'body-malformed', 'body-missing', 'body-unsafe', 'body-too-large', 'media-type-unsupported', 'request-invalid', 'nodes-booked',
  'bookings-busy',
] as const satisfies readonly ProblemCode[]; // prettier-ignore
export const idempotencyHeader = {
  name: 'Idempotency-Key',
  description: 'Up to 255 printable characters; makes the booking safe to repeat',
};

@Controller('v1/reservations')
export class ReservationsController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(ReservationDesk) private readonly desk: ReservationDesk,
  ) {}

  @Post()
  @Documented({
    tag: 'reservations',
    summary: 'Book nodes for a tenant or a class, once or again and again, in several pools at once',
    description:
      'Jobs that it is not open to and that would run into it do not start before it. All of its nodes are booked for every occurrence, or nothing is. Occurrences have their nodes two weeks ahead at least.',
    answers: { 201: { description: 'It is booked', schema: ReservationBooked } },
    problems: [...bodyProblems, 'header-invalid', 'idempotency-key-reused'],
    roles: ['operator'],
    headers: [idempotencyHeader],
  })
  async book(
    @Caller() principal: Principal,
    @IdempotencyKey() key: string | null,
    @Body({ schema: ReservationBody }) body: ReservationBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReservationBooked> {
    if (body.tenant === undefined && body.class === undefined) {
      throw invalid([{ pointer: '#/tenant', detail: 'or class is needed: a booking is open to somebody' }]);
    }
    if (body.tenant !== undefined && !principal.tenants.includes(body.tenant)) {
      throw invalid([{ pointer: '#/tenant', detail: 'is not a tenant: see GET /v1/tenants' }]);
    }
    const now = this.api.time.now();
    const booking = {
      id: this.api.ids.uuid(),
      kind: 'booking' as const,
      ...stretchOf(body, now),
      parts: partsOf(body.parts, this.api.reference(), false),
      ...(body.recurrence && { recurrence: recurrenceOf(body.recurrence) }),
      ...(body.tenant !== undefined && { tenantId: body.tenant }),
      ...(body.class && { class: body.class }),
      ...(body.giveBackAfterSeconds !== undefined && { giveBackAfterSeconds: body.giveBackAfterSeconds }),
    };
    return this.desk.book(principal, { booking, name: body.name, drain: false }, { key, body, now }, reply);
  }

  @Get()
  @Documented({
    tag: 'reservations',
    summary: 'Bookings, newest first: a tenant sees its own and those for a class of all',
    answers: { 200: { description: 'One page', schema: ReservationPage } },
    problems: ['query-invalid', 'cursor-invalid'],
  })
  async list(
    @Caller() principal: Principal,
    @Query({ schema: ReservationsQuery }) query: ReservationsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof ReservationPage>> {
    return this.desk.list(principal, 'booking', query, reply);
  }

  @Get(':id')
  @Documented({
    tag: 'reservations',
    summary: 'One booking with its occurrences, and what was made of them',
    answers: { 200: { description: 'The booking', schema: ReservationShown } },
    problems: ['reservation-unknown'],
  })
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<ReservationShown> {
    return this.desk.get(principal, 'booking', id);
  }

  @Patch(':id')
  @Documented({
    tag: 'reservations',
    summary: 'Change a booking: what is to come is given nodes anew, of what has begun only the end can move',
    answers: { 200: { description: 'The booking as it is now', schema: ReservationBooked } },
    problems: [...bodyProblems, 'reservation-unknown', 'reservation-over'],
    roles: ['operator'],
  })
  async amend(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: ReservationChangeBody }) body: ReservationChangeBody,
  ): Promise<ReservationBooked> {
    return this.desk.amend(principal, { kind: 'booking', id }, body);
  }

  @Delete(':id')
  @Documented({
    tag: 'reservations',
    summary: 'Cancel a booking: its nodes are free from now on',
    description: 'Safe to repeat.',
    answers: { 200: { description: 'It is cancelled', schema: ReservationShown } },
    problems: ['reservation-unknown', 'reservation-over', 'bookings-busy'],
    roles: ['operator'],
  })
  async cancel(@Caller() principal: Principal, @Param('id') id: string): Promise<ReservationShown> {
    return this.desk.cancel(principal, 'booking', id);
  }
}
