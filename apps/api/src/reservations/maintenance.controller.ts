import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { Principal } from '#libs/application';
import { Caller, Documented, IdempotencyKey } from '#libs/http';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API } from '../api-tokens.js';
import { invalid, partsOf, recurrenceOf, stretchOf } from './check-reservation.js';
import { ReservationDesk, ReservationsQuery } from './reservation-desk.js';
import {
  MaintenanceBody,
  MaintenanceChangeBody,
  ReservationBooked,
  ReservationPage,
  ReservationShown,
} from './reservation-views.js';
import { bodyProblems, idempotencyHeader } from './reservations.controller.js';

@Controller('v1/maintenance')
export class MaintenanceController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(ReservationDesk) private readonly desk: ReservationDesk,
  ) {}

  @Post()
  @Documented({
    tag: 'maintenance',
    summary: 'Plan a maintenance of nodes, groups or pools',
    description:
      'What would run into it does not start before it; what runs already is waited for, and told in the answer. Its nodes are in state maintenance from its start to its end, unless somebody sets them otherwise by hand.',
    answers: { 201: { description: 'It is planned', schema: ReservationBooked } },
    problems: [...bodyProblems, 'header-invalid', 'idempotency-key-reused'],
    roles: ['operator'],
    headers: [idempotencyHeader],
  })
  async plan(
    @Caller() principal: Principal,
    @IdempotencyKey() key: string | null,
    @Body({ schema: MaintenanceBody }) body: MaintenanceBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReservationBooked> {
    if (body.drain && body.recurrence) {
      throw invalid([{ pointer: '#/drain', detail: 'is for a maintenance that happens once' }]);
    }
    const now = this.api.time.now();
    const booking = {
      id: this.api.ids.uuid(),
      kind: 'maintenance' as const,
      ...stretchOf(body, now),
      parts: partsOf(body.parts, this.api.reference(), true),
      ...(body.recurrence && { recurrence: recurrenceOf(body.recurrence) }),
    };
    return this.desk.book(principal, { booking, name: body.name, drain: body.drain }, { key, body, now }, reply);
  }

  @Get()
  @Documented({
    tag: 'maintenance',
    summary: 'Maintenance, newest first',
    answers: { 200: { description: 'One page', schema: ReservationPage } },
    problems: ['query-invalid', 'cursor-invalid'],
  })
  async list(
    @Caller() principal: Principal,
    @Query({ schema: ReservationsQuery }) query: ReservationsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof ReservationPage>> {
    return this.desk.list(principal, 'maintenance', query, reply);
  }

  @Get(':id')
  @Documented({
    tag: 'maintenance',
    summary: 'One maintenance with its occurrences',
    answers: { 200: { description: 'The maintenance', schema: ReservationShown } },
    problems: ['reservation-unknown'],
  })
  async get(@Caller() principal: Principal, @Param('id') id: string): Promise<ReservationShown> {
    return this.desk.get(principal, 'maintenance', id);
  }

  @Patch(':id')
  @Documented({
    tag: 'maintenance',
    summary: 'Change a maintenance: of one that has begun only the end can move',
    answers: { 200: { description: 'The maintenance as it is now', schema: ReservationBooked } },
    problems: [...bodyProblems, 'reservation-unknown', 'reservation-over'],
    roles: ['operator'],
  })
  async amend(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: MaintenanceChangeBody }) body: MaintenanceChangeBody,
  ): Promise<ReservationBooked> {
    return this.desk.amend(principal, { kind: 'maintenance', id }, body);
  }

  @Delete(':id')
  @Documented({
    tag: 'maintenance',
    summary: 'Cancel a maintenance: its nodes are back in service at once',
    description: 'Safe to repeat.',
    answers: { 200: { description: 'It is cancelled', schema: ReservationShown } },
    problems: ['reservation-unknown', 'reservation-over', 'bookings-busy'],
    roles: ['operator'],
  })
  async cancel(@Caller() principal: Principal, @Param('id') id: string): Promise<ReservationShown> {
    return this.desk.cancel(principal, 'maintenance', id);
  }
}
