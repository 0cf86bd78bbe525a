import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_PIPE, Reflector } from '@nestjs/core';
import { AccessGuard, Authenticator, CursorSealer, EventStreams, RequestPipe, TokenBuckets } from '#libs/http';
import type { ApiDependencies } from './api-dependencies.js';
import { API, REFERENCE } from './api-tokens.js';
import { CyclesController } from './cycles/cycles.controller.js';
import { SettlementsController } from './energy/settlements.controller.js';
import { JobOutputController } from './jobs/job-output.controller.js';
import { JobsController } from './jobs/jobs.controller.js';
import { PowerCapsController } from './placement/power-caps.controller.js';
import { TelemetryController } from './placement/telemetry.controller.js';
import { PolicyController } from './policy/policy.controller.js';
import { PoolsController } from './pools/pools.controller.js';
import { QuotesController } from './quotes/quotes.controller.js';
import { MaintenanceController } from './reservations/maintenance.controller.js';
import { ReservationDesk } from './reservations/reservation-desk.js';
import { ReservationsController } from './reservations/reservations.controller.js';
import { PromisesController } from './promises/promises.controller.js';
import { Reference, type ReferenceCatalogue } from './reference.js';
import { ClockController } from './service/clock.controller.js';
import { FrontController } from './service/front.controller.js';
import { HealthController } from './service/health.controller.js';
import { FairnessController } from './tenants/fairness.controller.js';
import { TenantsController } from './tenants/tenants.controller.js';

const GENEROUS = { perSecond: 2_000, burst: 4_000 };
const FAILED_KEYS = { perSecond: 20, burst: 200 };
const STREAMS = { pollMs: 1_000, heartbeatMs: 15_000, mostPerKey: 50 };

@Module({
  controllers: [
    FrontController,
    HealthController,
    JobsController,
    JobOutputController,
    QuotesController,
    PromisesController,
    PoolsController,
    PolicyController,
    CyclesController,
    TenantsController,
    FairnessController,
    SettlementsController,
    PowerCapsController,
    TelemetryController,
    ReservationsController,
    MaintenanceController,
    ClockController,
  ],
})
export class ApiModule {
  static register(api: ApiDependencies): DynamicModule {
    const { settings, instruments } = api;
    const authenticator = new Authenticator(api.keys, instruments);
    const guard = (reflector: Reflector): AccessGuard =>
      new AccessGuard(
        {
          authenticator,
          byKey: new TokenBuckets(settings.rateLimit ?? GENEROUS),
          byAddress: new TokenBuckets(FAILED_KEYS),
          instruments,
        },
        reflector,
      );
    return {
      module: ApiModule,
      providers: [
        { provide: API, useValue: api },
        { provide: REFERENCE, useValue: indexed(api.reference) },
        { provide: CursorSealer, useValue: new CursorSealer(settings.cursorKey) },
        ReservationDesk,
        { provide: Authenticator, useValue: authenticator },
        {
          provide: EventStreams,
          useValue: new EventStreams({ ...STREAMS, pollMs: settings.eventPollMs ?? STREAMS.pollMs }),
        },
        { provide: APP_GUARD, useFactory: guard, inject: [Reflector] },
        { provide: APP_PIPE, useClass: RequestPipe },
      ],
    };
  }
}

/** Indexes a catalogue once, however often it is asked for. */
function indexed(current: () => ReferenceCatalogue): () => Reference {
  let last: { readonly catalogue: ReferenceCatalogue; readonly reference: Reference } | undefined;
  return () => {
    const catalogue = current();
    if (last?.catalogue !== catalogue) last = { catalogue, reference: new Reference(catalogue) };
    return last.reference;
  };
}
